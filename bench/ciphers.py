"""The algorithms of iso_gateway/security beside psec's and pydukpt's: the same keys, the same bytes, one result."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

import pydukpt
from psec import des, mac, pinblock

from bench.contests import Contest, DisagreementError
from iso_gateway.security import dukpt_aes, dukpt_tdes, pin_blocks
from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.keys import KeyAlgorithm, MacAlgorithm, MacMethod, PinFormat, Purpose
from iso_gateway.security.macs import MacKey
from iso_gateway.security.pin_policy import translate

PAN: Final = "4761739001010010"
PIN: Final = "1234"
SOURCE: Final = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
TARGET: Final = bytes.fromhex("89ABCDEF0123456776543210FEDCBA98")
MESSAGE: Final = bytes(range(256))
KSN: Final = bytes.fromhex("FFFF9876543210EFF800")
"""Its counter has ten bits: the dearest key there is."""


def contests() -> dict[str, Contest]:
    """Return, by what is done, who does it: ours under ``ours``.

    Raises:
        DisagreementError: they do not agree.
    """
    return {
        "retail MAC, 256 bytes": _retail_mac(),
        "CBC MAC, 256 bytes": _cbc_mac(),
        "PIN, format 0 to 0": _translation(PinFormat.ISO_0, PinFormat.ISO_0),
        "PIN, format 0 to 3": _translation(PinFormat.ISO_0, PinFormat.ISO_3),
        "PIN, format 0 to 4": _translation(PinFormat.ISO_0, PinFormat.ISO_4),
        "DUKPT PIN key, 10 bits": _dukpt(),
    }


def alone() -> dict[str, Callable[[], object]]:
    """Return what the peers do not have, or do as we do."""
    method = {algorithm: MacMethod(algorithm) for algorithm in MacAlgorithm}
    keys = {
        "CMAC of AES, 256 bytes": MacKey(MacAlgorithm.CMAC, KeyAlgorithm.AES, SOURCE),
        "CMAC of TDES, 256 bytes": MacKey(MacAlgorithm.CMAC, KeyAlgorithm.TDES, SOURCE),
        "HMAC-SHA-256, 256 bytes": MacKey(MacAlgorithm.HMAC_SHA256, KeyAlgorithm.HMAC, SOURCE * 2),
        "UnionPay ECB MAC, 256 bytes": MacKey(MacAlgorithm.UNIONPAY_ECB, KeyAlgorithm.TDES, SOURCE),
    }
    made = {name: _making(key, method[key.algorithm]) for name, key in keys.items()}
    return made | {"DUKPT PIN key of AES, 16 bits": _aes_dukpt}


def _aes_dukpt() -> object:
    ksn = bytes.fromhex("12345678901234560000FFFF")
    return dukpt_aes.working_key(dukpt_aes.derive(SOURCE, ksn), ksn, dukpt_aes.KeyUse.PIN)


def _making(key: MacKey, method: MacMethod) -> Callable[[], object]:
    return lambda: key.make(method, MESSAGE)


def _agree(ours: object, theirs: object) -> None:
    if ours != theirs:
        raise DisagreementError("ours and another's differ on the same key and bytes")


def _agreed(ours: Callable[[], object], psec: Callable[[], object]) -> Contest:
    _agree(ours(), psec())
    return {"ours": ours, "psec": psec}


def _retail_mac() -> Contest:
    ours = MacKey(MacAlgorithm.X9_19, KeyAlgorithm.TDES, SOURCE)
    left, right = SOURCE[:8], SOURCE[8:]
    return _agreed(
        _making(ours, MacMethod(MacAlgorithm.X9_19)), lambda: mac.generate_retail_mac(left, right, MESSAGE, 1)
    )


def _cbc_mac() -> Contest:
    ours = MacKey(MacAlgorithm.X9_9, KeyAlgorithm.TDES, SOURCE)
    return _agreed(_making(ours, MacMethod(MacAlgorithm.X9_9)), lambda: mac.generate_cbc_mac(SOURCE, MESSAGE, 1))


def _translation(form: PinFormat, target_form: PinFormat) -> Contest:
    source = BlockCipher(KeyAlgorithm.TDES, SOURCE)
    kind = KeyAlgorithm.AES if target_form is PinFormat.ISO_4 else KeyAlgorithm.TDES
    target = BlockCipher(kind, TARGET)
    block = pin_blocks.encipher(form, PIN, PAN, source, secrets.token_bytes)

    def ours() -> bytes:
        return translate(
            block,
            PAN,
            source=source,
            source_format=form,
            target=target,
            target_format=target_form,
            fill=secrets.token_bytes,
        )

    def psec() -> bytes:
        pin = pinblock.decode_pinblock_iso_0(des.decrypt_tdes_ecb(SOURCE, block), PAN)
        if target_form is PinFormat.ISO_4:
            return bytes(pinblock.encipher_pinblock_iso_4(TARGET, pin, PAN))
        encode = pinblock.encode_pinblock_iso_0 if target_form is PinFormat.ISO_0 else pinblock.encode_pinblock_iso_3
        return bytes(des.encrypt_tdes_ecb(TARGET, encode(pin, PAN)))

    for made in (ours(), psec()):
        _agree(pin_blocks.decipher(target_form, made, PAN, target), PIN)
    return {"ours": ours, "psec": psec}


def _dukpt() -> Contest:
    def ours() -> bytes:
        return bytes(dukpt_tdes.working_key(dukpt_tdes.derive(SOURCE, KSN), Purpose.PIN))

    def theirs() -> bytes:
        return pydukpt.pin_key(pydukpt.derive_key(pydukpt.derive_ipek(SOURCE, KSN), KSN))

    _agree(ours(), theirs())
    return {"ours": ours, "pydukpt": theirs}
