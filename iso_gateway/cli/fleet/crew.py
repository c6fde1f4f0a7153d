"""The terminals of a fleet, as the options say: names, first STANs, and the keys in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from iso_gateway.cli.protecting import option_of
from iso_gateway.errors import ConfigError, Problem

if TYPE_CHECKING:
    from datetime import datetime

    from iso_gateway.protocol.dialect import Dialect
    from iso_gateway.protocol.protection import Protection
    from iso_gateway.security.held import HeldKeys
    from iso_gateway.terminal.fleet.course import Course
    from iso_gateway.terminal.fleet.member import Member, Shielding
    from iso_gateway.terminal.fleet.purchases import Purchases
    from iso_gateway.terminal.records import Memory
    from iso_gateway.terminal.shield import Shield


class Crew(NamedTuple):
    """Who the terminals are."""

    dialect: Dialect
    first: str
    """The name of the first; the others are counted upward."""
    size: int
    """How many they are."""
    merchant: str
    protection: Protection
    keys: str
    """The file of keys; empty: the published ones."""
    pin: str = ""

    def course(self, purchases: Purchases, rate: float, wall: datetime) -> Course:
        """Return them, ready to begin at *wall*, for *rate* transactions a second together.

        Raises:
            ConfigError: a name does not fit, or a key is missing.
        """
        from iso_gateway.hsm.held_file import held_keys
        from iso_gateway.terminal.fleet.course import Course, names_from
        from iso_gateway.terminal.fleet.member import Member
        from iso_gateway.terminal.records import Memory
        from iso_gateway.terminal.scripts import Till

        held = held_keys(self.keys) if self.protection.keyed else None
        # So many STANs a second the clock must outrun, for the next fleet not to come upon those of this one.
        stan = first_stan(wall, rate / self.size)
        members = []
        for number, name in enumerate(names_from(self.first, self.size)):
            shielding = self._shielding(name, held)
            member = Member(number, self.dialect, Till(name, self.merchant), Memory(stan), shielding, purchases)
            member.pin = self.pin
            members.append(member)
        self._check_names(members)
        return Course(members)

    def _check_names(self, members: list[Member]) -> None:
        """Refuse names that do not fit their element: they would be cut, and another terminal's."""
        for option, de, name in (
            ("first-terminal", 41, members[-1].till.terminal),
            ("merchant", 42, self.merchant),
        ):
            field = self.dialect.spec.fields[de]
            if not name.isascii() or len(name) > field.max:
                raise ConfigError([Problem(option, f"DE {de} cannot carry {name!r}")])

    def _shielding(self, name: str, held: HeldKeys | None) -> Shielding:
        import secrets

        from iso_gateway.protocol.sealing import unusable
        from iso_gateway.security.held import OwnKeys
        from iso_gateway.terminal.shield import Shield, keys_now

        if held is None:
            plain = Shield(self.dialect, self.protection, OwnKeys())
            return lambda _memory: plain
        file = held.of(name)
        awaited = self.protection.exchange is not self.protection.exchange.NONE
        if problems := unusable(self.dialect.spec, self.protection, file, awaited=awaited):
            raise ConfigError([Problem(option_of(problem.path), problem.message) for problem in problems])

        def shielding(memory: Memory) -> Shield:
            return Shield(self.dialect, self.protection, keys_now(file, memory.keys), secrets.token_bytes, held.dukpt)

        return shielding


def first_stan(wall: datetime, rate: float) -> int:
    """Return the STAN after which a terminal begins at *wall* that sends *rate* messages a second.

    It is the clock's, which runs ten times a second, or twice as fast as the terminal where that is faster: so a run
    that follows another begins beyond the STANs of that one, which a host may hold to be repeats.
    """
    return int(wall.timestamp() * max(10, 2 * rate)) % 999_999
