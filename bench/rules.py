"""The rules of the gateway alone: processor time of a sale in one process, without sockets, trio and log lines.

    python bench/rules.py [--rounds 7] [--turns 40] [--terminals 256] [--shares] [--json]

A node with its journal in memory and its real keys takes the sales of ``load.py`` as events, and its commands are
carried out by a queue as short as can be. Only that is timed: what terminals send and what the host of ``answering.py``
answers is made beforehand. ``--shares`` says besides where the time goes, by samples of the innermost function.
"""

from __future__ import annotations

import argparse
import gc
import json
import signal
import statistics
import time
from collections import Counter, deque
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Final

from bench import load
from bench.answering import Host
from iso_gateway.catalog import load_profile, load_spec
from iso_gateway.gateway.lending import lent_by_the_system
from iso_gateway.gateway.storing import in_memory
from iso_gateway.protocol import commands, events
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.moment import Moment
from iso_gateway.protocol.node import Node
from iso_gateway.protocol.routing import Route
from iso_gateway.protocol.setup import Acquirer, Limits, Listener, Setup
from iso_gateway.store.memory import MemoryJournal

PACKAGE: Final = Path(load_spec.__code__.co_filename).resolve().parents[1]
SAMPLE: Final = 0.0005
"""Seconds of processor time between two samples."""
APPROVED: Final = b"00"


def setup(terminals: int) -> Setup:
    """Return what ``bench/gateway.py`` configures."""
    spec = load_spec("iso87-ascii")
    dialect = Dialect(spec, load_profile(spec.profile))
    names = {f"TERM{number:04}": "MERCHANT0000001" for number in range(1, terminals + 1)}
    return Setup(
        {"counter": Listener("counter", dialect, names)},
        {"bank": Acquirer("bank", dialect, ("bank-1",), UTC, sign_on=False)},
        (Route("bank"),),
        Limits(per_link=terminals),
    )


class Edge:
    """The node, and a queue that carries its commands out."""

    def __init__(self, terminals: int) -> None:
        self.wall = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
        self.mono = 0.0
        self.node = Node(setup(terminals), lent_by_the_system("bench", in_memory(1000).seal), self.now)
        self.journal = MemoryJournal()
        self.sent: list[bytes] = []
        self.delivered: list[bytes] = []
        self.events: Counter[str] = Counter()
        self.commands: Counter[str] = Counter()
        self.feed([events.LinkConnected("bank-1")])
        self.feed(events.TerminalConnected(f"t{number}", "counter", "-") for number in range(terminals))

    @property
    def now(self) -> Moment:
        """This instant."""
        return Moment(self.mono, self.wall + timedelta(seconds=self.mono))

    def feed(self, several: Iterable[events.Event]) -> None:
        """Have the node handle *several* events, and all that follows from them."""
        queue = deque(several)
        journal: list[commands.Journal | commands.File] = []
        now = self.now
        while queue:
            event = queue.popleft()
            for command in self.node.handle(event, now):
                match command:
                    case commands.Journal() | commands.File():
                        journal.append(command)
                    case commands.Send():
                        self.sent.append(command.payload)
                    case commands.Deliver():
                        self.delivered.append(command.payload)
                        queue.append(events.Delivered(command.id, events.Fate.HANDED))
            if journal and not queue:
                outcomes = self.journal.commit([command.entry for command in journal])
                queue += [events.Journaled(command.id) for command in journal if isinstance(command, commands.Journal)]
                assert len(outcomes) == len(journal)
                journal = []

    def count(self, sale: bytes, answering: Host) -> None:
        """Count the events and commands of one sale."""
        handle = self.node.handle

        def counted(event: events.Event, now: Moment) -> list[commands.Command]:
            out = handle(event, now)
            self.events[type(event).__name__] += 1
            self.commands.update(type(command).__name__ for command in out)
            return out

        self.node.handle = counted  # type: ignore[method-assign]
        self.turn([sale], answering)
        del self.node.handle

    def turn(self, sales: list[bytes], answering: Host) -> float:
        """Make *sales*, one of each terminal; return the seconds of processor time that it took.

        Raises:
            AssertionError: not every terminal got an approval.
        """
        # As under load: a few frames come with each look at the sockets.
        arrived = [events.TerminalFrame(f"t{number}", b"", sale) for number, sale in enumerate(sales)]
        before = time.process_time()
        for start in range(0, len(arrived), 16):
            self.feed(arrived[start : start + 16])
        passed = time.process_time() - before
        answers = [events.LinkFrame("bank-1", answering.answer(request)) for request in self.sent]
        self.sent.clear()
        self.mono += 0.05
        before = time.process_time()
        for start in range(0, len(answers), 16):
            self.feed(answers[start : start + 16])
        if (deadline := self.node.deadline) is not None and deadline <= self.mono:
            self.feed([events.TimePassed()])
        passed += time.process_time() - before
        assert len(self.delivered) == len(sales), "not every sale was answered"
        assert all(load.SPEC.decode(answer)[39] == "00" for answer in self.delivered[:1]), "no approval"
        self.delivered.clear()
        return passed


class Terminals:
    """The sales of some terminals, one after the other."""

    def __init__(self, count: int) -> None:
        sale = load.SPEC.encode(load.SALE)
        spans = {span.field: slice(span.start, span.end) for span in load.SPEC.decode(sale, trace=True).spans}
        self._stan, self._amount = spans["11"], spans["4"]
        self._number = 0
        self._frames = []
        for number in range(1, count + 1):
            frame = bytearray(sale)
            frame[spans["41"]] = b"TERM%04d" % number
            self._frames.append(frame)

    def sales(self) -> list[bytes]:
        """Return the next sale of each."""
        self._number += 1
        for frame in self._frames:
            frame[self._stan] = b"%06d" % self._number
            frame[self._amount] = b"%012d" % (1000 + self._number % 9000)  # else each is suspected to be the one before
        return [bytes(frame) for frame in self._frames]


class Shares:
    """Where the processor is, by samples of the innermost function."""

    def __init__(self) -> None:
        self.parts: Counter[str] = Counter()
        self.functions: Counter[str] = Counter()

    def start(self) -> None:
        """Begin."""
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, SAMPLE, SAMPLE)

    def stop(self) -> None:
        """End."""
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _sample(self, _signal: int, frame: FrameType | None) -> None:
        if frame is None:
            return
        code = frame.f_code
        path = Path(code.co_filename)
        inside = path.is_relative_to(PACKAGE)
        self.parts[path.relative_to(PACKAGE).parts[0] if inside else path.stem] += 1
        self.functions[f"{path.stem}.{code.co_qualname}"] += 1


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--turns", type=int, default=40, help="sales of each terminal in a round")
    parser.add_argument("--terminals", type=int, default=256)
    parser.add_argument("--shares", action="store_true", help="where the time goes, by samples")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    edge, terminals, answering = Edge(given.terminals), Terminals(given.terminals), Host()
    for _ in range(given.turns):
        edge.turn(terminals.sales(), answering)
    edge.count(terminals.sales()[0], answering)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)
    shares = Shares()
    if given.shares:
        shares.start()
    costs = []
    for _ in range(given.rounds):
        seconds = sum(edge.turn(terminals.sales(), answering) for _ in range(given.turns))
        costs.append(seconds / given.turns / given.terminals * 1e6)
    shares.stop()
    result = {
        "microseconds": round(statistics.median(costs), 1),
        "least": round(min(costs), 1),
        "most": round(max(costs), 1),
        "events": edge.events.total(),
        "commands": edge.commands.total(),
    }
    if given.json:
        print(json.dumps(result))
        return
    print(f"{result['microseconds']} us per sale ({result['least']}-{result['most']})")
    print("events:  ", ", ".join(f"{count} {name}" for name, count in edge.events.items()))
    print("commands:", ", ".join(f"{count} {name}" for name, count in edge.commands.items()))
    total = shares.parts.total() or 1
    for counted in (shares.parts, shares.functions):
        for name, count in counted.most_common(40):
            print(f"{count / total:7.1%}  {name}")


if __name__ == "__main__":
    main()
