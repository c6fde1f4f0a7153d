"""The command as scripts see it, and a mock host in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from iso_gateway.cli import main

COMMAND = [sys.executable, "-c", "from iso_gateway.cli import main; main()"]
Call = Callable[..., Result]


@pytest.fixture
def iso_gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Return what calls the command in this process, with state and sockets in a folder of the test."""
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def call(*arguments: str, given: str | bytes | None = None, color: bool = False) -> Result:
        return CliRunner().invoke(
            main, list(arguments), input=given, prog_name="iso-gateway", catch_exceptions=False, color=color
        )

    return call


class HostProcess:
    """A running ``iso-gateway host``."""

    def __init__(self, process: subprocess.Popen[str], address: str, socket: Path) -> None:
        self.process = process
        self.address = address
        self.socket = socket

    def stop(self) -> int:
        """End it as an operator does, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    """Return a mock host at a free port."""
    with started(tmp_path_factory.mktemp("host")) as running:
        yield HostProcess(*running)


class started:  # noqa: N801 -- reads as what it does
    """Runs ``iso-gateway host`` for the length of a block."""

    def __init__(self, folder: Path, *more: str) -> None:
        folder.chmod(0o700)
        self._folder = folder
        self._more = more

    def __enter__(self) -> tuple[subprocess.Popen[str], str, Path]:
        self._process = subprocess.Popen(
            [*COMMAND, "host", "--port", "0", *self._more],
            env=os.environ | {"XDG_RUNTIME_DIR": str(self._folder)},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stderr is not None
        line = self._process.stderr.readline()
        ready = re.fullmatch(r"listening on (\S+) \(.*\), admin socket (\S+)\n", line)
        assert ready is not None, line
        return self._process, ready[1], Path(ready[2])

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        self._process.communicate(timeout=10)
