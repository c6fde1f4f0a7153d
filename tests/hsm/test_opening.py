"""A module over a key store on disk, in its own process and inside: how it is unlocked, and what it keeps."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from iso_gateway.errors import KeyStoreError, ModuleFailed
from iso_gateway.hsm.client import ModuleClient
from iso_gateway.hsm.key_store import KeyStore
from iso_gateway.hsm.master_key import Components, MasterKey, Passphrase, from_passphrase
from iso_gateway.hsm.opening import inside, own_process
from iso_gateway.hsm.process import typed_at
from iso_gateway.security import commands as c
from iso_gateway.security.keys import KeyAlgorithm, KeyRef, KeyState, MacAlgorithm, MacMethod, Usage
from tests.support.module_keys import held

MASTER = bytes(range(32))
WORDS = b"a passphrase of a test"
RETAIL = MacMethod(MacAlgorithm.X9_19)
MAKE = c.Protect(b"a", KeyRef("mak"), RETAIL)
SPEC = c.KeySpec("mak", Usage.MAC_3, KeyAlgorithm.TDES, 128, "mak", state=KeyState.ACTIVE)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with one key, beside a file with its master key."""
    path = tmp_path / "keys.store"
    made = KeyStore.create(path, MasterKey(bytearray(MASTER)), Components(1))
    made.change([held("mak", Usage.MAC_3)], [])
    made.close()
    secret = tmp_path / "master"
    secret.write_text(MASTER.hex())
    secret.chmod(0o600)
    return path


def unlock(store: Path) -> str:
    return f"file:{store.with_name('master')}"


@asynccontextmanager
async def running(ours: ModuleClient) -> AsyncIterator[c.Health]:
    async with trio.open_nursery() as nursery:
        yield await nursery.start(ours.run)
        ours.close()


async def asked(ours: ModuleClient, *batch: c.Command) -> c.Results:
    over = trio.Event()
    answers: list[c.Results] = []

    def done(results: c.Results) -> None:
        answers.append(results)
        over.set()

    ours.submit(batch, done, 10.0)
    with trio.fail_after(20):
        await over.wait()
    return answers[0]


async def failure(ours: ModuleClient) -> str:
    with pytest.raises(ExceptionGroup) as caught:
        async with running(ours):
            pass
    (error,) = caught.value.exceptions
    assert isinstance(error, ModuleFailed)
    return str(error)


@pytest.mark.parametrize("opens", [own_process, inside])
async def test_a_new_key_is_on_the_disk_before_it_is_told(
    store: Path, opens: Callable[[Path, str], ModuleClient]
) -> None:
    ours = opens(store, unlock(store))
    async with running(ours) as health:
        assert (health.kind, health.keys) == ("software", 1)
        (first, made, second) = await asked(ours, MAKE, c.GenerateKey(SPEC), c.Protect(b"a", KeyRef("mak", 2), RETAIL))
        assert isinstance(made, c.Generated)
        kept = KeyStore(store, MasterKey(bytearray(MASTER)))
        assert [key.info for key in kept.versions("mak")][1] == made.info
        assert "generate" in store.with_name("keys.store.audit").read_text()
    again = inside(store, unlock(store))
    async with running(again):
        assert await asked(again, MAKE, c.Protect(b"a", KeyRef("mak", 2), RETAIL)) == (first, second)


async def test_what_a_killed_worker_had_answered_is_kept_and_nobody_is_asked_again(store: Path) -> None:
    ours = own_process(store, unlock(store), say=lambda _: None)
    async with running(ours):
        await asked(ours, c.GenerateKey(SPEC))
        store.with_name("master").unlink()
        assert ours.worker is not None
        os.kill(ours.worker, signal.SIGKILL)
        with trio.fail_after(20):
            while await asked(ours, MAKE) == (c.Refused(c.Fault.GONE),):  # noqa: ASYNC110 -- a restart rings no bell
                await trio.sleep(0.01)
        assert isinstance((await asked(ours, c.Protect(b"a", KeyRef("mak", 2), RETAIL)))[0], c.Protected)


async def test_a_passphrase_comes_through_a_descriptor(tmp_path: Path) -> None:
    path, making = tmp_path / "keys.store", Passphrase(bytes(16), memory_kib=19 * 1024, passes=1, lanes=1)
    KeyStore.create(path, from_passphrase(bytearray(WORDS), making), making).close()
    for words, right in ((WORDS, True), (b"another passphrase", False)):
        reading, writing = os.pipe()
        os.write(writing, words + b"\n")
        os.close(writing)
        ours = own_process(path, f"fd:{reading}", say=lambda _: None)
        if right:
            async with running(ours) as health:
                assert health.keys == 0
        else:
            assert "cannot be started" in await failure(ours)
        os.close(reading)


@pytest.mark.parametrize(
    ("secret", "why"), [("00" * 31 + "01", "keys.store"), ("no hex", "hexadecimal"), ("", "nothing")]
)
async def test_a_wrong_master_key_is_named_and_not_shown(store: Path, secret: str, why: str) -> None:
    store.with_name("master").write_text(secret)
    said = await failure(own_process(store, unlock(store)))
    assert why in said
    assert not secret or secret not in said
    with pytest.raises(KeyStoreError, match=why):
        inside(store, unlock(store))


async def test_what_cannot_be_unlocked_is_told_before_anything_is_started(store: Path, tmp_path: Path) -> None:
    for path, how in ((store, "hunter2"), (tmp_path / "nowhere", unlock(store))):
        for opens in (own_process, inside):
            with pytest.raises(KeyStoreError) as caught:
                opens(path, how)
            assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("opens", [own_process, inside])
async def test_it_says_once_and_loudly_what_it_is_not(
    store: Path, opens: Callable[[Path, str], ModuleClient], capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(opens(store, unlock(store))):
        pass
    assert capsys.readouterr().err.count("NO PCI PIN DEVICE") == 1


@pytest.mark.parametrize("test", [True, False])
async def test_test_keys_are_used_where_somebody_said_so(store: Path, *, test: bool) -> None:
    kept = KeyStore(store, MasterKey(bytearray(MASTER)))
    kept.change([held("trial", Usage.MAC_3, test=True)], [])
    ours = own_process(store, unlock(store), test=test, say=lambda _: None)
    async with running(ours) as health:
        assert health.test_keys == 1
        (result,) = await asked(ours, c.Protect(b"a", KeyRef("trial"), RETAIL))
        assert isinstance(result, c.Protected) is test


async def test_what_a_store_of_test_keys_takes_is_told_to_be_one(tmp_path: Path) -> None:
    KeyStore.create(tmp_path / "keys.store", MasterKey(bytearray(MASTER)), Components(1), test=True).close()
    secret = tmp_path / "master"
    secret.touch(0o600)
    secret.write_text(MASTER.hex())
    ours = inside(tmp_path / "keys.store", f"file:{secret}", test=True)
    async with running(ours):
        (made,) = await asked(ours, c.GenerateKey(SPEC))
        assert isinstance(made, c.Generated)
        assert made.info.test


def test_what_is_typed_at_the_terminal_is_not_shown() -> None:
    ours, terminal = pty.openpty()
    try:
        os.write(ours, b"typed before the question\n")
        # A pseudo-terminal hands on what is typed when it comes to it: what it has shown, it has taken.
        shown = b""
        while b"\n" not in shown:
            shown += os.read(ours, 1000)
        # What was typed before is thrown away with the echo's switch: only what follows the question counts.
        script = f"import os\nwhile b'?' not in os.read({ours}, 1000): pass\nos.write({ours}, b'secret words\\n')"
        with subprocess.Popen([sys.executable, "-c", script], pass_fds=[ours]) as clerk:
            assert typed_at(terminal, "passphrase? ") == "secret words"
            assert clerk.wait(20) == 0
        assert termios.tcgetattr(terminal)[3] & termios.ECHO
        os.set_blocking(ours, False)
        shown = b""
        try:
            while part := os.read(ours, 1000):
                shown += part
        except BlockingIOError:
            pass
        assert b"secret" not in shown
    finally:
        os.close(ours)
        os.close(terminal)


@pytest.mark.parametrize("descriptor", [None, "a pipe"])
def test_nobody_is_asked_where_there_is_no_terminal(descriptor: str | None) -> None:
    reading, writing = os.pipe()
    try:
        with pytest.raises(KeyStoreError, match="terminal"):
            typed_at(reading if descriptor else None, "passphrase? ")
    finally:
        os.close(reading)
        os.close(writing)
