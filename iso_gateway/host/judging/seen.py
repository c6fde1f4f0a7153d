"""One message as the judge saw it, and what became of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from iso_gateway.codec.message import Message
from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.protocol.moment import Moment
from iso_gateway.protocol.profile import CodeClass

NO_OUTCOME: Final = frozenset({"68", "98"})
"""Canonical codes that tell a terminal that nobody knows the outcome (ruling 23)."""
MONEY: Final = frozenset(kind for kind, traits in TRAITS.items() if traits.financial) - {Kind.REVERSAL}
"""The kinds that move or hold money; a reversal only undoes."""


class Answered(StrEnum):
    """How a message was answered, in the words of rules; several may hold at once."""

    APPROVED = "approved"
    DECLINED = "declined"
    UNKNOWN = "unknown"
    """By a code that says that nobody knows the outcome."""
    SILENCE = "silence"
    """No answer that a terminal could take for one has gone out, or not yet."""
    CLOSED = "closed"
    """The connection was dropped instead."""
    SPOILT = "spoilt"
    """An answer went out that is not to be believed: wrong in its MAC, or in what it says."""
    LATE = "late"
    """It was put off, whether it came at last or not."""
    BALANCED = "balanced"
    UNBALANCED = "unbalanced"


class Seen:
    """A message of a terminal, or with *outgoing* one that the host sent of its own accord."""

    __slots__ = (
        *("number", "at", "link", "message", "kind", "batch", "doubt", "code", "verdict", "answer", "hang_up"),
        *(
            "late",
            "spoilt",
            "booked",
            "willed",
            "given",
            "intact",
            "agreed",
            "outgoing",
            "repeats",
            "undoes",
            "asks",
            "guessed",
            "settled",
        ),
    )

    def __init__(self, number: int, at: Moment, link: str, message: Message, kind: Kind | None) -> None:
        self.number = number
        """From 1, in the order in which the host heard."""
        self.at = at
        self.link = link
        self.message = message
        self.kind = kind
        self.batch = ""
        self.doubt = ""
        """Why it was not believed: ``wrong MAC``, ``no MAC``; empty: it was."""
        self.code = ""
        """The canonical code that was decided on; empty: none."""
        self.booked = False
        """Whether it was decided to be approved, whatever went out."""
        self.willed = False
        """Whether the host was told to answer so, whatever the message says."""
        self.verdict = CodeClass.UNKNOWN
        self.answer: Message | None = None
        """What was decided to be said; whether it went out is for *given* to say."""
        self.hang_up = False
        self.late = False
        self.spoilt = False
        self.given: Moment | None = None
        """When the answer went out."""
        self.intact = True
        """Whether what went out was the answer as decided, whole."""
        self.agreed: bool | None = None
        """Of a settlement, whether its totals were said to agree."""
        self.outgoing = False
        self.repeats: Seen | None = None
        """What this one is the repeat of: always the first send."""
        self.undoes: Seen | None = None
        """What a reversal is about."""
        self.asks: Seen | None = None
        """What an inquiry is about."""
        self.guessed = False
        """Whether that is only the likeliest, as the reversal does not name it."""
        self.settled = False
        """Whether its terminal has done what an unknown outcome asks for, or was found not to."""

    def __repr__(self) -> str:
        return f"<Seen {self.number}: {self.message.mti} {self.kind}, STAN {self.stan}>"

    @property
    def stan(self) -> str:
        """DE 11."""
        return self.message.text(11)

    @property
    def terminal(self) -> str:
        """DE 41, without the spaces that fill it."""
        return self.message.text(41).rstrip()

    @property
    def believable(self) -> bool:
        """Whether an answer went out that a terminal is to believe."""
        return self.given is not None and self.intact and not self.spoilt

    @property
    def outcome_unknown(self) -> bool:
        """Whether its terminal cannot know what became of it."""
        return not self.believable or self.code in NO_OUTCOME

    @property
    def answered(self) -> frozenset[Answered]:
        """How it was answered by now."""
        words = {Answered.LATE} if self.late else set()
        if self.agreed is not None and self.believable:
            words.add(Answered.BALANCED if self.agreed else Answered.UNBALANCED)
        if self.given is None:
            return frozenset(words | {Answered.CLOSED if self.hang_up else Answered.SILENCE})
        if not self.believable:
            return frozenset(words | {Answered.SPOILT})
        if self.code in NO_OUTCOME:
            return frozenset(words | {Answered.UNKNOWN})
        approved = self.verdict in (CodeClass.APPROVED, CodeClass.PARTIAL)
        return frozenset(words | {Answered.APPROVED if approved else Answered.DECLINED})

    @property
    def how(self) -> str:
        """How it was answered, in a few words for people."""
        if self.given is None:
            return "connection closed" if self.hang_up else "no answer"
        if not self.intact:
            return f"{self.code or 'answer'}, spoilt on its way"
        if self.spoilt:
            return f"{self.code}, MAC spoilt"
        seconds = self.given.mono - self.at.mono
        return f"{self.code}, {seconds:.0f} s late" if self.late else self.code
