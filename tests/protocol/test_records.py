"""Which row of the journal a message may mean, and what a row shows of itself."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import OriginalQuery, Row, RowState, may_be_original

ROW = Row(
    id="run-1",
    claims=(("M", "T", "000007", "000123", "sale"),),
    kind=Kind.SALE,
    state=RowState.ANSWERED,
    fingerprint=b"f",
    terminal="T",
    merchant="M",
    batch="000007",
    stan="000123",
    mti="0200",
    amount=1234,
    currency="840",
    pan="476173******0010",
    card=b"sealed",
    card_hash=b"hash",
    transmitted="1120120000",
    received=datetime(2026, 11, 20, 12, tzinfo=UTC),
    business_date=date(2026, 11, 20),
    rrn="632400000123",
    approval="A00123",
    approved=True,
)
QUERY = OriginalQuery("M", "T", kinds=(Kind.SALE,))


@pytest.mark.parametrize(
    ("asked", "row", "fits"),
    [
        ({"stan": "000123"}, {}, True),
        ({"stan": "000124"}, {}, False),
        ({"stan": "000123", "terminal": "U"}, {}, False),
        ({"stan": "000123", "merchant": "N"}, {}, False),
        ({"stan": "000123", "kinds": (Kind.PREAUTH,)}, {}, False),
        ({"stan": "000123", "batch": "000007"}, {}, True),
        ({"stan": "000123", "batch": "000008"}, {}, False),
        ({"stan": "000123", "batch": "000008"}, {"batch": ""}, True),
        # An RRN is the host's word: another terminal of the merchant may say it.
        ({"rrn": "632400000123", "terminal": "U"}, {}, True),
        ({"rrn": "632400000123", "stan": "000123", "terminal": "U"}, {}, True),
        ({"rrn": "632400000124", "stan": "000123", "terminal": "U"}, {}, False),
        ({"rrn": "632400000124"}, {}, False),
        ({"rrn": "632400000123"}, {"rrn": ""}, False),
        ({"rrn": "632400000123", "stan": "000123"}, {"rrn": ""}, True),
        ({"rrn": "632400000124", "stan": "000123"}, {}, False),
        # DE 7 of the original, or of one of its repeats; the journal may have the row of either.
        ({"stan": "000123", "transmitted": "1120120000"}, {}, True),
        ({"stan": "000123", "transmitted": "1120120130"}, {}, True),
        ({"stan": "000123", "transmitted": "1121115959"}, {}, True),
        ({"stan": "000123", "transmitted": "1121120001"}, {}, False),
        ({"stan": "000123", "transmitted": "1120115959"}, {}, True),
        ({"stan": "000123", "transmitted": "1119120000"}, {}, True),
        ({"stan": "000123", "transmitted": "1119115959"}, {}, False),
        ({"stan": "000123", "transmitted": "1231235900"}, {"transmitted": "0101000100"}, True),
        ({"stan": "000123", "transmitted": "0101000100"}, {"transmitted": "1231235900"}, True),
        ({"stan": "000123", "transmitted": "9999999999"}, {}, False),
        ({"stan": "000123", "transmitted": "1120120000"}, {"transmitted": ""}, True),
        # Some dialects name a preauth by its authorization code and no more.
        ({"approval": "A00123", "card": b"hash"}, {}, True),
        ({"approval": "A00123", "card": b"other"}, {}, False),
        ({"approval": "A00123"}, {}, False),
        ({"approval": "A00124", "card": b"hash"}, {}, False),
        ({"approval": "A00123", "card": b"hash"}, {"approval": ""}, False),
        ({"approval": "A00123", "stan": "000123"}, {"approval": ""}, True),
    ],
)
def test_a_row_must_agree_with_everything_that_is_said(
    asked: dict[str, Any],
    row: dict[str, Any],
    fits: bool,  # noqa: FBT001
) -> None:
    assert may_be_original(replace(ROW, **row), replace(QUERY, **asked)) is fits
