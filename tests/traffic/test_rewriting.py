"""Recorded requests get numbers, times and references of now."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from iso_gateway import load_spec
from iso_gateway.catalog import load_profile
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.traffic.rewriting import Rewrite, Rewriter
from tests.support.recorded_talk import DIALECT, approved, sale, void

NOW = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = datetime(2027, 1, 2, 3, 4, 9, tzinfo=UTC)
ALL = frozenset(Rewrite)


def test_stan_and_times_are_those_of_now_and_all_else_stays() -> None:
    sent = Rewriter(ALL, DIALECT, 500).request(sale(1), NOW)
    assert sent == sale(500, de7="0102030405", de12="030405", de13="0102")


def test_stans_go_on_per_terminal_and_wrap_to_000001() -> None:
    rewriter = Rewriter(ALL, DIALECT, 999_999)
    some = [sale(1), sale(2), sale(1, de41="TERM0002"), sale(3)]
    assert [rewriter.request(each, NOW)[11] for each in some] == ["999999", "000001", "999999", "000002"]


def test_a_repeat_keeps_stan_and_local_time_of_its_request() -> None:
    rewriter = Rewriter(ALL, DIALECT, 500)
    first, repeat = rewriter.request(sale(1), NOW), rewriter.request(sale(1, mti="0201"), LATER)
    assert repeat == first.evolve({7: "0102030409"}, "0201")
    assert rewriter.request(sale(1, 77), LATER)[11] == "000501", "the same number for another amount is another sale"


def test_a_void_names_the_sale_of_now() -> None:
    rewriter = Rewriter(ALL, DIALECT, 500)
    asked = rewriter.request(sale(1), NOW)
    rewriter.answered(approved(sale(1)), approved(asked, "700100000009", "B00009"))
    sent = rewriter.request(void(2, "632700000001", "A00001"), LATER)
    assert (sent[11], sent[37], sent[38]) == ("000501", "700100000009", "B00009")
    assert sent[90] == "0200" + "000500" + "0102030405" + "0" * 22


def test_what_nobody_answered_is_named_as_recorded() -> None:
    sent = Rewriter(ALL, DIALECT, 500).request(void(2, "632700000001", "A00001"), NOW)
    assert (sent[37], sent[38], sent[90]) == ("632700000001", "A00001", void(2, "632700000001", "A00001")[90])


@pytest.mark.parametrize("what", list(Rewrite))
def test_each_is_rewritten_alone(what: Rewrite) -> None:
    rewriter = Rewriter({what}, DIALECT, 500)
    asked = rewriter.request(sale(1), NOW)
    rewriter.answered(approved(sale(1)), approved(asked, "700100000009", "B00009"))
    recorded = void(2, "632700000001", "A00001")
    sent = rewriter.request(recorded, NOW)
    changed = {number for number in sent if sent[number] != recorded[number]}
    assert changed == {Rewrite.STAN: {11, 90}, Rewrite.TIME: {7, 12, 13, 90}, Rewrite.RRN: {37, 38}}[what]


def test_nothing_is_rewritten_where_nothing_is_asked_for() -> None:
    rewriter = Rewriter((), DIALECT, 500)
    assert rewriter.request(sale(1), NOW) == sale(1)
    assert rewriter.ignored == {"64", "128"}
    assert Rewriter(ALL, DIALECT, 1).ignored == {"7", "11", "12", "13", "15", "37", "38", "64", "90", "128"}


def test_unionpay_names_batch_stan_and_date_in_61_and_keeps_what_follows() -> None:
    spec = load_spec("cup-pos")
    rewriter = Rewriter(ALL, Dialect(spec, load_profile("cup-pos")), 500)
    first = spec.message("0200", {3: 0, 4: 100, 11: 1, 12: "100000", 13: "1123", 41: "TERM0001", 60: "22000007000"})
    rewriter.request(first, NOW)
    later = first.evolve({3: "200000", 11: 2, 60: "23000007000", 61: "000007" + "000001" + "1123" + "00"})
    assert rewriter.request(later, NOW)[61] == "000007" + "000500" + "0102" + "00"


def test_without_a_profile_numbers_and_times_are_rewritten_all_the_same() -> None:
    sent = Rewriter(ALL, None, 500).request(void(2, "632700000001", "A00001"), NOW)
    assert (sent[11], sent[90]) == ("000500", void(2, "632700000001", "A00001")[90])
