"""The gateway from start to stop: listeners and links of a configuration, reload, drain, signals, admin socket."""

from __future__ import annotations

import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import trio

from iso_gateway.admin.places import socket_path
from iso_gateway.admin.server import serve_admin
from iso_gateway.errors import ConfigError, ModuleFailed, Problem, StoreError
from iso_gateway.gateway.app import Gateway
from iso_gateway.gateway.config import Config, LinkTo, ListenAt, load
from iso_gateway.gateway.lines import Lines
from iso_gateway.gateway.opening import module_for
from iso_gateway.gateway.protecting import key_problems, keyless
from iso_gateway.gateway.storing import opened
from iso_gateway.gateway.tls import new_in, warn
from iso_gateway.hsm.client import ModuleClient
from iso_gateway.net import clock
from iso_gateway.net.address import Address
from iso_gateway.net.collecting import collect_seldom
from iso_gateway.net.listener import serve
from iso_gateway.protocol import events
from iso_gateway.protocol.records import OPEN_DEBT, Row
from iso_gateway.protocol.session import State

IN_MEMORY: Final = "IN MEMORY: all that is owed is forgotten when this process ends; [journal] path names a file"


class Service:
    """A gateway with its listeners and links, which a reload may change."""

    def __init__(self, config: Config, lines: Lines, module: ModuleClient | None = None) -> None:
        """Wire up *config* and take its journal; its keys are those of *module*, or of the one that it names.

        Raises:
            ConfigError: the journal or its key cannot be used, or the security module cannot be had.
        """
        if module is None and config.file.security.key_store:
            module = module_for(
                config, lambda text: lines.write(clock.now().wall, "security module", {"cause": text}, "warning")
            )
        kept = opened(config)
        if kept.begun and config.journal is not None:
            # Where there was one, and its disk is not mounted or somebody removed it, this is the only sign of it.
            said = {"journal": str(config.journal.path), "cause": "a new file: nothing is known of what came before"}
            lines.write(clock.now().wall, "journal begun", said, "warning")
        self.gateway = Gateway(config, lines, kept, module)
        self.lines = lines
        self.bound: dict[str, Address] = {}
        """Where each listener really listens, by name."""
        self._listening: dict[str, tuple[ListenAt, trio.CancelScope]] = {}
        self._linked: dict[str, tuple[LinkTo, trio.CancelScope]] = {}
        self.ended = trio.Event()
        self._stopping = trio.Event()
        self._waiting = trio.CancelScope()
        """Around what a drain waits for."""
        self._nursery: trio.Nursery | None = None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run until ``stop`` was called and everything in flight is finished.

        Raises:
            ConfigError: a listener's address cannot be listened at.
            StoreError: the journal cannot be read or written.
        """
        try:
            async with trio.open_nursery() as nursery:
                await self._secure(nursery)
                self._nursery = await nursery.start(self.gateway.run)
                if self.gateway.securing.module is not None:
                    self.gateway.feed(self.gateway.securing.known())
                await self.gateway.operating.keep_dialects(self.gateway.config.setup)
                await self.gateway.operating.recover()
                for at in self.gateway.config.listeners:
                    await self._listen(at)
                for to in self.gateway.config.links:
                    self._link(to)
                nursery.start_soon(self._warn_daily)
                task_status.started()
                await self._stopping.wait()
                await self._drain()
                nursery.cancel_scope.cancel()
        finally:
            self.gateway.journaling.store.close()
        self.ended.set()

    async def _secure(self, nursery: trio.Nursery) -> None:
        """Start the security module, and make sure that its keys are those that the configuration wants.

        Raises:
            ConfigError: it cannot be started, or has other keys.
        """
        gateway, config = self.gateway, self.gateway.config
        try:
            await gateway.securing.start(nursery)
            await self._check_keys(config)
            if config.setup.sealing:
                await gateway.securing.check_seal(config, gateway.journaling.store)
        except ModuleFailed as error:
            raise config.wrong([Problem("security.key_store", str(error))]) from None

    async def _check_keys(self, config: Config, *, again: bool = False) -> None:
        """Learn of the keys of the module, and hold them against *config*.

        Raises:
            ConfigError: test keys where none may be, or some are missing.
            ModuleFailed: it does not tell.
        """
        infos = await self.gateway.securing.learn(again=again)
        if self.gateway.securing.module is not None and (problems := key_problems(config.file, config.setup, infos)):
            raise config.wrong(problems)
        for note in keyless(config.file, config.setup, infos) if self.gateway.securing.module is not None else ():
            self.lines.write(clock.now().wall, "terminals without keys", {"cause": note}, "warning")

    def stop(self, *, at_once: bool = False) -> None:
        """Begin to drain; *at_once*: and do not wait for what is in flight, whose outcome is then unknown."""
        self._stopping.set()
        if at_once:
            self._waiting.cancel()

    async def _warn_daily(self) -> None:
        """Say each day, from the first on, which certificates end soon."""
        while True:
            warn(self.gateway.config.tls, self.lines, clock.now().wall)
            await trio.sleep(86400)

    async def _listen(self, at: ListenAt) -> None:
        assert self._nursery is not None
        scope = trio.CancelScope()

        async def listen(*, task_status: trio.TaskStatus[Address]) -> None:
            with scope:
                await serve(
                    at.address,
                    partial(self.gateway.carry_terminal, at),
                    connections=self.gateway.config.file.limits.connections,
                    make_room=partial(self.gateway.make_room, at),
                    on_refused=partial(self.gateway.refused, at),
                    handler_nursery=self._nursery,
                    task_status=task_status,
                )

        self.bound[at.name] = await self._nursery.start(listen)
        self._listening[at.name] = (at, scope)

    def _link(self, to: LinkTo) -> None:
        assert self._nursery is not None
        scope = trio.CancelScope()

        async def keep() -> None:
            with scope:
                await self.gateway.keep_link(to)

        self._linked[to.name] = (to, scope)
        self._nursery.start_soon(keep)

    # Reload

    async def reload(self) -> list[str]:
        """Read the configuration file again and go by it; what did not change is not touched.

        Returns:
            What was changed, in words.

        Raises:
            ConfigError: the file is wrong, or a new address cannot be listened at; everything stays as it was.
            StoreError: the journal cannot keep a new dialect; everything stays as it was.
        """
        config = await trio.to_thread.run_sync(_loaded, self.gateway.config.path)
        await self._new_keys(config)
        await self.gateway.operating.keep_dialects(config.setup)
        added = [at for at in config.listeners if self._changed(at)]
        moved = [at for at in added if at.name in self._listening and self._listening[at.name][0].address == at.address]
        started: list[ListenAt] = []
        try:
            for at in added:
                if at not in moved:
                    await self._listen(at)
                    started.append(at)
        except ConfigError:
            for at in started:
                self._listening.pop(at.name)[1].cancel()
            raise
        said = [f"listener {at.name} {'changed' if at in moved else 'opened'} at {at.address}" for at in added]
        return said + await self._go_by(config, moved)

    async def _new_keys(self, config: Config) -> None:
        """Have the module read its key store again, and hold the keys against *config*.

        Raises:
            ConfigError: they do not fit, or cannot be read; or another module is wanted.
        """
        before = self.gateway.config.file
        if (config.file.security, config.file.journal.seal) != (before.security, before.journal.seal):
            said = "cannot change while the gateway runs; restart it, or put back what was there"
            raise config.wrong([Problem("security", f"[security] and [journal] seal {said}")])
        try:
            await self._check_keys(config, again=True)
            if self.gateway.securing.module is not None:
                self.gateway.feed(self.gateway.securing.known())
        except ModuleFailed as error:
            raise config.wrong([Problem("security.key_store", str(error))]) from None

    async def _go_by(self, config: Config, moved: list[ListenAt]) -> list[str]:
        """Close and open what the new *config* changes; return it in words."""
        said: list[str] = []
        names = {at.name for at in config.listeners}
        said += new_in(config.tls, self.gateway.config.tls)
        self.gateway.config = config
        self.gateway.securing.go_by(config.setup)
        warn(config.tls, self.lines, clock.now().wall)
        self.gateway.node.reload(config.setup, clock.now())
        for name in [name for name in self._listening if name not in names]:
            self._listening.pop(name)[1].cancel()
            self.bound.pop(name, None)
            said.append(f"listener {name} closed")
        for at in moved:
            self._listening.pop(at.name)[1].cancel()
            await trio.lowlevel.checkpoint()
            await self._listen(at)
        links = {to.name: to for to in config.links}
        for name, (to, scope) in list(self._linked.items()):
            if links.get(name) != to:
                scope.cancel()
                del self._linked[name]
                said.append(f"link {name} closed")
        for name, to in links.items():
            if name not in self._linked:
                await trio.lowlevel.checkpoint()
                self._link(to)
                said.append(f"link {name} opened to {to.address}")
        return said

    def _changed(self, at: ListenAt) -> bool:
        known = self._listening.get(at.name)
        return known is None or known[0] != at

    # Drain

    async def _drain(self) -> None:
        """Stop accepting, finish what is in flight and owed, sign off, close."""
        gateway = self.gateway
        for _, scope in self._listening.values():
            scope.cancel()
        said: dict[str, Any] = {"in_flight": len(gateway.node.flow.requests), "owed": len(gateway.node.owing)}
        self.lines.write(clock.now().wall, "draining", said)
        gateway.feed(events.DrainWanted())
        self._waiting.deadline = trio.current_time() + gateway.config.file.gateway.drain_timeout
        with self._waiting:
            await self._until(lambda: gateway.node.idle)
            await self._until(
                lambda: all(link.session.state is State.DOWN for link in gateway.node.links.links.values())
            )
        for request in list(gateway.node.flow.requests.values()):
            said = {
                "id": request.id,
                "terminal": request.terminal,
                "amount": request.amount,
                "state": str(request.state),
            }
            self.lines.write(clock.now().wall, "still open", said, "error")
        for row in self._still_owed():
            said = {"id": row.id, "terminal": row.terminal, "amount": row.amount, "reason": row.reason}
            self.lines.write(clock.now().wall, "still owed", said, "error")
        with trio.move_on_after(5):
            async with trio.open_nursery() as nursery:
                for connection in [*gateway.terminals.values(), *gateway.links.values()]:
                    nursery.start_soon(connection.aclose)
        gateway.tell_withheld()

    def _still_owed(self) -> list[Row]:
        """Return the rows with an open debt; where the journal cannot be read, say that nobody knows."""
        try:
            return self.gateway.journaling.store.in_states(OPEN_DEBT)
        except StoreError as error:
            said = {"cause": str(error), "count": len(self.gateway.node.owing)}
            self.lines.write(clock.now().wall, "still owed", said, "error")
            return []

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            await self.gateway.changed.wait()


def _say(lines: Lines, text: str) -> None:
    """Write what the security module has to say of itself."""
    lines.write(clock.now().wall, "security module", {"cause": text}, "warning")


def _loaded(path: Path) -> Config:
    """Return the configuration at *path*.

    Raises:
        ConfigError: it is wrong; or we are, which must not end what is running either.
    """
    try:
        return load(path)
    except ConfigError:
        raise
    except Exception as error:
        said = f"cannot be read, by a fault of this program ({type(error).__name__}); iso-gateway check shows it"
        raise ConfigError([Problem("", said)], str(path)) from error


def admin_verbs(service: Service) -> dict[str, Any]:
    """Return what the admin socket of a running gateway understands."""

    async def reload(_arguments: dict[str, Any]) -> dict[str, Any]:
        return {"changes": await _reload(service)}

    def drain(_arguments: dict[str, Any]) -> dict[str, Any]:
        service.stop()
        return {"in_flight": len(service.gateway.node.flow.requests)}

    return {
        "status": lambda _arguments: service.gateway.status(),
        "reload": reload,
        "drain": drain,
        "act": service.gateway.operating.act,
        **service.gateway.office.verbs(),
        **service.gateway.faulty.verbs(),
    }


async def _reload(service: Service) -> list[str]:
    """Reload, and log what became of it."""
    wall = clock.now().wall
    try:
        changes = await service.reload()
    except ConfigError as error:
        for problem in error.problems:
            service.lines.write(wall, "reload refused", {"cause": problem.at(error.source)}, "error")
        raise
    service.lines.write(wall, "reloaded", {"changes": "; ".join(changes) or "none"})
    return changes


async def run(config: Config, module: ModuleClient | None = None) -> None:
    """Run the gateway of *config* until SIGTERM or SIGINT, with its admin socket; SIGHUP reloads.

    Its keys are those of *module*, or of the one that the configuration names. A second SIGTERM or SIGINT waits no
    longer for what is in flight.

    Raises:
        ConfigError: an address or the admin socket cannot be had.
    """
    lines = Lines(sys.stderr, config.file.gateway.log_format)
    collect_seldom()
    try:
        await _run(config, lines, module)
    finally:
        lines.flush()


async def _run(config: Config, lines: Lines, module: ModuleClient | None) -> None:
    service = Service(config, lines, module)
    try:
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as received:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_obey, service, received)
                await nursery.start(service.run)
                await _announce(service, nursery)
                await service.ended.wait()
                nursery.cancel_scope.cancel()
    except* ConfigError as group:
        # One of them says enough, and it is what callers expect.
        raise _first(group) from None
    status = service.gateway.status()
    lines.write(clock.now().wall, "stopped", {"owed": status["owed"], "stuck": status["stuck"]})


def _first(group: BaseExceptionGroup[ConfigError]) -> ConfigError:
    """Return the first plain error in *group*."""
    inner = group.exceptions[0]
    return inner if isinstance(inner, ConfigError) else _first(inner)


async def _announce(service: Service, nursery: trio.Nursery) -> None:
    """Open the admin socket, then say that all is ready."""
    config = service.gateway.config
    chosen = config.file.gateway.admin_socket
    path = Path(chosen) if chosen else socket_path("run", service.bound[config.listeners[0].name].port)
    await nursery.start(serve_admin, path, admin_verbs(service))
    listening = ", ".join(f"{name} on {address}" for name, address in service.bound.items())
    journal = str(config.journal.path) if config.journal is not None else IN_MEMORY
    service.lines.write(clock.now().wall, "ready", {"listening": listening, "admin": str(path), "journal": journal})


async def _obey(service: Service, received: AsyncIterator[int]) -> None:
    """Do what the signals say."""
    told = False
    async for number in received:
        if number == signal.SIGHUP:
            with suppress(ConfigError):
                await _reload(service)
        else:
            service.stop(at_once=told)
            told = True
