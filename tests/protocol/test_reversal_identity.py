"""What a UnionPay reversal means: it has the STAN, batch and DE 60.1 of its original, whatever else it copies of it."""

from __future__ import annotations

import pytest

from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import RowState, Taken
from tests.support.desk import Desk, setup


@pytest.fixture
def desk() -> Desk:
    return Desk(setup("cup-pos", "cup-pos"))


def test_the_reversal_of_a_void_does_not_mean_the_sale_that_its_de_61_names(desk: Desk) -> None:
    sale, answer = desk.sale(1234)
    void = desk.request(Kind.VOID, original=desk.original(sale, answer))
    desk.send(void)
    desk.host_answers("00")
    assert desk.code() == "00"
    # The terminal's reversal is its void once more: DE 60.1 = 23, and DE 61, 37 and 38 those of the sale.
    assert void["60.1"] == "23"
    desk.send(void.evolve({39: "98"}, "0400"))
    assert desk.code() == "00"
    desk.pass_time(0)
    reversal = desk.host_answers("00")
    assert (reversal.mti, reversal["60.1"]) == ("0400", "23")
    by_kind = {row.kind: row for row in desk.rows()}
    assert by_kind[Kind.VOID].state is RowState.REVERSED
    assert (by_kind[Kind.SALE].state, by_kind[Kind.SALE].taken) == (RowState.DONE, Taken.NO)


def test_the_reversal_of_a_sale_needs_no_de_61(desk: Desk) -> None:
    sale, _ = desk.sale(1234)
    desk.send(sale.evolve({39: "98"}, "0400"))
    assert desk.code() == "00"
    desk.pass_time(0)
    assert desk.host_answers("00").mti == "0400"
    assert {row.state for row in desk.rows() if row.kind is Kind.SALE} == {RowState.REVERSED}
