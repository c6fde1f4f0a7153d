"""The processes of the shop: a mock host, wires that are listened to, a gateway with a key store, and their files."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.keys import KeyAlgorithm
from leaks.canaries import Canaries

KEYS: Final = [
    *("acquirer/bank/master", "acquirer/bank/mac", "acquirer/bank/pin"),
    *("terminal/{mark}A/master", "terminal/{mark}A/mac", "terminal/{mark}A/pin", "bdk/fleet"),
    "terminal/{mark}U/master",
]
"""The keys of the shop, by their names in the store."""
LISTENERS: Final = {
    "counter": ["--mac", "x9.19"],
    "union": ["--spec", "cup-pos", "--framing", "2be+tpdu", "--mac", "unionpay-ecb", "--exchange", "unionpay"],
    "derived": ["--mac", "x9.19", "--ksn", "62"],
}
"""The listeners, and how `send` speaks to each."""
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
address = "127.0.0.1:{counter}"
mac = "x9.19"
pin = "iso-0"
test = true
[[listener]]
name = "union"
address = "127.0.0.1:{union}"
spec = "cup-pos"
framing = "2be+tpdu"
mac = "unionpay-ecb"
pin = "iso-0"
key_exchange = "unionpay"
test = true
[[listener]]
name = "derived"
address = "127.0.0.1:{derived}"
mac = "x9.19"
pin = "iso-0"
ksn = "62"
bdk = "bdk/fleet"
test = true
[[terminals]]
ids = ["{mark}A", "{mark}U"]
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
master = "{terminal/markA/master}"
mac = "{terminal/markA/mac}"
pin = "{terminal/markA/pin}"
[terminals.U]
master = "{terminal/markU/master}"
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
        self.bank, self._host = _free_port(), _free_port()
        self.ports = {name: _free_port() for name in LISTENERS}
        """Where terminals find each listener: at the near end of a wire that is listened to."""
        self._behind = {name: _free_port() for name in LISTENERS}
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
        keys = {name.replace(self.canaries.mark, "mark"): key.hex() for name, key in self.canaries.keys.items()}
        text = HOST_KEYS.replace("[terminals.U]", f"[terminals.{self.terminal('union')}]")
        for name, digits in keys.items():
            text = text.replace(f"{{{name}}}", digits)
        self.host_keys.write_text(text)
        host = ("host", "--port", str(self._host), "--keys", str(self.host_keys), "--keys-of", "zone")
        self._begin("host", *host, "--mac", "x9.19", "--pin-format", "iso-0", "--log-format", "json", "--late", "2")
        self._wire("bank", self.bank, self._host)
        for name in LISTENERS:
            self._wire(name, self.ports[name], self._behind[name])
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
        said = {"folder": str(self.folder), "log": log, "host": self.bank, "mark": self.canaries.mark, **self._behind}
        (self.folder / "gateway.toml").write_text(CONFIG.format(**said))
        self._begin("gateway", "run", str(self.folder / "gateway.toml"))
        self._until(self._is_up, "the gateway's link did not come up")

    def state(self, listener: str) -> Path:
        """Return where the terminal at *listener* keeps what it remembers."""
        return self.folder / f"{listener}.state"

    def terminal(self, listener: str) -> str:
        """Return the id of the terminal at *listener*."""
        return f"{self.canaries.mark}{'U' if listener == 'union' else 'A'}"

    def session_keys(self) -> dict[str, bytes]:
        """Return the keys that the terminal was given at its sign-on, which are nowhere in clear but in the module."""
        notes = json.loads(self.state("union").read_text())
        master = BlockCipher(KeyAlgorithm.TDES, self.canaries.keys[f"terminal/{self.terminal('union')}/master"])
        found: dict[str, bytes] = {}
        for wrapped in wrapped_in(notes):
            found[f"session {len(found)}"] = master.decrypt(wrapped)
        return found

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


def wrapped_in(notes: object) -> Iterator[bytes]:
    """Yield the session keys that the terminal's state *notes*, as they came."""
    if isinstance(notes, dict):
        if isinstance(notes.get("wrapped"), str):
            yield bytes.fromhex(notes["wrapped"])
        notes = list(notes.values())
    if isinstance(notes, list):
        for each in notes:
            yield from wrapped_in(each)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
