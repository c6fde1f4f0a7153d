"""A key store: what it keeps over restarts, and what it refuses to open."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading  # noqa: TID251 -- another process would do as well, and is slower
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from iso_gateway.errors import KeyStoreError
from iso_gateway.hsm import audit, key_store, store_file
from iso_gateway.hsm.key_store import KeyStore, audit_path, head_of
from iso_gateway.hsm.key_table import Deed, HeldKey
from iso_gateway.hsm.master_key import Components, MasterKey
from iso_gateway.security.keys import KeyAlgorithm, KeyInfo, KeyRef, KeyState, Usage

MASTER = bytes(range(32))
VALUE = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
INFO = KeyInfo(
    KeyRef("acquirer/acme/pin"), Usage.PIN, KeyAlgorithm.TDES, 128, "acquirer/acme", KeyState.ACTIVE, "08D7B4", NOON
)


def master() -> MasterKey:
    return MasterKey(bytearray(MASTER))


def held(version: int = 1, *, name: str = "acquirer/acme/pin", value: bytes = VALUE) -> HeldKey:
    return HeldKey(replace(INFO, ref=KeyRef(name, version)), bytearray(value))


def deed(each: HeldKey, act: str = "import") -> Deed:
    return Deed(act, each.info.ref, each.info.check_value, "an operator")


def put(store: KeyStore, *several: HeldKey) -> None:
    store.change(several, [deed(each) for each in several])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.store"


@pytest.fixture
def store(path: Path) -> Iterator[KeyStore]:
    made = KeyStore.create(path, master(), Components(1))
    yield made
    made.close()


def opened(path: Path) -> KeyStore:
    return KeyStore(path, master())


def found(store: KeyStore, version: int = 1, name: str = "acquirer/acme/pin") -> bytes:
    each = store.get(KeyRef(name, version))
    assert each is not None
    return bytes(each.value)


# What it keeps


def test_keys_are_there_after_a_restart(store: KeyStore, path: Path) -> None:
    put(store, held(), held(2, value=VALUE[::-1]), held(name="bdk/fleet"))
    again = opened(path)
    assert (found(again), found(again, 2), found(again, name="bdk/fleet")) == (VALUE, VALUE[::-1], VALUE)
    assert [str(info.ref) for info in again.infos()] == ["acquirer/acme/pin@1", "acquirer/acme/pin@2", "bdk/fleet@1"]
    assert [each.info.ref.version for each in again.versions("acquirer/acme/pin")] == [1, 2]
    assert again.versions("nobody") == []
    assert again.get(KeyRef("nobody")) is None
    assert again.version == store.version == 2
    again.close()


def test_a_destroyed_key_keeps_its_line_without_a_value(store: KeyStore, path: Path) -> None:
    put(store, held())
    put(store, HeldKey(replace(INFO, state=KeyState.DESTROYED), bytearray()))
    again = opened(path)
    assert found(again) == b""
    assert again.infos()[0].state is KeyState.DESTROYED
    assert b'"block":""' in path.read_bytes()


def test_no_key_lies_in_the_files_in_clear(store: KeyStore, path: Path) -> None:
    put(store, held())
    for file in (path, audit_path(path)):
        data = file.read_bytes().upper()
        for secret in (VALUE, VALUE[:8], MASTER, MASTER[:16]):
            assert secret not in data
            assert secret.hex().upper().encode() not in data
        assert file.stat().st_mode & 0o077 == 0


def test_closing_wipes_what_was_in_memory(path: Path) -> None:
    key = master()
    store = KeyStore.create(path, key, Components(1))
    each = held()
    put(store, each)
    store.close()
    assert not any(each.value)
    assert not any(key.value)


def test_in_a_test_store_every_key_is_a_test_key(path: Path) -> None:
    store = KeyStore.create(path, master(), Components(1), test=True)
    put(store, held())
    assert opened(path).infos()[0].test
    assert opened(path).test


# Two processes


def test_what_another_process_wrote_is_seen_when_it_is_read_again(store: KeyStore, path: Path) -> None:
    other = opened(path)
    put(other, held())
    assert store.get(KeyRef("acquirer/acme/pin")) is None
    store.reread()
    assert found(store) == VALUE


def test_the_audit_file_is_whole_though_another_process_has_added_to_it(store: KeyStore, path: Path) -> None:
    put(opened(path), held())
    assert store.check_audit() == ""
    assert store.version == 2


def test_two_who_change_different_keys_both_prevail(store: KeyStore, path: Path) -> None:
    other = opened(path)
    put(other, held())
    put(store, held(name="bdk/fleet"))
    other.reread()
    assert (found(other), found(other, name="bdk/fleet"), other.version) == (VALUE, VALUE, 3)
    assert store.check_audit() == ""


def test_whoever_opens_it_in_the_middle_of_a_change_waits_for_its_end(
    store: KeyStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store has its new lines already, the audit file not yet: nobody else adds them."""
    readers: list[threading.Thread] = []
    append = audit.append

    def disturbed(trail: Path, lines: Sequence[bytes]) -> None:
        if not readers:
            readers.append(threading.Thread(target=lambda: opened(path).close()))
            readers[0].start()
            readers[0].join(0.2)
        append(trail, lines)

    with monkeypatch.context() as patch:
        patch.setattr(audit, "append", disturbed)
        put(store, held())
        readers[0].join()
    assert store.check_audit() == ""


WRITER = """
import sys
from pathlib import Path
from tests.hsm.test_key_store import held, opened, put
store = opened(Path(sys.argv[1]))
for turn in range(15):
    put(store, held(name=f"{sys.argv[2]}/{turn}"))
"""


def test_two_processes_that_write_at_once_lose_nothing_of_each_other(store: KeyStore, path: Path) -> None:
    root = Path(__file__).parents[2]
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), name], cwd=root) for name in ("one", "two")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    store.reread()
    assert len(store.infos()) == 30
    assert store.version == 31
    assert store.check_audit() == ""


def test_a_lock_that_is_never_let_go_is_named(store: KeyStore, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_store, "PAUSE", 0.0)
    with Path(f"{path}.lock").open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(KeyStoreError, match="another process has been writing it"):
            put(store, held())
        assert store.infos() == []
    put(store, held())
    assert found(opened(path)) == VALUE


def test_two_who_change_one_key_do_not_write_over_each_other(store: KeyStore, path: Path) -> None:
    other = opened(path)
    put(other, held(value=VALUE[::-1]))
    with pytest.raises(KeyStoreError, match="was changed by another process meanwhile"):
        put(store, held())
    assert found(store) == VALUE[::-1]


# What it refuses


def test_another_master_key_is_told_by_its_check_value(store: KeyStore, path: Path) -> None:
    put(store, held())
    with pytest.raises(KeyStoreError, match=r"keys.store: this is another master key"):
        KeyStore(path, MasterKey(bytearray(MASTER[::-1])))


def test_every_changed_byte_is_noticed(store: KeyStore, path: Path) -> None:
    put(store, held(), held(2))
    data = path.read_bytes()
    for place in range(0, len(data), 3):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(KeyStoreError, match=r"keys.store"):
            opened(path)
    path.write_bytes(data)
    assert found(opened(path)) == VALUE


def test_every_cut_is_noticed(store: KeyStore, path: Path) -> None:
    put(store, held())
    data = path.read_bytes()
    for end in range(0, len(data), 7):
        path.write_bytes(data[:end])
        with pytest.raises(KeyStoreError, match=r"keys.store"):
            opened(path)


def test_a_block_does_not_open_under_another_name() -> None:
    key = master()
    line = store_file.line_in(store_file.sealed(held(), key, os.urandom))
    assert store_file.opened(line, key).value == VALUE
    for other in (
        replace(INFO, ref=KeyRef("acquirer/acme/pin", 2)),
        replace(INFO, usage=Usage.DATA),
        replace(INFO, bits=192),
    ):
        with pytest.raises(KeyStoreError, match="is that of another key"):
            store_file.opened(replace(line, info=other), key)


def test_an_older_copy_is_refused(store: KeyStore, path: Path) -> None:
    put(store, held())
    old = path.read_bytes()
    put(store, held(2))
    path.write_bytes(old)
    with pytest.raises(KeyStoreError, match=r"older than keys.store.audit, which tells of later changes"):
        opened(path)
    audit_path(path).unlink()
    with pytest.raises(KeyStoreError, match=r"older than what was read before \(version 2, and 3 was seen\)"):
        store.reread()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data.replace(b"key store", b"cookie jar"), "this is no key store"),
        (lambda data: data.replace(b'"edition":1', b'"edition":0'), "a key store of edition 0; this program reads 1"),
        (lambda _data: b"", "this is no key store"),
    ],
)
def test_what_is_no_store_of_ours_is_named(store: KeyStore, path: Path, change: object, said: str) -> None:
    assert store.version == 1
    assert callable(change)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(KeyStoreError, match=said):
        opened(path)
    with pytest.raises(KeyStoreError, match=said):
        head_of(path)


def test_a_store_that_others_may_read_is_refused(store: KeyStore, path: Path) -> None:
    assert store.version == 1
    path.chmod(0o640)
    with pytest.raises(KeyStoreError, match=r"others may read or write it; chmod 600 keys.store"):
        opened(path)


def test_none_is_made_where_one_is(store: KeyStore, path: Path) -> None:
    assert store.version == 1
    with pytest.raises(KeyStoreError, match="it is never written over"):
        KeyStore.create(path, master(), Components(1))
    with pytest.raises(KeyStoreError, match="'iso-gateway keys init' makes one"):
        head_of(path.with_name("none"))
    with pytest.raises(KeyStoreError, match="cannot be made: no such file or directory"):
        KeyStore.create(path.parent / "no" / "keys", master(), Components(1))


# Disks that fail


@pytest.mark.parametrize("call", ["write", "fsync", "open"])
def test_a_write_that_fails_leaves_the_old_store(
    store: KeyStore, path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    put(store, held())
    before = path.read_bytes()

    def fail(*_arguments: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(f"iso_gateway.hsm.key_store.os.{call}", fail)
        with pytest.raises(KeyStoreError, match="no space left on device"):
            put(store, held(2))
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir() if file.name.startswith(".")] == []
    put(store, held(2))
    assert found(opened(path), 2) == VALUE
    assert store.check_audit() == ""


def test_a_disk_that_is_full_between_the_two_files_loses_neither_key_nor_line(
    store: KeyStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(audit, "append", fail)
        put(store, held())
        assert found(store) == VALUE
        with pytest.raises(KeyStoreError, match="no space left on device"):
            put(store, held(2))
    assert found(opened(path)) == VALUE
    put(store, held(2))
    assert store.check_audit() == ""
    assert [line.key for _, _, line in audit.read(audit_path(path)) if line][1:] == [
        "acquirer/acme/pin@1",
        "acquirer/acme/pin@2",
    ]


@pytest.mark.parametrize("kept", [0, 10])
def test_an_audit_file_that_missed_its_last_lines_gets_them(store: KeyStore, path: Path, kept: int) -> None:
    """As after a crash between the two files, or in the middle of the second."""
    put(store, held())
    trail = audit_path(path)
    before = len(trail.read_bytes())
    put(store, held(2), held(3))
    whole = trail.read_bytes()
    os.truncate(trail, before + kept)
    assert opened(path).check_audit() == ""
    assert trail.read_bytes() == whole


# The audit file


def test_each_deed_has_its_line(store: KeyStore, path: Path) -> None:
    put(store, held())
    refused = Deed("export", KeyRef("acquirer/acme/pin"), "08D7B4", "gateway", "policy")
    store.change((), [refused])
    lines = [line for _, _, line in audit.read(audit_path(path))]
    said = [(line.actor, line.act, line.key, line.result, line.store) for line in lines if line is not None]
    assert said == [
        ("", "store begun", "-@1", "done", 1),
        ("an operator", "import", "acquirer/acme/pin@1", "done", 2),
        ("gateway", "export", "acquirer/acme/pin@1", "policy", 3),
    ]


def test_a_line_that_was_changed_or_taken_out_shows(store: KeyStore, path: Path) -> None:
    for version in (1, 2, 3):
        put(store, held(version))
    trail = audit_path(path)
    lines = trail.read_bytes().splitlines(keepends=True)
    assert store.check_audit() == ""
    trail.write_bytes(b"".join(lines).replace(b"an operator", b"another one", 1))
    assert store.check_audit() == "line 3 was changed, or one before it taken out"
    trail.write_bytes(b"".join(lines[:1] + lines[2:]))
    assert store.check_audit() == "line 2 was changed, or one before it taken out"
    other = lines[-1].replace(b"pin@3", b"pin@4")
    for wrong in (lines[:-1], lines[:-2], [*lines, lines[-1]], [*lines[:-1], other]):
        trail.write_bytes(b"".join(wrong))
        assert store.check_audit() != ""
    trail.unlink()
    assert store.check_audit() == "its end was cut off, or lines were added that the store does not know"
    with pytest.raises(KeyStoreError, match="was cut or changed"):
        put(store, held(4))
