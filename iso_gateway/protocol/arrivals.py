"""What is found out about a request before it goes anywhere: repeat, original, rules; and the terminals' reversals."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from iso_gateway.codec.mti import is_repeat
from iso_gateway.protocol import effects, inquiry, rules
from iso_gateway.protocol.closing import Closing, Underway
from iso_gateway.protocol.commands import Verify
from iso_gateway.protocol.events import Conflict, Found, Verified
from iso_gateway.protocol.forwarding import Forwarding
from iso_gateway.protocol.keyring import of_terminal
from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.protocol.lifecycle import in_words, standing
from iso_gateway.protocol.moment import sent_at
from iso_gateway.protocol.profile import KindRow
from iso_gateway.protocol.protection import NO_KEYS, Exchange
from iso_gateway.protocol.records import APPROVED, OPEN_DEBT, Change, Row, RowState
from iso_gateway.protocol.request import Asker, Request
from iso_gateway.protocol.reversing import Reversing, other_card
from iso_gateway.protocol.settlement import BATCH_KINDS, Settlement
from iso_gateway.protocol.setup import UNBATCHED_KEY_LIFE
from iso_gateway.protocol.story import Word, added, line, worth_telling
from iso_gateway.protocol.transaction import State, Step
from iso_gateway.protocol.world import World

UNVERIFIED: Final = {
    "A0": "MAC of the request",
    "77": "no keys of the terminal: it has to sign on",
    "A7": "no keys of the terminal, or none that may be used so",
    "96": "the security module did not answer",
}
"""Why a request was not taken, by the code that it got."""

_REVERSAL, _INQUIRY = Kind.REVERSAL, Kind.INQUIRY  # see forwarding.py


class Arrivals:
    """Takes requests in, and decides whether they go on to the host."""

    def __init__(
        self, world: World, forwarding: Forwarding, closing: Closing, underway: Underway, settlement: Settlement
    ) -> None:
        self._world = world
        self._forwarding = forwarding
        self._closing = closing
        self._underway = underway
        self._settlement = settlement
        self._reversing = Reversing(world, forwarding, closing)

    def arrive(self, asker: Asker, kind: Kind, row: KindRow) -> None:
        """Take in a request of a known terminal."""
        world = self._world
        request = Request(world.new_id(), asker, kind, row, world.now)
        if asker.connection.in_flight >= world.setup.limits.per_connection:
            self._closing.answering.at_once(asker, "96")
            world.log("bound", "warning", peer=asker.connection.peer, cause="too many requests on the connection")
            return
        asker.connection.in_flight += 1
        self._underway.requests[request.id] = request
        if request.listener.keyed or world.setup.sealing:
            self._verify(request, asker)
        else:
            self._hashed(request)

    def _verify(self, request: Request, asker: Asker) -> None:
        """Ask for what takes a key: whether the MAC is the terminal's, and what its card is known by."""
        world, listener = self._world, request.listener
        protection, owner = listener.protection, of_terminal(request.terminal)
        keys = world.keyring.to_verify(owner, protection) if protection.keyed else NO_KEYS
        if protection.mac is not None and not keys:
            # Only a terminal whose sign-on brings keys can do something about it.
            code = "A7" if protection.exchange is Exchange.NONE else "77"
            self._closing.refuse(request, code, "no keys of the terminal are known")
        elif protection.mac is None and not world.setup.sealing:
            asker.keys = world.keyring.to_send(owner, protection)
            self._hashed(request)
        else:
            self._closing.wait(request, world.setup.limits.stage)
            hashed = request.pan.encode() if world.setup.sealing else b""
            command = Verify(request.id, listener.name, request.message, asker.payload, keys, hashed=hashed)
            world.emit(command)

    def _hashed(self, request: Request) -> None:
        """Go on with what needs no word of the security module."""
        request.known_by(self._world.lent.fingerprint(request.pan.encode()) if request.pan else b"")
        self._genuine(request)

    def verified(self, request: Request, event: Verified) -> None:
        """Take in the security module's word on the request's MAC."""
        code = event.code
        if code:
            forged = code == "A0" and request.kind is Kind.REVERSAL
            request.refusal = code if forged and (request.original.stan or request.original.rrn) else ""
            if request.refusal:
                self._closing.look_up(request)
            else:
                self._closing.refuse(request, code, UNVERIFIED.get(code, "the request could not be verified"))
            return
        protection = request.listener.protection
        if protection.keyed:
            keyring, (asker, *_) = self._world.keyring, request.askers
            asker.keys = event.keys or keyring.to_send(of_terminal(request.terminal), protection)
            if event.keys is not None and protection.mac is not None:
                keyring.used(event.keys)
        if self._world.setup.sealing:
            request.known_by(event.fingerprint)
            self._genuine(request)
        else:
            self._hashed(request)

    def _genuine(self, request: Request) -> None:
        """Find out what *request*, which its terminal made, is about: a repeat, a batch, an original, a new sale."""
        earlier = self._underway.by_key.get(request.key)
        if earlier is not None:
            self._join(request, earlier)
            return
        self._underway.by_key[request.key] = request
        kind, traits, original = request.kind, TRAITS[request.kind], request.original
        booked = traits.financial and kind is not _REVERSAL
        heard = self._underway.refusals.before(request.key, request.message.text(7), self._world.now.mono)
        if heard and kind is not _REVERSAL:
            self._closing.refuse(request, heard, "a later copy of it was refused, and came in before it")
            return
        named = traits.original and (original.stan or original.rrn or original.approval)
        if kind in BATCH_KINDS:
            self._settlement.arrive(request)
        elif booked and self._settlement.holds(request):
            self._closing.refuse(request, "90", "its batch is being settled")
        elif kind is _REVERSAL and not named:
            self._closing.refuse(request, "25", "the reversal names no original")
        elif kind is _INQUIRY and not named:
            self._closing.refuse(request, "30", "the inquiry names no original")
        elif booked and request.amount == 0:
            self._closing.refuse(request, "13", "no amount")
        elif named or is_repeat(request.message.mti):
            self._closing.look_up(request)
        else:
            self._forwarding.clear(request)

    def _join(self, request: Request, earlier: Request) -> None:
        """Let a repeat wait for the outcome of the one in flight: one host request, two answers."""
        if request.fingerprint != earlier.fingerprint:
            self._clash(request)
            return
        del self._underway.requests[request.id]
        self._world.forget(request.id)
        earlier.askers.extend(request.askers)
        if worth_telling(len(earlier.askers) - 1):
            earlier.tell(self._world.now.wall, Word.JOINED, request.askers[0].connection.place)
        self._world.log("joined", id=earlier.id, terminal=request.terminal, stan=request.stan)

    def _clash(self, request: Request) -> None:
        self._world.log(
            "duplicate", "warning", terminal=request.terminal, stan=request.stan,
            cause="another message under the key of an earlier one: terminal swapped, or its STAN reset?",
        )  # fmt: skip
        self._closing.refuse(request, "94", "another message under the key of an earlier one")

    def found(self, request: Request, event: Found) -> None:
        """Take in what the journal knows of the request's key and of its original."""
        if request.state is not State.LOOKING_UP:
            return
        request.looked = True
        if request.refusal == "A0":
            self._reversing.forged(request, _meant(request, event.originals))
        elif event.same_key is not None and not self._outdated(request, event.same_key):
            self._same_key(request, event.same_key)
        elif request.refusal:
            unknown = self._closing.in_flight_beside(request)
            no_answer = request.listener.dialect.profile.no_answer
            self._closing.refuse(request, no_answer if unknown else request.refusal)
        elif event.same_key is None and self._may_have_left(request, event.since or self._world.since.wall):
            self._closing.list_request(request, "a repeat whose original may have left the journal is not sent as new")
        elif request.suspect:
            self._forwarding.suspected(request, event.originals)
        else:
            self._with_original(request, _meant(request, event.originals))

    def _with_original(self, request: Request, original: Row | None) -> None:
        if request.kind is Kind.REVERSAL:
            self._reversing.reverse(request, original)
            return
        if request.kind is Kind.INQUIRY:
            self._inquire(request, original)
            return
        if original is not None:
            request.about(original)
            code = self._refusal(request, original)
            if code:
                self._closing.refuse(request, code, f"its original {original.id} is {in_words(original)}")
                return
            request.tell(self._world.now.wall, Word.ORIGINAL, f"found: {original.kind} {original.id}")
        elif TRAITS[request.kind].original and not request.original.issued_by_host:
            # The gateway renumbers: the terminal's STAN may name another sale on the host's leg (rulings 3, 22).
            code = rules.not_found(request.kind, request.listener.dialect.profile.rules)
            self._closing.refuse(request, code, "its original is unknown, and named by its STAN alone")
            return
        elif TRAITS[request.kind].original:
            request.tell(self._world.now.wall, Word.ORIGINAL, "unknown here: passed on as the terminal names it")
        self._forwarding.clear(request)

    def _inquire(self, request: Request, original: Row | None) -> None:
        """Say what became of *original*: the journal knows, or else the host may (ruling 8)."""
        if original is None and request.original.issued_by_host:
            self._forwarding.clear(request)
            return
        if original is not None and other_card(request, original):
            self._closing.refuse(request, "14", f"its original {original.id} is of another card")
            return
        standing = inquiry.standing_of(original)
        if original is not None:
            request.answer = inquiry.answer_facts(
                standing, original.amount, original.currency, original.rrn, original.approval
            )
        else:
            request.answer = inquiry.answer_facts(standing, 0)
        self._closing.refuse(request, "00", f"its original is {standing}")

    def _same_key(self, request: Request, row: Row) -> None:
        """Answer a message whose key the journal knows: a repeat from its row, anything else with 94."""
        if not request.fingerprint:  # never verified: nobody may hear the answer
            self._closing.refuse(request, request.listener.dialect.profile.no_answer)
            return
        if row.state is RowState.TOMBSTONE or row.fingerprint != request.fingerprint:
            self._clash(request)
            return
        if row.state is RowState.SENDING and self._never_sent(request, row):
            return
        request.replaying = row
        match row.state:
            case RowState.ANSWERED | RowState.DONE | RowState.UNCONFIRMED:
                # Replay and reversal exclude each other in one commit (ruling 2).
                self._say_again(request, row)
                again = line(self._world.now.wall, Word.REPLAYED, request.askers[0].connection.place)
                story = added(row.story, again) if worth_telling(row.replays + 1) else ""
                seen = Change(row.id, add={"replays": 1}, where={"state": APPROVED}, story=story)
                self._closing.record_alone(request, row.code, (seen,))
            case RowState.DECLINED | RowState.NOTED:
                self._say_again(request, row)
                self._closing.refuse(request, row.code)
            case RowState.REVERSED if not request.kind_row.reversible:
                # An advice that the gateway bridged as a request, and reversed (ruling 7).
                self._closing.refuse(request, "05")
            case _:
                # Nobody knows, or it is being undone; but a decline stands, though it was reversed to be sure.
                declined = row.code if not row.approved else ""
                self._closing.refuse(request, declined or request.listener.dialect.profile.no_answer)

    def _never_sent(self, request: Request, row: Row) -> bool:
        """Close *row* where its intent was committed though the journal said that it had failed; return whether it was.

        Nobody has it in hand then, and nothing of it was sent: left alone, it would tell its terminal until the next
        start that nobody knows.
        """
        if (row.id in self._underway.requests and row.id != request.id) or self._closing.owes(row.id):
            return False
        told = line(self._world.now.wall, Word.NOT_SENT, "the journal had it after all, though it had said otherwise")
        columns = {"state": RowState.NOT_SENT, "claims": (), "code": "96"}
        unsent = Change(row.id, set=columns, where={"state": RowState.SENDING}, story=added(row.story, told))
        self._closing.record_alone(request, "96", (unsent, *effects.free(row)))
        return True

    def _say_again(self, request: Request, row: Row) -> None:
        """Have the first answer given again."""
        request.answer, request.own_code = row.answer, row.own_code
        request.acquirer = row.host.acquirer if row.host is not None else ""

    def _outdated(self, request: Request, row: Row) -> bool:
        """Return whether *row* holds its key only because STANs come round again (ruling 4)."""
        return (
            not request.batch
            and not is_repeat(request.message.mti)
            and (row.fingerprint != request.fingerprint or not request.dated)
            and row.state not in OPEN_DEBT
            and row.state is not RowState.SENDING
            and self._world.now.wall - row.received > UNBATCHED_KEY_LIFE
        )

    def _may_have_left(self, request: Request, since: datetime) -> bool:
        """Return whether *request* is a repeat whose first message may be older than *since*, the journal's first day.

        A reversal is not asked: to reverse twice does no harm, not to reverse does.
        """
        if request.kind is Kind.REVERSAL or not is_repeat(request.message.mti):
            return False
        sent = sent_at(request.message.text(7), self._today())
        if sent is None or sent < since:
            return True
        # A repeat has a DE 7 of its own; the local time is still that of the first, in the terminal's zone.
        facts = request.listener.dialect.facts(request.message)
        local = f"{facts.get('date_local_transaction', '')!s}{facts.get('time_local_transaction', '')!s}"
        own = request.listener.zone
        zones = [own] if own is not None else [acquirer.zone for acquirer in self._world.setup.acquirers.values()]
        made = (sent_at(local, self._today(), zone) for zone in zones)
        return any(first is not None and first < since and first <= sent for first in made)

    def conflict(self, request: Request, event: Conflict) -> None:
        """Take in that the journal refused, because of a row."""
        row = event.row
        alone = request.state is State.RECORDING and request.host_request is None
        if alone and request.kind is Kind.REVERSAL:
            self._reversing.overtaken(request, row)
            return
        if request.state in (State.RECORDING, State.FILING):
            self._closing.overtaken(request, row)
            return
        if request.state is not State.JOURNALING:
            return
        if request.kind is Kind.SETTLEMENT:  # an earlier one that came to nothing has the key
            request.step(Step.CONFLICT)
            self._forwarding.journal_intent(request, (row.id,))
        elif request.kind is Kind.REVERSAL and request.key not in row.claims:
            self._reversing.overtaken(request, row)
        elif (original := request.original_row) is not None and row.id == original.id:
            code = self._refusal(request, row)
            self._closing.refuse(request, code or "22", f"its original {row.id} is {in_words(row)}")
        elif original is not None and row.id == original.original:
            self._closing.refuse(request, "22", f"{row.id}, behind its original, is {in_words(row)}")
        elif self._outdated(request, row):
            request.step(Step.CONFLICT)
            self._forwarding.journal_intent(request, (row.id,))
        else:
            self._same_key(request, row)

    def _claim(self, request: Request, original: Row) -> rules.Claim:
        wall = self._world.now.wall
        today = self._closing.business_date(original.host.acquirer, wall) if original.host else wall.date()
        return rules.Claim(request.kind, request.amount, request.card_hash, today, request.batch)

    def _refusal(self, request: Request, original: Row) -> str:
        """Return the code with which its acquirer's rules refuse what *request* wants of *original*."""
        acquirer = self._closing.acquirer(original.host.acquirer) if original.host else None
        dialect = acquirer.dialect if acquirer is not None else request.listener.dialect
        return rules.refusal(self._claim(request, original), standing(original), dialect.profile.rules)

    def _today(self) -> date:
        return self._world.now.wall.date()


def _meant(request: Request, rows: tuple[Row, ...]) -> Row | None:
    """Return the row that *request* names: the latest of a kind that it may name, or else the latest."""
    fitting = [row for row in rows if row.kind in request.original_kinds]
    return max(fitting or rows, key=lambda row: row.received, default=None)
