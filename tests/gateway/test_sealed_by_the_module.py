"""The journal's key in the security module: cards are sealed there, found by it, and opened again by the next run."""

from __future__ import annotations

import sqlite3
from io import StringIO
from pathlib import Path

import pytest
import trio

from iso_gateway import Message
from iso_gateway.cli.office.stopped import ask_journal
from iso_gateway.errors import ConfigError
from iso_gateway.gateway.config import load
from iso_gateway.gateway.lines import Lines
from iso_gateway.gateway.service import Service
from iso_gateway.security.keys import Usage
from tests.support.desk import OTHER_PAN, PAN
from tests.support.keyed_edge import KeyedHost, all_keys, keyed, store_in, store_of
from tests.support.module_keys import held

FORMS = ("inside", "process")
SEALED = '[journal]\npath = "journal.db"\nseal = "module"\n'


async def listed(service: Service, pan: str) -> int:
    """Return how many transactions of the card *pan* the running gateway finds."""
    said = await service.gateway.office.verbs()["txn.list"]({"pan": pan})
    return len(said["transactions"])


@pytest.mark.parametrize("module", FORMS)
async def test_a_card_is_found_while_the_gateway_runs_and_when_it_does_not(tmp_path: Path, module: str) -> None:
    async with keyed(tmp_path, module, rest=SEALED) as it:
        terminal = await it.keyed_terminal()
        assert (await terminal.ask(terminal.sale(1)))[39] == "00"
        assert (await listed(it.service, PAN), await listed(it.service, OTHER_PAN)) == (1, 0)
    config = load(tmp_path / "gateway.toml")
    found = [len(ask_journal(config, "txn.list", {"pan": pan})["transactions"]) for pan in (PAN, OTHER_PAN)]
    assert found == [1, 0]
    assert len(ask_journal(config, "txn.list", {})["transactions"]) == 1
    with sqlite3.connect(tmp_path / "journal.db") as journal:
        dump = "\n".join(journal.iterdump())
    assert PAN not in dump


@pytest.mark.parametrize("module", FORMS)
async def test_a_reversal_that_is_owed_has_its_card_again_in_the_next_run(tmp_path: Path, module: str) -> None:
    silent = KeyedHost()
    silent.judge = lambda _message: None
    async with keyed(tmp_path, module, host=silent, acquirer="", rest=SEALED) as it:
        terminal = await it.keyed_terminal()
        await terminal.send(terminal.sale(1))
        await it.until(lambda: [message.mti for message in silent.got] == ["0200"])
    assert silent.got[0][2] == PAN
    host = KeyedHost()
    async with trio.open_nursery() as nursery:
        await nursery.start(host.serve)
        path = tmp_path / "gateway.toml"
        text = (
            path.read_text()
            .replace(f":{silent.port}", f":{host.port}")
            .replace("host_timeout = 2", "host_timeout = 0.2")
        )
        path.write_text(text, encoding="utf-8")
        service = Service(load(path), Lines(StringIO()))
        await nursery.start(service.run)
        with trio.fail_after(10):
            while not host.got:
                await service.gateway.changed.wait()
        message: Message = host.got[0]
        assert (message.mti[:2], message[2], host.wrong) == ("04", PAN, [])
        nursery.cancel_scope.cancel()


async def test_another_key_than_that_of_the_journal_is_refused(tmp_path: Path) -> None:
    async with keyed(tmp_path, rest=SEALED):
        pass
    for name in ("keys.store", "keys.store.audit"):
        (tmp_path / name).unlink()
    keys = [each for each in all_keys() if each.info.usage is not Usage.SEAL]
    store_in(tmp_path, [*keys, held("journal/seal", Usage.SEAL, bytes(range(1, 33)))])
    with pytest.raises(BaseExceptionGroup) as caught:
        async with trio.open_nursery() as nursery:
            await nursery.start(Service(load(tmp_path / "gateway.toml"), Lines(StringIO())).run)
    assert caught.group_contains(ConfigError, match="another key than that of the journal")
    with pytest.raises(ConfigError, match="another key than that of"):
        ask_journal(load(tmp_path / "gateway.toml"), "txn.list", {"pan": PAN})
    with store_of(tmp_path) as store:
        assert store.version == 2
