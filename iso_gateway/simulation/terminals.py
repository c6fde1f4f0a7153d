"""A terminal of a simulated day: one request after another, and none left alone before its outcome is known.

After silence it asks again on a new connection, or reverses; a UnionPay terminal always reverses, before anything
else and without a limit. It prints a receipt only when it has read an approval.
"""

from __future__ import annotations

from typing import Final

from iso_gateway.codec.message import Message
from iso_gateway.codec.mti import MTI
from iso_gateway.errors import DecodeError
from iso_gateway.protocol.batch import Totals
from iso_gateway.protocol.composing import repeat_of
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.reconciling import totals_of
from iso_gateway.simulation.chance import Chance
from iso_gateway.simulation.clerk import Ask, Clerk
from iso_gateway.simulation.heap import Heap
from iso_gateway.simulation.network import Counters, TerminalLine
from iso_gateway.simulation.trace import Trace
from iso_gateway.terminal.records import Outcome
from iso_gateway.terminal.result import of_answer
from iso_gateway.terminal.scripts import Till

BETWEEN: Final = 90.0
"""Seconds from one transaction to the next, on average."""
PATIENT: Final = (38.0, 50.0)
"""Seconds that most terminals wait for an answer: longer than the gateway waits for its host."""
IMPATIENT: Final = (6.0, 20.0)
ADVISES: Final = 12
"""How often an advice is sent, before it goes into the list of what the batch's end has to tell."""
NOT_DONE: Final = frozenset({"91", "96", "68", "98", "77", "90"})
"""Answers to a reversal after which it is sent again."""


class Terminal:
    """One terminal."""

    def __init__(
        self,
        till: Till,
        dialect: Dialect,
        listener: str,
        *,
        heap: Heap,
        chance: Chance,
        trace: Trace,
        counters: Counters,
    ) -> None:
        """Talk to *listener* in *dialect*, as terminals hear it (`result.for_terminals`)."""
        self.name = till.terminal
        self.asks: list[Ask] = []
        """All that it ever asked for, its reversals too."""
        self.repeats = 0
        """How often it asked for the same thing again."""
        self.totals: Totals | None = None
        """What it told of its batch in the end."""
        self.closing = False
        """Whether nothing new is to be begun."""
        self.out_of_order = False
        """Whether it is used no more."""
        self._dialect = dialect
        self._listener = listener
        self._clerk = Clerk(dialect, till, chance)
        self._heap = heap
        self._chance = chance
        self._trace = trace
        self._counters = counters
        self._open: Ask | None = None
        """What is not finished yet."""
        self._waiting = False
        self._turn = 0
        """Counts what it waits for, so that an old alarm clock wakes nobody."""
        self._line: TerminalLine | None = None
        self._reverses_first = dialect.profile.reversal_stan == "same"
        heap.after(chance.pause(BETWEEN), self._begin)

    @property
    def resting(self) -> bool:
        """Whether nothing is open."""
        return self._open is None

    def _tell(self, ask: Ask, text: str) -> None:
        self._trace.tell(f"{self.name}/{ask.stan}", f"{self.name}: {text}")

    # Asking

    def _begin(self) -> None:
        if self.closing:
            return
        ask = self._clerk.next(self._heap.now)
        if not self._reverses_first:
            ask.repeats_left = self._chance.number(0, 3)
        self._start(ask)

    def settle(self) -> None:
        """End the batch: tell its totals until they are answered."""
        counted = (ask.counted for ask in self.asks)
        self.totals = totals_of(amount for amount in counted if amount is not None)
        self._start(self._clerk.settlement(self.totals, self._heap.now))

    def _start(self, ask: Ask) -> None:
        self.asks.append(ask)
        self._open = ask
        about = f" of {ask.original.kind} {ask.original.stan}" if ask.original is not None else ""
        self._tell(ask, f"asks for {ask.kind} {ask.stan}{about}, {ask.amount}")
        self._say(ask, ask.message)

    def _again(self, ask: Ask) -> None:
        if ask is not self._open or self._waiting:
            return
        self.repeats += 1
        self._tell(ask, f"asks again for {ask.kind} {ask.stan}")
        marked = ask.kind is Kind.REVERSAL or self._chance.hits(0.7)
        self._say(ask, repeat_of(self._dialect, ask.message, self._heap.now, marked=marked))

    def _say(self, ask: Ask, message: Message) -> None:
        ask.tries += 1
        if self._line is None:
            self._line = self._counters.dial(self, self._listener)
        self._waiting = True
        self._turn += 1
        first = ask.tries == 1 and ask.kind is not Kind.REVERSAL
        self._counters.send(self._line, self._dialect.spec.encode(message), first=first)
        impatient = ask.tries == 1 and self._chance.hits(0.15)
        patience = self._chance.between(*(IMPATIENT if impatient else PATIENT))
        self._heap.after(patience, self._silence, self._turn)

    # Hearing

    def heard(self, line: TerminalLine, payload: bytes) -> None:
        """Take in a frame; only the answer to what is open counts."""
        ask = self._open
        if line is not self._line or not self._waiting or ask is None:
            return
        try:
            answer = self._dialect.spec.decode(payload)
        except DecodeError as error:
            self._tell(ask, f"cannot read the answer: {error}")
            return
        if answer.get(11) != ask.message.get(11) or answer.mti != MTI(ask.message.mti).response():
            return
        self._waiting = False
        result = of_answer(self._dialect, ask.kind, ask.message, answer)
        ask.code = self._dialect.canonical(answer)
        self._tell(ask, f"hears {ask.code} to {ask.kind} {ask.stan}, {result.outcome}")
        if ask.kind is Kind.REVERSAL:
            self._reversal_answered(ask, result.outcome)
        elif result.outcome is Outcome.APPROVED:
            if ask.kind not in (Kind.BALANCE, Kind.SETTLEMENT):
                ask.approved(result)
                self._clerk.printed(ask)
            self._finish()
        elif result.outcome is Outcome.DECLINED:
            self._finish()
        else:
            self._unknown(ask)

    def _reversal_answered(self, ask: Ask, outcome: Outcome) -> None:
        if outcome is Outcome.UNKNOWN or ask.code in NOT_DONE:
            self._unknown(ask)
            return
        if outcome is Outcome.APPROVED and ask.original is not None:
            ask.original.undone()
        self._finish()

    def closed(self, line: TerminalLine) -> None:
        """Take in that the connection is over."""
        if line is not self._line:
            return
        self._line = None
        if self._waiting and self._open is not None:
            self._waiting = False
            self._tell(self._open, f"loses the connection over {self._open.kind} {self._open.stan}")
            self._unknown(self._open)

    def walks_away(self, line: TerminalLine) -> None:
        """Forget what is open, its connection *line* and all.

        A terminal that always reverses first has not forgotten: it is out of order from now on.
        """
        ask = self._open
        if line is not self._line or not self._waiting or ask is None:
            return
        self._line, self._waiting = None, False
        self._tell(ask, f"forgets {ask.kind} {ask.stan}")
        self._open = None
        if self._reverses_first:
            self._tell(ask, "is out of order")
            self.out_of_order = True
        else:
            self._finish()

    def _silence(self, turn: int) -> None:
        if turn != self._turn or not self._waiting or self._open is None:
            return
        self._waiting = False
        self._tell(self._open, f"hears nothing to {self._open.kind} {self._open.stan}")
        if self._line is not None:
            self._counters.hang_up(self._line)
            self._line = None
        self._unknown(self._open)

    # What then

    def _unknown(self, ask: Ask) -> None:
        """Nobody knows what became of *ask*: ask again, or reverse."""
        pause = self._chance.between(0.2, 3.0) if ask.tries < 3 else self._chance.between(5.0, 60.0)
        if ask.kind is Kind.BALANCE:
            self._finish()
        elif ask.kind in (Kind.REVERSAL, Kind.SETTLEMENT):
            self._heap.after(pause, self._again, ask)
        elif not self._clerk.reversible(ask):
            if ask.tries < ADVISES:
                self._heap.after(pause, self._again, ask)
            else:
                self._tell(ask, f"gives up on {ask.kind} {ask.stan}")
                self._finish()
        elif ask.repeats_left:
            ask.repeats_left -= 1
            self._heap.after(pause, self._again, ask)
        else:
            self._heap.after(pause, self._reverse, ask)

    def _reverse(self, ask: Ask) -> None:
        if ask is self._open:
            self._start(self._clerk.reversal(ask, self._heap.now))

    def _finish(self) -> None:
        self._open = None
        self._heap.after(self._chance.pause(BETWEEN), self._begin)
