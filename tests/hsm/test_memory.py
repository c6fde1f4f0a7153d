"""The memory of the gateway's process: where the module is a process of its own, no key was ever in it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from iso_gateway.security import commands as c
from iso_gateway.security.keys import Derived, KeyForm, KeyRef, MacAlgorithm, MacMethod, PinFormat, Purpose, Usage
from tests.support import module_parent, module_process
from tests.support.module_keys import drawn_from_a_counter, held, several

PAN = "4761739001010010"
RETAIL = MacMethod(MacAlgorithm.X9_19)
KSN = bytes.fromhex("FFFF9876543210E00001")
SPEC = c.KeySpec("terminal/tpk", Usage.PIN, held("a", Usage.PIN).info.algorithm, 128, "terminal")
BATCH: c.Batch = (
    c.Protect(b"a message", KeyRef("terminal/mak", 2), RETAIL),
    c.VerifyMac((KeyRef("terminal/mak", 2), KeyRef("terminal/mak", 1)), RETAIL, b"a message", bytes(8)),
    c.Protect(b"a message", Derived(KeyRef("each/B0"), KSN, Purpose.MAC_ANSWER), RETAIL),
    c.TranslatePin(KeyRef("terminal/tpk"), PinFormat.ISO_0, KeyRef("acquirer/zpk"), PinFormat.ISO_0, bytes(8), PAN),
    c.EncryptData(KeyRef("each/D0"), b"data"),
    c.SealCard(PAN),
    c.GenerateKey(SPEC, KeyRef("each/K0"), KeyForm.ECB),
    c.ExportKey(KeyRef("each/P0"), KeyRef("each/K0"), KeyForm.CBC),
    c.ListKeys(),
)
ANSWERS = [
    *(c.Protected, c.Matched, c.Protected, c.Refused, c.Transformed, c.Sealed),
    *(c.Generated, c.Exported, c.Listed),
]


@contextmanager
def parent(kind: str) -> Iterator[subprocess.Popen[str]]:
    """Run a gateway's side of a module, which has carried out a batch."""
    command = [sys.executable, module_parent.__file__, kind, module_process.__file__]
    root = str(Path(module_parent.__file__).parents[2])
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": root}
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(BATCH).decode() + "\n")
        process.stdin.flush()
        results = msgspec.json.decode(process.stdout.readline(), type=c.Results)
        assert [type(result) for result in results] == [
            *(
                c.Protected,
                c.Matched,
                c.Protected,
                c.Refused,
                c.Transformed,
                c.Sealed,
                c.Generated,
                c.Exported,
                c.Listed,
            )
        ]
        yield process


def memory_of(pid: int) -> Iterator[bytes]:
    """Yield what the process *pid* can write to, a mapping at a time."""
    with Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text("ascii").splitlines():
            span, may, *_ = line.split()
            if may.startswith("rw") and not line.endswith("[vvar]"):
                start, end = (int(each, 16) for each in span.split("-"))
                memory.seek(start)
                yield memory.read(end - start)


def found_in(pid: int, secrets: list[bytes]) -> set[bytes]:
    """Return which of *secrets* are in the memory of *pid*, as they are or in hexadecimal."""
    found = set()
    for held_there in memory_of(pid):
        for secret in secrets:
            if any(form in held_there for form in (secret, secret.hex().encode(), secret.hex().upper().encode())):
                found.add(secret)
    return found


SECRETS = [bytes(key.value) for key in several()]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_no_key_is_in_the_process_of_the_gateway() -> None:
    with parent("own process") as process:
        assert found_in(process.pid, [*SECRETS, drawn_from_a_counter()(16)]) == set()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_where_the_module_is_in_it_the_search_finds_them() -> None:
    with parent("in process") as process:
        assert found_in(process.pid, SECRETS) == {*SECRETS}
