"""What the coded values of a message's elements say: MTI, DE 3, 22, 24, 25, 49 to 51, 70 by the standard; DE 39 by the
profile.

ISO 8583:1987 and 1993, annex A; where UnionPay's terminals mean something else by DE 25, the profile's kind says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from iso_gateway.codec.currency import find
from iso_gateway.codec.mti import MTI

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
_ACCOUNTS: Final = {
    "00": "default account",
    "10": "savings account",
    "20": "cheque account",
    "30": "credit account",
    "40": "universal account",
    "50": "investment account",
    "60": "stored value account",
}
_ENTRY: Final = {
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
_PIN_ENTRY: Final = {
    "0": "PIN entry unspecified",
    "1": "PIN can be entered",
    "2": "PIN cannot be entered",
    "3": "PIN pad out of order",
    "6": "PIN verified by the terminal",
    "8": "PIN pad out of order",
    "9": "PIN verified by the terminal",
}
_ENTRY_1993: Final[tuple[tuple[str, dict[str, str]], ...]] = (
    ("can read", {"0": "unknown", "1": "nothing, no terminal", "2": "stripe", "3": "bar code", "4": "OCR", "5": "chip",
                  "6": "keys"}),
    ("can authenticate by", {"0": "nothing", "1": "PIN", "2": "electronic signature", "3": "biometrics",
                             "4": "biographic data", "5": "nothing, out of order", "6": "other"}),
    ("card capture", {"0": "no", "1": "yes"}),
    ("terminal", {"0": "none", "1": "attended, at the merchant's", "2": "unattended, at the merchant's",
                  "3": "attended, elsewhere", "4": "unattended, elsewhere", "5": "at the cardholder's"}),
    ("cardholder", {"0": "present", "1": "not present", "2": "mail order", "3": "telephone order",
                    "4": "standing authorization"}),
    ("card", {"0": "not present", "1": "present"}),
    ("read by", {"0": "unspecified", "1": "hand, no terminal", "2": "stripe", "3": "bar code", "4": "OCR", "5": "chip",
                 "6": "keys"}),
    ("authenticated by", {"0": "nothing", "1": "PIN", "2": "electronic signature", "3": "biometrics",
                          "4": "biographic data", "5": "signature", "6": "other"}),
    ("checked by", {"0": "nobody", "1": "the chip", "2": "the terminal", "3": "the authorizing agent",
                    "4": "the merchant", "5": "other"}),
    ("can write", {"0": "unknown", "1": "nothing", "2": "stripe", "3": "chip"}),
    ("can show", {"0": "unknown", "1": "nothing", "2": "print", "3": "display", "4": "print and display"}),
    ("PIN capture", {"0": "none", "1": "unknown", **{digit: f"{int(digit, 16)} digits" for digit in "456789ABC"}}),
)  # fmt: skip
"""What each of the twelve positions of DE 22 is about, and what its codes say."""
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
_FUNCTIONS_1993: Final = {
    "100": "original authorization, amount accurate",
    "101": "original authorization, amount estimated",
    "102": "replacement authorization, amount accurate",
    "108": "inquiry",
    "200": "original financial request or advice",
    "201": "approved before, amount the same",
    "202": "approved before, amount differs",
    "400": "full reversal, transaction did not complete as approved",
    "401": "partial reversal",
    "450": "full chargeback",
    "500": "final reconciliation",
    "501": "checkpoint reconciliation",
    "801": "sign-on",
    "802": "sign-off",
    "811": "key change",
    "821": "cut-over",
    "831": "echo test",
}
_REASONS_1993: Final = {
    "4000": "customer cancellation",
    "4001": "unspecified, no action taken",
    "4002": "suspected malfunction",
    "4003": "format error, no action taken",
    "4004": "completed partially",
    "4005": "original amount incorrect",
    "4006": "response received too late",
    "4007": "the terminal could not complete the transaction",
    "4020": "invalid response, no action taken",
    "4021": "time-out waiting for the response",
}
_NETWORK: Final = {
    "001": "sign-on",
    "002": "sign-off",
    "101": "key change",
    "161": "key change",
    "201": "cut-over",
    "202": "cut-over completed",
    "301": "echo test",
}
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
    of_1993 = mti.startswith("1")
    match number:
        case 3:
            return _processing(value)
        case 22:
            return _entry_1993(value) if of_1993 else _entry(value)
        case 24 if of_1993:
            return _FUNCTIONS_1993.get(value, "")
        case 25:
            return (_REASONS_1993 if of_1993 else _CONDITIONS).get(value, "")
        case 39 if profile is not None:
            return profile.meaning(value)
        case 49 | 50 | 51:
            known = find(value)
            return "" if known is None else known.code
        case 70 if not of_1993:
            return _NETWORK.get(value, "")
    return ""


def _processing(value: str) -> str:
    said = [table.get(value[at : at + 2], "") for table, at in ((TRANSACTIONS, 0), (_ACCOUNTS, 2), (_ACCOUNTS, 4))]
    what, source, target = said
    if not what:
        return ""
    accounts = " to ".join(each for each in (source, target) if each and each != _ACCOUNTS["00"])
    return f"{what}, {accounts}" if accounts else what


def _entry(value: str) -> str:
    said = [_ENTRY.get(value[:2], ""), _PIN_ENTRY.get(value[2:3], "")]
    return ", ".join(each for each in said if each)


def _entry_1993(value: str) -> str:
    if len(value) != len(_ENTRY_1993):
        return ""
    pairs = zip(_ENTRY_1993, value, strict=True)
    return ", ".join(f"{what} {codes[code]}" for (what, codes), code in pairs if code in codes)
