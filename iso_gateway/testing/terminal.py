"""``iso_terminal``: a terminal in the hands of a test."""

from __future__ import annotations

from functools import partial
from typing import Final

from iso_gateway.terminal.orders import LAST, Order, Verb
from iso_gateway.terminal.records import Sent
from iso_gateway.terminal.result import Result
from iso_gateway.testing.background import Background, Pending
from iso_gateway.testing.clerk import BatchResult, Clerk

_ABOUT: Final = frozenset({Verb.VOID, Verb.REFUND, Verb.REVERSAL, Verb.COMPLETE, Verb.CANCEL, Verb.QUERY})
"""What is about an earlier transaction; the latest one, unless its RRN is given."""


class Terminal:
    """A terminal that sends to the test's gateway, or where there is none to its host.

    Each method sends one request over a connection of its own, waits for the answer, and returns what became of it:
    ``result.approved``, ``result.outcome``, ``result.code``, ``result.rrn``. In a coroutine use `start`.
    """

    def __init__(self, background: Background, clerk: Clerk) -> None:
        self._background = background
        self._clerk = clerk

    def __repr__(self) -> str:
        return f"<Terminal, {len(self._clerk.results)} requests>"

    @property
    def timeout(self) -> float:
        """Seconds that it waits for an answer."""
        return self._clerk.timeout

    @timeout.setter
    def timeout(self, seconds: float) -> None:
        self._clerk.timeout = seconds

    @property
    def results(self) -> list[Result]:
        """What became of all that was sent, the oldest first, with the reversals that it sent of its own accord."""
        return list(self._clerk.results)

    @property
    def sent(self) -> list[Sent]:
        """What it remembers of its requests, the oldest first."""
        return list(self._clerk.memory.sent)

    @property
    def owes(self) -> bool:
        """Whether nobody knows what became of a request, and its reversal is yet to be sent."""
        return any(sent.owes_reversal for sent in self._clerk.memory.sent)

    def start(
        self,
        verb: str,
        amount: str = "",
        *,
        original: str = "",
        pan: str = "",
        pin: str = "",
        currency: str = "",
        advice: bool = False,
    ) -> Pending[Result]:
        """Begin what the method *verb* does; ``await`` what comes back, or ask it for its `result()`.

        Args:
            verb: ``sale``, ``void``, ``refund``, ``reversal``, ``preauth``, ``complete``, ``cancel``, ``advice``,
                ``balance``, ``query``, ``repeat``, ``logon`` or ``echo``.
            amount: as typed, ``12.34``; empty: the original's.
            original: the RRN of the earlier transaction that this one is about; empty: the latest.
            pan: the card number; empty: a published test number.
            pin: the card's, where the terminal has PIN blocks.
            currency: letters or digits; empty: the original's, or USD.
            advice: whether a completion is told as a fact.

        Raises:
            ValueError: *verb* is none of these.
            TypeError: *amount* is a number, of which nobody can say whether it counts minor units.
        """
        if not isinstance(amount, str):
            raise TypeError(f"amount: text as it is typed, '12.34', and no {type(amount).__name__}")
        order = Order(
            _verb(verb),
            amount=amount,
            pan=pan,
            currency=currency,
            original=original or (LAST if verb in _ABOUT else ""),
            advice=advice,
        )
        return self._background.begin(partial(self._clerk.perform, order, pin))

    def sale(self, amount: str, *, pan: str = "", pin: str = "", currency: str = "") -> Result:
        """Charge the card."""
        return self.start("sale", amount, pan=pan, pin=pin, currency=currency).result()

    def void(self, original: str = "", *, pan: str = "", pin: str = "") -> Result:
        """Take back what was approved today, in full."""
        return self.start("void", original=original, pan=pan, pin=pin).result()

    def refund(self, amount: str = "", original: str = "", *, pan: str = "", pin: str = "") -> Result:
        """Give back all of it, or a part."""
        return self.start("refund", amount, original=original, pan=pan, pin=pin).result()

    def reversal(self, original: str = "", *, pan: str = "") -> Result:
        """Undo a request, whatever became of it."""
        return self.start("reversal", original=original, pan=pan).result()

    def preauth(self, amount: str, *, pan: str = "", pin: str = "", currency: str = "") -> Result:
        """Hold an amount."""
        return self.start("preauth", amount, pan=pan, pin=pin, currency=currency).result()

    def complete(
        self, amount: str = "", original: str = "", *, pan: str = "", pin: str = "", advice: bool = False
    ) -> Result:
        """Charge what is held; with *advice* as a fact."""
        return self.start("complete", amount, original=original, pan=pan, pin=pin, advice=advice).result()

    def cancel(self, original: str = "", *, pan: str = "", pin: str = "") -> Result:
        """Let a hold go, or take a completion back."""
        return self.start("cancel", original=original, pan=pan, pin=pin).result()

    def advice(self, amount: str, *, pan: str = "", currency: str = "") -> Result:
        """Tell of a sale that was approved offline."""
        return self.start("advice", amount, pan=pan, currency=currency).result()

    def balance(self, *, pan: str = "", pin: str = "") -> Result:
        """Ask what is left on the card: ``result.available``."""
        return self.start("balance", pan=pan, pin=pin).result()

    def query(self, original: str = "") -> Result:
        """Ask what became of a request: ``result.standing``."""
        return self.start("query", original=original).result()

    def repeat(self, *, pan: str = "") -> Result:
        """Send the latest request once more."""
        return self.start("repeat", pan=pan).result()

    def logon(self) -> Result:
        """Sign on."""
        return self.start("logon").result()

    def echo(self) -> Result:
        """Test the line."""
        return self.start("echo").result()

    def settle(self, *, pan: str = "") -> BatchResult:
        """Settle the batch: totals, records where they differ."""
        return self.start_settling(pan=pan).result()

    def start_settling(self, *, pan: str = "") -> Pending[BatchResult]:
        """Begin what `settle` does; ``await`` what comes back, or ask it for its `result()`."""
        return self._background.begin(partial(self._clerk.settle, pan))


def _verb(word: str) -> Verb:
    known = [each for each in Verb if each is not Verb.SETTLE]
    if word not in known:
        settling = "; a batch is settled by start_settling" if word == Verb.SETTLE else ""
        raise ValueError(f"expected one of {', '.join(known)}{settling}")
    return Verb(word)
