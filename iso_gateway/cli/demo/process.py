"""The demo's gateway: a process of its own on a journal in a file, so that it can be killed and started again."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import trio

from iso_gateway.admin.client import ask
from iso_gateway.cli.demo.keys import HOST, KEY_STORE, UNLOCK, write_key_store
from iso_gateway.errors import NoConnection
from iso_gateway.gateway.config import load
from iso_gateway.gateway.store_key import write_store_key
from iso_gateway.gateway.storing import opened
from iso_gateway.net.address import Address
from iso_gateway.protocol.protection import Exchange, Protection
from iso_gateway.protocol.records import Row, RowState

CONFIG: Final = """\
[gateway]
admin_socket = "{folder}/gateway.sock"

[journal]
path           = "journal.db"
store_key_file = "journal.db.key"

[security]
key_store = "{key_store}"
unlock    = "file:{folder}/{unlock}"
{listeners}
[[terminals]]
ids      = ["TERM0001..TERM0099"]
merchant = "MERCHANT0000001"

[[acquirer]]
name           = "bank"
links          = ["{host}"]
spec           = "iso87-ascii"
host_timeout   = 0.8
repeat_after   = 0.2
repeat_at_most = 1
{protection}"""

LISTENER: Final = """
[[listener]]
name    = "{0}"
address = "127.0.0.1:0"
spec    = "{1}"
framing = "{2}"
{3}"""

PATIENCE: Final = 20.0
"""Seconds that any step of the demo may take; most take a few thousandths."""
_PAUSE: Final = 0.02
_LISTENING: Final = re.compile(r"(\w+) on (127\.0\.0\.1:\d+)")


def _settings(protection: Protection) -> str:
    """Return the lines that say of a leg how it is protected, with test keys."""
    assert protection.mac is not None
    said = {"mac": protection.mac.algorithm, "pin": protection.pin, "ksn": protection.ksn, "bdk": protection.base}
    if protection.exchange is not Exchange.NONE:
        said |= {"key_exchange": protection.exchange, "master_key": protection.master}
    lines = [f'{name} = "{value}"' for name, value in said.items() if value]
    return "\n".join([*lines, "test = true", ""])


class GatewayProcess:
    """``iso-gateway run`` in a folder of its own."""

    def __init__(self, folder: Path, host: Address, listeners: dict[str, tuple[str, str, Protection]]) -> None:
        """Write its configuration and its keys.

        Args:
            folder: where configuration, journal, keys and log are.
            host: the acquirer's.
            listeners: spec, framing and protection of each, by name.
        """
        self.bound: dict[str, Address] = {}
        """Where each listener is."""
        self._folder = folder
        self._config = folder / "gateway.toml"
        self._log = folder / "gateway.log"
        self._socket = folder / "gateway.sock"
        written = "".join(
            LISTENER.format(name, spec, framing, _settings(protection))
            for name, (spec, framing, protection) in listeners.items()
        )
        text = CONFIG.format(
            folder=folder,
            key_store=KEY_STORE,
            unlock=UNLOCK,
            listeners=written,
            host=host,
            protection=_settings(HOST),
        )
        self._config.write_text(text, encoding="utf-8")
        write_key_store(folder)
        write_store_key(folder / "journal.db.key")
        self._process: trio.Process | None = None

    async def start(self) -> None:
        """Start it, and wait until its link to the host is up.

        Raises:
            NoConnection: it does not come up; with the end of its log.
        """
        with self._log.open("wb") as log:
            command = [sys.executable, "-m", "iso_gateway", "run", str(self._config)]
            self._process = await trio.lowlevel.open_process(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log
            )
        await self._until(self._is_up, "come up")
        ready = next(line for line in self._log.read_text("utf-8").splitlines() if " ready: " in line)
        self.bound = {name: Address.parse(at) for name, at in _LISTENING.findall(ready)}

    async def kill(self) -> None:
        """End it by SIGKILL, where it stands."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> None:
        """End it as an operator does, whatever else is going on; and if it will not end, by force."""
        if self._process is None:
            return
        self._process.terminate()
        with trio.move_on_after(PATIENCE) as waited:
            waited.shield = True
            await self._process.wait()
        if waited.cancelled_caught:
            self._process.kill()

    async def owed(self) -> list[dict[str, Any]]:
        """Return what is owed: the debts that it pays by itself."""
        said = await ask(self._socket, "owed")
        return [debt for debt in said["owed"] if debt["state"] == "owed"]

    async def settled(self) -> None:
        """Wait until nothing is owed any more."""

        async def nothing() -> bool:
            return not await self.owed()

        await self._until(nothing, "settle its debts")

    def rows(self) -> list[Row]:
        """Return all that the journal of a stopped gateway has."""
        journal = opened(load(self._config)).journal
        try:
            return journal.in_states(frozenset(RowState))
        finally:
            journal.close()

    async def _is_up(self) -> bool:
        try:
            said = await ask(self._socket, "status")
        except NoConnection:
            return False
        return all(link["state"] == "up" for link in said["links"].values())

    async def _until(self, holds: Callable[[], Awaitable[bool]], what: str) -> None:
        """Wait until *holds*.

        Raises:
            NoConnection: the process ended, or it takes too long.
        """
        assert self._process is not None
        with trio.move_on_after(PATIENCE):
            while self._process.poll() is None:
                if await holds():
                    return
                await trio.sleep(_PAUSE)
        end = self._log.read_text("utf-8", "replace").splitlines()[-3:]
        raise NoConnection(f"the demo's gateway does not {what}: {' | '.join(end)}")
