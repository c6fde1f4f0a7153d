"""The ways between terminals, gateway and hosts: streams that keep their order, and break at any byte.

A connection has two ends that learn of its end at different times: what one end still writes meanwhile is lost, and
what was under way when the other end hung up still arrives before that does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from iso_gateway.protocol.events import Fate
from iso_gateway.simulation.chance import Chance
from iso_gateway.simulation.faults import Trouble
from iso_gateway.simulation.heap import Heap

if TYPE_CHECKING:
    from iso_gateway.simulation.gateway import Gateway
    from iso_gateway.simulation.hosts import Host

NEAR: Final = (0.002, 0.02)
"""Seconds between gateway and hosts."""
FAR: Final = (0.02, 0.2)
"""Seconds between terminals and gateway."""


class Caller(Protocol):
    """Who opened a terminal's connection."""

    def heard(self, line: TerminalLine, payload: bytes) -> None:
        """Take in a frame."""
        ...

    def closed(self, line: TerminalLine) -> None:
        """Take in that the connection is over."""
        ...

    def walks_away(self, line: TerminalLine) -> None:
        """Take in that nobody will ever ask again about what was sent over the connection."""
        ...


class TerminalLine:
    """One connection of a terminal."""

    __slots__ = ("at_gateway", "at_terminal", "caller", "down_by", "handed", "listener", "name", "up_by")

    def __init__(self, name: str, listener: str, caller: Caller) -> None:
        self.name = name
        self.listener = listener
        self.caller = caller
        self.at_terminal = True
        """Whether it is open, as far as the terminal knows."""
        self.at_gateway = False
        self.handed = 0
        """How many answers were written into it."""
        self.up_by = self.down_by = 0.0
        """When the last that was written arrives."""


class Counters:
    """The terminals' connections."""

    def __init__(self, heap: Heap, chance: Chance, trouble: Trouble) -> None:
        self._heap = heap
        self._chance = chance
        self._trouble = trouble
        self._number = 0
        self.gateway: Gateway | None = None
        self.accepted: dict[str, TerminalLine] = {}
        """Those that the gateway's process holds, by name."""

    # The terminal's end

    def dial(self, caller: Caller, listener: str) -> TerminalLine:
        """Open a connection; whether anybody is there is told later."""
        self._number += 1
        line = TerminalLine(f"t{self._number}", listener, caller)
        line.up_by = self._heap.mono + self._chance.between(*FAR)
        self._heap.at(line.up_by, self._accept, line)
        return line

    def send(self, line: TerminalLine, payload: bytes, *, first: bool = False) -> None:
        """Write a frame into *line* from the terminal's end; *first*: nothing was sent about it before."""
        slow = self._trouble.strikes(self._chance, "line_slow")
        seconds = self._chance.between(1.0, 60.0) if slow else self._chance.between(*FAR)
        line.up_by = max(line.up_by, self._heap.mono + seconds)
        self._heap.at(line.up_by, self._arrives, line, payload)
        if self._trouble.strikes(self._chance, "line_drops"):
            self._heap.after(self._chance.between(0.0, 15.0), self.breaks, line)
        elif first and self._trouble.strikes(self._chance, "walks_away"):
            self._heap.after(self._chance.between(0.0, 20.0), self._walks_away, line, line.handed)

    def _walks_away(self, line: TerminalLine, handed: int) -> None:
        """End *line* at both ends, unless its answer was written: then only the terminal can know (ruling 2)."""
        if line.at_gateway and line.at_terminal and line.handed == handed:
            line.at_terminal = False
            self._gone(line)
            line.caller.walks_away(line)

    def hang_up(self, line: TerminalLine) -> None:
        """Close *line* from the terminal's end: what was written before still arrives."""
        line.at_terminal = False
        self._heap.at(max(line.up_by, self._heap.mono + self._chance.between(*FAR)), self._gone, line)

    # Under way

    def breaks(self, line: TerminalLine) -> None:
        """Let *line* end, and each end learn of it in its own time."""
        self._heap.after(self._chance.between(*FAR), self._lost, line)
        self._heap.after(self._chance.between(0.0, 15.0), self._gone, line)

    def _accept(self, line: TerminalLine) -> None:
        if self.gateway is not None and self.gateway.alive:
            line.at_gateway = True
            self.accepted[line.name] = line
            self.gateway.connected(line)
        else:
            self._lost(line)

    def _arrives(self, line: TerminalLine, payload: bytes) -> None:
        if line.at_gateway and self.gateway is not None:
            self.gateway.heard(line, payload)

    def _gone(self, line: TerminalLine) -> None:
        if line.at_gateway and self.gateway is not None:
            line.at_gateway = False
            del self.accepted[line.name]
            self.gateway.gone(line)

    def _lost(self, line: TerminalLine) -> None:
        if line.at_terminal:
            line.at_terminal = False
            line.caller.closed(line)

    def _heard(self, line: TerminalLine, payload: bytes) -> None:
        if line.at_terminal:
            line.caller.heard(line, payload)

    # The gateway's end

    def deliver(self, name: str, payload: bytes) -> Fate:
        """Write a frame into the connection *name* from the gateway's end; return what becomes of it."""
        line = self.accepted.get(name)
        if line is None:
            return Fate.NOT_HANDED
        line.handed += 1
        cut = self._trouble.strikes(self._chance, "answer_cut")
        lost = not cut and self._trouble.strikes(self._chance, "answer_lost")
        line.down_by = max(line.down_by, self._heap.mono + self._chance.between(*FAR))
        if not lost and not (cut and self._chance.hits(0.5)):
            self._heap.at(line.down_by, self._heard, line, payload)
        if cut:
            self._heap.at(line.down_by, self._lost, line)
            self._heap.after(0.0, self._gone, line)
        elif lost:
            self.breaks(line)
        return Fate.CUT if cut else Fate.HANDED

    def close(self, name: str) -> None:
        """Close the connection *name* from the gateway's end."""
        line = self.accepted.get(name)
        if line is not None:
            self._heap.at(max(line.down_by, self._heap.mono + self._chance.between(*FAR)), self._lost, line)
            self._heap.after(0.0, self._gone, line)

    def died(self) -> None:
        """Let every connection end: the gateway's process is no more."""
        for line in self.accepted.values():
            line.at_gateway = False
            self._heap.at(max(line.down_by, self._heap.mono + self._chance.between(*FAR)), self._lost, line)
        self.accepted.clear()


class HostLine:
    """One connection of a link."""

    __slots__ = ("at_gateway", "at_host", "down_by", "host", "link", "up_by")

    def __init__(self, link: str, host: Host) -> None:
        self.link = link
        self.host = host
        self.at_gateway = self.at_host = True
        self.up_by = self.down_by = 0.0


class Trunks:
    """The links' connections."""

    def __init__(self, heap: Heap, chance: Chance, trouble: Trouble) -> None:
        self._heap = heap
        self._chance = chance
        self._trouble = trouble
        self.gateway: Gateway | None = None
        self.lines: dict[str, HostLine] = {}
        """Those that the gateway's process holds, by link."""

    def connect(self, link: str, host: Host) -> HostLine | None:
        """Open a connection of *link*, or return None where the host is down."""
        if not host.running:
            return None
        line = self.lines[link] = HostLine(link, host)
        host.accept(line)
        return line

    def send(self, link: str, tag: str, payload: bytes) -> bool:
        """Write the frame *payload* of *tag* into *link*; return False where the link broke over it."""
        line = self.lines[link]
        broken = self._trouble.strikes(self._chance, "half_written")
        if not broken or self._chance.hits(0.3):
            line.up_by = max(line.up_by, self._heap.mono + self._chance.between(*NEAR))
            self._heap.at(line.up_by, line.host.hears, line, tag, payload, self._heap.mono)
        if broken:
            self._heap.at(line.up_by, self._host_loses, line)
            self._heap.after(0.0, self._gateway_loses, line, "reset while writing")
        return not broken

    def answer(self, line: HostLine, payload: bytes) -> None:
        """Write a frame into *line* from the host's end."""
        line.down_by = max(line.down_by, self._heap.mono + self._chance.between(*NEAR))
        self._heap.at(line.down_by, self._arrives, line, payload)

    def _arrives(self, line: HostLine, payload: bytes) -> None:
        if line.at_gateway and self.gateway is not None:
            self.gateway.host_says(line, payload)

    def breaks(self, line: HostLine) -> None:
        """Let *line* end, and each end learn of it in its own time."""
        self._host_loses(line)
        self._heap.after(self._chance.between(0.0, 3.0), self._gateway_loses, line, "connection reset")

    def close(self, link: str) -> None:
        """Close *link* from the gateway's end."""
        line = self.lines.get(link)
        if line is not None:
            self._heap.at(max(line.up_by, self._heap.mono + self._chance.between(*NEAR)), self._host_loses, line)
            self._heap.after(0.0, self._gateway_loses, line, "closed")

    def died(self) -> None:
        """Let every connection end: the gateway's process is no more."""
        for line in self.lines.values():
            line.at_gateway = False
            self._heap.at(max(line.up_by, self._heap.mono + self._chance.between(*NEAR)), self._host_loses, line)
        self.lines.clear()

    def _host_loses(self, line: HostLine) -> None:
        if line.at_host:
            line.at_host = False
            line.host.lost(line)

    def _gateway_loses(self, line: HostLine, reason: str) -> None:
        if line.at_gateway and self.gateway is not None:
            line.at_gateway = False
            del self.lines[line.link]
            self.gateway.link_lost(line, reason)
