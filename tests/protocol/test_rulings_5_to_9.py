"""Rulings 5 to 9, sentence by sentence where no other story tells them."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from iso_gateway import Message
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.lifecycle import Stage, stage
from iso_gateway.protocol.originals import Original
from iso_gateway.protocol.records import Row, RowState
from iso_gateway.protocol.setup import Setup
from tests.support.desk import Desk, dialect, setup


def ruled(name: str, **rules: Any) -> Dialect:
    """Return the shipped dialect *name* with other rules."""
    plain = dialect(name)
    profile = replace(plain.profile, rules=replace(plain.profile.rules, **rules))
    return Dialect(plain.spec, profile)


def with_rules(terminal: str = "iso87-ascii", host: str = "iso87-ascii", **rules: Any) -> Setup:
    """Return a setup both of whose dialects have *rules*."""
    plain = setup(terminal, host)
    counter, bank = plain.listeners["counter"], plain.acquirers["bank"]
    return replace(
        plain,
        listeners={"counter": replace(counter, dialect=ruled(terminal, **rules))},
        acquirers={"bank": replace(bank, dialect=ruled(host, **rules))},
    )


def sale_row(desk: Desk) -> Row:
    """Return the sale's row."""
    (row,) = [row for row in desk.rows() if row.kind is Kind.SALE]
    return row


# Ruling 5: the kind is carried by meaning.


@pytest.mark.parametrize("type_code", ["24", "25", "27", "30", "32", "34", "36"])
def test_what_comes_in_as_one_of_several_advices_goes_out_as_that_one(type_code: str) -> None:
    desk = Desk(setup("cup-pos", "cup-pos"))
    kinds = {"24": Kind.COMPLETION_ADVICE, "25": Kind.REFUND, "27": Kind.REFUND, "32": Kind.ADJUSTMENT}
    kind = kinds.get(type_code, Kind.ADJUSTMENT if type_code == "34" else Kind.ADVICE)
    first = desk.request(Kind.PREAUTH if kind is Kind.COMPLETION_ADVICE else Kind.SALE, 1000)
    desk.send(first)
    desk.host_answers("00")
    pair = (first, desk.answer())
    row = next(row for row in desk.terminal_dialect.profile.kinds if row.type == type_code)
    named = None if kind is Kind.ADVICE else desk.original(*pair)
    message = desk.request(kind, 900, original=named)
    desk.send(message.evolve({60: type_code + message[60][2:]}, row.mti))
    assert (desk.last_sent.mti, desk.last_sent["60.1"]) == (row.mti, type_code)
    desk.host_answers("00")
    assert desk.code() == "00"


def test_a_tip_names_its_sale_on_the_hosts_leg_and_is_no_second_sale() -> None:
    desk = Desk(setup("cup-pos", "cup-pos"))
    sale = desk.sale(1000)
    tip = desk.later(Kind.ADJUSTMENT, sale, 1100)
    desk.send(tip)
    assert desk.host_dialect.original(desk.last_sent).stan == "000501"
    assert stage(sale_row(desk)) is Stage.ADJUST_IN_FLIGHT
    assert desk.asked(desk.later(Kind.VOID, sale), "t2") == "25"
    desk.host_answers("00")
    assert desk.code() == "00"
    assert (stage(sale_row(desk)), sale_row(desk).amount) == (Stage.APPROVED, 1000)


def test_a_tip_that_a_1987_host_has_no_words_for_gets_40() -> None:
    desk = Desk(setup("cup-pos", "iso87-ascii"))
    assert desk.asked(desk.later(Kind.ADJUSTMENT, desk.sale(1000), 1100)) == "40"


def test_a_refund_advice_of_1987_stays_an_advice_and_repeats() -> None:
    desk = Desk()
    sale = desk.sale(1000)
    refund = desk.later(Kind.REFUND, sale, 400)
    desk.send(refund.evolve({}, "0220"))
    desk.pass_time(30)
    assert desk.code() == "68"
    first, again = desk.host_got()
    assert (first.mti, again.mti) == ("0220", "0221")
    desk.host_sends(desk.answer_to(again, "00"))
    assert sale_row(desk).returned == 400


@pytest.mark.parametrize(
    ("host", "kind", "mti", "processing", "more"),
    [
        ("iso87-ascii", Kind.VOID, "0200", "020000", {}),
        ("iso87-ascii", Kind.REFUND, "0200", "200000", {}),
        ("iso93-ascii", Kind.VOID, "1420", None, {24: "400", 25: "4000"}),
        ("iso93-ascii", Kind.REFUND, "1200", "200000", {24: "200"}),
        ("cup-pos", Kind.VOID, "0200", "200000", {}),
        ("cup-pos", Kind.REFUND, "0220", "200000", {}),
    ],
)
def test_a_void_and_a_refund_look_as_the_host_knows_them(
    host: str, kind: Kind, mti: str, processing: str | None, more: dict[int, str]
) -> None:
    desk = Desk(setup("iso87-ascii", host))
    desk.send(desk.later(kind, desk.sale(1000)))
    sent = desk.last_sent
    assert sent.mti == mti
    assert processing is None or sent[3] == processing
    assert {de: sent[de] for de in more} == more


# Ruling 7, and the table of flows 2.4.


def test_a_refund_of_unknown_outcome_lets_another_one_wait_until_it_is_settled() -> None:
    desk = Desk()
    sale = desk.sale(1000)
    desk.send(desk.later(Kind.REFUND, sale, 400))
    desk.pass_time(30)
    assert desk.code() == "68"
    assert desk.asked(desk.later(Kind.REFUND, sale, 100)) == "22"
    desk.host_sends(desk.answer_to(desk.host_got()[-1], "00"))
    desk.send(desk.later(Kind.REFUND, sale, 100))
    desk.host_answers("00")
    assert desk.code() == "00"


# Ruling 9: the answer is compared with the request.


def partly_approved(desk: Desk, amount: str = "000000000600") -> tuple[Message, Message]:
    """Have a sale of 1000 approved for 600."""
    request = desk.request(amount=1000)
    desk.send(request)
    desk.host_answers("10", {4: amount})
    return request, desk.answer()


def test_of_a_partial_approval_the_approved_amount_counts_for_void_refund_and_ceiling() -> None:
    desk = Desk(setup(partial_approval=True))
    sale = partly_approved(desk)
    assert (sale[1][39], sale[1][4], sale_row(desk).amount) == ("10", "000000000600", 600)
    assert desk.asked(desk.later(Kind.VOID, sale, 1000)) == "64"
    assert desk.asked(desk.later(Kind.REFUND, sale, 601)) == "61"
    desk.send(desk.later(Kind.VOID, sale, 600))
    desk.host_answers("00")
    assert desk.code() == "00"


def test_a_terminal_that_cannot_take_a_part_hears_51_and_the_whole_is_reversed() -> None:
    desk = Desk()
    request = desk.request(amount=1000)
    desk.send(request)
    desk.host_answers("10", {4: "000000000600"})
    assert desk.code() == "51"
    desk.pass_time(0)
    reversal = desk.host_got()[-1]
    assert (reversal.mti, reversal[4], reversal.get(95)) == ("0400", "000000001000", None)


@pytest.mark.parametrize(
    ("de", "value"), [(3, "200000"), (4, "000000009999"), (49, "978"), (2, "4111111111111111"), (41, "TERM0002")]
)
def test_an_approval_that_is_not_of_the_request_is_an_unknown_outcome(de: int, value: str) -> None:
    desk = Desk(setup(compared=()))
    desk.send(desk.request())
    desk.host_answers("00", {de: value})
    assert desk.code() == "68"
    assert [row.state for row in desk.rows()] == [RowState.OWES_REVERSAL]
    (said,) = desk.said("unknown outcome")
    assert f"DE {de} of the answer" in said["cause"]


def part_of(desk: Desk, sale: tuple[Message, Message], left: int) -> Message:
    """Return a reversal that leaves *left* of *sale* standing, by DE 95."""
    return desk.reversal(*sale, changes={95: f"{left:012}" + "0" * 30})


def test_a_partial_reversal_is_refused_with_40_where_the_profile_does_not_allow_it() -> None:
    desk = Desk()
    sale = desk.sale(1000)
    assert desk.asked(part_of(desk, sale, 700)) == "40"
    assert not desk.sent
    assert sale_row(desk).state is RowState.DONE
    assert desk.asked(part_of(desk, sale, 0)) == "00"  # nothing is left: the whole


def test_an_allowed_partial_reversal_goes_out_by_itself_and_leaves_the_rest() -> None:
    desk = Desk(with_rules(partial_reversal=True))
    sale = desk.sale(1000)
    desk.send(part_of(desk, sale, 700))
    sent = desk.last_sent
    assert (sent.mti, sent[4], sent[95][:12], sent[90][4:10]) == ("0400", "000000001000", "000000000700", "000501")
    assert stage(sale_row(desk)) is Stage.ADJUST_IN_FLIGHT
    assert desk.asked(desk.later(Kind.VOID, sale, 1000), "t2") == "25"
    desk.host_answers("00")
    assert desk.code() == "00"
    assert (sale_row(desk).state, sale_row(desk).amount) == (RowState.DONE, 700)
    assert desk.asked(desk.later(Kind.REFUND, sale, 701)) == "61"


def test_a_partial_reversal_that_nobody_answers_is_repeated_with_its_de_95_and_never_merged() -> None:
    desk = Desk(with_rules(partial_reversal=True))
    sale = desk.sale(1000)
    desk.send(part_of(desk, sale, 700))
    desk.pass_time(30)
    assert desk.code() == "68"
    first, again = desk.host_got()
    assert (again.mti, again[95], again[11]) == ("0401", first[95], first[11])
    assert sale_row(desk).state is RowState.DONE
    desk.host_sends(desk.answer_to(again, "00"))
    assert sale_row(desk).amount == 700


@pytest.mark.parametrize("left", [1000, 1001])
def test_a_partial_reversal_leaves_less_than_there_was(left: int) -> None:
    desk = Desk(with_rules(partial_reversal=True))
    assert desk.asked(part_of(desk, desk.sale(1000), left)) == "64"


def test_no_part_is_reversed_of_what_may_not_have_been_approved() -> None:
    desk = Desk(with_rules(partial_reversal=True))
    request = desk.request(amount=1000)
    desk.send(request)
    desk.pass_time(30)
    answer = desk.answer()
    assert desk.asked(part_of(desk, (request, answer), 700)) == "22"


# Ruling 22.


@pytest.mark.parametrize("kind", [Kind.VOID, Kind.REFUND])
def test_by_setting_an_unknown_original_is_refused_with_the_profiles_code(kind: Kind) -> None:
    desk = Desk(with_rules(unknown_original="refuse", refund_not_found="12"))
    named = Original(rrn="632400000077", approval="A00077")
    assert desk.asked(desk.request(kind, original=named)) == ("12" if kind is Kind.REFUND else "25")
    assert not desk.sent


def test_a_void_of_what_is_in_a_settled_batch_is_refused_by_unionpays_rules() -> None:
    desk = Desk(setup("cup-pos", "cup-pos"))
    sale = desk.sale(1000)
    void = desk.later(Kind.VOID, sale)
    assert desk.asked(void.evolve({60: void[60][:2] + "000008" + void[60][8:]})) == "25"
    desk.send(desk.later(Kind.VOID, sale))
    desk.host_answers("00")
    assert desk.code() == "00"
