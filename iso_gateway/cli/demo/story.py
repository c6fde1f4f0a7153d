"""What the three terminals do, step by step; each step leaves a line for the table and, where money moves, a slip."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec
import trio

from iso_gateway.cli.demo.proof import Slip
from iso_gateway.cli.demo.wire import Wire
from iso_gateway.codec.currency import format_amount
from iso_gateway.codec.message import Amount, Message
from iso_gateway.net import clock
from iso_gateway.protocol.composing import repeat_of
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.reconciling import Verdict, verdict_said
from iso_gateway.terminal import result, scripts, settling
from iso_gateway.terminal.records import Memory, Outcome, Reversal, Sent

PAN = "4761739001010010"
"""A published test card."""

PIN = "1234"
"""The test card's, as the mock host knows it."""


class Done(msgspec.Struct, frozen=True):
    """One step, as the table shows it."""

    terminal: str
    what: str
    amount: int | None
    answer: str


Told = Callable[[Done], None]
"""Shows one step as soon as it is done."""


class Terminal:
    """One terminal of the demo: it asks, prints slips, and remembers."""

    def __init__(self, name: str, dialect: Dialect, wire: Wire, tell: Told) -> None:
        self.name = name
        self.dialect = dialect
        self.slips: list[Slip] = []
        self._wire = wire
        self._tell = tell
        self._till = scripts.Till(terminal=name)
        self._card = scripts.Card(PAN)
        self._memory = Memory(stan=0)
        self._sent_before: dict[tuple[Kind, str], Message] = {}

    @property
    def gets_keys(self) -> bool:
        """Whether its sign-on brings it new keys."""
        return self._wire.gets_keys

    async def pay(self, what: str, kind: Kind, amount: int, original: Sent | None = None, *, pin: str = "") -> Sent:
        """Send a transaction of *kind*, with *pin* where one was entered, and print its slip."""
        message = self._composed(kind, amount, original)
        sent = await self._sent(what, kind, message, pin)
        self._print(sent, amount)
        return sent

    async def forged(self, what: str, kind: Kind, amount: int) -> None:
        """Send a transaction that somebody changes on the way, and print its slip: declined."""
        message = self._composed(kind, amount)
        done, sent = self._heard(what, kind, message, await self._wire.forged(message))
        self._tell(done)
        self._print(sent, amount)

    async def pay_twice(self, what: str, again: str, kind: Kind, amount: int) -> Sent:
        """Send a transaction, and the same once more before it is answered; print one slip."""
        message = self._composed(kind, amount)
        answers: dict[str, tuple[Done, Sent]] = {}

        async def send(step: str) -> None:
            answers[step] = await self._exchanged(step, kind, message)

        async with trio.open_nursery() as both:
            both.start_soon(send, what)
            both.start_soon(send, again)
        (told, first), (told_again, second) = answers[what], answers[again]
        self._tell(told)
        self._tell(told_again)
        assert first == second, "two answers to one request"
        self._print(first, amount)
        return first

    async def reverse(self, what: str, original: Sent) -> Sent:
        """Send the reversal of *original*, and cross out its slip."""
        same = self.dialect.profile.reversal_stan == "same"
        slip = self._slip(original.stan if same else "")
        sent = await self._sent(what, Kind.REVERSAL, scripts.reversal(self.dialect, slip, self._card, original))
        if sent.outcome is Outcome.APPROVED:
            self._memory.note(msgspec.structs.replace(original, reversal=Reversal.DONE))
            for each in self.slips:
                if (each.kind, each.stan) == (original.kind, original.stan):
                    each.outcome = "reversed"
        return sent

    async def repeat(self, what: str, of: Sent) -> Sent:
        """Send an earlier message once more, marked as a repeat where the dialect has a mark."""
        message = self._sent_before[of.kind, of.stan]
        return await self._sent(what, of.kind, repeat_of(self.dialect, message, clock.now()))

    async def query(self, what: str, about: Sent) -> None:
        """Ask what became of *about*."""
        await self._sent(what, Kind.INQUIRY, scripts.inquiry(self.dialect, self._slip(), about.as_original()))

    async def settle(self, what: str) -> None:
        """Tell what the batch comes to, and end it where the other side says the same."""
        ours = settling.day(self.dialect, self._memory)
        totals = settling.totals_message(self.dialect, self._slip(), ours)
        answer = await self._wire.ask(totals)
        balanced = verdict_said(self.dialect, answer) is Verdict.BALANCED
        said = "in balance" if balanced else "not balanced"
        self._tell(
            Done(self.name, what, ours.totals.debits - ours.totals.credits, f"{answer.mti} {answer.text(39):3} {said}")
        )
        if balanced and self.dialect.profile.row(Kind.UPLOAD_END) is not None:
            end = settling.end_message(self.dialect, self._slip(), 0, balanced=True)
            await self._sent("the end of it: nothing is to be uploaded", Kind.UPLOAD_END, end)
        self._memory.next_batch()

    async def network(self, what: str, kind: Kind) -> None:
        """Send a sign-on or line test."""
        await self._sent(what, kind, scripts.network(self.dialect, self._slip(), kind))

    def _composed(self, kind: Kind, amount: int, original: Sent | None = None) -> Message:
        message = scripts.financial(
            *(self.dialect, self._slip(), kind, self._card),
            amount=Amount(amount, "840"),
            original=None if original is None else original.as_original(),
        )
        self._sent_before[kind, message[11]] = message
        return message

    def _slip(self, stan: str = "") -> scripts.Slip:
        """Return who sends the next message, and when."""
        return scripts.Slip(self._till, stan or self._memory.next_stan(), clock.now().wall)

    def _print(self, sent: Sent, amount: int) -> None:
        self.slips.append(Slip(self.name, sent.kind, sent.stan, amount, str(sent.outcome), sent.rrn))

    async def _sent(self, what: str, kind: Kind, message: Message, pin: str = "") -> Sent:
        done, sent = await self._exchanged(what, kind, message, pin)
        self._tell(done)
        return sent

    async def _exchanged(self, what: str, kind: Kind, message: Message, pin: str = "") -> tuple[Done, Sent]:
        return self._heard(what, kind, message, await self._wire.ask(message, pin))

    def _heard(self, what: str, kind: Kind, message: Message, answer: Message) -> tuple[Done, Sent]:
        note = Sent.of(self.dialect, kind, message)
        came = result.of_answer(self.dialect, kind, message, answer)
        said = f"the original: {came.standing}" if came.standing else came.meaning
        if came.available is not None:
            said = f"available {format_amount(came.available, came.currency)}"
        sent = msgspec.structs.replace(result.settled(note, came), batch=self._memory.batch)
        self._memory.note(sent)
        return Done(self.name, what, came.amount, f"{came.mti} {came.code:3} {said}"), sent


class Terminals(NamedTuple):
    """The three of the demo."""

    counter: Terminal
    unionpay: Terminal
    kiosk: Terminal


class Kept(NamedTuple):
    """What is to be remembered over the restart."""

    lunch: Sent
    """A sale that is voided afterwards."""
    lost: Sent
    """A sale that was charged, and whose reversal is owed."""


async def before(terminals: Terminals, settled: Callable[[], Awaitable[None]]) -> Kept:
    """Let the terminals do what this package is for; at the end a reversal is owed that cannot be sent.

    *settled* waits until nothing is owed.
    """
    for terminal in terminals:
        brings = ": it brings keys for MACs and PINs" if terminal.gets_keys else ""
        await terminal.network(f"sign-on{brings}", Kind.SIGN_ON)
    lunch = await _counter(terminals.counter)
    await _unionpay(terminals.unionpay)
    await _kiosk(terminals.kiosk)
    await settled()
    lost = await terminals.kiosk.pay("sale: charged, and the link is lost", Kind.SALE, 3071)
    return Kept(lunch, lost)


async def after(terminals: Terminals, kept: Kept) -> None:
    """Go on after the restart, once what was owed is settled."""
    await terminals.counter.repeat("that sale's repeat: the journal answers", kept.lunch)
    await terminals.counter.pay("its void: found in the journal", Kind.VOID, kept.lunch.amount or 0, kept.lunch)
    await terminals.kiosk.repeat("the lost sale again: never charged twice", kept.lost)
    await terminals.kiosk.query("what became of it?", kept.lost)
    await terminals.unionpay.pay("sale with a PIN", Kind.SALE, 199, pin=PIN)
    for terminal in terminals:
        await terminal.settle("settlement of its batch")


async def _counter(counter: Terminal) -> Sent:
    """Sales and what takes them back, in ISO 8583:1987."""
    sale = await counter.pay("sale with a PIN, in a block of format 3", Kind.SALE, 1234, pin=PIN)
    await counter.pay("the same PIN mistyped", Kind.SALE, 1300, pin="1243")
    await counter.forged("sale: its amount is changed on the way", Kind.SALE, 500)
    await counter.pay("sale: the host declines", Kind.SALE, 1051)
    await counter.pay("void of the first sale", Kind.VOID, 1234, sale)
    await counter.pay("the same void: refused by the gateway", Kind.VOID, 1234, sale)
    dinner = await counter.pay("sale", Kind.SALE, 5000)
    await counter.pay("refund of a part", Kind.REFUND, 2000, dinner)
    await counter.pay("refund of the rest", Kind.REFUND, 3000, dinner)
    await counter.pay("refund of a cent more", Kind.REFUND, 1, dinner)
    coffee = await counter.pay("sale", Kind.SALE, 450)
    await counter.reverse("its reversal, by the terminal", coffee)
    lunch = await counter.pay("sale", Kind.SALE, 1890)
    await counter.pay("balance", Kind.BALANCE, 0)
    return lunch


async def _unionpay(unionpay: Terminal) -> None:
    """Holds, in the words of UnionPay's terminals; the host hears them in those of 1987."""
    room = await unionpay.pay("preauth", Kind.PREAUTH, 10000)
    bill = await unionpay.pay("completion of less", Kind.COMPLETION, 8500, room)
    await unionpay.pay("its cancel: the hold stands again", Kind.COMPLETION_CANCEL, 8500, bill)
    await unionpay.pay("cancel of the preauth", Kind.PREAUTH_CANCEL, 10000, room)
    wine = await unionpay.pay("sale with a PIN", Kind.SALE, 2345, pin=PIN)
    await unionpay.pay("void: 0200/200000 here, 0200/020000 there", Kind.VOID, 2345, wine)
    lost = await unionpay.pay("sale: the host charges and stays silent", Kind.SALE, 2068)
    await unionpay.reverse("its reversal, one debt with the gateway's", lost)


async def _kiosk(kiosk: Terminal) -> None:
    """Repeats and advices, in ISO 8583:1993."""
    await kiosk.pay_twice("sale", "the same at once: one host request", Kind.SALE, 700)
    car = await kiosk.pay("preauth with a PIN, keys derived (DUKPT)", Kind.PREAUTH, 6000, pin=PIN)
    await kiosk.pay("completion, told as a fact", Kind.COMPLETION_ADVICE, 5500, car)
    offline = await kiosk.pay("offline sale, told as a fact", Kind.ADVICE, 880)
    await kiosk.repeat("its repeat: answered from the journal", offline)
    silent = await kiosk.pay("sale: silence again, a reversal is owed", Kind.SALE, 1568)
    await kiosk.repeat("its repeat: no second charge", silent)
