"""MACs and PIN blocks, made and checked by an end that holds its keys in clear: the mock host, a test terminal.

The gateway does the same through its security module, which alone has its keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from iso_gateway.errors import DecodeError, KeyMaterialError, Problem
from iso_gateway.protocol.covering import Covering, faults
from iso_gateway.protocol.protection import Exchange
from iso_gateway.security import pin_blocks
from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.keys import KeyAlgorithm, MacAlgorithm, PinFormat
from iso_gateway.security.macs import MacKey
from iso_gateway.security.wrapping import des_kind

if TYPE_CHECKING:
    from iso_gateway.codec.message import Message
    from iso_gateway.codec.spec import Spec
    from iso_gateway.protocol.protection import Protection
    from iso_gateway.security.held import OwnKeys


def unusable(spec: Spec, protection: Protection, keys: OwnKeys, *, awaited: bool = False) -> list[Problem]:
    """Return why messages of *spec* cannot be protected so with *keys*, each by its setting; no key is shown.

    *awaited* says that a sign-on is still to bring keys, where one does: what is not there yet is no fault then.
    """
    problems = [Problem(setting, why) for setting, why in faults(spec, protection)]
    if protection.ksn:
        return problems  # the keys of a transaction are derived
    exchanged = protection.exchange is not Exchange.NONE
    come, hint = exchanged and awaited, ": a sign-on brings one" if exchanged and not awaited else ""
    if protection.mac is not None and not keys.mac and not come:
        problems.append(Problem("keys", f"there is no MAC key{hint}"))
    elif protection.mac is not None and keys.mac:
        try:
            _mac_key(protection.mac.algorithm, keys.mac).make(protection.mac, b"")
        except (KeyMaterialError, ValueError):
            problems.append(Problem("keys", f"the MAC key is none for {protection.mac.algorithm}"))
    if exchanged and len(keys.master) not in (16, 24):
        problems.append(Problem("keys", "there is no master key of TDES, under which others could come"))
    if protection.pin is not None and not (come and not keys.pin):
        try:
            _pin_cipher(protection.pin, keys.pin)
        except KeyMaterialError:
            problems.append(Problem("keys", f"there is no PIN key, or none for {protection.pin}{hint}"))
    return problems


def with_mac(spec: Spec, message: Message, protection: Protection, key: bytes) -> Message:
    """Return *message* with its MAC under *key*, in place of the one that it has; as it is where none is wanted.

    Raises:
        EncodeError: it does not fit the spec.
    """
    if protection.mac is None:
        return message
    room = Covering(spec, protection).room(message)
    return room.said(_mac_key(protection.mac.algorithm, key).make(protection.mac, room.data))


def mac_holds(message: Message, payload: bytes, protection: Protection, key: bytes) -> bool:
    """Return whether the MAC of *message*, which came as *payload*, is right under *key*."""
    if protection.mac is None or message.spec is None:
        return False
    found = Covering(message.spec, protection).covered(message, payload)
    if found is None:
        return False
    return _mac_key(protection.mac.algorithm, key).verify(protection.mac, found.data, found.mac)


def ksn_in(message: Message, protection: Protection) -> bytes:
    """Return the key serial number that *message* carries, as bytes or in hexadecimal; empty where it has none."""
    try:
        value = message[int(protection.ksn)] if protection.ksn.isdecimal() else message[protection.ksn]
        return value if isinstance(value, bytes) else bytes.fromhex(str(value).strip())
    except (KeyError, DecodeError, ValueError):
        return b""


def with_ksn(spec: Spec, message: Message, protection: Protection, ksn: bytes) -> Message:
    """Return *message* with the key serial number *ksn*, in hexadecimal where its element is text.

    Raises:
        EncodeError: it does not fit the spec.
    """
    number = int(protection.ksn.partition(".")[0])
    text = not spec.fields[number].binary
    return message.evolve({protection.ksn: ksn.hex().upper() if text else ksn})


def pin_block(form: PinFormat, pin: str, pan: str, key: bytes, fill: pin_blocks.Fill) -> bytes:
    """Return the PIN block of *pin* and card *pan* under *key*; *fill* gives random bytes.

    Raises:
        PinBlockError: *pin* is no PIN, or *pan* no card number.
    """
    return pin_blocks.encipher(form, pin, pan, _pin_cipher(form, key), fill)


def pin_in(form: PinFormat, block: bytes, pan: str, key: bytes) -> str:
    """Return the PIN in *block*, of card *pan*, under *key*.

    Raises:
        PinBlockError: there is none.
    """
    return pin_blocks.decipher(form, block, pan, _pin_cipher(form, key))


_SM4: Final = frozenset({MacAlgorithm.UNIONPAY_SM4, MacAlgorithm.SM4_CBC})


def _mac_key(algorithm: MacAlgorithm, key: bytes) -> MacKey:
    """Return *key* for *algorithm*; of CMAC, which TDES has too, it is one of AES."""
    if algorithm is MacAlgorithm.CMAC:
        return MacKey(algorithm, KeyAlgorithm.AES, key)
    if algorithm is MacAlgorithm.HMAC_SHA256:
        return MacKey(algorithm, KeyAlgorithm.HMAC, key)
    return MacKey(algorithm, KeyAlgorithm.SM4 if algorithm in _SM4 else des_kind(key), key)


def _pin_cipher(form: PinFormat, key: bytes) -> BlockCipher:
    return BlockCipher(KeyAlgorithm.AES if form is PinFormat.ISO_4 else des_kind(key), key)
