"""What the coded values of a chip's data say: TVR, CVM results, AIP and their like, bit by bit.

EMV 4.4, Book 3, annex C and Book 4, annex A; for 9F66 and 9F6C the contactless specifications (Book C-3).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from iso_gateway.codec.currency import find
from iso_gateway.inspect.coded import TRANSACTIONS
from iso_gateway.inspect.worded import date

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

_METHODS: Final = {
    0x00: "fail CVM processing",
    0x01: "plaintext PIN verified by the chip",
    0x02: "enciphered PIN verified online",
    0x03: "plaintext PIN verified by the chip, and signature",
    0x04: "enciphered PIN verified by the chip",
    0x05: "enciphered PIN verified by the chip, and signature",
    0x1E: "signature",
    0x1F: "no CVM required",
    0x20: "no CVM",
    0x3F: "no CVM performed",
}
_CONDITIONS: Final = {
    0x00: "always",
    0x01: "if unattended cash",
    0x02: "if neither cash nor cashback",
    0x03: "if the terminal supports it",
    0x04: "if manual cash",
    0x05: "if purchase with cashback",
    0x06: "if under X in the application's currency",
    0x07: "if over X in the application's currency",
    0x08: "if under Y in the application's currency",
    0x09: "if over Y in the application's currency",
}
_CVM_RESULTS: Final = {0: "result unknown", 1: "failed", 2: "successful"}
_CRYPTOGRAMS: Final = {0: "AAC: declined", 1: "TC: approved offline", 2: "ARQC: online authorization requested"}
_ADVICE: Final = {1: "service not allowed", 2: "PIN try limit exceeded", 3: "issuer authentication failed"}
_RESPONSES: Final = {
    "Y1": "approved offline",
    "Z1": "declined offline",
    "Y2": "approved after referral by the card",
    "Z2": "declined after referral by the card",
    "Y3": "unable to go online, approved offline",
    "Z3": "unable to go online, declined offline",
}
_OPERATED_BY: Final = {1: "financial institution", 2: "merchant", 3: "cardholder"}
_ENVIRONMENT: Final = {
    1: "attended, online only",
    2: "attended, offline with online capability",
    3: "attended, offline only",
    4: "unattended, online only",
    5: "unattended, offline with online capability",
    6: "unattended, offline only",
}


def meanings(tag: str, value: bytes) -> list[str]:
    """Return what the value of *tag* says, a line each; nothing where it is no coded value, or too short for one.

    Args:
        tag: upper-case hexadecimal, ``95``.
        value: its bytes.
    """
    row = _TAGS.get(tag)
    return row(value) if row is not None and value else []


def _of_bits(bits: Bits) -> Callable[[bytes], list[str]]:
    """Return what reads *bits*."""

    def read(value: bytes) -> list[str]:
        said = [text for byte, bit, text in bits if byte <= len(value) and value[byte - 1] >> (bit - 1) & 1]
        return said or ["nothing set"]

    return read


def _rule(method: int, condition: int) -> str:
    """Return one rule of a CVM list in words."""
    what = _METHODS.get(method & 0x3F, f"CVM {method & 0x3F:02X}")
    then = ", else the next rule" if method & 0x40 else ""
    return f"{what}, {_CONDITIONS.get(condition, f'condition {condition:02X}')}{then}"


def _cvm_results(value: bytes) -> list[str]:
    if len(value) != 3:
        return []
    result = _CVM_RESULTS.get(value[2], f"result {value[2]:02X}")
    if value[0] == 0x3F:
        return ["no CVM performed"]
    return [f"{_rule(value[0], value[1])}: {result}"]


def _cvm_list(value: bytes) -> list[str]:
    if len(value) < 10 or len(value) % 2:
        return []
    amounts = [
        f"{name} = {int.from_bytes(value[at : at + 4])}" for name, at in (("X", 0), ("Y", 4)) if any(value[at : at + 4])
    ]
    return amounts + [_rule(value[at], value[at + 1]) for at in range(8, len(value), 2)]


def _cryptogram(value: bytes) -> list[str]:
    said = [_CRYPTOGRAMS.get(value[0] >> 6, "no kind of cryptogram")]
    if value[0] & 0x08:
        said.append("advice required")
    if reason := _ADVICE.get(value[0] & 0x07):
        said.append(reason)
    return said


def _response(value: bytes) -> list[str]:
    text = value.decode("ascii", "replace")
    return [_RESPONSES[text]] if text in _RESPONSES else []


def _terminal(value: bytes) -> list[str]:
    kind = _ENVIRONMENT.get(value[0] & 0x0F)
    by = _OPERATED_BY.get(value[0] >> 4)
    return [f"{kind}, of a {by}"] if kind and by else []


def _currency(value: bytes) -> list[str]:
    known = find(value.hex()[-3:])
    return [known.code] if known is not None and len(value) == 2 else []


def _date(value: bytes) -> list[str]:
    said = date(value.hex()) if len(value) == 3 else ""
    return [said] if said else []


def _kind(value: bytes) -> list[str]:
    said = TRANSACTIONS.get(value.hex(), "")
    return [said] if said else []


_TAGS: Final[dict[str, Callable[[bytes], list[str]]]] = {
    "5F24": _date,
    "5F25": _date,
    "5F2A": _currency,
    "82": _of_bits(AIP),
    "8A": _response,
    "8E": _cvm_list,
    "95": _of_bits(TVR),
    "9A": _date,
    "9B": _of_bits(TSI),
    "9C": _kind,
    "9F27": _cryptogram,
    "9F33": _of_bits(CAPABILITIES),
    "9F34": _cvm_results,
    "9F35": _terminal,
    "9F66": _of_bits(TTQ),
    "9F6C": _of_bits(CTQ),
}
"""Tag -> what reads its value."""
