"""What the coded values of a message's elements say: MTI, DE 3, 22, 24 to 26, 40, 49 to 51, 66 and 70 by the standard;
DE 39 by the profile.

ISO 8583:1987, annex A; what later editions have otherwise is in `editions`. Where UnionPay's terminals mean something
else by DE 25, the profile's kind says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from iso_gateway.codec.currency import find
from iso_gateway.codec.mti import MTI
from iso_gateway.inspect import editions

if TYPE_CHECKING:
    from iso_gateway.protocol.profile import Profile

TRANSACTIONS: Final = {
    "00": "goods and services",
    "01": "cash",
    "02": "adjustment",
    "03": "cheque guarantee",
    "09": "goods and services with cash",
    "17": "cash advance",
    "20": "returns",
    "21": "deposit",
    "22": "adjustment, credit",
    "30": "available funds inquiry",
    "31": "balance inquiry",
    "38": "card verification",
    "40": "transfer between accounts",
    "50": "payment",
}
ACCOUNTS: Final = {
    "00": "default account",
    "10": "savings account",
    "20": "cheque account",
    "30": "credit account",
    "40": "universal account",
    "50": "investment account",
    "60": "stored value account",
}
ENTRY: Final = {
    "00": "entry unspecified",
    "01": "keyed in",
    "02": "magnetic stripe",
    "03": "bar code",
    "04": "optical character reader",
    "05": "chip",
    "07": "contactless chip",
    "09": "electronic commerce",
    "10": "credential on file",
    "79": "keyed in after the chip failed",
    "80": "magnetic stripe after the chip failed",
    "81": "electronic commerce",
    "90": "magnetic stripe, read whole",
    "91": "contactless, stripe data",
    "95": "chip, its CVV is not reliable",
}
_PINENTRY: Final = {
    "0": "PIN entry unspecified",
    "1": "PIN can be entered",
    "2": "PIN cannot be entered",
    "3": "PIN pad out of order",
    "6": "PIN verified by the terminal",
    "8": "PIN pad out of order",
    "9": "PIN verified by the terminal",
}
_CONDITIONS: Final = {
    "00": "normal presentment",
    "01": "customer not present",
    "02": "unattended terminal that can retain cards",
    "03": "merchant suspicious of the customer or card",
    "04": "electronic cash register",
    "05": "customer present, card not present",
    "06": "preauthorization",
    "07": "telephone device",
    "08": "mail or telephone order",
    "09": "security alert",
    "10": "customer's identity verified",
    "11": "suspected fraud",
    "12": "security reasons",
    "15": "customer's terminal",
    "27": "unattended terminal that cannot retain cards",
    "59": "electronic commerce",
}
SETTLED: Final = {"1": "in balance", "2": "out of balance", "3": "error"}
_NETWORK: Final = {
    "001": "sign-on",
    "002": "sign-off",
    "101": "key change",
    "161": "key change",
    "201": "cut-over",
    "202": "cut-over completed",
    "301": "echo test",
}
_SERVICE: Final[tuple[dict[str, str], ...]] = (
    {"1": "international", "2": "international, use the chip", "5": "national", "6": "national, use the chip",
     "7": "private", "9": "test card"},
    {"0": "normal authorization", "2": "by the issuer", "4": "by the issuer unless agreed otherwise"},
    {"0": "no restrictions, PIN required", "1": "no restrictions", "2": "goods and services only",
     "3": "cash only, PIN required", "4": "cash only", "5": "goods and services only, PIN required",
     "6": "no restrictions, PIN where feasible", "7": "goods and services only, PIN where feasible"},
)  # fmt: skip
"""The three digits of a service code (ISO/IEC 7813)."""
_LATER: Final = frozenset("12")
"""The editions after 1987."""
_OF_2003: Final = "2"
_VERSIONS: Final = {0: "ISO 8583:1987", 1: "ISO 8583:1993", 2: "ISO 8583:2003", 8: "national", 9: "private"}


def of_mti(mti: str) -> str:
    """Return an MTI in words: ``ISO 8583:1987, financial request, from the acquirer``; empty for what is none."""
    try:
        read = MTI(mti)
    except ValueError:
        return ""
    words = [part.name.lower().replace("_", " ") for part in (read.message_class, read.function, read.origin)]
    return f"{_VERSIONS[read.version]}, {words[0]} {words[1]}, {words[2]}"


def of_element(number: int, value: str, mti: str, profile: Profile | None = None) -> str:
    """Return what *value* of data element *number* says in words; empty where it is no coded value that is known.

    Args:
        number: the data element.
        value: as carried.
        mti: of its message: the edition decides what some elements mean.
        profile: of the dialect, for DE 39.
    """
    edition = mti[:1]
    match number:
        case 3:
            return _processing(value)
        case 22:
            return _entry(value) if edition != "1" else editions.entry(value)
        case 24 if edition in _LATER:
            return editions.function(value)
        case 25:
            return editions.reason(value) if edition in _LATER else _CONDITIONS.get(value, "")
        case 26 if edition == "0":
            return f"PIN of {int(value)} digits at most" if value.isdecimal() and int(value) else ""
        case 39:
            if profile is not None:
                return profile.meaning(value)
            return editions.action_2003(value) if edition == _OF_2003 else ""
        case 40:
            return _service(value)
        case 49 | 50 | 51:
            known = find(value)
            return "" if known is None else known.code
        case 66 if edition == "0":
            return SETTLED.get(value, "")
        case 70 if edition == "0":
            return _NETWORK.get(value, "")
    return ""


def _processing(value: str) -> str:
    said = [table.get(value[at : at + 2], "") for table, at in ((TRANSACTIONS, 0), (ACCOUNTS, 2), (ACCOUNTS, 4))]
    what, source, target = said
    if not what:
        return ""
    accounts = " to ".join(each for each in (source, target) if each and each != ACCOUNTS["00"])
    return f"{what}, {accounts}" if accounts else what


def _entry(value: str) -> str:
    said = [ENTRY.get(value[:2], ""), _PINENTRY.get(value[2:3], "")]
    return ", ".join(each for each in said if each)


def _service(value: str) -> str:
    """Return what a service code says, which is the same in DE 40 and on the tracks."""
    said = [table.get(digit, "") for table, digit in zip(_SERVICE, value, strict=False)]
    return ", ".join(each for each in said if each) if len(value) == len(_SERVICE) else ""
