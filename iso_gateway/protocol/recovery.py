"""What a process makes of the rows that an earlier one left open: each becomes a debt, a question, or is closed.

A row that says SENDING was sent, as far as anybody can know: its outcome is owed. A row that says ANSWERED was
approved, and whether the terminal got the answer is a question (ruling 2). What was owed is owed again, in the same
order, and its reversal keeps the STAN that it had (ruling 15).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from iso_gateway.protocol.kinds import TRAITS
from iso_gateway.protocol.numbering import LAST
from iso_gateway.protocol.records import Change, Entry, Row, RowState
from iso_gateway.protocol.story import Word, added, line


class Fate(StrEnum):
    """What becomes of a row that was left open."""

    OWED = "owed"
    """It was owed, and is owed again."""
    UNKNOWN = "unknown outcome"
    """It was on its way; what came of it is owed, or closed where no money moves."""
    STUCK = "an operator's"
    QUESTION = "a question"
    """It stands, but for the terminal's receipt; the journal already says so."""
    ASKED = "becomes a question"


FATES: Final[Mapping[RowState, Fate]] = {
    RowState.SENDING: Fate.UNKNOWN,
    RowState.ANSWERED: Fate.ASKED,
    RowState.UNCONFIRMED: Fate.QUESTION,
    RowState.OWES_REVERSAL: Fate.OWED,
    RowState.OWES_REPEAT: Fate.OWED,
    RowState.STUCK: Fate.STUCK,
}
"""The states of rows on which something is open; a gateway that starts asks its journal for these."""

LEFT_OPEN: Final = frozenset(FATES)

NOBODY_KNOWS: Final = "98"
"""Why a row that a dead process was sending is owed: there is no answer any more."""

MARGIN: Final = 1000
"""STANs passed over after the newest that rows tell of: sign-ons, and debts of older rows, have taken some since."""


class Recovery(msgspec.Struct, frozen=True):
    """What is to be done before anybody is listened to."""

    debts: tuple[tuple[Row, bool], ...]
    """What is owed, or stuck, in the order in which it came in; and whether the journal says so already."""
    questions: tuple[Row, ...]
    """Approved, and whether the terminal knows is not known."""
    doubtful: tuple[Row, ...]
    """Reversed, unless a late approval comes."""
    closings: tuple[tuple[Row, Entry], ...]
    """Rows to be changed to which nobody owes anything: questions, what moved no money, and doubts that are over."""


def recover(rows: Iterable[Row], wall: datetime) -> Recovery:
    """Return what becomes at *wall* of *rows*, which an earlier process left behind."""
    debts: list[tuple[Row, bool]] = []
    questions: list[Row] = []
    doubtful: list[Row] = []
    closings: list[tuple[Row, Entry]] = []
    for row in sorted(rows, key=lambda row: row.received):
        match FATES.get(row.state):
            case Fate.OWED | Fate.STUCK:
                debts.append((row, True))
            case Fate.UNKNOWN if TRAITS[row.kind].financial and row.host is not None:
                state = RowState.OWES_REVERSAL if row.reversible else RowState.OWES_REPEAT
                debts.append((replace(row, state=state, reason=NOBODY_KNOWS), False))
            case Fate.UNKNOWN:
                declined = {"state": RowState.DECLINED, "code": NOBODY_KNOWS}
                closings.append(_changed(row, declined, line(wall, Word.RECOVERED, "it moved no money")))
            case Fate.ASKED:
                story = line(wall, Word.RECOVERED) + line(wall, Word.UNCONFIRMED)
                closings.append(_changed(row, {"state": RowState.UNCONFIRMED}, story))
                questions.append(replace(row, state=RowState.UNCONFIRMED))
            case Fate.QUESTION:
                questions.append(row)
            case None if row.doubtful_until is not None and row.doubtful:
                if row.doubtful_until > wall:
                    doubtful.append(row)
                else:
                    closings.append(_changed(row, {"doubtful_until": None}, ""))
            case None:
                pass
    return Recovery(tuple(debts), tuple(questions), tuple(doubtful), tuple(closings))


def _changed(row: Row, columns: dict[str, Any], story: str) -> tuple[Row, Entry]:
    change = Change(row.id, set=columns, where={"state": row.state}, story=added(row.story, story))
    return row, (change,)


def next_stans(rows: Iterable[Row]) -> dict[str, int]:
    """Return, for each acquirer, the STAN to go on with: behind those of the newest of *rows* (ruling 15).

    STANs are given out in turn, so that what was given out in the late window lies just before this one.
    """
    newest: dict[str, tuple[float, int]] = {}
    for row in rows:
        leg = row.host
        if leg is None:
            continue
        given = [(leg.sent.timestamp(), leg.stan)]
        if row.debt_stan and row.owed_since is not None:
            given.append((row.owed_since.timestamp(), row.debt_stan))
        for at, stan in given:
            if stan.isdecimal():
                newest[leg.acquirer] = max(newest.get(leg.acquirer, (0.0, 0)), (at, int(stan)))
    return {acquirer: (stan + MARGIN - 1) % LAST + 1 for acquirer, (_, stan) in newest.items()}
