"""Operators' acts on a running gateway: decided by `acts`, committed, carried out, and answered in words."""

from __future__ import annotations

import msgspec

from iso_gateway.protocol.acts import Act, Refusal, entry_for
from iso_gateway.protocol.commands import Journal, Told
from iso_gateway.protocol.events import ActWanted, Conflict, Event, Journaled, JournalFailed
from iso_gateway.protocol.ledger import FILE_AGAIN
from iso_gateway.protocol.owing import Owing
from iso_gateway.protocol.questions import Questions
from iso_gateway.protocol.records import Change, Row
from iso_gateway.protocol.story import said
from iso_gateway.protocol.world import World


class Wanted(msgspec.Struct):
    """An act that is being committed."""

    event: ActWanted
    row: Row
    """The row as it is when the act is committed."""
    text: str
    """What is then said."""
    doubtful: bool = False
    """Whether nobody could say whether it was committed; the operator has been told that."""


class Operators:
    """The acts that are wanted."""

    def __init__(self, world: World, owing: Owing, questions: Questions) -> None:
        self._world = world
        self._owing = owing
        self._questions = questions
        self.pending: dict[str, Wanted] = {}
        """By the id under which the journal was asked."""

    def wanted(self, event: ActWanted) -> None:
        """Take in that an operator wants something done."""
        self._decide(event, event.row)

    def _decide(self, event: ActWanted, row: Row) -> None:
        """Commit what *event* wants, if *row* allows it."""
        name = f"{event.id}/act"
        deed = entry_for(event.act, row, event.who, event.reason, at=self._world.now.wall, audit=self._world.new_id())
        if isinstance(deed, Refusal):
            self._tell(event, deed.text, ok=False)
            return
        self.pending[name] = Wanted(event, deed.row, deed.text)
        self._world.emit(Journal(name, deed.entry))

    def take(self, event: Event) -> None:
        """Take in what the journal says to an act."""
        match event:
            case Journaled(name):
                wanted = self.pending.pop(name)
                self._carry_out(wanted.event.act, wanted.row)
                if not wanted.doubtful:
                    self._tell(wanted.event, wanted.text, ok=True)
            case Conflict(name, row):
                wanted = self.pending.pop(name)
                if not wanted.doubtful and row.id != wanted.event.row.id:
                    self._tell(wanted.event, f"{row.id} stands in the way: {row.kind}, {row.state}", ok=False)
                elif not wanted.doubtful:
                    # It has moved on; as it is now, something else may be right, or nothing.
                    self._decide(wanted.event, row)
            case JournalFailed(name, reason, gone):
                self._doubt(name, reason, gone=gone)
            case _:
                pass

    def _doubt(self, name: str, reason: str, *, gone: bool) -> None:
        """Take in that nobody can say whether an act was committed: say so, and ask the journal until it can."""
        wanted = self.pending[name]
        if wanted.doubtful and gone:  # a resubmission that is not there was not committed
            del self.pending[name]
            return
        if not wanted.doubtful:
            told = f"the journal cannot commit it now: {reason}. Look again before you ask again"
            self._tell(wanted.event, told, ok=False)
            wanted.doubtful = True
        self._world.wake(self._world.now.mono + FILE_AGAIN, name)

    def time_passed(self, name: str) -> None:
        """Ask the journal whether the act *name* was committed after all."""
        row = self.pending[name].row
        as_done = {"state": row.state}
        self._world.emit(Journal(name, (Change(row.id, set=as_done, where=as_done),)))

    def _carry_out(self, act: Act, row: Row) -> None:
        """Go by what was committed."""
        self._questions.answered(row)
        match act:
            case Act.RESEND:
                self._owing.resend(row)
            case Act.REVERSE:
                self._owing.open(row, None)
            case Act.WRITE_OFF:
                self._owing.written_off(row)
            case Act.RESUBMIT:
                self._owing.take_up(row, noted=True)
            case Act.CONFIRM:
                pass

    def _tell(self, event: ActWanted, text: str, *, ok: bool) -> None:
        row = event.row
        self._world.log("act", "warning", id=row.id, act=str(event.act), terminal=row.terminal,
                        who=said(event.who), ok=ok, cause=text)  # fmt: skip
        self._world.emit(Told(event.id, ok, text))
