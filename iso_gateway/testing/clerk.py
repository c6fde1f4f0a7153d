"""A terminal in memory: what a clerk asks for is sent at once, and what became of it remembered."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import NamedTuple

import msgspec

from iso_gateway.catalog import load_profile, load_spec
from iso_gateway.codec.message import Message
from iso_gateway.errors import KeyMaterialError, KsnError, NoAnswer, NoConnection
from iso_gateway.framing import Framing
from iso_gateway.hsm.held_file import held_keys
from iso_gateway.net import clock
from iso_gateway.net.address import Address
from iso_gateway.protocol.batch import Totals
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.protection import Protection
from iso_gateway.security.held import HeldKeys
from iso_gateway.terminal.client import ask
from iso_gateway.terminal.orders import DEFAULT_PAN, MONEY, Order, Prepared, prepare, prepare_owed
from iso_gateway.terminal.records import KeyNotes, Memory, Outcome
from iso_gateway.terminal.result import Result, for_terminals, of_answer, of_doubt, of_silence, reversed_by, settled
from iso_gateway.terminal.scripts import Slip, Till
from iso_gateway.terminal.settling import Day, Refused, Settled, conversation, day
from iso_gateway.terminal.shield import Shield, keys_now
from iso_gateway.testing.options import TerminalOptions


class Leg(NamedTuple):
    """Where terminals connect, and how one speaks there."""

    address: Address
    spec: str
    framing: str
    protection: Protection = Protection()
    profile: str = ""
    """Empty: the spec's own."""
    keys: str = ""
    """The file of test keys; empty: the published ones."""


class BatchResult(NamedTuple):
    """What became of a batch."""

    outcome: str
    """``balanced``, ``not_balanced``, ``refused``, ``unknown`` or ``not_sent``; after the last three it stays open."""
    ours: Day
    """What the terminal has in it: ``ours.totals``."""
    theirs: Totals | None
    """What the other side has, where it said so."""
    meaning: str = ""
    """Why it was refused, is unknown, or was not sent."""


class _Asked(NamedTuple):
    """A message as it was sent, and its answer."""

    message: Message
    answer: Message
    shield: Shield
    doubt: str
    """Why the answer is not to be believed; empty: it is."""


class Clerk:
    """One terminal; it does one thing at a time."""

    def __init__(self, leg: Leg, options: TerminalOptions) -> None:
        """Send to *leg*.

        Raises:
            ConfigError: the leg's keys are not there.
        """
        spec = load_spec(leg.spec)
        self.timeout = options.timeout
        self.memory = Memory(stan=0)
        self.results: list[Result] = []
        """Of all that was sent, the oldest first, with the reversals that went before something else."""
        self._address = leg.address
        self._dialect = for_terminals(Dialect(spec, load_profile(leg.profile or spec.profile)))
        self._framing = Framing.parse(leg.framing)
        self._till = Till(options.terminal, options.merchant)
        self._protection = leg.protection
        self._keys = held_keys(leg.keys) if leg.protection.keyed else HeldKeys()
        wanted = self._dialect.profile.terminals_reverse_first
        self._reverses_first = wanted if options.reverse_first is None else options.reverse_first

    async def perform(self, order: Order, pin: str = "") -> Result:
        """Send what *order* asks for, with *pin* where the terminal has PIN blocks; return what became of it.

        Where a reversal is owed and goes first, and is not answered, nothing else is sent and that is what is returned.

        Raises:
            ConfigError: the order is incomplete, or is about something that this terminal has not done.
            CannotCarry: the dialect has no words for it.
            EncodeError: a value does not fit the spec.
        """
        while self._reverses_first and order.verb in MONEY:
            owed = prepare_owed(self._dialect, self._till, self.memory, order, _local())
            if owed is None:
                break
            result = await self._exchanged(owed)
            if result.outcome in (Outcome.UNKNOWN, Outcome.NOT_SENT):
                return result
        return await self._exchanged(prepare(self._dialect, self._till, self.memory, order, _local()), pin)

    async def _exchanged(self, prepared: Prepared, pin: str = "") -> Result:
        """Send what is noted already, note what became of it, and return that."""
        result = await self._told(prepared, pin)
        memory = self.memory
        memory.note(settled(memory.now(prepared.sent), result, again=prepared.again))
        if prepared.reverses is not None:
            memory.note(reversed_by(memory.now(prepared.reverses), result))
        self.results.append(result)
        return result

    async def settle(self, pan: str = "") -> BatchResult:
        """Settle the open batch, and begin the next one where the other side has taken what it came to.

        Args:
            pan: the card number of records that are uploaded; empty: the published test number.

        Raises:
            CannotCarry: the dialect settles no batches.
        """
        ours = day(self._dialect, self.memory)
        till = msgspec.structs.replace(self._till, batch=ours.batch)
        talk = conversation(self._dialect, ours, pan or DEFAULT_PAN)
        write = next(talk)
        try:
            while True:
                asked = await self._ask(write(Slip(till, self.memory.next_stan(), _local())))
                if asked.doubt:
                    return BatchResult("unknown", ours, None, asked.doubt)
                write = talk.send(asked.answer)
        except StopIteration as end:
            ended: Settled = end.value
        except Refused as refused:
            return BatchResult("refused", ours, None, self._dialect.profile.meaning(refused.code))
        except (NoConnection, KeyMaterialError, KsnError) as error:
            return BatchResult("not_sent", ours, None, str(error))
        except NoAnswer as error:
            return BatchResult("unknown", ours, None, str(error))
        self.memory.next_batch()
        return BatchResult("balanced" if ended.balanced else "not_balanced", ours, ended.theirs)

    async def _told(self, prepared: Prepared, pin: str) -> Result:
        dialect, kind, message = self._dialect, prepared.kind, prepared.message
        try:
            asked = await self._ask(message, pin, for_keys=kind is Kind.SIGN_ON)
        except (NoConnection, KeyMaterialError, KsnError) as error:
            return of_silence(dialect, kind, message, str(error), sent=False)
        except NoAnswer as error:
            return of_silence(dialect, kind, message, str(error))
        if asked.doubt:
            return of_doubt(dialect, kind, asked.message, asked.answer, asked.doubt)
        result = of_answer(dialect, kind, asked.message, asked.answer)
        if kind is Kind.SIGN_ON and result.approved and asked.shield.keys_are_exchanged:
            return self._with_keys(asked.shield, result, asked.answer)
        return result

    async def _ask(self, message: Message, pin: str = "", *, for_keys: bool = False) -> _Asked:
        """Protect *message*, send it, and return it with its answer.

        Raises:
            NoConnection: not a byte of it was sent.
            NoAnswer: no answer came.
            KeyMaterialError, KsnError: there are no keys for it.
        """
        shield = self._shield()
        if for_keys and shield.keys_are_exchanged:
            message = shield.asking_for_keys(message)
        message = shield.protected(message, pin)
        answer, payload = await ask(self._address, self._framing, self._dialect.spec, message, self.timeout)
        return _Asked(message, answer, shield, shield.doubt(message, answer, payload))

    def _with_keys(self, shield: Shield, result: Result, answer: Message) -> Result:
        """Keep the keys that a sign-on brought; where they are not good, those that there were, and it has failed."""
        try:
            came = shield.taken(answer)
        except KeyMaterialError as error:
            return msgspec.structs.replace(result, outcome=Outcome.DECLINED, meaning=f"keys not taken: {error}")
        self.memory.keys = KeyNotes(session=came)
        return msgspec.structs.replace(result, meaning=f"{result.meaning}, {len(came)} new keys")

    def _shield(self) -> Shield:
        """Return what protects the next message.

        Raises:
            KeyMaterialError, KsnError: there are no keys for it.
        """
        notes = self.memory.keys
        own = keys_now(self._keys.of(self._till.terminal), notes)
        shield = Shield(self._dialect, self._protection, own, secrets.token_bytes, self._keys.dukpt)
        if not self._protection.ksn:
            return shield
        ksn = shield.next_ksn(notes.ksn)
        self.memory.keys = KeyNotes(ksn=ksn.hex())
        return shield.of_transaction(ksn)


def _local() -> datetime:
    """Return the terminal's local time."""
    return clock.now().wall.astimezone()
