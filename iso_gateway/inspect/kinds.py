"""Which kind of transaction a message is about, by its dialect's profile, in a word or two."""

from __future__ import annotations

from typing import Final

from iso_gateway.codec.message import Message
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.peeking import peek
from iso_gateway.protocol.profile import KindRow, Profile

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
_FINANCIAL: Final = {"00": "sale", "01": "cash", "20": "refund", "30": "balance inquiry", "31": "balance inquiry"}
"""What financial messages are for, by DE 3."""
_REPEATS: Final = frozenset("135")
_ANSWERS: Final = frozenset("13")
_ADVICES: Final = frozenset("23")


def kind_of(message: Message, profile: Profile | None) -> str:
    """Return the kind in words: ``sale``, ``void``, ``sign-on``; empty where nothing tells.

    By the profile's rows, and where none fits, by the standard. An answer is of the kind of its request; of kinds that
    only the original tells apart it is the first one.
    """
    row = kind_row(message, profile) if profile is not None else None
    said = word(row.kind) if row is not None else _of_the_standard(message)
    return f"{said} (repeat)" if said and message.mti[3] in _REPEATS else said


def _of_the_standard(message: Message) -> str:
    """Return what a message is by its type, DE 3, and DE 70 or 24."""
    advice = " advice" if message.mti[2] in _ADVICES else ""
    match message.mti[1]:
        case "1":
            return f"authorization{advice}"
        case "2":
            said = _FINANCIAL.get(message.text(3)[:2], "")
            return f"{said}{advice}" if said else ""
        case "4":
            return word(Kind.REVERSAL)
        case "5":
            return "reconciliation"
        case "8":
            return _NETWORK.get(message.text(70 if message.mti[0] == "0" else 24), "")
    return ""


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
