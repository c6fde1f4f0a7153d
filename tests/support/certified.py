"""Our own terminal put through a certification set: each case of it, against a host in memory, and no time passes."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
import trio

from iso_gateway.codec.message import Message
from iso_gateway.faults.standing import standing_of
from iso_gateway.host.judging.certifying import Certification, Report
from iso_gateway.host.judging.sets import certification_set
from iso_gateway.host.server import HostServer
from iso_gateway.host.settings import HostSettings
from iso_gateway.net import clock
from iso_gateway.net.address import Address
from iso_gateway.protocol.protection import Exchange, Protection
from iso_gateway.security.keys import MacAlgorithm, MacMethod
from iso_gateway.terminal.client import converse
from iso_gateway.terminal.orders import LAST, Order, Verb
from iso_gateway.testing.clerk import Clerk, Leg, _Asked
from iso_gateway.testing.options import TerminalOptions

NOWHERE: Final = Address("127.0.0.1", 1)
PROTECTED: Final = {
    "iso87": Protection(mac=MacMethod(MacAlgorithm.X9_19)),
    "cup-pos": Protection(mac=MacMethod(MacAlgorithm.UNIONPAY_ECB), exchange=Exchange.UNIONPAY),
}
"""How the terminals of each set protect their messages."""
TIME_OUT: Final = 20.0
LATE: Final = 45.0


class CertifiedTerminal(Clerk):
    """Our terminal on a link of its own to a host in the same process, one connection for each request."""

    def __init__(self, server: HostServer, nursery: trio.Nursery, name: str = "TERM0001") -> None:
        settings = server.settings
        leg = Leg(NOWHERE, settings.spec, settings.framing, settings.protection)
        super().__init__(leg, TerminalOptions(terminal=name, timeout=TIME_OUT, reverse_first=True))
        self.memory.stan = 999_990  # so that it goes round
        self.server = server
        self._nursery = nursery

    async def _ask(self, message: Message, pin: str = "", *, for_keys: bool = False) -> _Asked:
        shield = self._shield()
        if for_keys and shield.keys_are_exchanged:
            message = shield.asking_for_keys(message)
        message = self.on_the_wire(shield.protected(self.before_the_mac(message), pin))
        ours, theirs = socket.socketpair()
        self._nursery.start_soon(self.server.carry, theirs, "till")
        answer, payload = await converse(ours, self._framing, self._dialect.spec, message, self.timeout)
        return _Asked(message, answer, shield, shield.doubt(message, answer, payload))

    def before_the_mac(self, message: Message) -> Message:
        """Return *message*, or for a terminal that is broken something else."""
        return message

    def on_the_wire(self, message: Message) -> Message:
        """Return the protected *message*, or for a terminal that is broken something else."""
        return message

    async def do(self, verb: str, amount: str = "", *, original: str = "", advice: bool = False) -> None:
        """Do what a clerk asks for; a later message is about the latest one unless *original* says otherwise."""
        about = original or (LAST if verb in {"void", "refund", "reversal", "complete", "cancel", "query"} else "")
        await self.perform(Order(Verb(verb), amount=amount, original=about, advice=advice))
        await trio.sleep(1)


Step = Callable[[CertifiedTerminal], Awaitable[object]]


def steps(name: str) -> list[Step]:
    """Return what a tester does for all cases of the set *name*, in their order."""
    cup = name == "cup-pos"

    def do(verb: str, amount: str = "", *, advice: bool = False) -> Step:
        return lambda terminal: terminal.do(verb, amount, advice=advice)

    def unanswered(kind: str) -> Step:
        """Return what has the next message of *kind* not answered, as ``iso-gateway fault add`` does."""

        async def misbehave(terminal: CertifiedTerminal) -> None:
            terminal.server.misbehave(standing_of("silence times=1", f"kind:{kind}"))

        return misbehave

    def settle(terminal: CertifiedTerminal) -> Awaitable[object]:
        return terminal.settle()

    again = (do("repeat"),)
    return [
        *(do("logon"), do("echo"), do("sale", "10.00"), do("sale", "10.51")),
        *(do("sale", "10.68"), do("sale", "11.00"), do("sale", "10.69"), do("sale", "11.00")),
        *(do("sale", "10.71"), do("sale", "11.00"), do("sale", "10.70"), do("sale", "11.00")),
        *(do("sale", "10.74"), do("sale", "11.00"), do("sale", "10.75"), do("sale", "11.00")),
        *(do("sale", "10.76"), do("sale", "11.00")),
        *(() if cup else (do("sale", "20.68"), do("repeat"))),
        *(do("sale", "15.00"), do("reversal")),
        *(do("sale", "12.00"), do("void"), do("sale", "13.00"), do("refund", "5.00")),
        *(do("preauth", "40.00"), do("complete", "34.00"), do("preauth", "41.00"), do("cancel")),
        *((do("preauth", "43.00"), do("complete", "37.00", advice=True)) if cup else ()),
        *(do("preauth", "42.00"), do("complete", "36.00"), do("cancel")),
        *(do("preauth", "40.68"), do("sale", "11.00"), do("advice", "8.80"), do("balance"), do("query")),
        *(do("sale", "16.00"), unanswered("void"), do("void"), do("sale", "11.00")),
        *(
            do("sale", "17.00"),
            unanswered("refund"),
            do("refund", "5.60"),
            *(again if cup else ()),
            do("sale", "11.00"),
        ),
        *(do("preauth", "44.00"), unanswered("preauth_cancel"), do("cancel"), do("sale", "11.00")),
        *(do("preauth", "45.00"), unanswered("completion" if cup else "completion_advice"), do("complete", "38.60")),
        *(*(() if cup else again), do("sale", "11.00")),
        *(
            do("preauth", "46.00"),
            do("complete", "39.00"),
            unanswered("completion_cancel" if cup else "void"),
            do("cancel"),
        ),
        do("sale", "11.00"),
        *(unanswered("advice"), do("advice", "9.90"), do("repeat"), do("sale", "11.00")),
        *(do("sale", "14.68"), unanswered("reversal"), do("sale", "11.00"), do("sale", "11.00")),
        *(do("sale", "10.81"), do("sale", "11.00"), do("sale", "10.82"), do("sale", "11.00"), do("sale", "10.83")),
        *((do("logon"), do("sale", "11.00")) if cup else ()),
        *(settle, do("logon"), do("sale", "10.67"), do("sale", "11.00"), settle),
    ]


async def certified(
    name: str, terminals: Callable[[HostServer, trio.Nursery], CertifiedTerminal] = CertifiedTerminal
) -> Report:
    """Put our terminal, or another one that *terminals* makes, through the set *name*; return what came of it."""
    spec = "cup-pos" if name == "cup-pos" else "iso87-ascii"
    settings = msgspec.structs.replace(HostSettings(), spec=spec, protection=PROTECTED[name], late_seconds=LATE)
    server = HostServer.of(settings)
    dialect = server.authorizer.dialect
    certification = Certification(dialect, certification_set(name, dialect.spec), settings.protection)
    server.judge = certification.judge
    async with trio.open_nursery() as nursery:
        terminal = terminals(server, nursery)
        for step in steps(name):
            await step(terminal)
        nursery.cancel_scope.cancel()
    return certification.report(clock.now())
