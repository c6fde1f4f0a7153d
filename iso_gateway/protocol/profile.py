"""The settings of a dialect: what its messages mean and the rules in which acquirers differ.

A profile is data (``specs/profiles/NAME.yaml``); everything here is the reading of it. Inside the gateway,
response codes are spoken in the two characters of ISO 8583:1987 ("canonical"); a profile says how each of them
is written in its own dialect, so ``30`` leaves towards a 1993 host as ``904``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self

import msgspec
from msgspec import Meta

from iso_gateway.codec.presence import Rule
from iso_gateway.errors import Problem, SpecError
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.rules import COMMON, Rules


class CodeClass(StrEnum):
    """What a response code says of the money."""

    APPROVED = "approved"
    PARTIAL = "partial"
    """Approved for less: DE 4 of the answer is the amount."""
    DECLINED = "declined"
    """Final: nothing was booked."""
    UNKNOWN = "unknown"
    """Nobody can say; the request must be reversed or repeated."""


class KindRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one kind of transaction looks in this dialect. None means: not looked at, not sent."""

    kind: Kind
    mti: str
    """The request's MTI with origin 0; a repeat (0201) fits as well."""
    processing: str | None = None
    """The first two digits of DE 3."""
    function: str | None = None
    """DE 24 of 1993."""
    condition: str | None = None
    """DE 25: the POS condition code of 1987, the message reason code of 1993."""
    type: str | None = None
    """DE 60.1 of UnionPay POS."""
    network: str | None = None
    """The network management code, at the profile's ``network_code``."""
    original: bool | None = None
    """Whether the message must name an original (true) or must not (false)."""
    reversible: bool = True
    """Whether an unknown outcome is reversed; otherwise the message is repeated until it is answered."""


class CodeRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One response code of this dialect."""

    code: str
    """As DE 39 carries it."""
    verdict: CodeClass = msgspec.field(name="class")
    meaning: str
    """A few words for people."""
    canonical: str = msgspec.field(name="is", default="")
    """The 1987 code that means the same; empty: the code itself."""
    only: Literal["", "reversal", "network", "settlement"] = ""
    """The message class in whose answers alone the row goes out."""


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All settings of one dialect; each key of the YAML file is a field here."""

    name: str
    title: str
    kinds: tuple[KindRow, ...]
    codes: tuple[CodeRow, ...]
    original: Literal["de90", "de56", "f61"]
    """Where a message names its original; DE 37 and DE 38 are looked at in every dialect."""
    network_code: str
    """The path of the network management code: ``70``, ``24``, ``60.3``."""
    no_answer: str
    """The canonical code that a terminal gets when the host did not answer."""
    unknown_terminal: str
    """The canonical code for a terminal or merchant that is not configured."""
    batch: str = ""
    """The path of the batch number, part of the terminal's key; empty where there is none."""
    totals: Literal["", "f48", "de74"] = ""
    """Where the totals of a batch stand; empty: this dialect settles no batches. See `reconciling`."""
    repeat_mti: bool = True
    """Whether a repeat goes out with the repeat MTI (0201, 0401)."""
    reversal_stan: Literal["new", "same"] = "new"
    """Whether a reversal has a STAN of its own; with ``same``, 94 on a repeat proves nothing."""
    reversal_reason: str = ""
    """The DE in which a reversal says why: ``39`` or ``25``; empty: nowhere."""
    reversal_chip_tags: tuple[Annotated[str, Meta(pattern="^[0-9A-F]{2,8}$")], ...] = ()
    """The tags of DE 55 that the journal keeps, for reversals say them; empty: a reversal has no DE 55."""
    reversal_not_found: str = "25"
    """What a host of this dialect answers to a reversal whose original it never saw."""
    after_send_91: Literal["owe", "final"] = "owe"
    """Whether 91 from the host, after sending, is an unknown outcome or a decline."""
    mac_on_declines: bool = True
    """Whether a decline, A0 and 77 among them, carries a MAC where the leg has one (ruling 12); an approval always
    does."""
    key_change: tuple[str, ...] = ()
    """The network management codes by which a host brings new keys by itself."""
    pin_control: Annotated[str, Meta(pattern="^[0-9]{0,16}$")] = ""
    """DE 53 beside a PIN block, after UnionPay: the block's format (1 without card number, 2 with it), the length of
    its key (0 single, 6 double); zeros follow. Empty: DE 53 says nothing of that here."""
    terminals_reverse_first: bool = False
    """Whether terminals of this dialect send an owed reversal before anything else that is about money, however long
    ago its original was: then a new request of a terminal says that it has no such reversal to send."""
    rules: Rules = COMMON
    """What a void, refund, completion or reversal may do to the transaction that it names, and by which code not; and
    what becomes of a sale that looks like an earlier one."""
    presence: dict[str, Rule] = {}
    """What a message must have and must not have, by the id of the rule: see `codec.presence`. Every spec that names
    this profile has it; nothing here looks at it."""

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Return the profile that *data*, a YAML file's content as text, describes.

        Raises:
            SpecError: with every fault of *data*.
        """
        from iso_gateway.settings import read  # noqa: PLC0415 -- a shipped profile that is ready is not read

        profile, problems = read(cls, data, text=True)
        if profile is not None:
            problems += _inconsistencies(profile)
        if profile is None or problems:
            raise SpecError(problems)
        return profile

    def verdict(self, code: str) -> CodeClass:
        """Return what *code*, as DE 39 carries it, says; a code that no row lists is an unknown outcome."""
        row = self._row(code)
        if row is None:
            return CodeClass.UNKNOWN
        if self.after_send_91 == "owe" and (row.canonical or row.code) == "91":
            return CodeClass.UNKNOWN
        return row.verdict

    def canonical(self, code: str) -> str:
        """Return the 1987 code that *code* of this dialect stands for; one that no row lists is 96."""
        row = self._row(code)
        return "96" if row is None else row.canonical or row.code

    def code(self, canonical: str, only: str = "") -> str:
        """Return how *canonical* is written here, in an answer of the message class *only*.

        A code that this dialect lacks goes out as its plain refusal (do not honour); an unknown outcome never does.
        """
        for wanted in (canonical, _NO_ANSWER.get(canonical, _REFUSAL)):
            for row in self.codes:
                if (row.canonical or row.code) == wanted and row.only in ("", only):
                    return row.code
        return canonical

    def meaning(self, code: str) -> str:
        """Return *code* in words, for people."""
        row = self._row(code)
        return "code not in the profile" if row is None else row.meaning

    def row(self, kind: Kind) -> KindRow | None:
        """Return the first row for *kind*: how it goes out; None where this dialect has no such kind."""
        return next((row for row in self.kinds if row.kind is kind), None)

    def alike(self, row: KindRow) -> tuple[KindRow, ...]:
        """Return the rows that look like *row* on the wire, itself among them, in the order of the file.

        Only the original that a message names tells them apart: a void and a completion's cancel of 1987 are both
        0200/020000, and a 1420 of 1993 takes back whatever it names (ruling 5).
        """
        look = _look(row)
        return tuple(each for each in self.kinds if _look(each) == look)

    def _row(self, code: str) -> CodeRow | None:
        return next((row for row in self.codes if row.code == code), None)


def _look(row: KindRow) -> KindRow:
    return msgspec.structs.replace(row, kind=Kind.SALE, reversible=True)


_REFUSAL: Final = "05"
"""Do not honour: what remains to be said when the dialect has no word for the reason."""

_NO_ANSWER: Final = {"68": "98", "98": "68"}
"""Two words for the same: a dialect has one of them at least."""

_NEEDED: Final = ("00", "12", "13", "25", "30", "40", "91", "92", "94", "96")
"""The canonical codes that the gateway itself gives; a profile that lacks one could not speak."""


def _inconsistencies(profile: Profile) -> list[Problem]:
    """Return what is wrong with a profile whose every value is well-formed."""
    problems: list[Problem] = []
    said = {row.canonical or row.code for row in profile.codes}
    problems += [
        Problem("codes", f"no row for {code}, which the gateway itself answers") for code in _NEEDED if code not in said
    ]
    seen: set[str] = set()
    for index, row in enumerate(profile.codes):
        if row.code in seen:
            problems.append(Problem(f"codes.{index}.code", f"{row.code} stands in an earlier row"))
        seen.add(row.code)
    for key in ("no_answer", "unknown_terminal"):
        if getattr(profile, key) not in said:
            problems.append(Problem(key, f"{getattr(profile, key)} is in no row of codes"))
    for index, kind in enumerate(profile.kinds):
        if len(kind.mti) != 4 or not kind.mti.isdecimal():
            problems.append(Problem(f"kinds.{index}.mti", "four digits expected"))
    return problems
