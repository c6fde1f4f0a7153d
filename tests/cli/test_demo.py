"""The demo shows the main job, and its proof can fail."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from iso_gateway.cli.demo.proof import Slip, compare
from iso_gateway.cli.demo.stage import perform, show
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import Row, RowState
from tests.support.desk import Desk


async def test_the_story_is_told_and_the_ledgers_agree() -> None:
    told: list[str] = []
    proof = await perform(told.append)
    show(proof, told.append)
    text = "\n".join(told)
    assert proof.holds
    assert all(len(line) <= 100 for line in text.splitlines())
    # What the demo promises: each of these happened, in three dialects.
    assert {line.kind for line in proof.lines} == {
        *("sale", "void", "refund", "preauth", "preauth_cancel"),
        *("completion", "completion_advice", "completion_cancel", "advice", "balance"),
    }
    assert {(line.at_terminal, line.at_host) for line in proof.lines} >= {
        *(("approved", each) for each in ("voided", "refunded", "cancelled", "completed")),
        *(("declined", "declined"), ("declined", "none"), ("unknown", "reversed"), ("reversed", "reversed")),
    }
    for said in ("0210 00 ", "0110 00 ", "0410 00 ", "1210 911", "1230 000", "0210 98 ", "available USD 9981.10"):
        assert said in text, said
    assert "the gateway is killed (SIGKILL), and owes the reversal of 30.71" in text
    assert "its journal's debt is settled" in text
    assert re.search(r"what became of it\? +30\.71  1610 000 the original: reversed", text)
    assert text.count(" in balance") == 3
    assert "that sale's repeat: the journal answers        18.90  0210 00  approved" in text
    assert text.endswith("28 transactions: terminals, gateway and host agree on every transaction")
    # Keys came at sign-on, PINs went through in three ways, a wrong one did not, and what was forged moved nothing.
    for said in (
        "sign-on: it brings keys for MACs and PINs 0810 00 approved",
        "sale with a PIN, in a block of format 3 12.34 0210 00 approved",
        "the same PIN mistyped 13.00 0210 55 wrong PIN",
        "sale: its amount is changed on the way 5.00 0210 A0 MAC error",
        "preauth with a PIN, keys derived (DUKPT) 60.00 1110 000 approved",
    ):
        assert said in re.sub(" +", " ", text), said
    forged = next(line for line in proof.lines if (line.terminal, line.amount) == ("TERM0001", 500))
    assert (forged.at_terminal, forged.at_gateway, forged.at_host) == ("declined", "none", "none")


@pytest.fixture
def agreed() -> tuple[list[Slip], list[Row], dict[str, Any]]:
    """One approved sale in three ledgers."""
    desk = Desk()
    request, answer = desk.sale(1234)
    (row,) = desk.rows()
    assert row.host is not None
    slip = Slip("TERM0001", Kind.SALE, request[11], 1234, "approved", answer[37])
    booked = {
        "terminal": "TERM0001", "stan": row.host.stan, "kind": "sale", "state": "approved", "rrn": row.rrn,
        "amount": 1234,
    }  # fmt: skip
    return [slip], [row], {"transactions": [booked], "totals": [{"terminal": "TERM0001", "net": 1234}]}


Ledgers = tuple[list[Slip], list[Row], dict[str, Any]]


def test_what_agrees_agrees(agreed: Ledgers) -> None:
    assert compare(*agreed).holds


def test_a_sale_that_the_host_has_and_the_terminal_has_not_is_a_difference(agreed: Ledgers) -> None:
    slips, rows, host = agreed
    slips[0].outcome = "declined"
    assert not compare(slips, rows, host).holds


def test_a_second_charge_at_the_host_is_a_difference(agreed: Ledgers) -> None:
    slips, rows, host = agreed
    host["transactions"].append({**host["transactions"][0], "stan": "999999"})
    proof = compare(slips, rows, host)
    assert proof.strays == ("host: sale TERM0001 999999",)
    assert not proof.holds


@pytest.mark.parametrize("change", [{"state": RowState.REVERSED}, {"amount": 1235}, {"rrn": "1"}])
def test_a_gateway_that_remembers_something_else_is_a_difference(agreed: Ledgers, change: dict[str, Any]) -> None:
    slips, (row,), host = agreed
    assert not compare(slips, [msgspec.structs.replace(row, **change)], host).holds


def test_totals_that_differ_are_a_difference(agreed: Ledgers) -> None:
    slips, rows, host = agreed
    host["totals"][0]["net"] = 2468
    assert not compare(slips, rows, host).holds


def test_a_completion_that_the_host_was_told_of_is_the_one_it_was_asked_for(agreed: Ledgers) -> None:
    slips, (row,), host = agreed
    slips[0].kind = Kind.COMPLETION
    host["transactions"][0]["kind"] = "completion_advice"
    completion = msgspec.structs.replace(row, kind=Kind.COMPLETION)
    assert compare(slips, [completion], host).holds
    host["transactions"][0]["kind"] = "sale"
    assert not compare(slips, [completion], host).holds


@pytest.mark.parametrize("kind", [Kind.PREAUTH, Kind.PREAUTH_CANCEL])
def test_what_only_holds_money_moves_none(agreed: Ledgers, kind: Kind) -> None:
    slips, (row,), host = agreed
    slips[0].kind = kind
    host["transactions"][0]["kind"] = str(kind)
    held = [msgspec.structs.replace(row, kind=kind)]
    assert not compare(slips, held, host).holds
    host["totals"][0]["net"] = 0
    assert compare(slips, held, host).holds


def test_a_settlement_is_no_transaction_of_its_own(agreed: Ledgers) -> None:
    slips, (row,), host = agreed
    settlement = msgspec.structs.replace(row, kind=Kind.SETTLEMENT, stan="000099", amount=0)
    assert compare(slips, [row, settlement], host).holds
    assert not compare(slips, [row, msgspec.structs.replace(settlement, kind=Kind.SALE)], host).holds
