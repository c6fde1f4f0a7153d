"""What the three terminals do, step by step; each step leaves a line for the table and, where money moves, a slip."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from iso_gateway.cli.demo.proof import Slip
from iso_gateway.codec.message import Amount, Message
from iso_gateway.net import clock
from iso_gateway.protocol.composing import repeat_of
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.originals import Original
from iso_gateway.terminal import result, scripts
from iso_gateway.terminal.records import Memory, Outcome, Sent

PAN = "4761739001010010"
"""A published test card."""

Ask = Callable[[Message], Awaitable[Message]]
"""Send a message and return its answer."""


class Done(msgspec.Struct, frozen=True):
    """One step, as the table shows it."""

    terminal: str
    what: str
    amount: int | None
    answer: str
    rrn: str
    remark: str = ""


class Terminal:
    """One terminal of the demo: it asks, prints slips, and remembers."""

    def __init__(self, name: str, dialect: Dialect, ask: Ask) -> None:
        self.name = name
        self.dialect = dialect
        self.slips: list[Slip] = []
        self.steps: list[Done] = []
        self._ask = ask
        self._till = scripts.Till(terminal=name)
        self._card = scripts.Card(PAN)
        self._memory = Memory(stan=0)
        self._last: Message | None = None

    async def pay(self, what: str, kind: Kind, amount: int, original: Sent | None = None, remark: str = "") -> Sent:
        """Send a transaction of *kind*, and print its slip."""
        named: Original | None = original.as_original() if original is not None else None
        message = scripts.financial(
            self.dialect, self._slip(), kind, self._card, amount=Amount(amount, "840"), original=named
        )
        self._last = message
        sent = await self._sent(what, kind, message, remark)
        self.slips.append(Slip(self.name, kind, sent.stan, amount, str(sent.outcome), sent.rrn))
        return sent

    async def reverse(self, what: str, original: Sent, remark: str = "") -> Sent:
        """Send the reversal of *original*, and cross out its slip."""
        message = scripts.reversal(self.dialect, self._slip(), self._card, original)
        sent = await self._sent(what, Kind.REVERSAL, message, remark)
        if sent.outcome is Outcome.APPROVED:
            for slip in self.slips:
                if (slip.kind, slip.stan) == (original.kind, original.stan):
                    slip.outcome = "reversed"
        return sent

    async def repeat(self, what: str, of: Sent, remark: str = "") -> Sent:
        """Send the last message once more, marked as a repeat where the dialect has a mark."""
        assert self._last is not None
        message = repeat_of(self.dialect, self._last, clock.now())
        return await self._sent(what, of.kind, message, remark)

    async def network(self, what: str, kind: Kind) -> None:
        """Send a sign-on or line test."""
        message = scripts.network(self.dialect, self._slip(), kind)
        await self._sent(what, kind, message, "")

    def _slip(self) -> scripts.Slip:
        """Return who sends the next message, and when."""
        return scripts.Slip(self._till, self._memory.next_stan(), clock.now().wall)

    async def _sent(self, what: str, kind: Kind, message: Message, remark: str) -> Sent:
        note = Sent.of(self.dialect, kind, message)
        came = result.of_answer(self.dialect, kind, message, await self._ask(message))
        answer = f"{came.mti} {came.code:3} {came.meaning}"
        amount = came.amount if 4 in message else None
        self.steps.append(Done(self.name, what, amount, answer, came.rrn, remark))
        return result.settled(note, came)


Told = Callable[[Done], None]
"""Shows one step as soon as it is done."""


async def play(counter: Terminal, unionpay: Terminal, kiosk: Terminal, tell: Told) -> None:
    """Let the three terminals do what this package is for, one step after the other."""
    told = {terminal.name: 0 for terminal in (counter, unionpay, kiosk)}

    def show() -> None:
        for terminal in (counter, unionpay, kiosk):
            for step in terminal.steps[told[terminal.name] :]:
                tell(step)
            told[terminal.name] = len(terminal.steps)

    for terminal in (counter, unionpay, kiosk):
        await terminal.network("sign-on", Kind.SIGN_ON)
        show()
    sale = await counter.pay("sale", Kind.SALE, 1234)
    show()
    await counter.pay("sale, declined", Kind.SALE, 1051)
    show()
    await counter.pay("void of the first sale", Kind.VOID, 1234, sale)
    await counter.pay("the same void again", Kind.VOID, 1234, sale, "refused here, the host is not asked")
    show()
    dinner = await unionpay.pay("sale", Kind.SALE, 5000)
    await unionpay.pay("refund of a part", Kind.REFUND, 2000, dinner)
    show()
    wine = await unionpay.pay("sale", Kind.SALE, 2345)
    await unionpay.pay("void of it", Kind.VOID, 2345, wine, "0200/200000 here, 0200/020000 at the host")
    show()
    lost = await kiosk.pay("sale, the host stays silent", Kind.SALE, 2068, remark="charged there; a reversal is owed")
    show()
    await kiosk.repeat("its repeat", lost, "not sent a second time")
    show()
    ticket = await kiosk.pay("sale", Kind.SALE, 700)
    await kiosk.repeat("its repeat", ticket, "the first answer again, from the journal")
    show()
    offline = await counter.pay("offline sale, advice", Kind.ADVICE, 880)
    await counter.repeat("its repeat", offline, "the first answer again, from the journal")
    show()
    coffee = await counter.pay("sale", Kind.SALE, 450)
    await counter.reverse("reversal by the terminal", coffee, "answered once the debt is durable")
    show()
