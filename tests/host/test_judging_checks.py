"""What the judge finds, rule by rule: a terminal that does right, and the nearest one that does not."""

from __future__ import annotations

import pytest

from iso_gateway.host.judging.checks import CHECKS
from iso_gateway.host.judging.judge import Judge
from iso_gateway.host.judging.owing import PATIENCE
from iso_gateway.host.judging.watching import REMEMBERED, UNSETTLED
from iso_gateway.protocol.kinds import Kind
from tests.support.judged_till import JudgedKeyedTill, JudgedTill
from tests.support.till import OTHER_PAN, PAN, Reply, Till

BOTH = pytest.mark.parametrize("spec", ["iso87-ascii", "cup-pos"])
SILENT = 1068


def reversal(till: Till, of: Reply, **changes: str) -> Reply:
    """Reverse what was not answered, as a terminal that does right."""
    said: dict[int | str, str] = {3: str(of.request[3]), 39: "98"}
    said |= {int(de.removeprefix("de")): value for de, value in changes.items()}
    asked = int(str(of.request[4]))
    return till.send(till.request(Kind.REVERSAL, asked, about=of, changes=said))


@BOTH
def test_a_terminal_that_does_right(spec: str) -> None:
    till = JudgedTill(spec)
    till.ask(Kind.SIGN_ON, None, pan="", currency="")
    sale = till.ask(Kind.SALE)
    till.ask(Kind.VOID, about=sale)
    silent = till.ask(Kind.SALE, SILENT)
    reversal(till, silent)
    till.ask(Kind.SALE, 1051)
    assert till.found == []


@BOTH
def test_new_money_before_the_reversal_of_what_was_not_answered(spec: str) -> None:
    till = JudgedTill(spec)
    silent = till.ask(Kind.SALE, SILENT)
    following = till.ask(Kind.SALE)
    [finding] = till.judge.findings
    assert finding.rule == "reversal-first"
    assert finding.about.stan == silent.request[11]
    assert [each.stan for each in finding.others] == [following.request[11]]
    till.ask(Kind.SALE)
    assert till.found == ["reversal-first"], "a debt is told of once"


@BOTH
def test_a_settlement_before_the_reversal_of_what_was_not_answered(spec: str) -> None:
    till = JudgedTill(spec)
    till.ask(Kind.SALE, SILENT)
    till.ask(Kind.SETTLEMENT, None, pan="")
    assert till.found == ["reversal-first"]


@BOTH
@pytest.mark.parametrize(("amount", "booked"), [(SILENT, "booked"), (1069, "not booked")])
def test_what_is_left_open_at_the_end(spec: str, amount: int, booked: str) -> None:
    till = JudgedTill(spec)
    silent = till.ask(Kind.SALE, amount)
    cents = f"{amount // 100}.{amount % 100}"
    told = f"TERM0001 STAN 000001, USD {cents}, {booked}, never reversed"
    assert till.left_open == [(told, False)], "the terminal may wait for the answer still"
    assert till.owed == []
    till.wait(PATIENCE + 1)
    assert till.left_open == [(told, True)]
    assert till.owed == [f"still open at the end: {told}"]
    assert till.found == [], "it may still do it"
    reversal(till, silent)
    assert till.left_open == []


def test_a_terminal_that_closes_its_connection_waits_no_longer() -> None:
    till = JudgedTill()
    till.ask(Kind.SALE, SILENT)
    till.judge.closed(till.link)
    assert [overdue for _, overdue in till.left_open] == [True]


def test_a_reversal_that_nobody_answered_is_open_too() -> None:
    till = JudgedTill()
    silent = till.ask(Kind.SALE, SILENT)
    reversal(till, silent)
    [terminal] = till.judge.terminals.values()
    terminal.story[-1].given = None
    till.wait(PATIENCE + 1)
    assert till.left_open == [("TERM0001 reversal STAN 000002, USD 10.68, booked, never repeated", True)]


def test_a_reversal_that_was_refused_leaves_the_original_standing() -> None:
    till = JudgedTill()
    silent = till.ask(Kind.SALE, SILENT)
    assert reversal(till, silent, de2=OTHER_PAN).code == "14"
    till.ask(Kind.SALE)
    told = "TERM0001 STAN 000001, USD 10.68, booked, and its reversal, STAN 000002, was refused with 14"
    assert till.left_open == [(told, True)]
    assert till.found == ["reversal-elements"]
    assert till.owed == [], "it has been found"
    assert reversal(till, silent).code == "00"
    assert till.left_open == []
    assert till.found == ["reversal-elements"], "what was refused is done once more under a new number"


def test_what_was_answered_stands_as_both_sides_know() -> None:
    till = JudgedTill()
    assert reversal(till, till.ask(Kind.SALE), de39="17", de2=OTHER_PAN).code == "14"
    assert till.left_open == []


@BOTH
def test_a_reversal_of_something_else_leaves_the_original_standing(spec: str) -> None:
    till = JudgedTill(spec)
    silent = till.ask(Kind.SALE, SILENT)
    reversal(till, silent, **({"de11": "000777"} if till.cup else {"de90": "0200" + "000777" + "0" * 32}))
    assert [text.endswith("does not name it") for text, _ in till.left_open] == [True]


@BOTH
def test_a_refusal_that_was_asked_for_is_no_fault_of_the_terminal(spec: str) -> None:
    till = JudgedTill(spec)
    assert reversal(till, till.ask(Kind.SALE, 1067)).code == "30"
    till.host.refuse_reversals = "12"
    assert reversal(till, till.ask(Kind.SALE, SILENT)).code == "12"
    assert till.left_open == []


def test_a_second_reversal_under_another_number() -> None:
    till = JudgedTill()
    silent = till.ask(Kind.SALE, SILENT)
    first = reversal(till, silent)
    till.again(first)
    assert till.found == []
    reversal(till, silent)
    [finding] = till.judge.findings
    assert finding.rule == "repeat-identical"
    assert "is reversed once more under STAN 000003" in finding.text
    assert till.left_open == [], "25 says that it was undone"


@BOTH
def test_a_look_before_an_inquiry_is_answered_forgets_nothing(spec: str) -> None:
    till = JudgedTill(spec)
    silent = till.ask(Kind.SALE, SILENT)
    till.ask(Kind.INQUIRY, None, about=silent, pan="", currency="")
    [terminal] = till.judge.terminals.values()
    answered, terminal.story[-1].given = terminal.story[-1].given, None
    assert len(till.left_open) == 1
    terminal.story[-1].given = answered
    assert till.left_open == []


@BOTH
def test_a_repeat_asks_what_became_of_it(spec: str) -> None:
    till = JudgedTill(spec)
    silent = till.ask(Kind.SALE, SILENT)
    till.again(silent)
    till.ask(Kind.SALE)
    assert till.found == []


@BOTH
def test_an_inquiry_that_is_answered_tells_what_became_of_it(spec: str) -> None:
    till = JudgedTill(spec)
    silent = till.ask(Kind.SALE, SILENT)
    till.ask(Kind.INQUIRY, None, about=silent, pan="", currency="")
    till.ask(Kind.SALE)
    assert till.found == []
    till.ask(Kind.SALE, SILENT)
    till.ask(Kind.INQUIRY, None, about=silent, pan="", currency="")
    till.ask(Kind.SALE)
    assert till.found == ["reversal-first"], "it asked about another one"


def test_an_answer_that_nobody_knows_the_outcome_is_none() -> None:
    till = JudgedTill()
    till.judge.answered(None, till.moment)
    sale = till.ask(Kind.SALE)
    [terminal] = till.judge.terminals.values()
    terminal.story[0].code = "68"
    till.ask(Kind.SALE)
    assert till.found == ["reversal-first"]
    assert sale.code == "00"


@BOTH
def test_a_reversal_without_a_reason(spec: str) -> None:
    till = JudgedTill(spec)
    silent = till.ask(Kind.SALE, SILENT)
    till.send(till.request(Kind.REVERSAL, SILENT, about=silent, changes={3: "000000"}))
    assert till.found == ["reversal-reason"]


@pytest.mark.parametrize("reason", ["17", "A0", "06", "99"])
def test_a_reversal_with_a_reason_that_is_not_so(reason: str) -> None:
    till = JudgedTill()
    reversal(till, till.ask(Kind.SALE, SILENT), de39=reason)
    assert till.found == ["reversal-reason"]


def test_any_reason_will_do_for_what_was_answered() -> None:
    till = JudgedTill()
    for reason in ("98", "96", "06", "17"):
        reversal(till, till.ask(Kind.SALE), de39=reason)
    assert till.found == []


@BOTH
def test_a_reversal_that_names_another_request(spec: str) -> None:
    till = JudgedTill(spec)
    silent = till.ask(Kind.SALE, SILENT)
    message = till.request(Kind.REVERSAL, SILENT, about=silent, changes={3: "000000", 39: "98"})
    changes = {11: "000777"} if till.cup else {90: "0200" + "000777" + "0" * 32}
    till.send(message.evolve(changes))
    till.ask(Kind.SALE)
    assert till.found == ["reversal-names-original"], "and the debt is not asked for once more"


@BOTH
def test_a_reversal_of_another_amount_or_card(spec: str) -> None:
    till = JudgedTill(spec)
    reversal(till, till.ask(Kind.SALE, SILENT), de4="000000001069")
    reversal(till, till.ask(Kind.SALE, SILENT), de2=OTHER_PAN)
    assert till.found == ["reversal-elements"] * 2
    assert all(PAN not in finding.text and OTHER_PAN not in finding.text for finding in till.judge.findings)


@BOTH
def test_a_reversal_has_its_own_time_and_entry_mode(spec: str) -> None:
    till = JudgedTill(spec)
    reversal(till, till.ask(Kind.SALE, SILENT), de12="103059", de13="0302", de22="012")
    assert till.found == []


def test_an_advice_is_repeated_and_never_reversed() -> None:
    till = JudgedTill("cup-pos")
    refund = till.ask(Kind.REFUND, about=till.ask(Kind.SALE))
    reversal(till, refund, de39="17")
    assert till.found == ["reversal-names-original"]


@BOTH
def test_a_repeat_that_differs(spec: str) -> None:
    till = JudgedTill(spec)
    silent = till.ask(Kind.SALE, SILENT)
    marked = "0201" if till.dialect.profile.repeat_mti else "0200"
    till.send(silent.request.evolve({4: "000000001069"}, marked))
    assert till.found == ["repeat-identical"]


def test_a_repeat_after_another_message_under_its_number_was_refused() -> None:
    till = JudgedTill()
    first = till.ask(Kind.SALE, 1400)
    assert till.send(first.request.evolve({4: "000000001500"})).code == "94"
    assert till.again(first).code == "00"
    assert till.found == ["stan-rising"], "the refused one has a number that was taken; the repeat is as it was"


def test_a_repeat_that_does_not_say_so() -> None:
    till = JudgedTill()
    till.again(till.ask(Kind.SALE, SILENT), marked=False)
    assert till.found == ["repeat-identical"]


def test_numbers_that_do_not_rise() -> None:
    till = JudgedTill()
    for stan in ("000005", "000009", "000009", "000003", "000004"):
        till.ask(Kind.SALE, 1000 + int(stan) * 100, stan=stan)
        till.wait(90_000)
    assert till.found == ["stan-rising"] * 2


@pytest.mark.parametrize(("after", "wrong"), [("000001", 0), ("000003", 0), ("000000", 1), ("999998", 1)])
def test_numbers_go_round(after: str, wrong: int) -> None:
    till = JudgedTill()
    till.ask(Kind.SALE, stan="999999")
    till.ask(Kind.SALE, stan=after)
    assert till.found == ["stan-rising"] * wrong


def test_a_card_number_where_none_belongs() -> None:
    till = JudgedTill()
    till.send(till.request(Kind.SALE, changes={63: f"card {PAN}"}))
    till.send(till.request(Kind.SALE, changes={48: f"another {OTHER_PAN}."}))
    till.send(till.request(Kind.SALE, changes={48: "an order 4761739001010011"}))
    assert till.found == ["no-card-number"] * 2
    assert all(PAN not in finding.text for finding in till.judge.findings)


@pytest.mark.parametrize("dressed", ["4761 7390 0101 0010", "4761-7390-0101-0010", "4 7 6 1 7 3 9 0 0 1 0 1 0 0 1 0"])
@pytest.mark.parametrize("own", [True, False])
def test_a_card_number_in_groups(dressed: str, *, own: bool) -> None:
    till = JudgedTill()
    till.send(till.request(Kind.SALE, pan=PAN if own else OTHER_PAN, changes={48: f"card {dressed}."}))
    assert till.found == ["no-card-number"]


@pytest.mark.parametrize("text", ["2026-11-23 12:00 4761", "4761 7390 0101 0011", "order 4761 7390 0101 0010 77 1234"])
def test_digits_in_groups_that_are_no_card_number(text: str) -> None:
    till = JudgedTill()
    till.send(till.request(Kind.SALE, pan=OTHER_PAN, changes={48: text}))
    assert till.found == []


@pytest.mark.parametrize("changes", [{7: "0302093000"}, {7: "1332256199"}, {12: "256000"}, {13: "0101"}])
def test_times_that_are_none(changes: dict[int | str, str]) -> None:
    till = JudgedTill()
    till.send(till.request(Kind.SALE, changes=changes))
    assert till.found == ["times"]


def test_a_mac_that_is_not_right() -> None:
    till = JudgedKeyedTill()
    till.ask(Kind.SALE)
    till.has(mac=bytes(range(1, 17)))
    till.ask(Kind.SALE)
    assert till.found == ["mac-right"]


@pytest.mark.parametrize("amount", [1081, 1082])
@pytest.mark.parametrize(("reason", "wrong"), [("A0", 0), ("98", 1)])
def test_an_approval_without_its_mac_is_reversed_for_that(amount: int, reason: str, wrong: int) -> None:
    till = JudgedKeyedTill()
    sale = till.ask(Kind.SALE, amount)
    till.send(till.request(Kind.REVERSAL, amount, about=sale, changes={3: "000000", 39: reason}))
    assert till.found == ["reversal-reason"] * wrong


def test_money_before_a_sign_on_where_a_host_asks_for_one() -> None:
    till = JudgedTill()
    till.judge = Judge(till.dialect, checks=[check.id for check in CHECKS])
    till.ask(Kind.SALE)
    till.ask(Kind.SIGN_ON, None, pan="", currency="")
    till.ask(Kind.SALE)
    assert till.found == ["sign-on-first"]


def test_what_is_remembered_of_a_terminal_is_bounded() -> None:
    till = JudgedTill()
    till.judge = Judge(till.dialect, checks=[])
    for _ in range(REMEMBERED + 20):
        till.ask(Kind.SALE, SILENT)
    [terminal] = till.judge.terminals.values()
    assert len(list(terminal.watch.newest_first)) == REMEMBERED
    assert len(terminal.watch.unsettled) == UNSETTLED
