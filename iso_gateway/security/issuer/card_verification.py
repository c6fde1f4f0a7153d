"""Card verification values: CVV of the stripe, CVV2 of the card's back, iCVV of the chip (Visa; CVC and CVN alike)."""

from __future__ import annotations

import hmac
from typing import Final

from iso_gateway.security.issuer.decimals import decimal_digits
from iso_gateway.security.keys import KeyAlgorithm, MacAlgorithm, MacMethod
from iso_gateway.security.macs import MacKey

OF_BACK: Final = "000"
"""The service code that CVV2 is made with."""
OF_CHIP: Final = "999"
"""The service code that iCVV is made with, in place of the card's."""

_METHOD: Final = MacMethod(MacAlgorithm.X9_19)


class CardVerificationKey:
    """An issuer's card verification keys A and B, as one key of TDES."""

    def __init__(self, key: bytes | bytearray) -> None:
        """Take *key* in, 16 bytes.

        Raises:
            KeyMaterialError: it has another length.
        """
        self._key = MacKey(MacAlgorithm.X9_19, KeyAlgorithm.TDES, key)

    def __repr__(self) -> str:
        return "<CardVerificationKey>"

    def value(self, pan: str, expiry: str, service_code: str) -> str:
        """Return the 3 digits for a card: *expiry* as the issuer has it, YYMM or, for CVV2 at some, MMYY.

        Card number, expiry and service code, filled with zeros to 32 digits, go through what is algorithm 3 of
        ISO 9797-1 with two blocks; of the result the digits count.

        Raises:
            ValueError: these are no digits, or more than 32.
        """
        text = pan + expiry + service_code
        if len(text) > 32 or not (text.isascii() and text.isdecimal()):
            raise ValueError("card number, expiry and service code are digits, 32 at most")
        return decimal_digits(self._key.make(_METHOD, bytes.fromhex(text.ljust(32, "0"))), 3)

    def verify(self, pan: str, expiry: str, service_code: str, presented: str) -> bool:
        """Say in constant time whether *presented* is the value.

        Raises:
            ValueError: as `value`.
        """
        return hmac.compare_digest(self.value(pan, expiry, service_code).encode(), presented.encode())
