"""The terminals' reversals: merged with whatever the gateway knows of their originals (rulings 2, 3, 9, 12)."""

from __future__ import annotations

from datetime import date
from typing import Final

from msgspec.structs import replace

from iso_gateway.protocol import effects
from iso_gateway.protocol.acts import FORGED
from iso_gateway.protocol.closing import Closing
from iso_gateway.protocol.commands import File
from iso_gateway.protocol.composing import reason_said
from iso_gateway.protocol.forwarding import Forwarding
from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.protocol.lifecycle import amounts, in_words, stands
from iso_gateway.protocol.records import APPROVED, HELD, OPEN_DEBT, Change, Insert, Row, RowState
from iso_gateway.protocol.request import Request, journal_row, noted
from iso_gateway.protocol.story import Word, added, line
from iso_gateway.protocol.transaction import State, Step
from iso_gateway.protocol.world import World

STANDS_OR_MAY: Final = APPROVED | {RowState.SENDING}
"""The states of what somebody may want to have reversed."""


class Reversing:
    """Takes back what terminals want taken back."""

    def __init__(self, world: World, forwarding: Forwarding, closing: Closing) -> None:
        self._world = world
        self._forwarding = forwarding
        self._closing = closing

    def forged(self, request: Request, original: Row | None) -> None:
        """Reverse nothing for a MAC that is wrong; its original, where it stands, is listed, once (ruling 12).

        The answer does not wait for the journal: whatever that says must not lead into the flow of a true reversal.
        """
        if original is not None and original.state in STANDS_OR_MAY and FORGED not in original.flags:
            self._world.log("listed", "warning", id=original.id, terminal=request.terminal, cause=FORGED)
            story = added(original.story, line(self._world.now.wall, Word.FLAGGED, FORGED))
            flags = {"flags": (*original.flags, FORGED)}
            self._world.emit(File((Change(original.id, set=flags, where={"flags": original.flags}, story=story),)))
        self._closing.refuse(request, "A0", "MAC of the request")

    def overtaken(self, request: Request, row: Row) -> None:
        """Decide anew on a reversal whose original is *row* after all, or has moved on since it was looked up."""
        known = request.original_row
        if known is not None and row.id in (known.original, known.behind):
            request.why = f"{row.id}, behind its original, is {in_words(row)}: it was built upon since"
            self._answer_reversal(request, "25")
        elif row.state is not RowState.TOMBSTONE and request.key not in row.claims:
            self.reverse(request, row)
        elif request.state is State.JOURNALING and request.tombstone:
            # An earlier reversal left the stone; the new one takes its place.
            (stone,) = request.tombstone
            request.tombstone = (replace(stone, releasing=(row.id,)),)
            request.step(Step.CONFLICT)
            self._forwarding.journal_intent(request, ())
        else:
            # The stone stands, or the same reversal was recorded: what was to be said is said.
            if request.key in row.claims:
                request.code = row.code
            request.step(Step.CONFLICT)
            self._closing.deliver(request)

    def reverse(self, request: Request, original: Row | None) -> None:
        """Merge the terminal's reversal with whatever the gateway knows of its original (rulings 2, 3)."""
        left = _left_standing(request)
        if left:
            self._reverse_part(request, original, left)
            return
        if original is None:
            self._reverse_unknown(request)
            return
        request.original_row = original
        wall = self._world.now.wall
        code = self._reversal_refusal(request, original)
        if code:
            request.why = f"its original {original.id} is {in_words(original)}"
            self._answer_reversal(request, code)
        elif original.state is RowState.SENDING or stands(original):
            reason = reason_said(request)
            unchanged = {column: getattr(original, column) for column in ("state", "taken", "returned", "reserved")}
            request.original_row = replace(original, state=RowState.OWES_REVERSAL, reason=reason)
            asked = line(wall, Word.REVERSED_BY, request.id)
            owing = line(wall, Word.OWED, f"{RowState.OWES_REVERSAL}, reason {reason}")
            self._forwarding.doubles.forget(original)
            owed = effects.reversal_owed(original, reason, unchanged, added(original.story, asked + owing))
            request.tell(wall, Word.ORIGINAL, f"found: {original.kind} {original.id}, {original.state}")
            request.tell(wall, Word.DECIDED, "00, the gateway reverses it: one debt, whoever asks")
            self._closing.record_alone(request, "00", (Insert(noted(request, self._today(), "00")), *owed))
        else:  # declined, never sent, already reversed, or owed: nothing to ask of the host
            request.tell(wall, Word.ORIGINAL, f"found: {original.kind} {original.id}, {original.state}")
            request.tell(wall, Word.DECIDED, "00, nothing more is to be asked of the host")
            self._closing.record_alone(request, "00", (Insert(noted(request, self._today(), "00")),))

    def _reverse_part(self, request: Request, original: Row | None, left: int) -> None:
        """Send the reversal of a part on: it is not merged with anything, and *left* of its original stands (ruling 9).

        What may yet turn out not to have been approved can only be reversed as a whole.
        """
        rules_here = request.listener.dialect.profile.rules
        if not rules_here.partial_reversal:
            self._closing.refuse(request, "40", "its DE 95 reverses a part, by setting refused")
        elif request.state is not State.LOOKING_UP:
            self._answer_reversal(request, "22")  # somebody else got hold of the original
        elif original is None:
            if request.original.issued_by_host:
                self._forwarding.clear(request)
            else:
                self._closing.list_reversal(request)
        elif code := self._part_refusal(request, original, left):
            self._closing.refuse(request, code, f"its original {original.id} is {in_words(original)}")
        else:
            request.amount, request.original_row = left, original
            self._forwarding.clear(request)

    def _part_refusal(self, request: Request, original: Row, left: int) -> str:
        """Return the code with which the reversal of a part of *original* is refused, or the empty text."""
        if original.state is RowState.SENDING or original.state in OPEN_DEBT:
            return "22"
        if not stands(original):
            return request.listener.dialect.profile.rules.not_approved
        if original.kind not in TRAITS[Kind.ADJUSTMENT].original:
            return "40"
        return self._reversal_refusal(request, original) or ("64" if left >= original.amount else "")

    def _reversal_refusal(self, request: Request, original: Row) -> str:
        """Return the code with which the terminal's reversal of *original* is refused, or the empty text."""
        if other_card(request, original):
            return "14"
        if request.amount and request.amount not in amounts(original):
            return "64"
        if original.taken in HELD or original.reserved:
            return "22"
        if original.taken or original.returned:
            return "22" if original.kind is Kind.PREAUTH else "25"  # the money is back, or went another way
        if original.state is RowState.OWES_REPEAT:
            return request.listener.dialect.profile.no_answer  # must not overtake the advice: ask again
        return ""

    def _answer_reversal(self, request: Request, code: str) -> None:
        if request.state is State.RECORDING:
            request.code = code
            request.step(Step.CONFLICT)
            self._closing.deliver(request)
        else:
            self._closing.refuse(request, code)

    def _reverse_unknown(self, request: Request) -> None:
        """A reversal without its original: whatever comes under that key later is refused (ruling 3)."""
        named = request.original
        if named.stan:
            claims = tuple(
                (request.merchant, request.terminal, named.batch or request.batch, named.stan, str(kind))
                for kind in TRAITS[Kind.REVERSAL].original
            )
            tomb = journal_row(request, b"", None, self._today())
            tomb = replace(tomb, id=f"{request.id}-t", claims=claims, state=RowState.TOMBSTONE)
            request.tombstone = (Insert(tomb),)
        if named.issued_by_host:
            self._forwarding.clear(request)
            return
        self._closing.list_reversal(request)

    def _today(self) -> date:
        return self._world.now.wall.date()


def _left_standing(request: Request) -> int:
    """Return how much of its original the reversal *request* leaves, by DE 95; 0 where it reverses all of it."""
    said = request.message.text(95)[:12]
    return int(said) if said.isdecimal() else 0


def other_card(request: Request, original: Row) -> bool:
    """Return whether *original* is known to be of another card than *request*."""
    return bool(request.card_hash and original.card_hash and request.card_hash != original.card_hash)
