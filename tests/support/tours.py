"""Documentation that is run: a page's commands in order, what they print compared with what the page says.

A section (``## ``) is a tour of its own, in an empty folder. In it,

- a block ``console`` holds commands, each after ``$ ``. Lines below a command are what it prints, all of it, with
  ``...`` for what changes from run to run, in a line or for any number of lines; without such lines nothing is
  compared. ``# exit 1`` at a command's end is its exit code, otherwise 0.
- a command that ends in `` &`` runs beside the following ones; it is waited for until it says that it is listening.
  ``kill %1`` ends the first of them with SIGTERM, and what it printed since then is that command's output.
- a block after ``<!-- file: NAME -->`` is written to that file.
- ports from 9000 to 9099 stand for free ones.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final, NamedTuple

from click.testing import CliRunner

from iso_gateway.cli import main

PATIENCE: Final = 30.0
"""Seconds that anything may take."""
_FENCE: Final = re.compile(
    r"^(?:<!-- file: (?P<file>\S+) -->\n)?```(?P<kind>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)
_PORT: Final = re.compile(r"\b90\d\d\b")
_SHELL: Final = re.compile(r"[|<>;$`*]|&&")
PLUGIN: Final = "iso_gateway.testing.plugin"
PROGRAM: Final = f"{shlex.quote(sys.executable)} -m iso_gateway"


class Step(NamedTuple):
    """One command of a page."""

    command: str
    output: str
    """What the page says that it prints; empty: nothing is said."""
    code: int


class Place(NamedTuple):
    """A file that the page gives."""

    name: str
    text: str


class Section(NamedTuple):
    """A tour of its own."""

    title: str
    steps: list[Step | Place]


def sections(page: str) -> list[Section]:
    """Return the sections of *page* that have something to run."""
    found: list[Section] = []
    for part in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        steps: list[Step | Place] = []
        for block in _FENCE.finditer(part):
            if block["file"]:
                steps.append(Place(block["file"], block["body"]))
            elif block["kind"] == "console":
                steps += _steps(block["body"])
        if steps:
            found.append(Section(part.partition("\n")[0], steps))
    return found


def _steps(body: str) -> Iterator[Step]:
    for chunk in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, _, output = chunk.replace("\\\n", " ").partition("\n")
        command, _, code = command.partition("# exit ")
        yield Step(command.strip(), output.strip("\n"), int(code or 0))


class Tour:
    """One section under way in *folder*."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self._beside: list[_Beside] = []
        self._ports: dict[str, str] = {}

    def take(self, step: Step | Place) -> None:
        """Carry out *step*; AssertionError where it is not as the page says."""
        if isinstance(step, Place):
            (self.folder / step.name).write_text(self._with_ports(step.text))
            return
        command = self._with_ports(step.command)
        if command.endswith(" &"):
            self._beside.append(_Beside(command[:-2], self.folder, self.environment))
            code, output = 0, self._beside[-1].ready()
        elif ended := re.fullmatch(r"kill %(\d)", command):
            code, output = self._beside[int(ended[1]) - 1].end()
        else:
            code, output = self._run(command)
        assert code == step.code, f"$ {step.command}\nexit {code}, {step.code} expected\n{output}"
        expected = self._with_ports(step.output)
        assert alike(expected, output), f"$ {step.command}\nprinted:\n{output}\nthe page says:\n{expected}"

    def end(self) -> None:
        """End what still runs."""
        for beside in self._beside:
            beside.kill()

    def _with_ports(self, text: str) -> str:
        return _PORT.sub(lambda found: self._ports.setdefault(found[0], str(_free_port())), text)

    def _run(self, command: str) -> tuple[int, str]:
        """Run a plain ``iso-gateway`` in this process, anything else in a shell."""
        if command.startswith("iso-gateway ") and not _SHELL.search(command):
            done = CliRunner().invoke(main, shlex.split(command)[1:], prog_name="iso-gateway", catch_exceptions=False)
            return done.exit_code, done.output
        ran = subprocess.run(
            ["bash", "-c", _as_shell(command)], cwd=self.folder, env=self.environment, timeout=PATIENCE, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        return ran.returncode, ran.stdout


class _Beside:
    """A command that runs beside the others."""

    def __init__(self, command: str, folder: Path, environment: dict[str, str]) -> None:
        self._log = folder / f".beside-{time.monotonic_ns()}"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["bash", "-c", f"exec {_as_shell(command)}"], cwd=folder, env=environment, stdout=log,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        self._seen = 0

    def ready(self) -> str:
        """Wait until it listens; return what it said until then."""
        until = time.monotonic() + PATIENCE  # noqa: TID251 -- another process is waited for
        while "listening" not in (said := self._log.read_text()):
            assert self._process.poll() is None, f"it ended before it listened:\n{said}"
            assert time.monotonic() < until, f"it does not listen:\n{said}"  # noqa: TID251
            time.sleep(0.02)  # noqa: TID251
        self._seen = len(said)
        return said

    def end(self) -> tuple[int, str]:
        """Ask it to end; return its exit code and what it said since it was ready."""
        self._process.terminate()
        code = self._process.wait(PATIENCE)
        return code, self._log.read_text()[self._seen :]

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def alike(expected: str, printed: str) -> bool:
    """Say whether *printed* is what *expected* says, where ``...`` is anything, and so are spaces at ends of lines."""
    if not expected:
        return True
    pattern = ""
    for line in expected.splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*?".join(re.escape(piece) for piece in line.rstrip().split("...")) + r"[ ]*\n"
    text = "\n".join(line.rstrip() for line in printed.strip("\n").splitlines()) + "\n"
    return re.fullmatch(pattern, text) is not None


def _as_shell(command: str) -> str:
    command = re.sub(r"(^|[|;&(] *)iso-gateway ", rf"\1{PROGRAM} ", command)
    return re.sub(r"^pytest ", f"{_pytest()} ", command)


def _pytest() -> str:
    """Return the command of pytest with our plugin, also where the package was installed before it had one."""
    found = any(each.value == PLUGIN for each in entry_points(group="pytest11"))
    return f"{shlex.quote(sys.executable)} -m pytest{'' if found else f' -p {PLUGIN}'}"


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def environment_of(folder: Path) -> dict[str, str]:
    """Return an environment in which state and sockets lie in *folder*."""
    for name in ("run", "state", "home"):
        (folder / name).mkdir(mode=0o700)
    own = {"XDG_RUNTIME_DIR": "run", "XDG_STATE_HOME": "state", "HOME": "home"}
    return {**os.environ, "COLUMNS": "100", **{key: str(folder / name) for key, name in own.items()}}
