"""PIN blocks of ISO 9564-1:2017, formats 0 to 4.

`encipher` makes the block of a PIN under a key, `decipher` gives the PIN back; both want the `BlockCipher` of the key.
Formats 0 to 3 are 8 bytes under TDES (clear blocks: `encode`, `decode`), format 4 is 16 bytes under AES, in two steps
with the card number between them. A gateway needs neither: `pin_policy.translate` never gives a PIN out.

Whatever is wrong with a block, its format, the card or the key, is told by one `PinBlockError` that says nothing of it,
and all checks are made whatever the first of them finds: a decoder that tells faults apart can be asked for PINs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from iso_gateway.errors import PinBlockError
from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.keys import KeyAlgorithm, PinFormat

Fill = Callable[[int], bytes]
"""Gives so many random bytes; `secrets.token_bytes` outside of tests."""

LEAST_PIN: Final = 4
MOST_PIN: Final = 12
MOST_PAN: Final = 19

_DIGITS: Final = frozenset("0123456789")
_ISO_0: Final = PinFormat.ISO_0
_ISO_4: Final = PinFormat.ISO_4  # CPython 3.11 takes nine times as long for a member of an enumeration


def encipher(form: PinFormat, pin: str, pan: str, cipher: BlockCipher, fill: Fill) -> bytes:
    """Return the block of *pin* and card *pan* under the key of *cipher*: 8 bytes, 16 in format 4.

    Raises:
        PinBlockError: *pin* is not 4 to 12 digits, *pan* no card number, or the format is none of the cipher's.
    """
    if not fits(form, cipher):
        raise PinBlockError
    if form is not _ISO_4:
        return cipher.encrypt(encode(form, pin, pan, fill))
    first = cipher.encrypt(encode_pin_field(pin, fill))
    return cipher.encrypt(_exclusive_or(first, encode_pan_field(pan)))


def decipher(form: PinFormat, block: bytes, pan: str, cipher: BlockCipher) -> str:
    """Return the PIN in *block*, of card *pan*, under the key of *cipher*.

    Raises:
        PinBlockError: there is none.
    """
    if not fits(form, cipher) or len(block) != cipher.block_size:
        raise PinBlockError
    if form is not _ISO_4:
        return decode(form, cipher.decrypt(block), pan)
    field = encode_pan_field(pan)
    return decode_pin_field(cipher.decrypt(_exclusive_or(cipher.decrypt(block), field)))


def under_another_key(block: bytes, pan: str, source: BlockCipher, target: BlockCipher) -> bytes:
    """Return *block* of format 0 and card *pan*, which is under the key of *source*, under that of *target*.

    Nothing in format 0 is by chance: once every check is made, the clear block is what `encode` would make of its PIN.

    Raises:
        PinBlockError: as `decipher` and `encipher`.
    """
    if not fits(_ISO_0, source) or not fits(_ISO_0, target) or len(block) != source.block_size:
        raise PinBlockError
    clear = source.decrypt(block)
    decode(_ISO_0, clear, pan)
    return target.encrypt(clear)


def fits(form: PinFormat, cipher: BlockCipher) -> bool:
    """Say whether blocks of *form* go under such a key: format 4 under AES alone, the others under DES and TDES."""
    if form is _ISO_4:
        return cipher.kind is KeyAlgorithm.AES
    return cipher.block_size == 8


# Clear blocks: nothing outside of a security module has one


def encode(form: PinFormat, pin: str, pan: str, fill: Fill) -> bytes:
    """Return the clear block of *pin* in a format of 8 bytes (ISO 9564-1, 9.3.2 to 9.3.5).

    *pan* is the whole card number with its check digit; formats 1 and 2 do not look at it.

    Raises:
        PinBlockError: *pin* is not 4 to 12 digits, *pan* no card number, or *form* is format 4.
    """
    control = _CONTROL.get(form)
    if control is None or not is_pin(pin):
        raise PinBlockError
    text = f"{control}{len(pin):X}{pin}"
    text += _fill_digits(form, 16 - len(text), fill)
    return (int(text, 16) ^ _pan_part(form, pan)).to_bytes(8, "big")


def decode(form: PinFormat, block: bytes, pan: str) -> str:
    """Return the PIN in a clear block of 8 bytes.

    Raises:
        PinBlockError: there is none; see the head of this module.
    """
    control = _CONTROL.get(form)
    if control is None or len(block) != 8:
        raise PinBlockError
    text = f"{int.from_bytes(block, 'big') ^ _pan_part(form, pan):016X}"
    return _pin_in(text, control, _MAY_FILL[form])


def encode_pin_field(pin: str, fill: Fill) -> bytes:
    """Return the plain text PIN field of format 4, 16 bytes (ISO 9564-1, 9.4.2.2).

    Raises:
        PinBlockError: *pin* is not 4 to 12 digits.
    """
    if not is_pin(pin):
        raise PinBlockError
    return bytes.fromhex(f"4{len(pin):X}{pin}".ljust(16, "A")) + fill(8)


def decode_pin_field(field: bytes) -> str:
    """Return the PIN in a plain text PIN field of format 4.

    Raises:
        PinBlockError: there is none.
    """
    if len(field) != 16:
        raise PinBlockError
    return _pin_in(field[:8].hex().upper(), "4", _FILL_OF_4)


def encode_pan_field(pan: str) -> bytes:
    """Return the plain text primary account number field of format 4, 16 bytes (ISO 9564-1, 9.4.2.3).

    Raises:
        PinBlockError: *pan* is no card number.
    """
    if not is_pan(pan):
        raise PinBlockError
    return bytes.fromhex(f"{max(len(pan) - 12, 0)}{pan:0>12}".ljust(32, "0"))


def is_pin(pin: str) -> bool:
    """Say whether *pin* is 4 to 12 digits."""
    return LEAST_PIN <= len(pin) <= MOST_PIN and _DIGITS.issuperset(pin)


def is_pan(pan: str) -> bool:
    """Say whether *pan* is 1 to 19 digits; its check digit is not looked at."""
    return 0 < len(pan) <= MOST_PAN and _DIGITS.issuperset(pan)


_CONTROL: Final = {PinFormat.ISO_0: "0", PinFormat.ISO_1: "1", PinFormat.ISO_2: "2", PinFormat.ISO_3: "3"}
_FILL_DIGITS: Final = {
    PinFormat.ISO_0: "F",
    PinFormat.ISO_1: "0123456789ABCDEF",
    PinFormat.ISO_2: "F",
    PinFormat.ISO_3: "ABCDEF",
}
"""Which hexadecimal digits may follow the PIN."""
_MAY_FILL: Final = {form: frozenset(digits) for form, digits in _FILL_DIGITS.items()}
_FILL_OF_4: Final = frozenset("A")
_BOUND_TO_CARD: Final = frozenset({PinFormat.ISO_0, PinFormat.ISO_3})


def _pan_part(form: PinFormat, pan: str) -> int:
    """Return what is added to the PIN's part: the right-most 12 digits of the card number but its check digit."""
    if form not in _BOUND_TO_CARD:
        return 0
    if not is_pan(pan):
        raise PinBlockError
    return int(pan[-13:-1] or "0", 16)


def _fill_digits(form: PinFormat, count: int, fill: Fill) -> str:
    digits = _FILL_DIGITS[form]
    if len(digits) == 1:
        return digits * count
    # One number of 128 bits, read in base 16 or 6: no digit is likelier than another by more than 2**-90.
    number, drawn = int.from_bytes(fill(16), "big"), ""
    for _ in range(count):
        number, digit = divmod(number, len(digits))
        drawn += digits[digit]
    return drawn


def _pin_in(text: str, control: str, fill_digits: frozenset[str]) -> str:
    """Return the PIN in the 16 hexadecimal digits *text*; every check is made, whatever the others say."""
    length = int(text[1], 16)
    size = min(max(length, LEAST_PIN), MOST_PIN)
    pin, rest = text[2 : 2 + size], text[2 + size :]
    faults = (
        (text[0] != control) + (size != length) + (not _DIGITS.issuperset(pin)) + (not fill_digits.issuperset(rest))
    )
    if faults:
        raise PinBlockError
    return pin


def _exclusive_or(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(len(one), "big")
