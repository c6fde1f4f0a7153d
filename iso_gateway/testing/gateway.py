"""``iso_gw``: a gateway between the test's terminals and its host."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any, Final

import trio

from iso_gateway.errors import ConfigError, Problem
from iso_gateway.gateway.config import load
from iso_gateway.gateway.lines import Lines
from iso_gateway.gateway.service import Service
from iso_gateway.host.settings import HostSettings
from iso_gateway.net.address import Address
from iso_gateway.testing.background import PATIENCE, Background
from iso_gateway.testing.clerk import Leg
from iso_gateway.testing.host import Host
from iso_gateway.testing.options import GatewayOptions

LISTENER: Final = "terminals"
ACQUIRER: Final = "iso_host"
_NO_KEYS: Final = "this gateway has no keys, and iso_host has mac or pin_format: iso_terminal alone can reach it"
_NUMBERED: Final = frozenset(f"TERM{number:04}" for number in range(1, 100))


class Gateway:
    """A gateway with one listener and one link, which goes to the test's host; its journal is in memory."""

    def __init__(self, background: Background, options: GatewayOptions, host: Host, terminal: str) -> None:
        """Start it, and wait until its link is up.

        Args:
            background: where it runs.
            options: what the test wants of it.
            host: the test's host.
            terminal: the id of the test's terminal; TERM0001 to TERM0099 may send as well.

        Raises:
            ConfigError: the options do not make a configuration, or the host wants MACs or PIN blocks.
            RuntimeError: the link does not come up.
        """
        if host.settings.protection.keyed:
            raise ConfigError([Problem("", _NO_KEYS)])
        self._background = background
        self._log = StringIO()
        with tempfile.TemporaryDirectory(prefix="iso-gw-") as folder:
            path = Path(folder) / "gateway.toml"
            path.write_text(_configuration(options, host.settings, host.address, terminal), "utf-8")
            config = load(path)
        table = config.file.listeners[0]
        self._speech = table.spec, table.framing
        self._service = background.call(lambda: Service(config, Lines(self._log)))
        background.keep(self._service.run).result(PATIENCE)
        self._until(lambda: self._link_state() == "up", "the gateway's link to iso_host does not come up")

    def __repr__(self) -> str:
        return f"<Gateway at {self.address}>"

    @property
    def address(self) -> Address:
        """Where terminals connect: ``(host, port)``."""
        return self._service.bound[LISTENER]

    @property
    def port(self) -> int:
        """The port at 127.0.0.1 where terminals connect."""
        return self.address.port

    @property
    def leg(self) -> Leg:
        """How terminals speak to it."""
        return Leg(self.address, *self._speech)

    @property
    def log(self) -> str:
        """What it has logged so far, a line for each event."""
        return self._background.call(self._log_text)

    def _log_text(self) -> str:
        self._service.lines.flush()
        return self._log.getvalue()

    def owed(self) -> list[dict[str, Any]]:
        """Return what is owed to the host, as ``iso-gateway owed --json`` lists it, the oldest first."""
        verbs = self._service.gateway.office.verbs()
        said: dict[str, Any] = self._background.begin(lambda: verbs["owed"]({})).result(PATIENCE)
        rows: list[dict[str, Any]] = said["owed"]
        return rows

    def settled(self, timeout: float = PATIENCE) -> None:
        """Wait until nothing is owed any more.

        Raises:
            RuntimeError: something still is after *timeout* seconds, or is stuck: a host refused to settle it, and
                nobody knows where the money is until an operator acts.
        """
        self._until(lambda: not self._service.gateway.node.owing.debts, "the gateway still owes", timeout)
        stuck = [row for row in self.owed() if row["state"] == "stuck"]
        if stuck:
            rows = "; ".join(f"{row['amount_text']}, {row['kind']} {row['id']}: {row['reason_text']}" for row in stuck)
            raise RuntimeError(f"stuck: {rows}")

    def status(self) -> dict[str, Any]:
        """Return what ``iso-gateway status --json`` says."""
        said: dict[str, Any] = self._background.call(self._service.gateway.status)
        return said

    def _link_state(self) -> str:
        (link,) = self._service.gateway.node.links.links.values()
        return str(link.session.state)

    def _until(self, holds: Callable[[], bool], otherwise: str, timeout: float = PATIENCE) -> None:
        async def wait() -> None:
            with trio.fail_after(timeout):
                while not holds():
                    await self._service.gateway.changed.wait()

        try:
            self._background.begin(wait).result()
        except trio.TooSlowError:
            raise RuntimeError(f"{otherwise} after {timeout:g} s; its log:\n{self.log}") from None


def _configuration(options: GatewayOptions, host: HostSettings, at: Address, terminal: str) -> str:
    """Return the gateway's file."""
    same = options.spec in ("", host.spec)
    ids = ["TERM0001..TERM0099"]
    tables: list[tuple[str, dict[str, Any]]] = [
        (
            "[[listener]]",
            {
                "name": LISTENER,
                "address": "127.0.0.1:0",
                "spec": options.spec or host.spec,
                "framing": options.framing or (host.framing if same else "2be"),
                "partial_approval": options.partial_approval,
            },
        ),
        ("[[terminals]]", {"ids": ids if terminal in _NUMBERED else [*ids, terminal]}),
        (
            "[[acquirer]]",
            {
                "name": ACQUIRER,
                "links": [str(at)],
                "spec": host.spec,
                "framing": host.framing,
                "host_timeout": options.host_timeout,
                "sign_on": options.sign_on,
                "settlement": options.settlement,
                "echo_every": 0,
                "reconnect_every": 0.05,
                "repeat_after": 0.05,
            },
        ),
    ]
    return "\n".join("\n".join([head, *(_line(*pair) for pair in table.items())]) for head, table in tables)


def _line(key: str, value: Any) -> str:
    """Return a setting; what JSON calls a text, a number or a list of them, TOML does too."""
    return f"{key} = {json.dumps(value)}"
