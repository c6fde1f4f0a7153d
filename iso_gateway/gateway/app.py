"""The node on trio: events in, commands carried out, one timer.

Rule 1: everything that happens becomes an event in one queue, and the node handles them one at a time; what a command
answers at once goes to the end of that queue. No task waits inside another's transaction. What comes from many
connections in one breath of the poller is handled together at its end: so their journal entries are one group, and the
frames to one link one write.
Rule 2: a connection's last words come in order: first what became of each frame given to it, then that it is gone.
"""

from __future__ import annotations

import itertools
import math
import socket
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import trio
from msgspec.structs import replace

from iso_gateway.errors import EncodeError, FramingError, IsoGatewayError, StoreError
from iso_gateway.framing import Frame
from iso_gateway.gateway.config import Config, LinkTo, ListenAt
from iso_gateway.gateway.faulty import Faulty
from iso_gateway.gateway.handshakes import Handshakes
from iso_gateway.gateway.journaling import Journaling
from iso_gateway.gateway.lending import lent_by_the_system
from iso_gateway.gateway.lines import Lines
from iso_gateway.gateway.office import Office
from iso_gateway.gateway.operating import Operating
from iso_gateway.gateway.restraint import PERIOD, RESTRAINED, Restraint, source_of
from iso_gateway.gateway.retention import retire_for_ever
from iso_gateway.gateway.securing import Securing
from iso_gateway.gateway.storing import Kept, in_memory
from iso_gateway.gateway.tls import standing
from iso_gateway.hsm.client import ModuleClient
from iso_gateway.net import clock
from iso_gateway.net.connection import FramedConnection
from iso_gateway.net.listener import Refusal, dial
from iso_gateway.net.outbox import Outcome
from iso_gateway.net.poller import the_poller
from iso_gateway.net.secured import names_of
from iso_gateway.protocol import commands, events
from iso_gateway.protocol.node import Node
from iso_gateway.protocol.records import RowState
from iso_gateway.protocol.session import State
from iso_gateway.protocol.verdicts import Wire

TICK: Final = 0.05
"""Seconds between two looks at deadlines: under load one comes with every request, and most have been met."""

LINK_TURN: Final = 64
"""Frames that a link may hand out in one turn: it brings the answers of all terminals."""

STUCK: Final = frozenset({RowState.STUCK})

FATES = {
    Outcome.HANDED: events.Fate.HANDED,
    Outcome.NOT_HANDED: events.Fate.NOT_HANDED,
    Outcome.UNCERTAIN: events.Fate.CUT,
}


class Gateway:
    """A node with sockets, a journal and a security module."""

    def __init__(
        self, config: Config, lines: Lines, kept: Kept | None = None, module: ModuleClient | None = None
    ) -> None:
        """Wire up *config*, with a journal in memory unless *kept* is another, and no keys unless *module* has some.

        Nothing is opened before ``carry_terminal`` and ``keep_link`` run.
        """
        journal, seal, _ = kept or in_memory(config.file.limits.journal_rows, sealed=not config.setup.sealing)
        now = clock.now()
        self.config = config
        self.lines = lines
        self.started = now.wall
        lent = replace(lent_by_the_system(f"{now.wall:%y%m%d%H%M%S}", seal), wire=self._wire)
        self.node = Node(config.setup, lent, now)
        self.office = Office(self)
        self.journaling = Journaling(journal, self.feed_all, self._journal_told)
        self.operating = Operating(self.journaling.store, self.feed)
        self.counts: Counter[str] = Counter()
        self._restraint = Restraint()
        self._handshakes = Handshakes(self._tell)
        self.terminals: dict[str, FramedConnection] = {}
        self.links: dict[str, FramedConnection] = {}
        self.faulty = Faulty(
            lambda: self.config,
            self.links,
            self.feed,
            lambda fields: lines.write(clock.now().wall, "fault", fields, "warning"),
        )
        self.securing = Securing(module, config.setup, self.feed, self._tell, trio.current_time)
        guard, exchanging = self.securing.guard, self.securing.exchanging
        self._numbers = itertools.count(1)
        self._queue: deque[events.Event] = deque()
        self._handling = False
        """Whether `_handle_all` is at work or put off."""
        self._broken = trio.Event()
        self._bug: Exception | None = None
        self._aftermath = False
        """Whether `_after` is put off."""
        self._clock = clock.the_clock()
        self._poller = the_poller()
        lines.flush_by = self._poller.put_off
        self._carry_out: dict[type[commands.Command], Callable[[Any], None]] = {
            commands.Verify: guard.verify,
            commands.Secure: guard.secure,
            commands.Unseal: guard.unseal,
            commands.TakeKeys: exchanging.take,
            commands.GiveKeys: exchanging.give,
            commands.MarkKeys: exchanging.mark,
            commands.Journal: self.journaling.submit,
            commands.File: self.journaling.file,
            commands.Lookup: self._look_up,
            commands.Gather: self._look_up,
            commands.Send: self._send,
            commands.Deliver: self._deliver,
            commands.Hangup: self._hang_up,
            commands.CloseLink: self._close_link,
            commands.Told: self.operating.told,
            commands.Log: self._log,
        }
        self._nap = trio.CancelScope()
        self._nursery: trio.Nursery | None = None
        self._watched: trio.Event | None = None

    # Events and commands

    def feed(self, event: events.Event) -> None:
        """Have the node handle *event*, and all that follows from it."""
        self._queue.append(event)
        if not self._handling:
            self._handle_soon()

    def feed_all(self, several: Sequence[events.Event]) -> None:
        """Have the node handle *several* events in order, and all that follows from them."""
        self._queue.extend(several)
        if not self._handling:
            self._handle_soon()

    def _handle_soon(self) -> None:
        """Handle what is in the queue now; within a breath, all that comes in it together."""
        self._handling = True
        if self._poller.breathing:
            self._poller.put_off(self._handle_in_breath)
        else:
            self._handle_all()

    def _handle_in_breath(self) -> None:
        try:
            self._handle_all()
        except Exception as bug:  # noqa: BLE001 -- it is `run` that raises it
            self._bug = bug
            self._broken.set()

    def _handle_all(self) -> None:
        queue = self._queue
        try:
            while queue:
                now = self._clock.now()
                while queue:
                    for command in self.node.handle(queue.popleft(), now):
                        self._carry_out[type(command)](command)
                queue.extend(self.journaling.commit_now())
        finally:
            self._handling = False
        if not self._aftermath:
            self._aftermath = True
            self._poller.put_off(self._after)

    def _after(self) -> None:
        """Do what is done once for all that was handled in a breath."""
        self._aftermath = False
        deadline = self.node.deadline
        if deadline is not None and deadline < self._nap.deadline:
            self._nap.deadline = deadline
        if self._watched is not None:
            self._watched.set()
            self._watched = None

    @property
    def changed(self) -> trio.Event:
        """What is set when the node has handled something more; a drain waits on it."""
        if self._watched is None:
            self._watched = trio.Event()
        return self._watched

    def _hang_up(self, command: commands.Hangup) -> None:
        if (terminal := self.terminals.get(command.connection)) is not None:
            terminal.hang_up()

    def _close_link(self, command: commands.CloseLink) -> None:
        """Close a link after what waits was written; what the host says meanwhile is still heard."""
        if (link := self.links.get(command.link)) is not None and self._nursery is not None:
            self._nursery.start_soon(link.aclose)

    def _look_up(self, command: commands.Lookup | commands.Gather) -> None:
        found = self.journaling.look_up(command)
        if found is not None:
            self._queue.append(found)
        elif self._nursery is not None:
            self._nursery.start_soon(self.journaling.look_up_in_thread, command)

    def _send(self, command: commands.Send) -> None:
        link = self.links.get(command.link)
        if link is None or not link.is_open:
            self._queue.append(events.NotSent(command.id))
            return

        def done(outcome: Outcome) -> None:
            if outcome is Outcome.NOT_HANDED:
                self.feed(events.NotSent(command.id))
            elif outcome is Outcome.UNCERTAIN:
                self.feed(events.SendUncertain(command.id))

        try:
            link.send(command.payload, None, done)
        except EncodeError as error:
            self.lines.write(clock.now().wall, "send", {"link": command.link, "cause": str(error)}, "error")
            self._queue.append(events.NotSent(command.id))

    def _wire(self, link: str, payload: bytes) -> Wire:
        """Return what is known of the bytes on *link*."""
        connection = self.links.get(link)
        return connection.wire(payload) if connection is not None else Wire()

    def _deliver(self, command: commands.Deliver) -> None:
        connection = self.terminals.get(command.connection)
        if connection is None or not connection.is_open:
            self._queue.append(events.Delivered(command.id, events.Fate.NOT_HANDED))
            return
        try:
            connection.send(
                command.payload,
                command.header,
                lambda outcome: self.feed(events.Delivered(command.id, FATES[outcome])),
            )
        except EncodeError as error:
            self.lines.write(clock.now().wall, "deliver", {"cause": str(error)}, "error")
            self._queue.append(events.Delivered(command.id, events.Fate.NOT_HANDED))

    def _log(self, command: commands.Log) -> None:
        self.counts[command.event] += 1
        if command.event == "txn":
            self.counts[f"code {command.fields['code']}"] += 1
        elif command.event == "link" and command.fields.get("state") == State.UP:
            self.lines.over("link down", str(command.fields["link"]))
        self._tell(command.event, command.fields, command.level)

    def _tell(self, event: str, fields: Mapping[str, Any], level: str = "warning") -> None:
        """Write one line, unless its source has written enough of them."""
        if event not in RESTRAINED or self._restraint.admits(event, source_of(fields)):
            self.lines.write(self.node.world.now.wall, event, fields, level)

    def tell_withheld(self) -> None:
        """Write how many lines were withheld of each event since the last time, and begin anew."""
        for event, count in self._restraint.turn().items():
            self.lines.write(clock.now().wall, "withheld", {"of": event, "count": count}, "warning")

    def _journal_told(self, trouble: str | None) -> None:
        """Say once why the journal fails, and when it works again."""
        if trouble is not None:
            said = {"cause": trouble, "what": "no new money until it works again; what is in flight is owed"}
            self.lines.write(clock.now().wall, "journal failing", said, "error")
        else:
            self.lines.write(clock.now().wall, "journal working", {"cause": "it could be written again"}, "warning")

    # Tasks

    async def run(self, *, task_status: trio.TaskStatus[trio.Nursery] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep time, commit and carry connections until cancelled; gives the nursery that connections live in.

        What the node or a command raises is a bug, and comes out of here.
        """
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            nursery.start_soon(self._keep_time)
            nursery.start_soon(clock.keep_in_step, self._told_of_jump)
            nursery.start_soon(self._keep_telling)
            nursery.start_soon(self.faulty.run)
            if self.journaling.store.blocking:
                nursery.start_soon(self.journaling.run)
                nursery.start_soon(retire_for_ever, self.journaling.store, self.config.file.journal.keep_days)
            task_status.started(nursery)
            await self._broken.wait()
            assert self._bug is not None
            raise self._bug

    async def _keep_time(self) -> None:
        while True:
            deadline = self.node.deadline
            with trio.CancelScope(deadline=math.inf if deadline is None else deadline) as self._nap:
                await trio.sleep_forever()
            self.feed(events.TimePassed())
            await trio.sleep(TICK)

    async def _keep_telling(self) -> None:
        while True:
            await trio.sleep(PERIOD)
            self.tell_withheld()
            self.lines.flush()

    def _told_of_jump(self, seconds: float) -> None:
        self.lines.write(
            clock.now().wall, "clock", {"cause": f"the system's clock was set by {seconds:+.1f} s"}, "warning"
        )

    async def carry_terminal(self, at: ListenAt, sock: socket.socket) -> None:
        """Carry one terminal's connection until it ends."""
        if at.name not in self.node.world.setup.listeners:
            return  # accepted just before a reload took the listener away
        peer = _peer(sock)
        carrier = await self._handshakes.taken(at, self.config.tls, sock, peer) if at.secure else sock
        if carrier is None or at.name not in self.node.world.setup.listeners:
            return
        name = f"t{next(self._numbers)}"
        table = at.table
        connection = FramedConnection(
            carrier,
            at.framing,
            max_length=table.max_length,
            frame_timeout=table.frame_timeout,
            idle_timeout=table.idle_timeout or None,
        )
        self.terminals[name] = connection
        self.feed(events.TerminalConnected(name, at.name, peer, names_of(carrier)))

        def on_frame(frame: Frame) -> None:
            self.feed(events.TerminalFrame(name, at.framing.answer_header(frame.header), frame.payload))

        try:
            why = await connection.run(on_frame)
        finally:
            del self.terminals[name]
            self.feed(events.TerminalGone(name))
        if isinstance(why, FramingError):
            self._tell("closed", {"listener": at.name, "peer": peer, "cause": str(why), "offset": why.offset})

    async def keep_link(self, to: LinkTo) -> None:
        """Dial one link for ever, and carry it while it lasts."""
        while not self.node.world.draining:
            why = await self._one_connection(to)
            self._tell_of_end(to, why)
            await trio.sleep(to.table.reconnect_every)

    def _tell_of_end(self, to: LinkTo, why: IsoGatewayError | None) -> None:
        """Log why a link ended, unless we signed off and closed it ourselves."""
        if why is not None or not self.node.world.draining:
            said = str(why) if why is not None else "the host closed the link"
            self.lines.once(clock.now().wall, "link down", to.name, said)

    async def _one_connection(self, to: LinkTo) -> IsoGatewayError | None:
        table = to.table
        if (refusal := self.faulty.refusal(to)) is not None:
            return refusal
        try:
            tls = self.config.tls.links.get(to.name)
            if to.secure and tls is None:
                return None  # a reload is about to close this link
            sock = await dial(to.address, table.connect_timeout, tls)
        except IsoGatewayError as error:
            return error
        if self.node.world.draining or to.name not in self.node.links.links:
            sock.close()
            return None
        connection = FramedConnection(
            sock, to.framing, max_length=table.max_length, write_timeout=table.write_timeout, turn=LINK_TURN
        )
        self.links[to.name] = connection
        self.feed(events.LinkConnected(to.name))
        why: IsoGatewayError | None = None
        try:
            if table.test:
                why = await connection.run(lambda frame: self.faulty.hear(to, connection, frame.payload))
            else:
                why = await connection.run(lambda frame: self.feed(events.LinkFrame(to.name, frame.payload)))
        finally:
            del self.links[to.name]
            offset = why.offset if isinstance(why, FramingError) else None
            self.feed(events.LinkLost(to.name, str(why) if why is not None else "closed", offset))
        return why

    def make_room(self, at: ListenAt) -> bool:
        """End the oldest connection to *at* that brought no message of a known terminal; return whether there is one.

        Whoever opens connections and says nothing keeps no terminal out.
        """
        if self._handshakes.make_room(at):
            return True
        for name, terminal in self.terminals.items():
            known = self.node.connections.get(name)
            if known is not None and known.listener.name == at.name and not known.known and terminal.is_open:
                terminal.abort("its place was given to another")
                return True
        return False

    def refused(self, at: ListenAt, refusal: Refusal) -> None:
        """Take in that connections were closed for want of room."""
        said = {"listener": at.name, "cause": refusal.cause, "count": refusal.count}
        self.lines.write(clock.now().wall, "bound", said, "warning")

    def status(self) -> dict[str, Any]:
        """Return how the gateway stands, for people and scripts; stuck is None where the journal cannot be read."""
        node = self.node
        stuck, trouble = None, self.journaling.trouble
        try:
            stuck = len(self.journaling.store.in_states(STUCK))
        except StoreError as error:
            trouble = str(error)
        return {
            "state": "draining" if node.world.draining else "running",
            "faults": self.faulty.rows(),
            "since": self.started.isoformat(timespec="seconds"),
            "config": str(self.config.path.absolute()),
            "connections": len(self.terminals),
            "in_flight": len(node.flow.requests),
            "owed": len(node.owing),
            "stuck": stuck,
            "journal": trouble or "works",
            "security": self.securing.status(clock.now().wall),
            "links": {
                link.name: {"state": str(link.session.state), "in_flight": len(link.in_flight)}
                for link in node.links.links.values()
            },
            "tls": standing(self.config.tls, clock.now().wall),
            "counts": dict(sorted(self.counts.items())),
        }


def _peer(sock: socket.socket) -> str:
    try:
        host, port = sock.getpeername()[:2]
    except OSError:
        return "gone"
    return f"{host}:{port}"
