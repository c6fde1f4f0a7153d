"""``owed`` and ``txn`` as people and scripts see them, on a gateway that runs and on one that does not."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from click.testing import Result

from iso_gateway.admin.server import serve_admin
from iso_gateway.cli.office.txn import STATES
from iso_gateway.gateway.service import admin_verbs
from iso_gateway.gateway.store_key import write_store_key
from iso_gateway.protocol.records import RowState
from tests import test_secrets as secrets
from tests.cli.conftest import Call
from tests.support.desk import PAN, Desk, setup
from tests.support.edge import Host, Running, config_file, running


class Silent(Host):
    """A host that approves what is over 10.00 and says nothing to the rest."""

    def __init__(self) -> None:
        super().__init__()
        self.decide = lambda message: self.approve(message) if message.text(4) > "000000001000" else None


class Office:
    """A gateway with its admin socket, and the command."""

    def __init__(self, gateway: Running, call: Call, config: Path) -> None:
        self.gateway = gateway
        self.config = config
        self._call = call
        self._till = Desk(setup(), links=())

    async def call(self, *arguments: str, given: str | None = None) -> Result:
        return await trio.to_thread.run_sync(lambda: self._call(*arguments, "--config", str(self.config), given=given))

    async def act(self, name: str, *arguments: str) -> Result:
        return await trio.to_thread.run_sync(lambda: self._call("owed", "--config", str(self.config), name, *arguments))

    async def sale(self, amount: int, terminal: str = "TERM0001", **more: Any) -> str:
        """Make a sale; return the id of its row."""
        connection = await self.gateway.terminal()
        await connection.ask(self._till.request(amount=amount, terminal=terminal, **more))
        store = self.gateway.service.gateway.journaling.store
        return store.in_states(frozenset(RowState))[-1].id


@asynccontextmanager
async def office(folder: Path, call: Call, host: Host | None = None, *, more: str = "") -> AsyncIterator[Office]:
    socket = folder / "run" / "admin.sock"
    more = f'host_timeout = 0.2\n{more}[gateway]\nadmin_socket = "{socket}"'
    async with running(folder, more, host=host or Silent()) as gateway, trio.open_nursery() as nursery:
        await nursery.start(serve_admin, socket, admin_verbs(gateway.service))
        yield Office(gateway, call, folder / "gateway.toml")
        nursery.cancel_scope.cancel()


async def test_a_debt_is_seen_at_once_and_in_a_hundred_columns(tmp_path: Path, iso_gateway: Call) -> None:
    async with office(tmp_path, iso_gateway) as desk:
        assert (await desk.call("owed")).stdout == "nothing is owed, and nothing is in question\n"
        row = await desk.sale(999)
        said = await desk.call("owed")
        assert said.exit_code == 0
        lines = said.stdout.splitlines()
        assert lines[0].split() == ["ID", "STATE", "AGE", "AMOUNT", "KIND", "TERMINAL", "TRIES"]
        assert lines[1].split()[:2] == [row, "owed"]
        assert lines[2].startswith("    476173******0010; no answer from the host; reversal")
        assert lines[3] == "total  USD 9.99 owed"
        assert max(map(len, lines)) <= 100
        listed = json.loads((await desk.call("owed", "--json")).stdout)
        assert [each["id"] for each in listed["owed"]] == [row]
        assert listed["running"] is True


class Refusing(Silent):
    """One that refuses every reversal for good."""

    def __init__(self) -> None:
        super().__init__()
        usual = self.decide
        self.decide = lambda message: self.answer(message, "12") if message.mti[1] == "4" else usual(message)


async def test_an_operator_closes_what_is_stuck_and_the_timeline_says_who(tmp_path: Path, iso_gateway: Call) -> None:
    async with office(tmp_path, iso_gateway, Refusing()) as desk:
        row = await desk.sale(999)
        await desk.gateway.until(lambda: desk.gateway.service.gateway.counts["stuck"] > 0)
        listed = json.loads((await desk.call("owed", "--json")).stdout)["owed"]
        assert [(each["state"], each["next"]) for each in listed] == [("stuck", "operator: resend or write-off")]
        refused = await desk.act("confirm", row, "--reason", "it was paid in cash")
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert refused.stderr.startswith(f"iso-gateway: {row}: confirm is not done: it is a debt, not a question")
        done = await desk.act("write-off", row, "--reason", "it was paid in cash", "--who", "night shift")
        assert (done.exit_code, done.stdout) == (0, f"{row}: written off; nothing is sent any more\n")
        assert json.loads((await desk.call("owed", "--json")).stdout)["owed"] == []
        shown = json.loads((await desk.call("txn", "show", row, "--json")).stdout)
        assert shown["transaction"]["state"] == "written off"
        assert shown["audits"][0]["who"] == "night shift"
        (act,) = [step for step in shown["steps"] if step["word"] == "act"]
        assert (act["by"], act["to"], act["text"]) == (
            *("operator", "gateway"),
            "write-off by night shift: it was paid in cash",
        )
        drawn = (await desk.call("txn", "show", row, "--mermaid")).stdout
        assert "participant O as operator" in drawn
        assert "O->>G: " in drawn


def test_an_act_needs_a_reason(iso_gateway: Call) -> None:
    said = iso_gateway("owed", "resend", "some-1")
    assert said.exit_code == 2
    assert "--reason" in said.stderr


async def test_transactions_are_found_also_by_a_card_that_nobody_sees(tmp_path: Path, iso_gateway: Call) -> None:
    async with office(tmp_path, iso_gateway) as desk:
        approved, unknown = await desk.sale(2000), await desk.sale(500, "TERM0002")
        said = await desk.call("txn", "list", "--json")
        assert [each["id"] for each in json.loads(said.stdout)["transactions"]] == [unknown, approved]
        by_card = await desk.call("txn", "list", "--pan", "-", "--amount", "2000", "--json", given=f"{PAN}\n")
        assert [each["id"] for each in json.loads(by_card.stdout)["transactions"]] == [approved]
        table = (await desk.call("txn", "list", "--since", "1h")).stdout.splitlines()
        assert table[0].split()[:4] == ["ID", "RECEIVED", "KIND", "STATE"]
        assert max(map(len, table)) <= 100
        none = await desk.call("txn", "list", "--terminal", "TERM0009")
        assert (none.exit_code, none.stdout) == (1, "no transaction fits\n")
        assert PAN not in desk.gateway.log.getvalue()


async def test_a_transaction_is_told_with_each_decision_and_its_reason(tmp_path: Path, iso_gateway: Call) -> None:
    async with office(tmp_path, iso_gateway) as desk:
        row = await desk.sale(500)
        said = await desk.call("txn", "show", row)
        assert said.exit_code == 0
        assert "verdict" in said.stdout
        assert "no bytes back" in said.stdout
        assert "terminal > gateway  the request came in: counter, from 127.0.0.1:" in said.stdout
        assert "gateway > host      given to the link: bank" in said.stdout
        assert max(map(len, said.stdout.splitlines())) <= 100
        drawn = (await desk.call("txn", "show", row, "--mermaid")).stdout
        assert drawn.startswith("sequenceDiagram\n    participant T as terminal TERM0001\n")
        shown = json.loads((await desk.call("txn", "show", row, "--json")).stdout)
        assert [step["word"] for step in shown["steps"]][:4] == ["received", "journaled", "sent", "timed-out"]
        for text in (said.stdout, drawn, json.dumps(shown)):
            assert not [PAN[at : at + 7] for at in range(1, 10) if PAN[at : at + 7] in text]


async def test_what_is_not_there_is_told_with_what_to_do(tmp_path: Path, iso_gateway: Call) -> None:
    async with office(tmp_path, iso_gateway) as desk:
        row = await desk.sale(2000)
        said = await desk.call("txn", "show", f"{row}x")
        assert said.exit_code == 1
        assert said.stderr == f"iso-gateway: no transaction '{row}x', did you mean '{row}'?\n"


def test_a_journal_in_memory_is_gone_with_its_gateway(tmp_path: Path, iso_gateway: Call) -> None:
    config = config_file(tmp_path, 1)
    said = iso_gateway("owed", "--config", str(config))
    assert said.exit_code == 2
    assert "no gateway is running by it, and its journal is in memory" in said.stderr


def test_without_a_configuration_it_says_which_file_was_looked_for(iso_gateway: Call, tmp_path: Path) -> None:
    said = iso_gateway("txn", "list", "--config", str(tmp_path / "none.toml"))
    assert said.exit_code == 2
    assert "none.toml: cannot be read" in said.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--pan", PAN], "a card number is not given as an argument"),
        (["--pan", "-"], "a card number of 12 to 19 digits expected"),
        (["--since", "yesterday"], "'yesterday' is no moment"),
        (["--state", "lost"], "'lost' is not one of"),
    ],
)
def test_wrong_usage_says_what_was_expected(iso_gateway: Call, arguments: list[str], said: str) -> None:
    result = iso_gateway("txn", "list", *arguments, given="12 34\n")
    assert result.exit_code == 2
    assert said in result.stderr
    assert PAN not in result.stderr


async def test_no_secret_of_a_card_is_in_anything_that_is_said(tmp_path: Path, iso_gateway: Call) -> None:
    more = key_beside(tmp_path)
    async with office(tmp_path, iso_gateway, Refusing(), more=more) as desk:
        changes = {35: secrets.TRACK_2, 52: secrets.PIN_BLOCK, 55: secrets.CHIP}
        row = await desk.sale(500, pan=secrets.PAN, changes=changes)
        store = desk.gateway.service.gateway.journaling.store
        await desk.gateway.until(lambda: bool(store.in_states(frozenset({RowState.STUCK}))))
        reason = f"card {secrets.PAN} was charged"
        said = [
            await desk.act("write-off", row, "--reason", reason, "--who", secrets.PAN),
            await desk.call("owed"),
            await desk.call("owed", "--json"),
            await desk.call("txn", "list", "--pan", "-", given=secrets.PAN),
            await desk.call("txn", "list", "--json"),
            await desk.call("txn", "show", row),
            await desk.call("txn", "show", row, "--json"),
            await desk.call("txn", "show", row, "--mermaid"),
            await desk.call("txn", "show", secrets.PAN),
            await desk.act("resend", secrets.PAN, "--reason", "again"),
            await desk.call("owed", "--after", secrets.PAN),
        ]
        assert [result.exit_code for result in said] == [0] * 8 + [1] * 3
        for result in said:
            assert not secrets.secrets_in(result.output, verification=False), result.output
        assert not secrets.secrets_in(desk.gateway.log.getvalue(), verification=False)


def test_every_state_of_a_row_can_be_asked_for() -> None:
    assert {state.replace("-", " ") for state in STATES} == set(RowState)


# A stopped gateway's journal


def key_beside(folder: Path) -> str:
    """Write a key as `init` does; return what the configuration says of the journal."""
    write_store_key(folder / "journal.db.key")
    return '[journal]\npath = "journal.db"\n'


@asynccontextmanager
async def stopped(folder: Path, call: Call, host: Host, amounts: tuple[int, ...]) -> AsyncIterator[list[str]]:
    """Run a gateway on a journal for a sale of each of *amounts*, and stop it; the rows' ids are left."""
    more = f"host_timeout = 0.2\n{key_beside(folder)}"
    rows = []
    async with running(folder, more, host=host) as gateway:
        desk = Office(gateway, call, folder / "gateway.toml")
        for number, amount in enumerate(amounts, 1):
            rows.append(await desk.sale(amount, f"TERM000{number}"))
        if isinstance(host, Refusing):
            await gateway.until(lambda: gateway.service.gateway.counts["stuck"] > 0)
    yield rows


async def test_a_stopped_gateways_journal_is_read_and_says_so(tmp_path: Path, iso_gateway: Call) -> None:
    config = ("--config", str(tmp_path / "gateway.toml"))
    async with stopped(tmp_path, iso_gateway, Silent(), (2000, 500)) as (approved, unknown):
        said = iso_gateway("owed", *config)
        assert said.exit_code == 0
        lines = said.stdout.splitlines()
        assert lines[1].split()[:2] == [unknown, "owed"]
        assert lines[2] == "    476173******0010; no answer from the host; reversal, when the gateway runs again"
        assert lines[-1] == "no gateway is running by this configuration: this is its journal"
        assert json.loads(iso_gateway("owed", "--json", *config).stdout)["running"] is False
        found = iso_gateway("txn", "list", "--pan", "-", "--json", *config, given=f"{PAN}\n")
        assert [row["id"] for row in json.loads(found.stdout)["transactions"]] == [unknown, approved]
        shown = iso_gateway("txn", "show", unknown, *config).stdout
        assert "no bytes back" in shown
        for text in (said.stdout, found.stdout, shown):
            assert not [PAN[at : at + 7] for at in range(1, 10) if PAN[at : at + 7] in text]


async def test_an_act_on_a_stopped_gateways_journal_is_there_at_the_next_start(
    tmp_path: Path, iso_gateway: Call
) -> None:
    config = ("--config", str(tmp_path / "gateway.toml"))
    async with stopped(tmp_path, iso_gateway, Refusing(), (500,)) as (row,):
        act = ("owed", *config, "write-off", row, "--reason", "paid by hand", "--who", "auditor")
        done = iso_gateway(*act)
        assert (done.exit_code, done.stdout) == (0, f"{row}: written off; nothing is sent any more\n")
        again = iso_gateway(*act)
        assert again.exit_code == 1
        assert "stays closed" in again.stderr
        shown = json.loads(iso_gateway("txn", "show", row, "--json", *config).stdout)
        assert [(audit["who"], audit["act"]) for audit in shown["audits"]] == [("auditor", "write-off")]
        assert shown["transaction"]["state"] == "written off"


async def test_a_journal_is_not_searched_under_another_key(tmp_path: Path, iso_gateway: Call) -> None:
    config = ("--config", str(tmp_path / "gateway.toml"))
    async with stopped(tmp_path, iso_gateway, Silent(), (2000,)):
        (tmp_path / "journal.db.key").unlink()
        write_store_key(tmp_path / "journal.db.key")
        said = iso_gateway("txn", "list", "--pan", "-", *config, given=f"{PAN}\n")
        assert said.exit_code == 2
        assert "journal.db.key: another key than that of" in said.stderr


async def test_a_journal_that_another_process_has_is_read_but_not_written(tmp_path: Path, iso_gateway: Call) -> None:
    config = ("--config", str(tmp_path / "gateway.toml"))
    async with office(tmp_path, iso_gateway, more=key_beside(tmp_path)) as desk:
        row = await desk.sale(500)
        (tmp_path / "run" / "admin.sock").unlink()
        said = await desk.call("owed")
        assert said.exit_code == 0
        assert f"process {os.getpid()} on " in said.stderr
        assert "--socket asks it" in said.stderr
        refused = await desk.act("resend", row, "--reason", "again")
        assert refused.exit_code == 2
        assert "has this journal" in refused.stderr
        assert config[1] in refused.stderr


def test_a_journal_that_was_never_begun_is_not_made_by_asking(tmp_path: Path, iso_gateway: Call) -> None:
    config = config_file(tmp_path, 1, key_beside(tmp_path))
    for arguments in (["owed"], ["owed", "resend", "x-1", "--reason", "r"]):
        said = iso_gateway(arguments[0], "--config", str(config), *arguments[1:])
        assert said.exit_code == 2
        assert "'iso-gateway run' begins one" in said.stderr
    assert not (tmp_path / "journal.db").exists()


async def test_an_approval_that_its_host_lost_is_told_to_it_once(tmp_path: Path, iso_gateway: Call) -> None:
    async with office(tmp_path, iso_gateway) as desk:
        row = await desk.sale(1999)
        assert (await desk.act("resubmit", row, "--reason", "not in the host's batch")).exit_code == 0
        again = await desk.act("resubmit", row, "--reason", "once more")
        assert again.exit_code == 1
        assert "stands in the way: resubmission" in again.stderr
        await desk.gateway.until(lambda: not desk.gateway.service.gateway.node.owing.debts)
        listed = json.loads((await desk.call("txn", "list", "--kind", "resubmission", "--json")).stdout)
        assert [(each["state"], each["amount"]) for each in listed["transactions"]] == [("noted", 1999)]
        told = await desk.call("txn", "show", listed["transactions"][0]["id"])
        assert row in told.stdout
        assert "not in the host's batch" in told.stdout


async def test_and_from_a_stopped_gateways_journal_at_the_next_start(tmp_path: Path, iso_gateway: Call) -> None:
    act = ("owed", "--config", str(tmp_path / "gateway.toml"), "resubmit")
    async with stopped(tmp_path, iso_gateway, Silent(), (2000,)) as (row,):
        assert iso_gateway(*act, row, "--reason", "not in the host's batch").exit_code == 0
        again = iso_gateway(*act, row, "--reason", "once more")
        assert again.exit_code == 1
        assert "stands in the way" in again.stderr
    config = ("--config", str(tmp_path / "gateway.toml"))
    listed = json.loads(iso_gateway("txn", "list", "--kind", "resubmission", "--json", *config).stdout)
    (told,) = listed["transactions"]
    assert iso_gateway("txn", "show", told["id"], *config).exit_code == 0
    async with running(tmp_path, 'host_timeout = 0.2\n[journal]\npath = "journal.db"\n', host=Silent()) as gateway:
        await gateway.until(lambda: not gateway.service.gateway.node.owing.debts)
        (noted,) = gateway.service.gateway.journaling.store.in_states(frozenset({RowState.NOTED}))
        assert noted.id == told["id"]
