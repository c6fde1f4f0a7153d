"""The whole gateway without I/O: terminals, links, journal and security module are events and commands.

Rule 1: ``handle(event, now)`` returns what to do, in order; a command with an id is answered by an event with that id.
Rule 2: nothing here waits, and nothing shared waits for one transaction.
Rule 3: when ``deadline`` comes, feed TimePassed.

The same node runs on trio (``gateway/``) and on an event heap, so that a seed gives the same story, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from iso_gateway.codec.message import Message
from iso_gateway.codec.mti import is_request
from iso_gateway.errors import DecodeError
from iso_gateway.protocol import answering, events, keeping
from iso_gateway.protocol.commands import Command, Hangup
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.flow import ANSWERS, EdgeAnswer, Flow
from iso_gateway.protocol.keyring import TIMER
from iso_gateway.protocol.kinds import NETWORK, Kind
from iso_gateway.protocol.ledger import SERVES
from iso_gateway.protocol.links import Links
from iso_gateway.protocol.moment import Moment
from iso_gateway.protocol.operators import Operators
from iso_gateway.protocol.owing import Owing
from iso_gateway.protocol.protection import Exchange
from iso_gateway.protocol.questions import Questions
from iso_gateway.protocol.recovery import next_stans, recover
from iso_gateway.protocol.request import Asker, Connection
from iso_gateway.protocol.setup import Lent, Setup
from iso_gateway.protocol.terminal_keys import TerminalKeys
from iso_gateway.protocol.world import World


class Node:
    """One gateway."""

    def __init__(self, setup: Setup, lent: Lent, now: Moment) -> None:
        self.world = World(setup, lent, now)
        self.links = Links(self.world)
        self.owing = Owing(self.world, self.links)
        self.questions = Questions(self.world)
        self.operators = Operators(self.world, self.owing, self.questions)
        self.flow = Flow(self.world, self.links, self.owing, self.questions)
        self.connections: dict[str, Connection] = {}
        self._answering = self.flow.answering
        self._terminal_keys = TerminalKeys(self.world, self._answering)
        self._signed_off = False
        self._takes = self._by_kind_of_event()
        self._know_dialects()

    def __repr__(self) -> str:
        return f"<Node {len(self.connections)} terminals, {len(self.flow.requests)} in flight, {len(self.owing)} owed>"

    @property
    def deadline(self) -> float | None:
        """When to feed TimePassed, on the monotonic clock; None: not before the next event."""
        return self.world.deadline

    @property
    def idle(self) -> bool:
        """Whether nothing is in flight and no debt can be paid now: what a drain waits for before it signs off."""
        return not self.flow.requests and not self.owing.payable

    def reload(self, setup: Setup, now: Moment) -> None:
        """Go by *setup* from here on; what is in flight ends by the rules under which it began."""
        self.world.now = now
        self.world.setup = setup
        for connection in self.connections.values():
            connection.listener = setup.listeners.get(connection.listener.name, connection.listener)
        self.links.reload()
        self._know_dialects()
        self.owing.come_back()

    def _know_dialects(self) -> None:
        """Remember the dialects that are spoken: what is sent in one now may be owed after the next reload."""
        for acquirer in self.world.setup.acquirers.values():
            self.world.dialects[acquirer.dialect.hash] = acquirer.dialect

    def handle(self, event: events.Event, now: Moment) -> list[Command]:
        """Take in what happened at *now*; return what to do about it, in order."""
        world = self.world
        world.now = now
        self._takes[type(event)](event)
        while world.inner:
            event = world.inner.popleft()
            self._takes[type(event)](event)
        if world.draining and self.idle and not self._signed_off:
            self._signed_off = True
            self.links.drain()
        return world.taken()

    def _by_kind_of_event(self) -> dict[type[events.Event], Callable[[Any], None]]:
        """Return who takes in which event."""
        return {
            events.TerminalFrame: self._frame,
            events.LinkFrame: self._host_frame,
            events.TerminalConnected: self._terminal_connected,
            events.TerminalGone: self._terminal_gone,
            events.LinkConnected: self._link_connected,
            events.LinkLost: self._link_lost,
            events.TimePassed: self._time_passed,
            events.DrainWanted: self._drain_wanted,
            events.Recovered: self._recovered,
            events.KeysKnown: lambda event: self.world.keyring.known(event.known),
            events.KeysTaken: self._keys_taken,
            events.KeysGiven: self._terminal_keys.given,
            events.CardKnown: self._answer_to_none_in_flight,
            events.ActWanted: self.operators.wanted,
            **dict.fromkeys(ANSWERS, self._answer_of_the_edge),
        }

    def _answer_of_the_edge(self, event: EdgeAnswer) -> None:
        """Give the answer to a command to the request in flight that asked, or to whoever did."""
        flow = self.flow
        if (request := flow.requests.get(event.id)) is not None:
            flow.takes[type(event)](request, event)
        else:
            self._answer_to_none_in_flight(event)

    def _answer_to_none_in_flight(self, event: EdgeAnswer | events.CardKnown) -> None:
        """Give the answer to a command to the debt or whatever else asked; one that is gone needs none."""
        if (debt := self.owing.debts.get(event.id)) is not None:
            self.owing.take(debt, event)
        elif event.id in self._answering.pending and isinstance(event, events.Secured):
            self._answering.secured(event)
        elif event.id in self.owing.doubting.pending and isinstance(event, events.Verified):
            self.owing.doubting.verified(event)
        elif event.id in self.operators.pending:
            self.operators.take(event)

    def _recovered(self, event: events.Recovered) -> None:
        """Take over what an earlier process left open."""
        for data in event.dialects:
            dialect = keeping.unpacked(data)
            if dialect is not None:
                self.world.dialects.setdefault(keeping.hash_of(data), dialect)
        self.links.go_on(next_stans((*event.rows, *event.newest)))
        self.flow.doubles.recovered((*event.rows, *event.newest))
        found = recover(event.rows, self.world.now.wall)
        for row, noted in found.debts:
            self.owing.take_up(row, noted=noted)
        for row in found.doubtful:
            self.owing.doubt(row)
        for row, entry in found.closings:
            self.owing.file_now(row, entry)
        for row in found.questions:
            self.questions.ask(row)
        if event.rows:
            debts, questions = len(found.debts), len(found.questions)
            self.world.log("recovered", rows=len(event.rows), debts=debts, questions=questions)

    def _drain_wanted(self, _: events.DrainWanted) -> None:
        self.world.draining = True

    # Terminals

    def _terminal_connected(self, event: events.TerminalConnected) -> None:
        listener = self.world.setup.listeners[event.listener]
        self.connections[event.connection] = Connection(event.connection, listener, event.peer, event.certificate)

    def _terminal_gone(self, event: events.TerminalGone) -> None:
        self.connections.pop(event.connection, None)

    def _frame(self, event: events.TerminalFrame) -> None:
        """Take in one frame of a terminal: refuse by name what cannot be understood (promise 3)."""
        connection = self.connections.get(event.connection)
        if connection is None or connection.hung_up:
            return
        dialect = connection.listener.dialect
        try:
            message = dialect.spec.decode(event.payload)
        except DecodeError as error:
            self._undecodable(connection, event.header, error)
            return
        asker = Asker(connection, event.header, message, event.payload)
        if not is_request(message.mti):
            self._trouble(connection, message, f"MTI {message.mti} is no request; nothing is awaited from a terminal")
            return
        known = connection.listener.terminals.get(asker.terminal)
        if known is None or (known and known != asker.merchant and asker.merchant):
            code = dialect.profile.unknown_terminal if known is None else "03"
            self._trouble(connection, message, f"terminal or merchant not registered, answered {code}")
            self._answering.at_once(asker, code)
            return
        wanted = connection.listener.certificates.get(asker.terminal)
        if wanted is not None and wanted not in connection.certificate:
            self._of_another(asker, wanted)
            return
        connection.known = True
        self._known(asker, dialect, message)

    def _of_another(self, asker: Asker, wanted: str) -> None:
        """Refuse as unknown whoever speaks for a terminal over a connection that is not that terminal's."""
        connection = asker.connection
        code = connection.listener.dialect.profile.unknown_terminal
        shown = f"that of {connection.certificate[0]}" if connection.certificate else "none"
        cause = f"its certificate is {shown}; the terminal's is {wanted}, answered {code}"
        self._trouble(connection, asker.message, cause)
        self._answering.at_once(asker, code)

    def _known(self, asker: Asker, dialect: Dialect, message: Message) -> None:
        row = dialect.kind_row(message)
        if row is None:
            self._trouble(asker.connection, message, "no kind of transaction of this dialect, answered 40")
            self._answering.at_once(asker, "40")
        elif row.kind in NETWORK:
            # Sign-on and line tests of terminals are the gateway's own to answer (ruling 20).
            if row.kind is Kind.SIGN_ON:
                self.flow.signed_on(asker.connection.listener.name, asker.terminal)
            if row.kind is Kind.SIGN_ON and asker.connection.listener.protection.exchange is not Exchange.NONE:
                self._terminal_keys.signed_on(asker)
            else:
                self._answering.at_once(asker, "00")
        elif not asker.stan:
            self._trouble(asker.connection, message, "no STAN, answered 30")
            self._answering.at_once(asker, "30")
        else:
            self.flow.arrive(asker, row.kind, row)

    def _undecodable(self, connection: Connection, header: bytes, error: DecodeError) -> None:
        """Answer 30 where enough was read to answer to; else close: garbage gets no guessed answer."""
        partial = error.partial
        answerable = partial is not None and 11 in partial and 41 in partial and is_request(partial.mti)
        who = partial.text(41) if partial is not None else ""
        self.world.log(
            "format error", "warning", peer=connection.peer, terminal=who, cause=str(error), offset=error.offset,
            answered="30" if answerable else "connection closed",
        )  # fmt: skip
        if answerable and partial is not None:
            self._answering.at_once(Asker(connection, header, partial), "30")
        else:
            connection.hung_up = True
            self.world.emit(Hangup(connection.name, str(error)))

    def _trouble(self, connection: Connection, message: Message, cause: str) -> None:
        self.world.log("refused", "warning", peer=connection.peer, terminal=message.text(41), cause=cause)

    # Hosts

    def _link_connected(self, event: events.LinkConnected) -> None:
        self.links.connected(event.link)
        self.owing.pump()

    def _keys_taken(self, event: events.KeysTaken) -> None:
        self.links.keys.taken(event)
        self.owing.pump()

    def _host_frame(self, event: events.LinkFrame) -> None:
        link = self.links.links[event.link]
        before = link.session.takes_money
        heard = self.links.heard(link, event.payload)
        if not before and link.session.takes_money:
            self.owing.pump()
        if heard is None:
            return
        owner, message = heard
        if (request := self.flow.requests.get(owner)) is not None:
            self.flow.answered(request, message, event.payload)
        elif (debt := self.owing.debts.get(owner)) is not None:
            self.owing.answered(debt, message, event.payload)
        elif not self.owing.doubting.reopened(owner, message, event.payload, link):
            self.links.late(event.link, owner, message)

    def _link_lost(self, event: events.LinkLost) -> None:
        for owner in self.links.lost(event.link):
            if owner in self.flow.requests:
                self.flow.link_lost(self.flow.requests[owner], event.reason, garbled=event.offset is not None)
            elif owner in self.owing.debts:
                self.owing.not_sent(self.owing.debts[owner], f"link lost: {event.reason}")

    def _time_passed(self, _: events.TimePassed) -> None:
        while (owner := self.world.due()) is not None:
            if owner in self.flow.requests:
                self.flow.time_passed(self.flow.requests[owner])
            elif owner in self.owing.debts:
                self.owing.time_passed(self.owing.debts[owner])
            elif owner.startswith("link "):
                self.links.time_passed(owner.removeprefix("link "))
            elif owner in self.operators.pending:
                self.operators.time_passed(owner)
            elif owner == answering.TIMER:
                self._answering.time_passed()
            elif owner in self._terminal_keys.pending:
                self._terminal_keys.time_passed(owner)
            elif owner.startswith(TIMER):
                self.world.keyring.time_passed(owner.removeprefix(TIMER))
            elif owner.startswith(SERVES):
                self.owing.serve(owner.removeprefix(SERVES))
