"""Who takes part in a simulated day: terminals and hosts of three dialects, and which of them talk to which."""

from __future__ import annotations

from datetime import UTC
from typing import Final, NamedTuple

from iso_gateway.catalog import load_profile, load_spec
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.protection import Protection
from iso_gateway.protocol.routing import Route
from iso_gateway.protocol.setup import Acquirer, Listener, Setup
from iso_gateway.security.keys import MacAlgorithm, MacMethod
from iso_gateway.terminal.result import for_terminals
from iso_gateway.terminal.scripts import Till


class Pair(NamedTuple):
    """Terminals of one dialect whose money goes to one host."""

    letter: str
    """What their names begin with."""
    listener: str
    host: str


PAIRS: Final = (
    Pair("A", "iso87", "bank87"),
    Pair("B", "cup", "union"),
    Pair("C", "iso87", "bank93"),
    Pair("D", "cup", "bank87"),
    Pair("E", "iso93", "bank93"),
    Pair("F", "iso87", "bank87"),
    Pair("G", "cup", "union"),
    Pair("H", "iso93", "bank87"),
)
"""In turn, from the first terminal on."""

LISTENERS: Final = {"iso87": "iso87-ascii", "cup": "cup-pos", "iso93": "iso93-ascii"}
HOSTS: Final = {"bank87": "iso87-ascii", "bank93": "iso93-ascii", "union": "cup-pos"}
KEYED: Final = Protection(mac=MacMethod(MacAlgorithm.X9_19))
LINKS: Final = 2
"""Of each host."""
MERCHANT: Final = "MERCHANT0000001"
HOST_TIMEOUT: Final = 30.0


class Member(NamedTuple):
    """One terminal of the fleet."""

    till: Till
    listener: str
    dialect: Dialect


class Fleet:
    """The specs, read once, and what is built of them."""

    def __init__(self) -> None:
        self._dialects = {name: _dialect(name) for name in dict.fromkeys([*LISTENERS.values(), *HOSTS.values()])}
        self._heard = {name: for_terminals(dialect) for name, dialect in self._dialects.items()}

    def host_dialect(self, host: str) -> Dialect:
        """Return what *host* speaks."""
        return self._dialects[HOSTS[host]]

    def terminal_dialect(self, name: str) -> Dialect:
        """Return the dialect of the shipped spec *name*, as terminals hear it."""
        return self._heard[name]

    def members(self, terminals: int) -> list[Member]:
        """Return the first *terminals* of the fleet."""
        return [
            Member(Till(f"{pair.letter}{number:07}", MERCHANT), pair.listener, self._heard[LISTENERS[pair.listener]])
            for number in range(1, terminals + 1)
            for pair in (PAIRS[(number - 1) % len(PAIRS)],)
        ]

    def setup(self, terminals: int) -> Setup:
        """Return the gateway's configuration for them."""
        members = self.members(terminals)
        listeners = {
            name: Listener(
                name,
                self._dialects[spec],
                {member.till.terminal: MERCHANT for member in members if member.listener == name},
                partial_approval=name == "iso87",
                protection=KEYED if name == "cup" else Protection(),
            )
            for name, spec in LISTENERS.items()
        }
        acquirers = {
            name: Acquirer(
                name,
                self._dialects[spec],
                tuple(f"{name}-{number}" for number in range(1, LINKS + 1)),
                UTC,
                host_timeout=HOST_TIMEOUT,
                protection=KEYED if name == "union" else Protection(),
            )
            for name, spec in HOSTS.items()
        }
        routes = tuple(Route(pair.host, terminal=(f"{pair.letter}*",)) for pair in PAIRS)
        return Setup(listeners, acquirers, routes)


def _dialect(name: str) -> Dialect:
    spec = load_spec(name)
    return Dialect(spec, load_profile(spec.profile))
