"""What a void, a refund or a completion may do: the tables of flows 2.3, 2.4 and 2.5, a row each."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.protocol.rules import Claim, Rules, Standing, not_found, refusal

TODAY = date(2026, 11, 20)
SALE = Standing(
    kind=Kind.SALE, amount=10_000, card=b"card", business_date=TODAY, approved=True, owed=False, taken=False,
    returned=0, reserved=0,
)  # fmt: skip


def claim(kind: Kind, amount: int = 10_000, card: bytes = b"card", days: int = 0) -> Claim:
    """Return a claim on an original, *days* after it."""
    return Claim(kind, amount, card, TODAY + timedelta(days=days))


@pytest.mark.parametrize(
    ("asked", "changes", "code"),
    [
        (claim(Kind.VOID), {}, ""),
        (claim(Kind.VOID), {"kind": Kind.VOID}, "25"),
        (claim(Kind.VOID), {"kind": Kind.PREAUTH}, "25"),
        (claim(Kind.VOID), {"kind": Kind.REFUND}, ""),
        (claim(Kind.VOID), {"approved": False}, "25"),
        (claim(Kind.VOID), {"taken": True}, "25"),
        (claim(Kind.VOID), {"returned": 100}, "25"),
        (claim(Kind.VOID), {"reserved": 100}, "25"),
        (claim(Kind.VOID), {"approved": False, "owed": True}, "22"),
        (claim(Kind.VOID, card=b"other"), {}, "14"),
        (claim(Kind.VOID, card=b""), {}, ""),
        (claim(Kind.VOID, days=1), {}, "25"),
        (claim(Kind.VOID, 9_999), {}, "64"),
        (claim(Kind.VOID, 10_001), {}, "64"),
        # The order of the checks: state, card, day, amount.
        (claim(Kind.VOID, 1, b"other", 1), {"taken": True}, "25"),
        (claim(Kind.VOID, 1, b"other", 1), {}, "14"),
        (claim(Kind.VOID, 1, days=1), {}, "25"),
    ],
)
def test_a_void(asked: Claim, changes: dict[str, Any], code: str) -> None:
    assert refusal(asked, replace(SALE, **changes)) == code


@pytest.mark.parametrize(
    ("asked", "changes", "code"),
    [
        (claim(Kind.REFUND), {}, ""),
        (claim(Kind.REFUND, 1), {}, ""),
        (claim(Kind.REFUND), {"kind": Kind.COMPLETION}, ""),
        (claim(Kind.REFUND), {"kind": Kind.REFUND}, "25"),
        (claim(Kind.REFUND), {"kind": Kind.PREAUTH}, "25"),
        (claim(Kind.REFUND), {"approved": False}, "25"),
        (claim(Kind.REFUND), {"taken": True}, "25"),
        (claim(Kind.REFUND), {"owed": True, "approved": False}, "22"),
        (claim(Kind.REFUND, card=b"other"), {}, "14"),
        (claim(Kind.REFUND, 10_001), {}, "61"),
        (claim(Kind.REFUND, 4_000), {"returned": 6_000}, ""),
        (claim(Kind.REFUND, 4_001), {"returned": 6_000}, "61"),
        (claim(Kind.REFUND, 1), {"returned": 10_000}, "61"),
        (claim(Kind.REFUND, 4_000), {"reserved": 1}, "22"),
        (claim(Kind.REFUND, days=30), {}, ""),
        (claim(Kind.REFUND, days=31), {}, "22"),
    ],
)
def test_a_refund(asked: Claim, changes: dict[str, Any], code: str) -> None:
    assert refusal(asked, replace(SALE, **changes)) == code


@pytest.mark.parametrize(
    ("asked", "changes", "code"),
    [
        (claim(Kind.COMPLETION), {}, ""),
        (claim(Kind.COMPLETION, 11_500), {}, ""),
        (claim(Kind.COMPLETION, 11_501), {}, "64"),
        (claim(Kind.COMPLETION_ADVICE, 11_501), {}, "64"),
        (claim(Kind.COMPLETION, 1), {}, ""),
        (claim(Kind.COMPLETION), {"taken": True}, "22"),
        (claim(Kind.COMPLETION), {"approved": False}, "25"),
        (claim(Kind.COMPLETION), {"kind": Kind.SALE}, "25"),
        (claim(Kind.COMPLETION, card=b"other"), {}, "14"),
        (claim(Kind.COMPLETION, days=29), {}, ""),
        (claim(Kind.COMPLETION, days=30), {}, "22"),
        (claim(Kind.PREAUTH_CANCEL), {}, ""),
        (claim(Kind.PREAUTH_CANCEL, 9_999), {}, "64"),
        (claim(Kind.PREAUTH_CANCEL), {"taken": True}, "22"),
        (claim(Kind.PREAUTH_CANCEL, days=30), {}, "22"),
    ],
)
def test_what_becomes_of_a_preauth(asked: Claim, changes: dict[str, Any], code: str) -> None:
    assert refusal(asked, replace(SALE, **{"kind": Kind.PREAUTH, **changes})) == code


@pytest.mark.parametrize(
    ("asked", "changes", "code"),
    [
        (claim(Kind.COMPLETION_CANCEL), {}, ""),
        (claim(Kind.COMPLETION_CANCEL), {"kind": Kind.SALE}, "25"),
        (claim(Kind.COMPLETION_CANCEL), {"taken": True}, "25"),
        (claim(Kind.COMPLETION_CANCEL, days=1), {}, "25"),
        (claim(Kind.COMPLETION_CANCEL, 9_999), {}, "64"),
        (claim(Kind.COMPLETION), {"kind": Kind.SALE}, "25"),
    ],
)
def test_what_becomes_of_a_completion(asked: Claim, changes: dict[str, Any], code: str) -> None:
    assert refusal(asked, replace(SALE, **{"kind": Kind.COMPLETION, **changes})) == code


@pytest.mark.parametrize("kind", [kind for kind in Kind if TRAITS[kind].original and kind is not Kind.REVERSAL])
def test_nothing_may_be_done_to_what_is_being_reversed(kind: Kind) -> None:
    for original in TRAITS[kind].original:
        owed = replace(SALE, kind=original, owed=True, approved=False)
        assert refusal(claim(kind), owed) == "22"


@pytest.mark.parametrize(
    ("rules", "asked", "changes", "code"),
    [
        ({"void_not_found": "12"}, claim(Kind.VOID), {"kind": Kind.PREAUTH}, "12"),
        ({"void_not_found": "12"}, claim(Kind.COMPLETION_CANCEL), {}, "12"),
        ({"refund_not_found": "12"}, claim(Kind.REFUND), {"kind": Kind.REFUND}, "12"),
        ({"completion_not_found": "12"}, claim(Kind.COMPLETION), {}, "12"),
        ({"completion_not_found": "12"}, claim(Kind.PREAUTH_CANCEL), {}, "12"),
        ({"not_approved": "12"}, claim(Kind.VOID), {"approved": False}, "12"),
        ({"wrong_state": "22"}, claim(Kind.VOID), {"taken": True}, "22"),
        ({"wrong_state": "22"}, claim(Kind.REFUND), {"taken": True}, "22"),
        ({"preauth_wrong_state": "25"}, claim(Kind.COMPLETION), {"kind": Kind.PREAUTH, "taken": True}, "25"),
        ({"void_too_late": "12"}, claim(Kind.VOID, days=1), {}, "12"),
        ({"void_same_day": False}, claim(Kind.VOID, days=1), {}, ""),
        ({"refund_days": 180}, claim(Kind.REFUND, days=180), {}, ""),
        ({"preauth_days": 30}, claim(Kind.COMPLETION, days=30), {"kind": Kind.PREAUTH}, ""),
        ({"completion_percent": 100}, claim(Kind.COMPLETION, 10_001), {"kind": Kind.PREAUTH}, "64"),
        ({"completion_percent": 120}, claim(Kind.COMPLETION, 12_000), {"kind": Kind.PREAUTH}, ""),
    ],
)
def test_what_an_acquirer_does_otherwise(
    rules: dict[str, Any], asked: Claim, changes: dict[str, Any], code: str
) -> None:
    original = replace(SALE, **changes)
    assert refusal(asked, original, Rules(**rules)) == code
    assert refusal(asked, original) != code


@pytest.mark.parametrize(
    ("rules", "asked", "kind"),
    [
        ({"refund_days": 180}, claim(Kind.REFUND, days=181), Kind.SALE),
        ({"preauth_days": 30}, claim(Kind.COMPLETION, days=31), Kind.PREAUTH),
    ],
)
def test_every_window_has_its_end(rules: dict[str, Any], asked: Claim, kind: Kind) -> None:
    assert refusal(asked, replace(SALE, kind=kind), Rules(**rules)) == "22"


@pytest.mark.parametrize(
    ("of", "wanted", "code"), [("000001", "000001", ""), ("000001", "000002", "25"), ("000001", "", ""), ("", "2", "")]
)
def test_what_is_in_a_batch_that_was_settled_is_not_voided(of: str, wanted: str, code: str) -> None:
    asked, original = replace(claim(Kind.VOID), batch=wanted), replace(SALE, batch=of)
    assert refusal(asked, original, Rules(void_same_batch=True)) == code
    assert refusal(asked, original) == ""


@pytest.mark.parametrize(
    ("kind", "setting"),
    [
        (Kind.VOID, "void"),
        (Kind.COMPLETION_CANCEL, "void"),
        (Kind.ADJUSTMENT, "void"),
        (Kind.REFUND, "refund"),
        (Kind.COMPLETION, "completion"),
        (Kind.COMPLETION_ADVICE, "completion"),
        (Kind.PREAUTH_CANCEL, "completion"),
    ],
)
def test_each_kind_has_its_code_for_an_original_that_is_not_there(kind: Kind, setting: str) -> None:
    assert not_found(kind) == "25"
    changed: dict[str, Any] = {f"{setting}_not_found": "12"}
    assert not_found(kind, Rules(**changed)) == "12"


@pytest.mark.parametrize(("changes", "code"), [({}, ""), ({"taken": True}, "25"), ({"card": b"other"}, "14")])
def test_an_adjustment_may_say_any_amount_of_a_sale_that_stands(changes: dict[str, Any], code: str) -> None:
    assert refusal(claim(Kind.ADJUSTMENT, 12_000, days=2), replace(SALE, **changes)) == code
