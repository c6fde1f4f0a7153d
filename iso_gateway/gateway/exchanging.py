"""Key exchange as the edge carries it out: the module has kept a generation before the node hears of it (flows 2.8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from iso_gateway.gateway.keyring import Keyring, generation, giving, taking
from iso_gateway.protocol import commands, events
from iso_gateway.protocol.protection import Exchange, Material, Protection
from iso_gateway.security import commands as asked

if TYPE_CHECKING:
    from iso_gateway.gateway.guard import Module
    from iso_gateway.protocol.setup import Setup
    from iso_gateway.security.commands import Result, Results
    from iso_gateway.security.keys import KeyInfo

CHECK_BYTES: Final = {Exchange.UNIONPAY: 4}
"""The length of a check value that is sent, where it is not 3."""

Trouble = Callable[[str, str], None]
"""Told whose keys, and why nothing came of them."""


class Exchanging:
    """TakeKeys, GiveKeys and MarkKeys of a running gateway."""

    def __init__(
        self, module: Module, keyring: Keyring, feed: Callable[[events.Event], None], trouble: Trouble, setup: Setup
    ) -> None:
        self._module = module
        self._keyring = keyring
        self._feed = feed
        self._trouble = trouble
        self._protections: dict[str, Protection] = {}
        self.go_by(setup)

    def go_by(self, setup: Setup) -> None:
        """Know the legs of *setup*."""
        self._protections |= {name: leg.protection for name, leg in setup.legs.items()}

    def take(self, command: commands.TakeKeys) -> None:
        """Have keys that came imported, all of them or none -> KeysTaken."""
        protection = self._protections[command.leg]
        master = self._master(command.master)
        if master is None:
            self._not_taken(command, f"no key {command.master} to open them with")
            return
        change = taking(command.owner, protection, master.ref, command.material)
        lengths = [len(each.check_value) or _length(protection) for each in command.material]

        def done(results: Results) -> None:
            changed = results[0]
            if not isinstance(changed, asked.Changed):
                self._not_taken(command, _why(changed))
                return
            infos = self._kept(changed)
            self._check(infos, lengths, checked)

        def checked(infos: Sequence[KeyInfo], values: tuple[bytes, ...]) -> None:
            self._feed(events.KeysTaken(command.id, generation(command.owner, infos), values))

        self._module.submit((change,), done)

    def _not_taken(self, command: commands.TakeKeys, cause: str) -> None:
        self._trouble(command.owner, cause)
        self._feed(events.KeysTaken(command.id, None, (), cause))

    def give(self, command: commands.GiveKeys) -> None:
        """Have keys made, kept, and encrypted for the other side -> KeysGiven."""
        protection = self._protections[command.leg]
        master = self._master(command.master)
        if master is None:
            self._not_given(command, f"no key {command.master} to send them under")
            return
        wrapped: list[bytes] = []

        def done(results: Results) -> None:
            changed = results[0]
            if not isinstance(changed, asked.Changed):
                self._not_given(command, _why(changed))
                return
            wrapped.extend(each.wrapped for each in changed.results if isinstance(each, asked.Generated))
            infos = self._kept(changed)
            self._check(infos, [_length(protection)] * len(infos), checked)

        def checked(infos: Sequence[KeyInfo], values: tuple[bytes, ...]) -> None:
            if not values:
                self._not_given(command, "their check values could not be had")
                return
            material = tuple(map(Material, command.roles, wrapped, values))
            self._feed(events.KeysGiven(command.id, generation(command.owner, infos), material))

        self._module.submit((giving(command.owner, protection, master, command.roles),), done)

    def _not_given(self, command: commands.GiveKeys, cause: str) -> None:
        self._trouble(command.owner, cause)
        self._feed(events.KeysGiven(command.id, None, (), cause))

    def mark(self, command: commands.MarkKeys) -> None:
        """Have the key store know the state of a generation; nobody waits."""
        change = self._keyring.marking(command.owner, command.generation, command.state)
        if change is None:
            return

        def done(results: Results) -> None:
            changed = results[0]
            if isinstance(changed, asked.Changed):
                self._kept(changed)
            else:
                self._trouble(command.owner, f"generation {command.generation} not marked: {_why(changed)}")

        self._module.submit((change,), done)

    def _master(self, name: str) -> KeyInfo | None:
        usable = self._keyring.usable(name)
        return self._keyring.info(usable[0]) if usable else None

    def _kept(self, changed: asked.Changed) -> list[KeyInfo]:
        """Take in what the key store has now, and return it."""
        infos = [each.info for each in changed.results]
        self._keyring.take(infos)
        return infos

    def _check(
        self,
        infos: Sequence[KeyInfo],
        lengths: Sequence[int],
        then: Callable[[Sequence[KeyInfo], tuple[bytes, ...]], None],
    ) -> None:
        """Have the module say the check values of new keys; none where it does not."""
        batch = tuple(asked.CheckValue(info.ref, length) for info, length in zip(infos, lengths, strict=True))
        self._module.submit(batch, partial(_checked, infos, then))


def _checked(
    infos: Sequence[KeyInfo], then: Callable[[Sequence[KeyInfo], tuple[bytes, ...]], None], results: Results
) -> None:
    values = tuple(each.check_value for each in results if isinstance(each, asked.Checked))
    then(infos, values if len(values) == len(results) else ())


def _length(protection: Protection) -> int:
    return CHECK_BYTES.get(protection.exchange, 3)


def _why(result: Result) -> str:
    """Return why nothing came of it, in words without data."""
    if isinstance(result, asked.Refused):
        return f"{result.fault}: {result.reason}" if result.reason else str(result.fault)
    return "the security module answered something else"
