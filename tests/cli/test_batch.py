"""``batch show``: what was settled and what differs, on a gateway that runs and in the journal of one that does not."""

from __future__ import annotations

import json
from pathlib import Path

from iso_gateway import Message
from iso_gateway.protocol.batch import Totals
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.reconciling import totals_facts
from tests.cli.conftest import Call
from tests.cli.test_office import Office, Silent, key_beside, office
from tests.support.desk import Desk, setup
from tests.support.edge import Running, running


def totals(desk: Desk, said: Totals) -> Message:
    """Return the 0500 of a terminal that says *said*."""
    number = desk.terminal_dialect.number
    facts = {number(name) or 0: value for name, value in totals_facts(desk.terminal_dialect, said).items()}
    return desk.request(Kind.SETTLEMENT, stan="000900").evolve({2: None, 4: None, 22: None} | facts)


async def settled(gateway: Running, said: Totals) -> str:
    """Have the terminal settle; return DE 66 of the answer."""
    connection = await gateway.terminal()
    answer = await connection.ask(totals(Desk(setup(), links=()), said))
    return answer.text(66)


async def test_a_batch_that_balanced_is_shown_and_exits_0(tmp_path: Path, iso_gateway: Call) -> None:
    async with office(tmp_path, iso_gateway) as desk:
        assert (await desk.call("batch", "show")).stdout == "no batch was settled\n"
        await desk.sale(2000)
        assert await settled(desk.gateway, Totals(2000, 1)) == "1"
        said = await desk.call("batch", "show", "TERM0001")
        assert said.exit_code == 0
        assert said.stdout.splitlines() == [
            "TERM0001  batch 000001  closed, balanced by the gateway",
            "    terminal  debits USD 20.00 (1), credits USD 0.00 (0)",
            "    gateway   debits USD 20.00 (1), credits USD 0.00 (0)",
        ]
        assert (await desk.call("batch", "show", "TERM0002")).stdout == "no batch was settled\n"


async def test_what_differs_is_shown_with_what_to_do_and_exits_1(tmp_path: Path, iso_gateway: Call) -> None:
    async with office(tmp_path, iso_gateway) as desk:
        await desk.sale(2000)
        assert await settled(desk.gateway, Totals(2500, 2)) == "2"
        said = await desk.call("batch", "show")
        assert said.exit_code == 1
        assert "    totals:  terminal USD 25.00  gateway USD 20.00" in said.stdout.splitlines()
        (told,) = json.loads((await desk.call("batch", "show", "--json")).stdout)["batches"]
        assert (told["state"], told["balanced"], told["settled_by"], told["currency"]) == ("closed", False, "", "USD")
        assert told["differences"][0]["what"] == "totals"
        assert told["pos"] == {"debits": 2500, "debit_count": 2, "credits": 0, "credit_count": 0}


async def test_a_stopped_gateways_batches_are_in_its_journal(tmp_path: Path, iso_gateway: Call) -> None:
    config = tmp_path / "gateway.toml"
    async with running(tmp_path, key_beside(tmp_path), host=Silent()) as gateway:
        await Office(gateway, iso_gateway, config).sale(2000)
        assert await settled(gateway, Totals(2000, 1)) == "1"
    shown = iso_gateway("batch", "show", "--config", str(config))
    assert shown.exit_code == 0
    assert shown.stdout.startswith("TERM0001  batch 000001  closed, balanced by the gateway\n")
