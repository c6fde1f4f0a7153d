"""How an issuer knows a PIN without keeping it: Visa's PIN verification value, IBM 3624's natural PIN and offset."""

from __future__ import annotations

import hmac
from typing import Final

from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.issuer.decimals import decimal_digits
from iso_gateway.security.keys import KeyAlgorithm
from iso_gateway.security.pin_blocks import is_pin

STANDARD_TABLE: Final = "0123456789012345"
"""What each hexadecimal digit becomes, where an issuer has no table of its own."""


class PinVerificationKey:
    """An issuer's PIN verification key, as one key of TDES."""

    def __init__(self, key: bytes | bytearray) -> None:
        """Take *key* in, 16 bytes.

        Raises:
            KeyMaterialError: it has another length.
        """
        self._cipher = BlockCipher(KeyAlgorithm.TDES, key)

    def __repr__(self) -> str:
        return "<PinVerificationKey>"

    def visa_value(self, pin: str, pan: str, key_index: int) -> str:
        """Return the PIN verification value, 4 digits, of the first 4 digits of *pin*.

        It is made of the right-most 11 digits of the card number but its check digit, *key_index* (0 to 6) and the PIN.

        Raises:
            ValueError: *pin* is not 4 to 12 digits, *pan* has fewer than 12, or there is no such index.
        """
        if not is_pin(pin) or not _are_digits(pan) or len(pan) < 12 or not 0 <= key_index <= 6:
            raise ValueError("a PVV is of a PIN of 4 to 12 digits, a card number of 12 or more, a key index 0 to 6")
        return decimal_digits(self._cipher.encrypt(bytes.fromhex(f"{pan[-12:-1]}{key_index}{pin[:4]}")), 4)

    def verify_visa(self, pin: str, pan: str, key_index: int, value: str) -> bool:
        """Say in constant time whether *value* is the PVV of *pin*.

        Raises:
            ValueError: as `visa_value`.
        """
        return hmac.compare_digest(self.visa_value(pin, pan, key_index).encode(), value.encode())

    def natural_pin(self, validation: str, length: int = 4, table: str = STANDARD_TABLE) -> str:
        """Return IBM 3624's natural PIN of *length* digits, 4 to 16.

        *validation* is 16 digits that the issuer takes from the card number; they are encrypted, and each hexadecimal
        digit of that becomes what *table*, 16 digits, has in its place.

        Raises:
            ValueError: one of them is not so.
        """
        if not (_are_digits(validation) and _are_digits(table) and len(validation) == len(table) == 16):
            raise ValueError("validation data and decimalization table are 16 digits each")
        if not 4 <= length <= 16:
            raise ValueError("a natural PIN is 4 to 16 digits")
        encrypted = self._cipher.encrypt(bytes.fromhex(validation)).hex()
        return "".join(table[int(digit, 16)] for digit in encrypted[:length])

    def ibm_offset(self, pin: str, validation: str, table: str = STANDARD_TABLE) -> str:
        """Return IBM 3624's offset of *pin*: digit by digit what has to be added to the natural PIN.

        Raises:
            ValueError: *pin* is not 4 to 12 digits, or as `natural_pin`.
        """
        if not is_pin(pin):
            raise ValueError("a PIN is 4 to 12 digits")
        natural = self.natural_pin(validation, len(pin), table)
        return "".join(str((int(digit) - int(base)) % 10) for digit, base in zip(pin, natural, strict=True))

    def verify_ibm(self, pin: str, offset: str, validation: str, table: str = STANDARD_TABLE) -> bool:
        """Say in constant time whether *offset* is that of *pin*; a PIN of another length is never right.

        Raises:
            ValueError: as `ibm_offset`.
        """
        return hmac.compare_digest(self.ibm_offset(pin, validation, table).encode(), offset.encode())


def _are_digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()
