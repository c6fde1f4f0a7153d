"""The mock host on its connections: carries out what `authorizer` decides."""

from __future__ import annotations

import random  # noqa: TID251 -- seeded
import secrets
import socket
from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from functools import partial
from typing import Any, Self

import trio

from iso_gateway.codec.message import Message
from iso_gateway.errors import CannotCarry, ConfigError, FramingError, IsoGatewayError, NoHandshake, Problem
from iso_gateway.faults.delivering import delivery, of_the_whole, without_answer
from iso_gateway.faults.fault import NO_FAULT, Wrong
from iso_gateway.faults.standing import InForce, Standing, standing_of
from iso_gateway.faults.verbs import fault_verbs
from iso_gateway.faults.when import ANY
from iso_gateway.framing import Frame, Framing
from iso_gateway.host.answers import Decision
from iso_gateway.host.authorizer import Authorizer
from iso_gateway.host.books import SERIALS
from iso_gateway.host.door import Door
from iso_gateway.host.exchanging import Exchanger
from iso_gateway.host.guard import Guard, Under
from iso_gateway.host.issuer import Issuer
from iso_gateway.host.judging.judge import Judge
from iso_gateway.host.link import Given, Link, Waiting
from iso_gateway.host.loading import loaded
from iso_gateway.host.restraint import Log, Restraint
from iso_gateway.host.scenario.scenario import Scenario, seeded_serial
from iso_gateway.host.scenario.sending import Unasked, unasked_message
from iso_gateway.host.settings import MIDNIGHT, HostSettings
from iso_gateway.hsm.held_file import published_keys
from iso_gateway.net.address import Address
from iso_gateway.net.clock import now
from iso_gateway.net.connection import FramedConnection
from iso_gateway.net.listener import Refusal, serve
from iso_gateway.net.secured import Secured, shake_hands
from iso_gateway.net.tls import ServerTLS
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.moment import Moment
from iso_gateway.protocol.protection import Exchange
from iso_gateway.security.held import HeldKeys

Tap = Callable[[str, bytes, str], None]
"""Takes the peer, the bytes of a message as they came or go, and which of both: ``received`` or ``sent``."""


def silent(_event: str, _fields: Mapping[str, Any]) -> None:
    """Log nothing."""


def unseen(_peer: str, _payload: bytes, _which: str) -> None:
    """Show nothing."""


class HostServer:
    """A mock host and its links."""

    def __init__(
        self,
        dialect: Dialect,
        framing: Framing,
        settings: HostSettings | None = None,
        *,
        zone: tzinfo = UTC,
        log: Log = silent,
        clock: Callable[[], Moment] = now,
        first_serial: int | None = None,
        keys: HeldKeys | None = None,
        tls: ServerTLS | None = None,
        scenario: Scenario | None = None,
        tap: Tap = unseen,
    ) -> None:
        """Speak *dialect* in *framing*.

        Args:
            dialect: spec and profile.
            framing: what lies around each message.
            settings: all the rest.
            zone: where the host's days begin.
            log: gets one event per transaction, and those of connections.
            clock: what time it is.
            first_serial: the number that the first RRN carries; None: a random one, so that a host that was
                started again on the same day gives out others.
            keys: the test keys that it holds, where its settings say that messages are protected; None: the published
                ones.
            tls: how links that dial are taken; None: in clear.
            scenario: the rules that go before the ordinary ones; None: none, until some are added.
            tap: is shown each message that comes, and each that goes as it is before faults cut or delay it.
        """
        self.settings = settings or HostSettings()
        self._tls = tls
        protection = self.settings.protection
        held = keys or published_keys()
        guard = Guard(dialect, self.settings, held) if protection.keyed else None
        issuing = protection.pin is not None or self.settings.issuing
        exchanger = None
        if guard is not None and protection.exchange is not Exchange.NONE:
            exchanger = Exchanger(guard, secrets.token_bytes, self.settings.wrong_check_values)
        scenario = Scenario() if scenario is None else scenario
        chance = random.Random(f"{scenario.seed}/faults")  # noqa: S311 -- a run can be repeated
        self.faults = InForce(chance, lambda fields: log("fault", fields))
        """What goes wrong for a while; `misbehave` adds to it."""
        self.authorizer = Authorizer(
            dialect,
            self.settings,
            zone=zone,
            first_serial=secrets.randbelow(SERIALS) if first_serial is None else first_serial,
            card_key=secrets.token_bytes(32),
            guard=guard,
            exchanger=exchanger,
            issuer=Issuer(self.settings, protection, held.issuer) if issuing else None,
            scenario=scenario,
            faults=self.faults,
        )
        self._framing = framing
        self._log = log
        self._tap = tap
        self.judge: Judge | None = None
        """Who is told of all that comes and goes; None: nobody judges."""
        if expectations := self.authorizer.scenario.expectations:
            self.judge = Judge(dialect, expectations, (), self._log)
        self._clock = clock
        self._log_of_links = Restraint(log, lambda: clock().mono)
        """For what there is a line of per connection."""
        self._links: dict[str, Link] = {}
        self._waiting = Waiting()
        self._listening = trio.CancelScope()
        self._door = Door(self.faults, lambda: clock().mono)
        self._numbered = 0

    @classmethod
    def of(
        cls,
        settings: HostSettings,
        *,
        log: Log = silent,
        clock: Callable[[], Moment] = now,
        tls: ServerTLS | None = None,
        tap: Tap = unseen,
    ) -> Self:
        """Return a host as *settings* describe it.

        Raises:
            ConfigError: with every setting that names nothing known.
        """
        named = loaded(settings)
        return cls(
            named.dialect,
            named.framing,
            settings,
            zone=named.zone,
            log=log,
            clock=clock,
            first_serial=seeded_serial(settings.seed) if settings.seed else None,
            keys=named.keys,
            tls=tls,
            scenario=named.scenario,
            tap=tap,
        )

    def __repr__(self) -> str:
        return f"<HostServer {self.authorizer.dialect.spec.name}, {len(self._links)} links>"

    async def run(self, address: Address, *, task_status: trio.TaskStatus[Address] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve at *address* until `drain` or cancelled; ``await nursery.start(...)`` returns the bound address.

        Raises:
            ConfigError: the address is in use, or cannot be listened at.
        """
        async with trio.open_nursery() as links:
            with self._listening:
                async with trio.open_nursery() as announcing:
                    if self._tells_of_cut_overs():
                        announcing.start_soon(self._announce_cut_overs)
                    announcing.start_soon(self._door.watch)
                    listen = partial(
                        serve,
                        handler=self._accepted,
                        connections=self.settings.connections,
                        on_refused=self._refused,
                        handler_nursery=links,
                    )
                    await self._door.keep(listen, address, task_status)

    async def drain(self, patience: float = 5.0) -> None:
        """Take no new links, give the late answers that fall due within *patience* seconds, and close all links."""
        self._listening.cancel()
        with trio.move_on_after(patience):
            for link in list(self._links.values()):
                await link.all_given()
        async with trio.open_nursery() as nursery:
            for link in list(self._links.values()):
                nursery.start_soon(link.connection.aclose)
        self._log_of_links.over()

    def misbehave(self, standing: Standing) -> int:
        """Have *standing* be in force from now on; return its number.

        Raises:
            ConfigError: too many are in force already, or conditions are said of what is done to all connections.
        """
        at = self._clock()
        if of_the_whole(standing.fault) != NO_FAULT and standing.when != ANY:
            raise ConfigError([Problem("match", "there is no message yet that it could be about")])
        number = self.faults.add(standing, at.mono)
        if self.faults.begun(at.mono) is not None:
            for link in self._links.values():
                link.connection.reset("restart on purpose")
        return number

    def fault_verbs(self) -> dict[str, Any]:
        """Return what an admin socket understands of faults."""
        return fault_verbs(self.faults, self._add_fault, lambda: self._clock().mono)

    def _add_fault(self, words: str, match: str, acquirer: str) -> int:
        if acquirer:
            raise ConfigError([Problem("acquirer", "a mock host has none; only a gateway has links to acquirers")])
        return self.misbehave(standing_of(words, match, self.authorizer.dialect.spec))

    def announce(self, kind: Kind, *, advice: bool = False) -> int:
        """Send an echo or a cut-over on every link, as 0820 with *advice*; return on how many.

        A cut-over that comes before its hour begins the next business date.

        Raises:
            CannotCarry: the dialect has no such message.
        """
        at = self._clock()
        if kind is Kind.CUT_OVER:
            self.authorizer.cut_over(at)
        return self._announce(kind, at, advice=advice)

    def change_keys(self) -> int:
        """Send new keys on every link; return on how many. What is made of the answers is logged.

        Raises:
            CannotCarry: there is no exchange of key blocks with a zone, or the dialect has no code for it.
        """
        at = self._clock()
        for name, link in self._links.items():
            message = self.authorizer.network.change_keys(at, name)
            self._say(name, link, message, at)
            self._log("announced", {"peer": link.peer, "kind": "key_change", "stan": message.text(11)})
        return len(self._links)

    def _announce(self, kind: Kind, at: Moment, *, advice: bool = False) -> int:
        for name, link in self._links.items():
            message = self.authorizer.network.announce(kind, at, name, advice=advice)
            self._say(name, link, message, at)
            self._log("announced", {"peer": link.peer, "kind": str(kind), "stan": message.text(11)})
        return len(self._links)

    def _tell(self, name: str, link: Link, unasked: Unasked, under: Under) -> None:
        """Send what a rule wants to be said."""
        at, guard = self._clock(), self.authorizer.guard
        told: dict[str, Any] = {"peer": link.peer, "kind": unasked.kind or unasked.mti}
        try:
            message = unasked_message(self.authorizer, unasked, at, name)
        except CannotCarry as error:
            self._log("announced", told | {"cause": str(error)})
            return
        self._say(name, link, message if guard is None else guard.sealed_request(message, under), at)
        self._log("announced", told | {"stan": message.text(11)})

    def _say(self, name: str, link: Link, message: Message, at: Moment) -> None:
        """Send what the host says of its own accord."""
        payload = self.authorizer.dialect.spec.encode(message)
        self._tap(link.peer, payload, "sent")
        link.answer(payload, None, _nobody)
        if self.judge is not None:
            self.judge.asked(name, message, at)

    def _tells_of_cut_overs(self) -> bool:
        has_an_hour = self.settings.cuts_over_at != MIDNIGHT
        return has_an_hour and self.authorizer.dialect.profile.row(Kind.CUT_OVER) is not None

    async def _announce_cut_overs(self) -> None:
        """Tell all links whenever the hour of the cut-over has come."""
        while True:
            # A hundredth of a second later, no clock says that it has not come yet.
            await trio.sleep(self.authorizer.until_cut_over(self._clock()) + 0.01)
            self._announce(Kind.CUT_OVER, self._clock())

    def ledger(self, since: int = 0, most: int | None = None) -> dict[str, Any]:
        """Return what the host knows, as plain data, masked: ``transactions``, the oldest first, and ``totals``.

        The transactions have ``serial`` numbers, in the order in which they came; those after *since* are told, *most*
        of them. ``latest`` is the number of the latest, ``forgotten`` of the latest that went for want of room.
        """
        ledger = self.authorizer.ledger
        return {
            "transactions": ledger.rows(since, most),
            "totals": ledger.totals.rows(),
            "latest": ledger.latest,
            "forgotten": ledger.forgotten,
        }

    def status(self) -> dict[str, Any]:
        """Return how the host stands: its dialect, its links and how much it remembers."""
        return {
            "spec": self.authorizer.dialect.spec.name,
            "framing": str(self._framing),
            "transactions": len(self.authorizer.ledger),
            "faults": self.faults.rows(self._clock().mono),
            "links": [
                {"peer": link.peer, "signed_on": name in self.authorizer.network.signed_on, "messages": link.messages}
                for name, link in self._links.items()
            ],
        }

    async def carry(self, sock: socket.socket | Secured, peer: str) -> None:
        """Serve one link over *sock* until it ends; *peer* names it in the log."""
        settings = self.settings
        connection = FramedConnection(
            sock,
            self._framing,
            max_length=settings.max_length,
            frame_timeout=settings.frame_timeout,
            idle_timeout=settings.idle_timeout or None,
        )
        self._numbered += 1
        name = f"{peer}#{self._numbered}"
        async with trio.open_nursery() as late:
            link = self._links[name] = Link(peer, connection, late, self._waiting)
            self._log_of_links("connected", {"peer": peer})
            try:
                why = await connection.run(lambda frame: self._heard(name, link, frame))
            finally:
                del self._links[name]
                self.authorizer.network.closed(name)
                link.gone()
            if self.judge is not None:  # at the host's own end no terminal has given up
                self.judge.closed(name)
            self._ended(link, why)

    async def _accepted(self, sock: socket.socket) -> None:
        try:
            host, port = sock.getpeername()[:2]
            peer = str(Address(host, port))
        except OSError:
            peer = "gone at once"
        carrier: socket.socket | Secured = sock
        if self._tls is not None:
            try:
                carrier = await shake_hands(sock, self._tls, self.settings.frame_timeout)
            except NoHandshake as error:
                if not error.silent:
                    self._log_of_links("closed", {"peer": peer, "messages": 0, "cause": str(error)})
                return
        await self.carry(carrier, peer)

    def _heard(self, name: str, link: Link, frame: Frame) -> None:
        link.messages += 1
        self._tap(link.peer, frame.payload, "received")
        at = self._clock()
        decision = self.authorizer.hear(frame.payload, at, name)
        given = self._judged(name, frame.payload, decision, at)
        if decision.event in ("undecodable", "ignored"):
            self._misheard(link, decision)
        else:
            self._log(decision.event, {"peer": link.peer, **decision.note})
        fault = decision.fault
        if fault is not NO_FAULT:
            self._misbehave(link, frame, decision, given)
        elif decision.answer is not None:
            payload = self.authorizer.payload(decision)
            self._tap(link.peer, payload, "sent")
            link.answer(payload, self._framing.answer_header(frame.header), given)
        for unasked in decision.sends:
            link.later(unasked.after, partial(self._tell, name, link, unasked, decision.under))

    def _misbehave(self, link: Link, frame: Frame, decision: Decision, given: Given) -> None:
        """Give the answer of *decision* as its fault has it, and do what else that says."""
        fault, header = decision.fault, self._framing.answer_header(frame.header)
        late, chance = self.settings.late_seconds, self.authorizer.scenario.chance
        if decision.answer is None:
            link.give(delivery(b"", header, self._framing, without_answer(fault), late, chance), given)
        else:
            payload = self.authorizer.payload(decision)
            if fault.answers:
                self._tap(link.peer, payload, "sent")
            link.give(delivery(payload, header, self._framing, fault, late, chance), given)
        if (whole := of_the_whole(fault)) != NO_FAULT:
            self.misbehave(Standing(fault=whole))

    def _judged(self, name: str, payload: bytes, decision: Decision, at: Moment) -> Given:
        """Tell the judge of a message; return what tells of its answer once that has gone out."""
        judge = self.judge
        if judge is None:
            return _nobody
        seen = judge.heard(name, payload, decision, at)
        told = not decision.fault.wrong - {Wrong.MAC, Wrong.CHECK_VALUE}
        return lambda whole: judge.answered(seen, self._clock(), intact=whole and told)

    def _misheard(self, link: Link, decision: Decision) -> None:
        """Tell once per cause and link of what could not be understood."""
        if link.misheard(str(decision.note.get("cause"))):
            self._log_of_links(decision.event, {"peer": link.peer, **decision.note})

    def _ended(self, link: Link, why: IsoGatewayError | None) -> None:
        fields: dict[str, Any] = {"peer": link.peer, "messages": link.messages}
        if link.not_understood:
            fields["not_understood"] = link.not_understood
        if isinstance(why, FramingError):
            fields |= {"cause": why.reason, "offset": why.offset}
        elif why is not None or link.cause:
            fields["cause"] = link.cause or str(why)
        self._log_of_links("closed", fields)

    def _refused(self, refusal: Refusal) -> None:
        self._log("refused", {"cause": refusal.cause, "count": refusal.count})


def _nobody(_whole: bool) -> None:  # noqa: FBT001 -- as `Given` has it
    """Tell nobody that an answer was given."""
