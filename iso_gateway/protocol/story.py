"""The story of a transaction: what happened to it and why, a line for each step, kept in its row.

    <milliseconds since 1970, UTC> <word> [text]

Rule 1: the journal only ever appends. Who decides something writes the line with the decision, and the commit that
carries the decision carries its line: a story never tells what was not committed.
Rule 2: a story is masked when it is written. What a peer or a library said goes through ``said``, which hides what may
be a card number and what a screen would obey.
Rule 3: a row's story is bounded, and one that was cut says so in its last line.

An ordinary sale costs four lines, written when its commits are: what its columns say besides is not said again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

import msgspec

from iso_gateway.codec import mask


class Party(StrEnum):
    """Who takes part in a story."""

    TERMINAL = "terminal"
    GATEWAY = "gateway"
    HOST = "host"
    OPERATOR = "operator"


class Word(StrEnum):
    """What can happen to a transaction."""

    RECEIVED = "received"
    JOINED = "joined"
    REPLAYED = "replayed"
    REFUSED = "refused"
    DECIDED = "decided"
    ORIGINAL = "original"
    ROUTED = "routed"
    SENT = "sent"
    NOT_SENT = "not-sent"
    ANSWERED = "answered"
    BAD_MAC = "bad-mac"
    MISMATCH = "mismatch"
    UNCLEAR = "unclear"
    TIMED_OUT = "timed-out"
    LINK_LOST = "link-lost"
    RECOVERED = "recovered"
    JOURNAL_FAILED = "journal-failed"
    DELIVERED = "delivered"
    NOT_DELIVERED = "not-delivered"
    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    OWED = "owed"
    ATTEMPT = "attempt"
    UNANSWERED = "unanswered"
    DEBT_ANSWERED = "debt-answered"
    LATE = "late-answer"
    SETTLED = "settled"
    STUCK = "stuck"
    REOPENED = "reopened"
    HELD = "held"
    KEPT = "kept"
    FREED = "freed"
    REVERSED_BY = "reversed-by"
    ACT = "act"
    FLAGGED = "flagged"
    CUT = "cut"


class Meaning(msgspec.Struct, frozen=True):
    """What a word says to people."""

    sentence: str
    """Without an end, so that the line's text may follow."""
    by: Party = Party.GATEWAY
    to: Party = Party.GATEWAY
    """Another party where something went from one to the other; else it is the gateway's own doing."""


def _terminal(sentence: str) -> Meaning:
    return Meaning(sentence, Party.TERMINAL, Party.GATEWAY)


def _to_terminal(sentence: str) -> Meaning:
    return Meaning(sentence, Party.GATEWAY, Party.TERMINAL)


def _to_host(sentence: str) -> Meaning:
    return Meaning(sentence, Party.GATEWAY, Party.HOST)


def _host(sentence: str) -> Meaning:
    return Meaning(sentence, Party.HOST, Party.GATEWAY)


VOCABULARY: Final[dict[Word, Meaning]] = {
    Word.RECEIVED: _terminal("the request came in"),
    Word.JOINED: _terminal("a repeat came while it was in flight, and waits for the same answer"),
    Word.REPLAYED: _to_terminal("a repeat got the first answer again"),
    Word.REFUSED: _to_terminal("refused by the gateway, nothing went to the host"),
    Word.DECIDED: _to_terminal("answered by the gateway itself"),
    Word.ORIGINAL: Meaning("the transaction that it names"),
    Word.ROUTED: Meaning("goes to this acquirer"),
    Word.SENT: _to_host("given to the link"),
    Word.NOT_SENT: Meaning("not a byte left the gateway, so nothing is owed"),
    Word.ANSWERED: _host("the host answered"),
    Word.BAD_MAC: _host("the host answered, and the MAC is not the host's: the outcome is unknown"),
    Word.MISMATCH: _host("the host approved something else: the outcome is unknown"),
    Word.UNCLEAR: _host("the host does not know either: the outcome is unknown"),
    Word.TIMED_OUT: Meaning("no answer in time: the outcome is unknown"),
    Word.LINK_LOST: Meaning("the link failed after the request was given to it: the outcome is unknown"),
    Word.RECOVERED: Meaning("found at the start, left open by a process that ended"),
    Word.JOURNAL_FAILED: Meaning("the journal could not be told"),
    Word.DELIVERED: _to_terminal("the terminal's connection took all of the answer"),
    Word.NOT_DELIVERED: Meaning("the terminal did not get the answer"),
    Word.UNCONFIRMED: Meaning("whether the terminal got the answer is a question; its receipt decides"),
    Word.CONFIRMED: Meaning("the terminal has the approval"),
    Word.OWED: Meaning("the host is owed"),
    Word.ATTEMPT: _to_host("what is owed was sent"),
    Word.UNANSWERED: Meaning("the attempt was not answered"),
    Word.DEBT_ANSWERED: _host("the host answered what is owed"),
    Word.LATE: _host("the host answered the request after all, too late"),
    Word.SETTLED: Meaning("nothing is owed any more"),
    Word.STUCK: Meaning("waits for an operator: resend or write-off"),
    Word.REOPENED: Meaning("owed again: the host approved after all"),
    Word.HELD: Meaning("held for another transaction that names it"),
    Word.KEPT: Meaning("what was held is used"),
    Word.FREED: Meaning("what was held is free again"),
    Word.REVERSED_BY: _terminal("the terminal asked for its reversal"),
    Word.ACT: Meaning("an operator acted", Party.OPERATOR, Party.GATEWAY),
    Word.FLAGGED: Meaning("marked for the back office"),
    Word.CUT: Meaning("the story is longer than a row may hold; what came after is in the log alone"),
}
"""Every word, with a sentence for people and who is the sender and who the receiver."""

LONGEST: Final = 6000
"""Characters that the story of one row may have."""

_LAST: Final = 64
"""Characters that are left for the line that says that it was cut."""

_CUT: Final = f" {Word.CUT}\n"
"""The end of a story that was cut."""

LONGEST_TEXT: Final = 240
"""Characters of one line's text: a foreign text may be as long as its sender likes."""


def line(wall: datetime, word: Word, text: str = "") -> str:
    """Return the line for *word* at *wall*; *text* is ours, or has been through `said`."""
    return "".join((_at(wall), word, " ", text, "\n") if text else (_at(wall), word, "\n"))  # a sale has four of them


@lru_cache(4)
def _at(wall: datetime) -> str:
    """Return how the lines of *wall* begin: under load hundreds have the same."""
    return f"{int(wall.timestamp() * 1000 + 0.5)} "


def said(foreign: str) -> str:
    """Return what a peer or a library said so that it may stand in a line: masked, printable, bounded."""
    shown = mask.printable(mask.scan(foreign))
    return shown if len(shown) <= LONGEST_TEXT else shown[: LONGEST_TEXT - 1] + "…"


class Teller:
    """Something that has a story: it gathers lines until a commit takes them."""

    untold: str = ""
    """The lines that no commit has taken yet."""
    _given: int = 0
    """How many characters of them a commit under way carries."""
    room: int = LONGEST - _LAST
    """Characters that may still be told."""

    def tell(self, wall: datetime, word: Word, text: str = "") -> None:
        """Gather a line; beyond the bound only the line that says so."""
        if self.room <= 0:
            return
        more = line(wall, word, text)
        self.room -= len(more)
        self.untold += more if self.room > 0 else line(wall, Word.CUT)

    def take(self) -> str:
        """Return what has been gathered, for the commit that is being made; it is kept until `taken`."""
        self._given = len(self.untold)
        return self.untold

    def taken(self) -> None:
        """Take in that the commit was made: what it carried is told."""
        self.untold = self.untold[self._given :]
        self._given = 0

    def goes_on_from(self, story: str) -> None:
        """Have *story*, which the row has already, count against the bound."""
        self.room = 0 if story.endswith(_CUT) else LONGEST - _LAST - len(story)


def added(story: str, more: str) -> str:
    """Return what may be added of the line *more* to a row that has *story* already."""
    room = LONGEST - _LAST - len(story)
    if room <= 0 or story.endswith(_CUT):
        return ""
    return more if len(more) <= room else f"{more.partition(' ')[0]}{_CUT}"


def found_out(story: str) -> str:
    """Return what *story* tells of events, without the decision that was to be committed with it."""
    return "".join(each for each in story.splitlines(keepends=True) if each.split(" ", 2)[1].strip() != Word.OWED)


def worth_telling(attempt: int) -> bool:
    """Return whether the *attempt*-th try at a debt is told: each of the first eight, then ever fewer.

    A debt may be tried thousands of times before somebody comes; `attempts` counts them all.
    """
    return attempt <= 8 or attempt & (attempt - 1) == 0


class Told(msgspec.Struct, frozen=True):
    """One line of a story, read."""

    at: datetime
    """UTC, to the millisecond."""
    word: str
    """One of `Word`; a newer program may know more of them."""
    text: str = ""

    @property
    def meaning(self) -> Meaning:
        """What it says to people; an unknown word says no more than itself."""
        return VOCABULARY[Word(self.word)] if self.word in _WORDS else Meaning(self.word)


_WORDS: Final = frozenset(Word)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read(story: str) -> Iterator[Told]:
    """Yield the lines of *story*; what is no line of one, after damage to a journal, is left out."""
    for each in story.split("\n"):
        at, _, rest = each.partition(" ")
        word, _, text = rest.partition(" ")
        if at.isascii() and at.isdecimal() and len(at) <= 14 and word:
            yield Told(_EPOCH + timedelta(milliseconds=int(at)), word, text)
