"""The journal of a run: its key, its lock, its disk; each refused or told by name, and the money with it."""

from __future__ import annotations

import base64
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest
import trio

from iso_gateway.errors import ConfigError
from iso_gateway.gateway.config import load
from iso_gateway.gateway.lines import Lines
from iso_gateway.gateway.service import Service, _announce
from iso_gateway.gateway.store_key import read_store_key, write_store_key
from iso_gateway.gateway.storing import Kept, nonces, opened
from iso_gateway.protocol.records import RowState
from iso_gateway.store.memory import MemoryJournal
from iso_gateway.store.sqlite import SqliteJournal
from tests.cli.conftest import Call, iso_gateway  # noqa: F401 -- a fixture
from tests.support.desk import Desk, setup
from tests.support.edge import Running, config_file, running

JOURNAL = '[journal]\npath = "journal.db"'


def requests() -> Desk:
    """Return a maker of a terminal's messages; its node is not used."""
    return Desk(setup(), links=())


@contextmanager
def kept(folder: Path) -> Iterator[Kept]:
    """Open the journal of a configuration in *folder*."""
    it = opened(load(config_file(folder, 9000, JOURNAL)))
    yield it
    it.journal.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a key."""
    write_store_key(tmp_path / "journal.db.key")
    return tmp_path


def refused(folder: Path, more: str = JOURNAL) -> str:
    """Return why the journal of a configuration is refused."""
    with pytest.raises(ConfigError) as caught:
        opened(load(config_file(folder, 9000, more)))
    return str(caught.value)


# The key


def test_a_new_key_is_its_owners_alone_and_no_other(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    write_store_key(one)
    write_store_key(two)
    assert one.stat().st_mode & 0o777 == 0o600
    assert len(read_store_key(one)) == 32
    assert read_store_key(one) != read_store_key(two)
    with pytest.raises(FileExistsError):
        write_store_key(one)


KEY = bytes(range(32))


@pytest.mark.parametrize(
    "text",
    [
        KEY.hex(),
        f"# a comment\n\n{KEY.hex().upper()}  # behind it\n",
        f"{KEY.hex()[:32]}\n{KEY.hex()[32:]}\n",
        base64.b64encode(KEY).decode(),
    ],
)
def test_a_key_is_hex_or_base64_with_comments(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key"
    path.write_text(text)
    path.chmod(0o600)
    assert read_store_key(path) == KEY


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        (KEY.hex()[:-2], 0o600, "a key of 31 bytes; 32 are expected"),
        (KEY.hex() + "00", 0o600, "a key of 33 bytes"),
        ("", 0o600, "a key of 0 bytes"),
        ("# nothing\n", 0o600, "a key of 0 bytes"),
        ("no key at all!", 0o600, "neither hex nor base64"),
        (KEY.hex(), 0o640, r"others may read or write it \(mode 0640\); chmod 600 it"),
        (KEY.hex(), 0o604, r"\(mode 0604\)"),
    ],
)
def test_a_key_that_is_none_or_open_is_refused_and_not_shown(tmp_path: Path, text: str, mode: int, said: str) -> None:
    path = tmp_path / "key"
    path.write_text(text)
    path.chmod(mode)
    with pytest.raises(ConfigError, match=said) as caught:
        read_store_key(path)
    assert KEY.hex()[:20] not in str(caught.value)


def test_a_key_that_is_not_there_is_told_where_the_journal_is_named(tmp_path: Path) -> None:
    assert f"{tmp_path}/journal.db.key: no such file; 'iso-gateway init' makes one" in refused(tmp_path)
    assert not (tmp_path / "journal.db").exists()
    (tmp_path / "folder.key").mkdir()
    assert "folder.key: cannot be read" in refused(tmp_path, f'{JOURNAL}\nstore_key_file = "folder.key"')


def test_the_journal_of_another_key_is_refused(folder: Path) -> None:
    with kept(folder):
        pass
    (folder / "journal.db.key").unlink()
    write_store_key(folder / "journal.db.key")
    assert "another key than that of the journal" in refused(folder)
    # And nobody has its lock now.
    (folder / "journal.db.key").write_text("00" * 32)
    assert "another key than that of the journal" in refused(folder)


def test_a_card_is_found_and_opened_again_by_the_next_run(folder: Path) -> None:
    with kept(folder) as first:
        assert first.seal is not None
        sealed, hashed = first.seal.seal("4761739001010010"), first.seal.fingerprint(b"4761739001010010")
    with kept(folder) as second:
        assert second.seal is not None
        assert second.seal.unseal(sealed) == "4761739001010010"
        assert second.seal.fingerprint(b"4761739001010010") == hashed


def test_no_nonce_comes_twice_also_not_in_another_run() -> None:
    one, two = nonces(), nonces()
    made = [one() for _ in range(100)] + [two() for _ in range(100)]
    assert len(set(made)) == 200
    assert {len(nonce) for nonce in made} == {12}


# The file


def test_without_a_path_the_journal_is_in_memory(tmp_path: Path) -> None:
    kept = opened(load(config_file(tmp_path, 9000)))
    assert isinstance(kept.journal, MemoryJournal)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[journal]\npath = "none/journal.db"', "no folder .*none; make it"),
        ('[journal]\npath = "."', "cannot be written"),
        ('[journal]\nstore_key_file = "key"', "a key, and no journal: name it with path"),
        (f"{JOURNAL}\nkeep_days = 0", "keep_days"),
    ],
)
def test_what_cannot_be_a_journal_is_told_by_check(folder: Path, more: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load(config_file(folder, 9000, more))


def test_another_file_or_a_damaged_one_is_refused(folder: Path) -> None:
    connection = sqlite3.connect(folder / "journal.db")
    connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    assert "journal.path: " in refused(folder)
    assert "no journal of iso-gateway; name another file" in refused(folder)
    (folder / "journal.db").write_bytes(b"scribbled" * 1000)
    assert "the journal is damaged" in refused(folder)


def test_a_second_run_ends_at_once_and_names_the_first(folder: Path, iso_gateway: Call) -> None:  # noqa: F811
    with kept(folder):
        result = iso_gateway("run", str(folder / "gateway.toml"))
    assert result.exit_code == 2
    assert "journal.db: process " in result.stderr
    assert "has this journal; stop it, or work through it" in result.stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [("", "IN MEMORY: all that is owed is forgotten"), (JOURNAL, "journal.db")],
    ids=["memory", "file"],
)
async def test_the_ready_line_says_where_the_journal_is(folder: Path, more: str, said: str) -> None:
    config = load(config_file(folder, 9000, f'{more}\n[gateway]\nadmin_socket = "{folder}/admin.sock"'))
    log = StringIO()
    service = Service(config, Lines(log))
    async with trio.open_nursery() as nursery:
        await nursery.start(service.run)
        await _announce(service, nursery)
        service.lines.flush()
        nursery.cancel_scope.cancel()
    assert said in log.getvalue().partition(" ready: ")[2]


# The disk


def sqlite(gateway: Running) -> SqliteJournal:
    journal = gateway.service.gateway.journaling.store
    assert isinstance(journal, SqliteJournal)
    return journal


async def test_a_sale_is_in_the_file_and_a_repeat_is_answered_from_it_by_the_next_run(folder: Path) -> None:
    request = requests().request()
    async with running(folder, JOURNAL) as gateway:
        first = await (await gateway.terminal()).ask(request)
        assert first[39] == "00"
    async with running(folder, JOURNAL) as gateway:
        again = await (await gateway.terminal()).ask(request)
        assert (again[39], again[37], again[38]) == ("00", first[37], first[38])
        assert gateway.host.got == []


async def test_a_full_disk_takes_no_new_money_says_so_once_and_works_again_with_room(folder: Path) -> None:
    desk = requests()
    async with running(folder, JOURNAL) as gateway:
        terminal = await gateway.terminal()
        assert (await terminal.ask(desk.request()))[39] == "00"
        await gateway.until(lambda: not gateway.service.gateway.node.flow.requests)
        journal = sqlite(gateway)
        with journal._writing:
            (pages,) = journal._opened().execute("PRAGMA page_count").fetchone()
            journal._opened().execute(f"PRAGMA max_page_count = {pages}")
        seen = len(gateway.host.got)
        refusals = [(await terminal.ask(desk.request()))[39] for _ in range(30)]
        assert refusals[-3:] == ["96"] * 3
        assert len(gateway.host.got) == seen + refusals.count("00")
        gateway.service.lines.flush()
        assert gateway.log.getvalue().count("journal failing") == 1
        assert "database or disk is full" in gateway.log.getvalue()
        with journal._writing:
            journal._opened().execute("PRAGMA max_page_count = 1000000")
        assert (await terminal.ask(desk.request()))[39] == "00"
        await gateway.until(lambda: not gateway.service.gateway.node.flow.requests)
        gateway.service.lines.flush()
        assert gateway.log.getvalue().count("journal working") == 1
        approved = journal.in_states(frozenset({RowState.DONE, RowState.ANSWERED}))
        assert len(approved) == len(gateway.host.got)


async def test_status_and_the_end_tell_of_a_journal_that_is_gone(folder: Path) -> None:
    log = StringIO()
    service = Service(load(config_file(folder, 9000, JOURNAL)), Lines(log))
    async with trio.open_nursery() as nursery:
        await nursery.start(service.run)
        assert service.gateway.status()["journal"] == "works"
        store = service.gateway.journaling.store
        assert isinstance(store, SqliteJournal)
        store.path.rename(folder / "away")
        while store._readers:
            store._readers.pop().close()
        status = service.gateway.status()
        assert status["stuck"] is None
        assert "journal.db was removed, moved or replaced" in status["journal"]
        service.stop()
    service.lines.flush()
    assert "still owed: cause=" in log.getvalue()
    assert "was removed" in log.getvalue()
    assert service.gateway.status()["stuck"] is None


def test_a_journals_name_that_no_system_takes_is_refused(folder: Path) -> None:
    write_store_key(folder / "key")
    (folder / "circle").symlink_to(folder / "circle")
    for name, said in (("a" * 300, "file name too long"), ("circle/journal.db", "no folder|levels of symbolic links")):
        more = f'[journal]\npath = "{name}"\nstore_key_file = "key"'
        assert re.search(rf"journal.path: .*({said})", refused(folder, more))


async def test_a_journal_that_begins_anew_is_told(folder: Path) -> None:
    for begun, change in ((True, None), (False, None), (True, "gone"), (True, "emptied"), (False, None)):
        if change == "gone":
            (folder / "journal.db").unlink()
        elif change == "emptied":
            (folder / "journal.db").write_bytes(b"")
        log = StringIO()
        service = Service(load(config_file(folder, 9000, JOURNAL)), Lines(log))
        service.gateway.journaling.store.close()
        service.lines.flush()
        assert ("journal begun: " in log.getvalue()) is begun, change
