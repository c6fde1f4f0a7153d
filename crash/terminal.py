"""A terminal of the crash test: it behaves as terminals do when nothing is heard from the gateway, and keeps a ledger.

Rule 1: a receipt is printed only for an approval that was read. Rule 2: a request that is not answered is sent again,
marked as a repeat, on a new connection; after some of these it is reversed, until the reversal is answered. An advice
is repeated instead. Rule 3: a connection that is refused costs no try: the gateway is being started.
"""

from __future__ import annotations

import random  # noqa: TID251 -- seeded, so that a run can be tried again
from datetime import UTC, datetime
from typing import Final

import msgspec
import trio

from crash.compare import Slip
from iso_gateway.catalog import load_profile, load_spec
from iso_gateway.codec.message import Amount, Message
from iso_gateway.codec.mti import MTI, repeat
from iso_gateway.framing import Framing
from iso_gateway.net.clock import now
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import Kind
from iso_gateway.terminal import scripts
from iso_gateway.terminal.records import Outcome, Sent
from iso_gateway.terminal.result import Result, for_terminals, of_answer

PATIENCE: Final = 2.0
"""Seconds for an answer; more than the gateway's own host time-out."""
REPEATS: Final = 3
"""How often a request is sent again before it is reversed."""
ADVICES: Final = 100
"""How often an advice is sent again before the terminal leaves it to its shop: far longer than any start takes."""
PAUSE: Final = 0.1
"""Seconds before another try."""
SINKS: Final = frozenset({"00", "12", "25", "40"})
"""The answers after which a terminal holds its reversal to be done."""
DOUBTFUL: Final = frozenset({"25", "91", "94", "96"})
"""Declines that, given to a repeat, do not say what became of the first."""
MAGIC: Final = (("68", 0.02), ("69", 0.01), ("70", 0.03), ("71", 0.01), ("05", 0.02))
"""The cents by which the mock host is asked for an unusual ending, and how often."""
CARD: Final = scripts.Card("4761739001010010")
MERCHANT: Final = "MERCHANT0000001"
CURRENCY: Final = "840"

SPEC: Final = load_spec("iso87-ascii")
DIALECT: Final = for_terminals(Dialect(SPEC, load_profile(SPEC.profile)))
FRAMING: Final = Framing.parse("2be")


class Line:
    """A connection that is made when it is needed, and dropped when nothing is heard."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stream: trio.SocketStream | None = None

    async def ask(self, request: Message) -> Message | None:
        """Send *request*; return its answer, or None where none came in time or the connection broke."""
        stream = await self._connected()
        framer = FRAMING.framer(4096)
        wanted = str(MTI(request.mti).response())
        try:
            with trio.move_on_after(PATIENCE):
                await stream.send_all(FRAMING.frame(SPEC.encode(request), None))
                while data := await stream.receive_some(4096):
                    for frame in framer.receive(data):
                        answer = SPEC.decode(frame.payload)
                        if answer.mti == wanted and answer.get(11) == request.get(11):
                            return answer
        except trio.BrokenResourceError:
            pass
        await self.drop()
        return None

    async def drop(self) -> None:
        """Hang up."""
        if self._stream is not None:
            await trio.aclose_forcefully(self._stream)
            self._stream = None

    async def _connected(self) -> trio.SocketStream:
        while self._stream is None:
            try:
                self._stream = await trio.open_tcp_stream("127.0.0.1", self._port)
            except OSError:
                await trio.sleep(PAUSE)
        return self._stream


class Terminal:
    """One terminal, its line and its receipts."""

    def __init__(self, number: int, port: int, dice: random.Random) -> None:
        self.till = scripts.Till(f"TERM{number:04}", MERCHANT)
        self.slips: list[Slip] = []
        self._line = Line(port)
        self._dice = dice
        self._stan = 0
        self._serial = 0
        """Counts amounts: each is this terminal's only one of its kind, so that ledgers can be compared by it."""

    @property
    def sales(self) -> int:
        """How many sales came to an end."""
        return sum(slip.kind is Kind.SALE for slip in self.slips)

    async def work(self, closing: trio.Event) -> None:
        """Serve customers until the shop is *closing*; what has begun is finished."""
        while not closing.is_set():
            match self._dice.choices(["sale", "void", "refund", "preauth"], [80, 6, 6, 8])[0]:
                case "preauth":
                    if held := await self._purchase(Kind.PREAUTH):
                        await self._later(Kind.COMPLETION, *held)
                case "sale":
                    await self._purchase(Kind.SALE)
                case what:
                    if sold := await self._purchase(Kind.SALE):
                        await self._later(Kind(what), *sold)
            await trio.sleep(self._dice.expovariate(40))
        await self._line.drop()

    async def _purchase(self, kind: Kind) -> tuple[Sent, int] | None:
        """Sell, or hold; return what later messages name, where it was approved."""
        self._serial += 1
        cents = self._dice.choices([*(cents for cents, _ in MAGIC), "00"], [*(share for _, share in MAGIC), 0.91])[0]
        amount = self._serial * 200 + int(cents)
        sent = await self._carry_out(kind, amount)
        return (sent, amount) if sent.outcome is Outcome.APPROVED else None

    async def _later(self, kind: Kind, original: Sent, amount: int) -> None:
        """Void, refund or complete *original*."""
        await self._carry_out(kind, amount // 2 if kind is Kind.REFUND else amount, original)

    async def _carry_out(self, kind: Kind, amount: int, original: Sent | None = None) -> Sent:
        """Ask for *kind* until its outcome is known or it is reversed; write that down."""
        request = scripts.financial(
            DIALECT, self._slip(), kind, CARD, amount=Amount(amount, CURRENCY),
            original=original.as_original() if original is not None else None,
        )  # fmt: skip
        sent = Sent.of(DIALECT, kind, request)
        result = await self._ask(kind, request)
        if result is not None:
            sent = msgspec.structs.replace(sent, outcome=result.outcome, rrn=result.rrn, approval=result.approval)
            said = "approved" if result.approved else "declined"
        elif kind is Kind.COMPLETION:
            said = "unknown"
        else:
            await self._reverse(sent)
            said = "reversed"
        self.slips.append(Slip(self.till.terminal, kind, sent.stan, amount, said, sent.rrn))
        return sent

    async def _ask(self, kind: Kind, request: Message) -> Result | None:
        """Return how *request* ended, or None where nobody says so after some repeats."""
        reversible = kind is not Kind.COMPLETION
        tries = 0
        said = request
        while tries <= (REPEATS if reversible else ADVICES):
            answer = await self._line.ask(said)
            if answer is not None:
                result = of_answer(DIALECT, kind, request, answer)
                if result.outcome is Outcome.APPROVED:
                    return result
                if result.outcome is Outcome.DECLINED and not (tries and result.code in DOUBTFUL):
                    return result
                if reversible:
                    return None
                await trio.sleep(PAUSE)
            tries += 1
            said = _again(request)
        return None

    async def _reverse(self, sent: Sent) -> None:
        """Have *sent* reversed, however long it takes."""
        request = said = scripts.reversal(DIALECT, self._slip(), CARD, sent)
        while True:
            answer = await self._line.ask(said)
            if answer is not None:
                if answer.text(39) in SINKS:
                    return
                await trio.sleep(PAUSE)
            said = _again(request)

    def _slip(self) -> scripts.Slip:
        self._stan += 1
        return scripts.Slip(self.till, f"{self._stan:06}", now().wall)


def _again(request: Message) -> Message:
    """Return *request* marked as a repeat; DE 7 says when it is sent."""
    return request.evolve({7: datetime.strftime(now().wall.astimezone(UTC), "%m%d%H%M%S")}, repeat(request.mti))
