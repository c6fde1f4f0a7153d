"""The processes of the shop: a mock host, wires that are listened to, a gateway with a key store, and their files."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from leaks.canaries import Canaries

KEYS: Final = [
    *("acquirer/bank/master", "acquirer/bank/mac", "acquirer/bank/pin"),
    *("terminal/{mark}/master", "terminal/{mark}/mac", "terminal/{mark}/pin", "bdk/fleet"),
]
"""The keys of the shop, by their names in the store."""
START: Final = 30.0
"""Seconds that a process may take to start, and to end."""

CONFIG: Final = """
[gateway]
admin_socket = "{folder}/admin.sock"
log_format = "{log}"
drain_timeout = 5
[security]
key_store = "keys.store"
unlock = "file:{folder}/secret"
[journal]
path = "journal.db"
seal = "module"
[[listener]]
name = "counter"
address = "127.0.0.1:{port}"
mac = "x9.19"
pin = "iso-0"
test = true
[[terminals]]
ids = ["{mark}"]
merchant = "MERCHANT0000001"
[[acquirer]]
name = "bank"
links = ["127.0.0.1:{host}"]
mac = "x9.19"
pin = "iso-0"
test = true
host_timeout = 1.0
reconnect_every = 0.2
repeat_after = 0.2
repeat_at_most = 0.5
"""
HOST_KEYS: Final = """
[zone]
master = "{acquirer/bank/master}"
mac = "{acquirer/bank/mac}"
pin = "{acquirer/bank/pin}"
[terminal]
master = "{terminal/master}"
mac = "{terminal/mac}"
pin = "{terminal/pin}"
[dukpt]
tdes = "{bdk/fleet}"
"""


class ShopError(Exception):
    """A process did not do what it must for the search to be worth anything."""


class Shop:
    """All of it in one folder."""

    def __init__(self, folder: Path, canaries: Canaries) -> None:
        self.folder = folder
        self.canaries = canaries
        self.port, self.bank, self._counter, self._host = (_free_port() for _ in range(4))
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = {**os.environ, "ISO_GATEWAY_LEAKS": canaries.mark}
        self._printed = folder / "printed"

    @property
    def printed(self) -> Path:
        """What commands have printed."""
        return self._printed

    def start(self) -> None:
        """Make the key store, and start all but the gateway."""
        secret = self.folder / "secret"
        secret.write_text(f"{self.canaries.passphrase}\n")
        secret.chmod(0o600)
        store = ("--store", str(self.folder / "keys.store"), "--unlock", f"file:{secret}")
        self.command("keys", "init", *store, "--passphrase", "--test")
        for name, key in self.canaries.keys.items():
            other = bytes(range(1, 17))
            components = [bytes(one ^ two for one, two in zip(key, other, strict=True)), other]
            self.command(
                *("keys", "import", name, *store, "--components", "2"),
                given="".join(f"{each.hex()}\n" for each in components),
            )
        by_role = {name.replace(f"/{self.canaries.mark}", ""): key.hex() for name, key in self.canaries.keys.items()}
        text = HOST_KEYS
        for name, digits in by_role.items():
            text = text.replace(f"{{{name}}}", digits)
        self.host_keys.write_text(text)
        host = ("host", "--port", str(self._host), "--keys", str(self.host_keys), "--keys-of", "zone")
        self._begin("host", *host, "--mac", "x9.19", "--pin-format", "iso-0", "--log-format", "json", "--late", "2")
        self._wire("bank", self.bank, self._host)
        self._wire("counter", self.port, self._counter)
        self._until(lambda: b"ready" in self.log("host").read_bytes(), "the host did not start")

    @property
    def host_keys(self) -> Path:
        """The mock host's and the terminals' keys, in clear: test tools have them so."""
        return self.folder / "host-keys.toml"

    @property
    def socket(self) -> Path:
        """The gateway's admin socket."""
        return self.folder / "admin.sock"

    def open(self, log: str) -> None:
        """Start the gateway, with a log in the form *log*, and wait until its link is up."""
        (self.folder / "gateway.toml").write_text(
            CONFIG.format(folder=self.folder, log=log, port=self._counter, host=self.bank, mark=self.canaries.mark)
        )
        self._begin("gateway", "run", str(self.folder / "gateway.toml"))
        self._until(self._is_up, "the gateway's link did not come up")

    def log(self, name: str) -> Path:
        """Return where the process *name* writes its log."""
        return self.folder / f"{name}.log"

    def command(self, *arguments: str, given: str = "", fine: Sequence[int] = (0,)) -> str:
        """Run ``iso-gateway`` with *arguments*, keep what it prints, and return it.

        Raises:
            ShopError: it ended with none of *fine*.
        """
        done = subprocess.run(
            [sys.executable, "-m", "iso_gateway", *arguments],
            input=given.encode(),
            capture_output=True,
            check=False,
            timeout=START,
            cwd=self.folder,
            env=self.environment,
        )
        with self._printed.open("ab") as kept:
            kept.write(done.stdout + done.stderr)
        if done.returncode not in fine:
            raise ShopError(f"iso-gateway {arguments[0]} ended with {done.returncode}:\n{done.stderr.decode()[-800:]}")
        return done.stdout.decode()

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> None:
        """End the process *name*."""
        process = self.running.pop(name)
        process.send_signal(how)
        process.wait(START)

    def close(self) -> None:
        """End all that runs."""
        for name in list(self.running):
            self.kill(name)

    def _begin(self, name: str, *arguments: str) -> None:
        with self.log(name).open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "iso_gateway", *arguments],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                env=self.environment,
            )

    def _wire(self, name: str, port: int, to: int) -> None:
        capture = self.folder / f"{name}.wire"
        relay = [sys.executable, "-m", "leaks.relay", str(port), f"127.0.0.1:{to}", str(capture)]
        self.running[f"wire of the {name}"] = subprocess.Popen(relay, cwd=Path(__file__).parent.parent)
        self._until(capture.exists, f"the wire of the {name} was not laid")

    def _is_up(self) -> bool:
        said = self.command("status", "--socket", str(self.socket), "--json", fine=(0, 1, 3, 4))
        links: dict[str, Any] = json.loads(said).get("links", {}) if said else {}
        return any(link["state"] == "up" for link in links.values())

    def _until(self, holds: Any, otherwise: str) -> None:
        """Wait until *holds*.

        Raises:
            ShopError: it never does.
        """
        end = time.monotonic() + START
        while time.monotonic() < end:
            if holds():
                return
            for name, process in self.running.items():
                if process.poll() is not None:
                    raise ShopError(f"{otherwise}: {name} ended by itself:\n{self.log(name).read_text()[-800:]}")
            time.sleep(0.05)
        raise ShopError(otherwise)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
