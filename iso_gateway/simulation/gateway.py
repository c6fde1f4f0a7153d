"""The gateway of a simulated day: the node as ``gateway/app.py`` runs it, in a process that may die at any command."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from iso_gateway.protocol import commands, events
from iso_gateway.protocol.keyring import of_link, of_terminal
from iso_gateway.protocol.node import Node
from iso_gateway.protocol.numbering import LAST
from iso_gateway.protocol.protection import KeySet, KnownKeys, Role, key_name
from iso_gateway.protocol.setup import Lent, Setup
from iso_gateway.security.keys import KeyRef, KeyState
from iso_gateway.security.seal import NONCE_BYTES, Seal
from iso_gateway.simulation.chance import Chance
from iso_gateway.simulation.faults import Trouble
from iso_gateway.simulation.heap import Heap
from iso_gateway.simulation.hosts import Host
from iso_gateway.simulation.invariants import Watch
from iso_gateway.simulation.journal import ForgetfulJournal
from iso_gateway.simulation.network import Counters, HostLine, TerminalLine, Trunks
from iso_gateway.simulation.trace import Trace
from iso_gateway.store.remains import keep_dialects, remains

REDIAL: Final = 5.0
"""Seconds between two attempts to open a link."""
DOWN_FOR: Final = (0.5, 20.0)
"""Seconds from a death to the next process."""


def keys_of(setup: Setup) -> tuple[KnownKeys, ...]:
    """Return what the key store has: one generation of each terminal and acquirer whose messages have a MAC."""
    terminals = [of_terminal(name) for each in setup.listeners.values() if each.keyed for name in each.terminals]
    acquirers = [of_link(each, "") for each in setup.acquirers.values() if each.keyed]
    return tuple(
        KnownKeys(KeySet(owner, 1, mac=KeyRef(key_name(owner, Role.MAC))), KeyState.ACTIVE)
        for owner in (*terminals, *acquirers)
    )


class Gateway:
    """One gateway through all its processes; the journal is what they have in common."""

    def __init__(
        self,
        setup: Setup,
        hosts: dict[str, Host],
        *,
        heap: Heap,
        chance: Chance,
        trouble: Trouble,
        trace: Trace,
        watch: Watch,
        journal: ForgetfulJournal,
        counters: Counters,
        trunks: Trunks,
    ) -> None:
        self.setup = setup
        self.journal = journal
        self.lives = 0
        """How many processes there were."""
        self.alive = False
        self._hosts = hosts
        self._heap = heap
        self._chance = chance
        self._trouble = trouble
        self._trace = trace
        self._watch = watch
        self._counters = counters
        self._trunks = trunks
        counters.gateway = trunks.gateway = self
        self._nonces = 0
        self._seal = Seal(bytes(32), self._nonce)
        self._queue: deque[events.Event] = deque()
        self._handling = False
        self._timer: float | None = None
        self._carry_out: dict[type[commands.Command], Callable[[Any], None]] = {
            commands.Verify: self._verify,
            commands.Secure: self._secure,
            commands.MarkKeys: lambda _: None,
            commands.Journal: journal.submit,
            commands.File: journal.submit,
            commands.Lookup: journal.look_up,
            commands.Gather: journal.look_up,
            commands.Gather: journal.look_up,
            commands.Send: self._send,
            commands.Deliver: self._deliver,
            commands.Hangup: self._hang_up,
            commands.CloseLink: self._close_link,
            commands.Told: lambda _: None,
            commands.Log: self._log,
        }

    def _nonce(self) -> bytes:
        self._nonces += 1
        return self._nonces.to_bytes(NONCE_BYTES, "big")

    # Life and death

    def start(self) -> None:
        """Begin to work as a new process: take up what the last one left, and dial the hosts."""
        self.lives += 1
        self.alive = True
        self._timer = None
        self._trace.tell("process", f"gateway: process {self.lives} starts")
        lent = Lent(
            fingerprint=self._seal.fingerprint,
            seal=self._seal.seal,
            unseal=self._seal.unseal,
            chance=self._chance.random,
            first_stan=lambda: self._chance.number(1, LAST),
            run=f"r{self.lives}",
        )
        self.node = Node(self.setup, lent, self._heap.now)
        self._watch.started()
        self.journal.opened(self.feed_all)
        keep_dialects(self.journal.durable, self.setup)
        self.feed(remains(self.journal.durable))
        self.feed(events.KeysKnown(keys_of(self.setup)))
        for acquirer in self.setup.acquirers.values():
            for link in acquirer.links:
                self._heap.after(self._chance.between(0.0, 0.05), self._dial, link, self.lives)
        self.feed(events.TimePassed())

    def die(self, why: str) -> None:
        """End the process, and have another one started in a while."""
        if not self.alive:
            return
        self._trace.tell("process", f"gateway: process {self.lives} dies {why}")
        self.alive = False
        self.journal.died()
        self._counters.died()
        self._trunks.died()
        self._queue.clear()
        self._heap.after(self._chance.between(*DOWN_FOR), self.start)

    # Events in, commands out

    def feed(self, event: events.Event) -> None:
        """Have the node handle *event*, and all that follows from it."""
        self.feed_all((event,))

    def feed_all(self, several: Sequence[events.Event]) -> None:
        """Have the node handle *several* events in order, and all that follows from them."""
        self._queue.extend(several)
        if not self._handling:
            self._handling = True
            try:
                self._handle_all()
            finally:
                self._handling = False

    def _handle_all(self) -> None:
        queue, now, faults = self._queue, self._heap.now, self._trouble
        while queue:
            event = queue.popleft()
            for command in self.node.handle(event, now):
                if faults.strikes(self._chance, "death_between"):
                    self.die(f"before {type(command).__name__}")
                    return
                self._carry_out[type(command)](command)
        self.journal.commit_soon()
        deadline = self.node.deadline
        if deadline is not None and (self._timer is None or deadline < self._timer):
            self._timer = deadline
            self._heap.at(deadline, self._time_passed, deadline, self.lives)

    def _time_passed(self, due: float, life: int) -> None:
        if life == self.lives and self.alive and self._timer == due:
            self._timer = None
            self.feed(events.TimePassed())

    def _verify(self, command: commands.Verify) -> None:
        """Call a message genuine, but for those that were changed on the way."""
        if self._trouble.strikes(self._chance, "module_silent"):
            return
        listed = command.asked is None and command.message.mti[1] == "4"
        wrong = not listed and self._trouble.strikes(self._chance, "mac_wrong")
        keys = command.keys[0] if command.keys and not wrong else None
        self._queue.append(events.Verified(command.id, "A0" if wrong else "", keys))

    def _secure(self, command: commands.Secure) -> None:
        if self._trouble.strikes(self._chance, "module_silent"):
            return
        fails = self._trouble.strikes(self._chance, "module_fails")
        message = None if fails else command.message
        self._queue.append(events.Secured(command.id, message, "96" if fails else ""))

    def _send(self, command: commands.Send) -> None:
        if command.link not in self._trunks.lines:
            self._queue.append(events.NotSent(command.id))
            return
        about = command.id.partition("/")[0]
        self._trace.tell(about, f"gateway: sends {command.id} over {command.link}")
        self._trace.bytes(command.payload)
        self._watch.sent(command.id, self.journal.durable, self.node.owing.debts)
        if not self._trunks.send(command.link, command.id, command.payload):
            self._queue.append(events.SendUncertain(command.id))

    def _deliver(self, command: commands.Deliver) -> None:
        fate = self._counters.deliver(command.connection, command.payload)
        self._trace.tell(command.id, f"gateway: answers {command.id} on {command.connection}, {fate}")
        self._trace.bytes(command.payload)
        self._queue.append(events.Delivered(command.id, fate))

    def _hang_up(self, command: commands.Hangup) -> None:
        self._counters.close(command.connection)

    def _close_link(self, command: commands.CloseLink) -> None:
        self._trunks.close(command.link)

    def _log(self, command: commands.Log) -> None:
        fields = command.fields
        self._watch.logged(command.event, fields)
        about = str(fields.get("id", "gateway")).partition("/")[0]
        self._trace.tell(about, f"gateway: {command.event} {fields.get('cause', '')}".rstrip())

    # Connections

    def connected(self, line: TerminalLine) -> None:
        """Take in a terminal's connection."""
        self.feed(events.TerminalConnected(line.name, line.listener, line.name))

    def heard(self, line: TerminalLine, payload: bytes) -> None:
        """Take in a terminal's frame."""
        self._trace.bytes(payload)
        self.feed(events.TerminalFrame(line.name, b"", payload))

    def gone(self, line: TerminalLine) -> None:
        """Take in that a terminal's connection is over."""
        self.feed(events.TerminalGone(line.name))

    def host_says(self, line: HostLine, payload: bytes) -> None:
        """Take in a host's frame."""
        self._trace.bytes(payload)
        self.feed(events.LinkFrame(line.link, payload))

    def link_lost(self, line: HostLine, reason: str) -> None:
        """Take in that a link is gone, and dial it again in a while."""
        self._trace.tell(line.link, f"gateway: {line.link} is gone, {reason}")
        self._heap.after(REDIAL, self._dial, line.link, self.lives)
        self.feed(events.LinkLost(line.link, reason))

    def _dial(self, link: str, life: int) -> None:
        if life != self.lives or not self.alive:
            return
        host = next(host for host in self._hosts.values() if link in host.links)
        if self._trunks.connect(link, host) is None:
            self._heap.after(REDIAL, self._dial, link, life)
        else:
            self.feed(events.LinkConnected(link))
