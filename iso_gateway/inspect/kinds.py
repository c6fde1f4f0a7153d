"""Which kind of transaction a message is about, and how it went, by its dialect's profile, in a word or two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iso_gateway.codec.describe import ACCEPTED, verdict
from iso_gateway.codec.message import Message
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.peeking import peek
from iso_gateway.protocol.profile import CodeClass, KindRow, Profile

_WORDS: Final = {
    Kind.PREAUTH: "preauthorization",
    Kind.PREAUTH_CANCEL: "preauthorization cancel",
    Kind.BALANCE: "balance inquiry",
    Kind.COMPLETION_ADVICE: "completion",
    Kind.SIGN_ON: "sign-on",
    Kind.SIGN_OFF: "sign-off",
    Kind.CUT_OVER: "cut-over",
}
"""Where it is not the name itself."""
_ORIGINAL: Final = {"de90": 90, "de56": 56, "f61": 61}
"""Where a message names its original, by the profile's word for it."""
_NETWORK: Final = {
    "001": "sign-on",
    "002": "sign-off",
    "101": "key change",
    "161": "key change",
    "201": "cut-over",
    "301": "echo",
    "801": "sign-on",
    "802": "sign-off",
    "811": "key change",
    "821": "cut-over",
    "831": "echo",
}
"""What network messages are for: DE 70 of 1987, DE 24 of 1993 and 2003."""
_INQUIRIES: Final = {"30": "balance inquiry", "31": "balance inquiry", "38": "card verification"}
_FINANCIAL: Final = {
    "00": "sale",
    "01": "cash",
    "02": "adjustment",
    "03": "cheque guarantee",
    "09": "sale with cash",
    "17": "cash advance",
    "20": "refund",
    "21": "deposit",
    "22": "adjustment",
    "40": "transfer",
    "50": "payment",
    **_INQUIRIES,
}
"""What financial messages are for, by DE 3; authorizations may be inquiries too."""
_CLASSES: Final = {
    "1": "authorization",
    "2": "financial transaction",
    "3": "file action",
    "4": "reversal",
    "5": "reconciliation",
    "6": "administrative message",
    "7": "fee collection",
    "8": "network management",
}
"""What a message is of which nothing else tells more, by the second digit of its type."""
_LATER_EDITIONS: Final = frozenset("12")
"""1993 and 2003, whose function codes, DE 24, tell more than the type."""
_ISSUERS: Final = frozenset("23")
_BY_FUNCTION: Final = {
    ("1", "108"): "inquiry",
    ("2", "201"): "completion",
    ("2", "202"): "completion",
    **dict.fromkeys((("2", "205"), ("2", "206"), ("2", "207")), "representment"),
    ("4", "401"): "partial reversal",
    **dict.fromkeys((("4", str(each)) for each in range(450, 456)), "chargeback"),
}
_OPERATIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "cup-pos": {
        **dict.fromkeys(("005", "006"), "sign-on"),
        **dict.fromkeys(("360", "361", "364"), "parameter download"),
        **dict.fromkeys(("370", "371", "372"), "public key download"),
        **dict.fromkeys(("380", "381", "382"), "chip parameter download"),
        "951": "script notice",
    },
    "nibss-pos": {
        "9A0000": "master key",
        "9B0000": "session key",
        "9C0000": "parameter download",
        "9D0000": "echo",
        "9G0000": "PIN key",
    },
}
"""Network management that a dialect has and no row of its profile is about, by its code."""
_VERDICTS: Final = {CodeClass.APPROVED: "approved", CodeClass.PARTIAL: "approved", CodeClass.UNKNOWN: "outcome unknown"}
_MANAGED: Final = frozenset("68")
"""The classes whose messages are about the link and the terminal."""
_CUSTOMERS_WISH: Final = "06"
"""DE 25 of a preauthorization, where the rest of the message is that of any authorization."""
_REPEATS: Final = frozenset("135")
_ANSWERS: Final = frozenset("13")
_ADVICES: Final = frozenset("23")
_ADVISED: Final = frozenset("12")
"""The classes of which it matters whether something is asked or told."""


def kind_of(message: Message, profile: Profile | None) -> str:
    """Return the kind in words: ``sale``, ``void``, ``sign-on``; empty for what has no message type.

    By the profile's rows, and where none fits, by the standard. An answer is of the kind of its request; of kinds that
    only the original tells apart it is the first one.
    """
    row = kind_row(message, profile) if profile is not None else None
    if row is not None and not _is_plain(row, message):
        said = word(row.kind)
    else:
        said = _of_dialect(message, profile) or _of_the_standard(message)
    return f"{said} (repeat)" if said and message.mti[3:4] in _REPEATS else said


def outcome(message: Message, profile: Profile | None) -> str:
    """Return what DE 39 of an answer says in a word: ``approved``, ``declined``; empty where nobody knows the code."""
    code = message.text(39)
    if profile is None:
        return verdict(code)
    row = next((row for row in profile.codes if row.code == code), None)
    if row is None:
        return ""
    return "accepted" if code in ACCEPTED else _VERDICTS.get(row.verdict, "declined")


def _is_plain(row: KindRow, message: Message) -> bool:
    """Return whether *message* may be any authorization, though its dialect takes all of them for preauthorizations."""
    tells = row.condition or row.function or row.type or row.processing not in {None, "00"}
    return row.kind is Kind.PREAUTH and not tells and message.text(25) != _CUSTOMERS_WISH


def _of_dialect(message: Message, profile: Profile | None) -> str:
    if profile is None or message.mti[1:2] not in _MANAGED:
        return ""
    return operation(profile, peek(message, profile.network_code))


def operation(profile: Profile, code: str) -> str:
    """Return what network management of a dialect is for, of which its profile has no row, by its *code*."""
    return _OPERATIONS.get(profile.name, {}).get(code, "")


def _of_the_standard(message: Message) -> str:
    """Return what a message is by its type, DE 3, and DE 70 or 24."""
    about, function = message.mti[1:2], message.mti[2:3]
    later = message.mti[:1] in _LATER_EDITIONS
    if about == "8":
        return _NETWORK.get(message.text(24 if later else 70), _CLASSES[about])
    if about == "4" and not later and message.mti[3:4] in _ISSUERS:
        return "chargeback"
    if later and (said := _BY_FUNCTION.get((about, message.text(24)), "")):
        return said
    known = _INQUIRIES if about == "1" else _FINANCIAL if about == "2" else {}
    said = known.get(message.text(3)[:2], "") or _CLASSES.get(about, "")
    return f"{said} advice" if function in _ADVICES and about in _ADVISED else said


def kind_row(message: Message, profile: Profile) -> KindRow | None:
    """Return the first row of *profile* that *message* fits, or the request that it answers.

    An answer need not say again all that its request said; the row of which it says all is the likelier one.
    """
    mti, is_answer = _asked(message.mti)
    rows = [row for row in profile.kinds if row.mti == mti]
    found = next((row for row in rows if _fits(row, message, profile)), None)
    if found is None and is_answer:
        return next((row for row in rows if _fits(row, message, profile, partly=True)), None)
    return found


def word(kind: Kind) -> str:
    """Return a kind as people say it."""
    return _WORDS.get(kind, kind.value.replace("_", " "))


def _asked(mti: str) -> tuple[str, bool]:
    """Return the type of the request, and whether *mti* is that of its answer."""
    function = mti[2:3]
    is_answer = function in _ANSWERS
    origin = {"1": "0", "3": "2", "5": "4"}.get(mti[3:4], mti[3:4])
    return f"{mti[:2]}{int(function) - 1 if is_answer else function}{origin}", is_answer


def _fits(row: KindRow, message: Message, profile: Profile, *, partly: bool = False) -> bool:
    looked_at = (
        (row.processing, message.text(3)[:2]),
        (row.type, peek(message, "60.1")),
        (row.function, message.text(24)),
        (row.condition if row.type is None else None, message.text(25)),
        (row.network, peek(message, profile.network_code)),
    )
    wanted = [(each, found) for each, found in looked_at if each is not None]
    if any(found != each and (found or not partly) for each, found in wanted):
        return False
    if wanted and not any(found for _, found in wanted):
        return False
    if row.original is None or message.mti[2] in _ANSWERS:
        return True
    named = message.text(_ORIGINAL[profile.original])
    return bool(named.strip("0 ")) == row.original
