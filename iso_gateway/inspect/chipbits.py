"""The bits of a chip's coded values, and what each says when it is set.

EMV 4.3, Book 3, annex C, and Book 4, annex A; for 9F66 and 9F6C the contactless specifications (Book C-3).
"""

from __future__ import annotations

from typing import Final

Bits = tuple[tuple[int, int, str], ...]
"""Byte, from 1; bit, 8 the highest; what it says when it is set."""

AIP: Final[Bits] = (
    (1, 7, "SDA supported"),
    (1, 6, "DDA supported"),
    (1, 5, "cardholder verification supported"),
    (1, 4, "terminal risk management is to be performed"),
    (1, 3, "issuer authentication supported"),
    (1, 2, "on-device cardholder verification supported"),
    (1, 1, "CDA supported"),
    (2, 8, "EMV mode supported"),
    (2, 1, "relay resistance supported"),
)
TVR: Final[Bits] = (
    (1, 8, "offline data authentication was not performed"),
    (1, 7, "SDA failed"),
    (1, 6, "chip data missing"),
    (1, 5, "card on the terminal's exception file"),
    (1, 4, "DDA failed"),
    (1, 3, "CDA failed"),
    (1, 2, "SDA selected"),
    (2, 8, "chip and terminal have different application versions"),
    (2, 7, "expired application"),
    (2, 6, "application not yet effective"),
    (2, 5, "requested service not allowed for the card product"),
    (2, 4, "new card"),
    (3, 8, "cardholder verification was not successful"),
    (3, 7, "unrecognised CVM"),
    (3, 6, "PIN try limit exceeded"),
    (3, 5, "PIN entry required, PIN pad not present or not working"),
    (3, 4, "PIN entry required, PIN pad present, PIN not entered"),
    (3, 3, "online PIN entered"),
    (4, 8, "transaction exceeds the floor limit"),
    (4, 7, "lower consecutive offline limit exceeded"),
    (4, 6, "upper consecutive offline limit exceeded"),
    (4, 5, "selected randomly for online processing"),
    (4, 4, "merchant forced the transaction online"),
    (5, 8, "default TDOL used"),
    (5, 7, "issuer authentication failed"),
    (5, 6, "script processing failed before the final GENERATE AC"),
    (5, 5, "script processing failed after the final GENERATE AC"),
    (5, 4, "relay resistance threshold exceeded"),
    (5, 3, "relay resistance time limits exceeded"),
)
TSI: Final[Bits] = (
    (1, 8, "offline data authentication was performed"),
    (1, 7, "cardholder verification was performed"),
    (1, 6, "card risk management was performed"),
    (1, 5, "issuer authentication was performed"),
    (1, 4, "terminal risk management was performed"),
    (1, 3, "script processing was performed"),
)
USAGE: Final[Bits] = (
    (1, 8, "domestic cash"),
    (1, 7, "international cash"),
    (1, 6, "domestic goods"),
    (1, 5, "international goods"),
    (1, 4, "domestic services"),
    (1, 3, "international services"),
    (1, 2, "at ATMs"),
    (1, 1, "at terminals other than ATMs"),
    (2, 8, "domestic cashback"),
    (2, 7, "international cashback"),
)
"""What the card may be used for."""
CAPABILITIES: Final[Bits] = (
    (1, 8, "manual key entry"),
    (1, 7, "magnetic stripe"),
    (1, 6, "chip with contacts"),
    (2, 8, "plaintext PIN for chip verification"),
    (2, 7, "enciphered PIN for online verification"),
    (2, 6, "signature"),
    (2, 5, "enciphered PIN for offline verification"),
    (2, 4, "no CVM required"),
    (3, 8, "SDA"),
    (3, 7, "DDA"),
    (3, 6, "card capture"),
    (3, 4, "CDA"),
)
MORE_CAPABILITIES: Final[Bits] = (
    (1, 8, "cash"),
    (1, 7, "goods"),
    (1, 6, "services"),
    (1, 5, "cashback"),
    (1, 4, "inquiry"),
    (1, 3, "transfer"),
    (1, 2, "payment"),
    (1, 1, "administrative"),
    (2, 8, "cash deposit"),
    (3, 8, "numeric keys"),
    (3, 7, "alphabetical and special keys"),
    (3, 6, "command keys"),
    (3, 5, "function keys"),
    (4, 8, "print for the attendant"),
    (4, 7, "print for the cardholder"),
    (4, 6, "display for the attendant"),
    (4, 5, "display for the cardholder"),
    *((4, each - 8, f"code table {each}") for each in (10, 9)),
    *((5, each, f"code table {each}") for each in range(8, 0, -1)),
)
TTQ: Final[Bits] = (
    (1, 8, "contactless stripe mode supported"),
    (1, 6, "contactless EMV mode supported"),
    (1, 5, "chip with contacts supported"),
    (1, 4, "offline-only reader"),
    (1, 3, "online PIN supported"),
    (1, 2, "signature supported"),
    (1, 1, "offline data authentication for online authorizations supported"),
    (2, 8, "online cryptogram required"),
    (2, 7, "CVM required"),
    (2, 6, "offline PIN supported with contacts"),
    (3, 8, "issuer update processing supported"),
    (3, 7, "consumer device CVM supported"),
)
CTQ: Final[Bits] = (
    (1, 8, "online PIN required"),
    (1, 7, "signature required"),
    (1, 6, "go online if offline data authentication fails"),
    (1, 5, "switch interface if offline data authentication fails"),
    (1, 4, "go online if the application is expired"),
    (1, 3, "switch interface for cash"),
    (1, 2, "switch interface for cashback"),
    (2, 8, "consumer device CVM performed"),
    (2, 7, "issuer update processing at the terminal supported"),
)
