"""The gateway of the crash test: the real command on a real journal, started, killed and started again."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import trio

from iso_gateway.admin.client import ask
from iso_gateway.errors import AdminError, NoAnswer, NoConnection
from iso_gateway.gateway.store_key import write_store_key

CONFIG: Final = """
[gateway]
admin_socket = "{folder}/admin.sock"
drain_timeout = 10
[journal]
path = "journal.db"
[[listener]]
name = "counter"
address = "127.0.0.1:{port}"
[[terminals]]
ids = ["TERM0001..TERM{terminals:04}"]
merchant = "MERCHANT0000001"
[[acquirer]]
name = "bank"
links = ["127.0.0.1:{host}"]
host_timeout = 1.0
late_window = 5.0
reconnect_every = 0.2
repeat_after = 0.1
repeat_at_most = 0.5
"""
START: Final = 60.0
"""Seconds that a start or an end may take."""


class GatewayError(Exception):
    """The gateway did what it must not do, or did not do what it must."""


def free_port() -> int:
    """Return a port that was free a moment ago: the gateway is started on the same one again and again."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class Gateway:
    """One journal, and the processes that work on it one after the other."""

    def __init__(self, folder: Path, host: int, terminals: int, under: Sequence[str] = ()) -> None:
        """Write a configuration into *folder*; processes run under the command *under*."""
        self.port = free_port()
        self.log = folder / "gateway.log"
        self.socket = folder / "admin.sock"
        self.journal = folder / "journal.db"
        self.config = folder / "gateway.toml"
        self.config.write_text(CONFIG.format(folder=folder, port=self.port, host=host, terminals=terminals))
        key = folder / "journal.db.key"
        if not key.exists():
            write_store_key(key)
        self._under = under
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the command; it is not ready yet."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._under, sys.executable, "-m", "iso_gateway", "run", str(self.config)], stdout=log, stderr=log
            )

    async def ready(self) -> None:
        """Wait until a link takes money.

        Raises:
            GatewayError: the process ended, or took too long.
        """
        with trio.move_on_after(START):
            while self.alive():
                links = (await self.status()).get("links", {})
                if any(link["state"] == "up" for link in links.values()):
                    return
                await trio.sleep(0.02)
        raise GatewayError(f"the gateway did not get ready:\n{self.tail()}")

    async def status(self) -> dict[str, Any]:
        """Return what it says of itself; nothing where it does not answer."""
        try:
            return await ask(self.socket, "status", patience=5.0)
        except (NoConnection, NoAnswer, AdminError):
            return {}

    def alive(self) -> bool:
        """Return whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """End the process without a word.

        Raises:
            GatewayError: it had ended by itself.
        """
        if not self.alive() or self.process is None:
            raise GatewayError(f"the gateway ended by itself:\n{self.tail()}")
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    async def stop(self) -> None:
        """End the process in good order.

        Raises:
            GatewayError: it did not end, or not well.
        """
        assert self.process is not None
        try:
            await ask(self.socket, "drain")
            ended = await trio.to_thread.run_sync(self.process.wait, START)
        except (subprocess.TimeoutExpired, NoConnection, NoAnswer) as error:
            raise GatewayError(f"the gateway did not end: {error}\n{self.tail()}") from error
        if ended:
            raise GatewayError(f"the gateway ended with {ended}:\n{self.tail()}")

    def tail(self) -> str:
        """Return the last lines of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:]) if self.log.exists() else ""
