"""Stories of a process that dies and of the next one on the same journal: what was open is owed, or a question."""

from __future__ import annotations

from itertools import pairwise

import pytest
from msgspec.structs import replace

from iso_gateway import Message
from iso_gateway.catalog import load_spec
from iso_gateway.protocol import commands, events
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import Change, RowState, Taken
from iso_gateway.protocol.recovery import FATES, LEFT_OPEN, recover
from iso_gateway.protocol.setup import Debtor
from tests.support.desk import NOON, PAN, Desk, dialect, setup
from tests.support.stories import BOTH, named, reverse, row_of, timed_out


def died_while_sending(desk: Desk, kind: Kind = Kind.SALE) -> tuple[Message, Message]:
    """Let the process die while a request awaits its answer; return it as the terminal sent it, as the host got it."""
    request = desk.request(kind)
    desk.send(request)
    ((_, _, sent),) = desk.sent
    desk.restart()
    return request, sent


def test_every_state_of_a_row_has_its_fate_and_only_open_ones_are_asked_for() -> None:
    desk = Desk()
    desk.sale()
    for state in RowState:
        row = desk.row()
        desk.journal.commit([(Change(row.id, set={"state": state}),)])
        found = recover([desk.row()], NOON)
        assert (len(found.debts) + len(found.questions) + len(found.closings) > 0) == (state in FATES)
    assert frozenset(FATES) == LEFT_OPEN


@BOTH
@pytest.mark.parametrize("kind", [Kind.SALE, Kind.PREAUTH])
def test_what_was_being_sent_is_reversed(terminal: str, kind: Kind) -> None:
    desk = Desk(setup(terminal, terminal))
    request, sent = died_while_sending(desk, kind)
    row = desk.row()
    assert (row.state, row.reason) == (RowState.OWES_REVERSAL, "98")
    desk.pass_time(0)
    reversal = desk.last_sent
    assert reversal.mti[1:] == "400" or reversal.mti[1:] == "420"
    assert (reversal[4], reversal.text(41)) == (sent[4], sent.text(41))
    style = desk.host_dialect.profile
    assert reversal[11] == sent[11] if style.reversal_stan == "same" else reversal[11] != sent[11]
    assert desk.asked(desk.repeat(request)) == style.no_answer
    desk.pass_time(30)
    desk.host_sends(desk.answer_to(desk.host_got()[-1], "00"))
    desk.pass_time(30)
    if desk.sent:  # a host that says 00 for what it does not find was asked once more
        desk.host_answers("00")
    assert desk.row().state is RowState.REVERSED
    assert " recovered" in desk.row().story


@pytest.mark.parametrize("host", ["iso87-ascii", "cup-pos", "iso93-ascii"])
def test_an_advice_that_was_being_sent_is_repeated_from_what_may_be_kept(host: str) -> None:
    desk = Desk(setup(host, host))
    request, sent = died_while_sending(desk, Kind.ADVICE)
    assert desk.row().state is RowState.OWES_REPEAT
    desk.pass_time(0)
    again = desk.last_sent
    marked = str(int(sent.mti) + 1).zfill(4) if desk.host_dialect.profile.repeat_mti else sent.mti
    assert again.mti == marked
    changes = {7: sent[7]} if 7 in sent else {}
    assert again.evolve(changes, sent.mti) == sent
    desk.host_answers("00")
    assert desk.row().state is RowState.UNCONFIRMED
    assert desk.asked(desk.repeat(request)) == "00"


def test_a_balance_that_was_being_asked_for_is_closed() -> None:
    desk = Desk()
    desk.send(desk.request(Kind.BALANCE))
    desk.restart()
    assert desk.row().state is RowState.DECLINED
    desk.pass_time(100)
    assert not desk.host_got()


def test_an_approval_whose_delivery_nobody_saw_is_a_question_and_never_reversed_by_the_gateway() -> None:
    """Ruling 2."""
    desk = Desk()
    request = desk.request()
    desk.send(request)
    desk.hold = {commands.Deliver}
    desk.host_answers("00")
    assert desk.row().state is RowState.ANSWERED
    desk.restart()
    assert desk.row().state is RowState.UNCONFIRMED
    desk.pass_time(1000)
    assert not desk.host_got()
    assert desk.asked(desk.repeat(request)) == "00"
    assert desk.row().state is RowState.DONE


@BOTH
def test_the_terminals_reversal_takes_such_an_approval_back(terminal: str) -> None:
    desk = Desk(setup(terminal, terminal))
    request = desk.request()
    desk.send(request)
    desk.hold = {commands.Deliver}
    desk.host_answers("00")
    desk.restart()
    assert desk.asked(named(desk, request)) == "00"
    row = row_of(desk, Kind.SALE)
    assert row.state is RowState.OWES_REVERSAL
    assert desk.asked(desk.repeat(request)) == desk.terminal_dialect.profile.no_answer


def test_what_was_owed_is_owed_again_in_its_order_with_its_stan_and_the_mark_of_a_repeat() -> None:
    desk = Desk()
    _, _, reversal = timed_out(desk, amount=100)
    desk.send(desk.request(amount=101))
    desk.host_got()
    desk.restart()
    desk.pass_time(0)
    (first,) = desk.host_got()
    assert first.mti == "0401"
    assert first.evolve({7: reversal[7]}, "0400") == reversal
    desk.host_sends(desk.answer_to(first, "00"))
    desk.pass_time(0)
    (second,) = desk.host_got()
    assert (second.mti, int(second[4])) == ("0400", 101)


def test_attempts_are_committed_before_each_of_them_so_that_the_next_process_marks_its_first() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.hold = {commands.Send}
    desk.pass_time(30)
    assert desk.row().attempts == 1
    desk.restart()
    desk.pass_time(0)
    assert desk.last_sent.mti == "0401", "nobody knows whether the first one left"


def test_a_stuck_debt_stays_stuck_and_its_stans_stay_reserved() -> None:
    desk = Desk()
    _, sale, reversal = timed_out(desk)
    reverse(desk, reversal, "12")
    desk.restart()
    desk.pass_time(86400)
    assert not desk.host_got()
    assert desk.row().state is RowState.STUCK
    host = desk.node.links.hosts["bank"]
    for stan in (sale[11], reversal[11]):
        host.numbering.go_on(int(stan))
        assert desk.node.links.next_stan("bank") not in {sale[11], reversal[11]}


def test_stans_go_on_behind_those_of_the_process_that_died() -> None:
    """Ruling 15: what was given out within the late window is not given out again."""
    desk = Desk()
    used = {desk.sale()[0][11] and desk.rows()[-1].host.stan for _ in range(5)}  # type: ignore[union-attr]
    timed_out(desk)
    used |= {row.host.stan for row in desk.rows() if row.host} | {row.debt_stan for row in desk.rows()}
    desk.restart()
    for _ in range(5):
        desk.sale(terminal="TERM0002")
    later = [row.host.stan for row in desk.rows() if row.host][6:]
    assert len(later) == 5
    assert not used & set(later)


def test_a_late_approval_after_the_restart_is_seen_and_25_then_settles_nothing() -> None:
    """Ruling 1, over three processes."""
    desk = Desk()
    _, sent = died_while_sending(desk)
    desk.host_sends(desk.answer_to(sent, "00"))
    assert desk.row().approval_seen
    desk.restart()
    for _ in range(2):  # the first may be the answer to an attempt of the process that died, when it was early
        desk.pass_time(40)
        reverse(desk, desk.host_got()[-1], "25")
    assert desk.row().state is RowState.STUCK


def test_a_late_decline_after_the_restart_ends_what_was_never_reversed() -> None:
    desk = Desk()
    request = desk.request()
    desk.send(request)
    ((_, _, sent),) = desk.sent
    desk.restart(links=())
    desk.feed(events.LinkConnected("bank-1"))
    desk.host_sends(desk.answer_to(sent, "51"))
    assert desk.row().state is RowState.DECLINED
    assert desk.asked(desk.repeat(request)) == "51"


def test_a_debt_that_no_acquirer_of_the_configuration_is_owed_is_told_and_kept() -> None:
    desk = Desk()
    desk.send(desk.request())
    row = desk.row()
    assert row.host is not None
    desk.journal.commit([(Change(row.id, set={"host": type(row.host)(
        "closed", *(getattr(row.host, field) for field in row.host.__struct_fields__[1:]))}),)])  # fmt: skip
    desk.restart()
    desk.pass_time(100)
    assert not desk.host_got()
    assert "no acquirer 'closed'" in desk.said("owed")[0]["cause"]
    assert (desk.row().state, desk.row().reason) == (RowState.OWES_REVERSAL, "98")  # so that it is listed as owed
    assert "no acquirer 'closed'" in desk.row().story
    desk.node.reload(desk.setup, desk.now)
    desk.pass_time(100)
    assert not desk.node.owing.debts
    # And once the configuration has it again, it is paid.
    bank = desk.setup.acquirers["bank"]
    closed = replace(bank, name="closed", links=("closed-1",))
    desk.node.reload(replace(desk.setup, acquirers={"bank": bank, "closed": closed}), desk.now)
    desk.feed(events.LinkConnected("closed-1"))
    desk.host_answers("00")
    ((_, link, reversal),) = desk.sent
    assert (link, reversal.mti, reversal[90][4:10]) == ("closed-1", "0400", row.host.stan)
    desk.host_sends(desk.answer_to(reversal, "00"), "closed-1")
    assert desk.row().state is RowState.REVERSED


def test_a_void_that_was_being_sent_holds_its_sale_until_its_reversal_is_settled() -> None:
    desk = Desk()
    sale = desk.sale()
    desk.send(desk.later(Kind.VOID, sale))
    desk.restart()
    assert row_of(desk, Kind.SALE).taken is Taken.VOID_IN_FLIGHT
    desk.pass_time(0)
    desk.host_answers("00")
    assert row_of(desk, Kind.SALE).taken is Taken.NO
    assert row_of(desk, Kind.VOID).state is RowState.REVERSED


def test_a_journal_that_fails_at_the_start_is_told_as_soon_as_it_can_be() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.sale(terminal="TERM0002")
    desk.journal_fails = True
    desk.restart()
    desk.pass_time(3)
    assert desk.rows(RowState.SENDING)
    assert not desk.host_got()
    desk.journal_fails = False
    desk.pass_time(60)
    assert not desk.rows(RowState.SENDING)
    assert desk.host_got()[-1].mti[:2] == "04"


def test_no_debt_waits_longer_for_having_been_tried_by_an_earlier_process() -> None:
    desk = Desk(setup(debtor=Debtor(give_up_after=600)))
    timed_out(desk)
    desk.restart(after=7 * 86400.0)
    desk.pass_time(0)
    assert desk.host_got()[-1].mti == "0401"
    desk.host_sends(desk.answer_to(desk.node.owing.debts[f"{desk.row().id}/debt"].message or Message("0400"), "00"))
    assert desk.row().state is RowState.REVERSED


def test_no_secret_is_needed_to_owe() -> None:
    desk = Desk()
    desk.send(desk.request(changes={35: f"{PAN}=26122010000000000000", 52: bytes(8)}))
    desk.restart()
    desk.pass_time(0)
    reversal = desk.last_sent
    assert reversal[2] == PAN
    assert not {35, 45, 52, 64} & set(reversal) - {64}
    assert PAN not in repr(desk.rows())


# Kept dialects: a debt is paid in the words in which it was made.


def renamed(name: str = "iso87-ascii", **profile_changes: str) -> Dialect:
    """Return the dialect *name* after somebody has edited its files: DE 43 shorter, other rules for reversals."""
    ours = dialect(name)
    field = {**ours.spec.source["fields"]["43"], "max": "20"}
    spec = {**ours.spec.source, "fields": {**ours.spec.source["fields"], "43": field}}
    profile = ours.profile if not profile_changes else type(ours.profile)(
        **{each: getattr(ours.profile, each) for each in ours.profile.__struct_fields__} | profile_changes
    )  # fmt: skip
    return Dialect(load_spec(spec), profile)


@pytest.mark.parametrize("between", ["restart", "reload"])
def test_a_debt_is_sent_in_the_dialect_in_which_its_original_was(between: str) -> None:
    desk = Desk()
    _, _, reversal = timed_out(desk)
    edited = renamed(reversal_reason="25", reversal_stan="same")
    chosen = setup()
    chosen = type(chosen)(
        chosen.listeners, {"bank": type(chosen.acquirers["bank"])(
            **{each: getattr(chosen.acquirers["bank"], each) for each in chosen.acquirers["bank"].__struct_fields__}
            | {"dialect": edited})}, chosen.routes, chosen.limits)  # fmt: skip
    if between == "restart":
        desk.restart(chosen)
    else:
        desk.node.reload(chosen, desk.now)
    desk.pass_time(60)
    again = next(message for message in desk.host_got() if message.mti == "0401")
    assert again.evolve({7: reversal[7]}, "0400") == reversal, "DE 39 and the STAN as the old profile has them"
    desk.send(desk.request(terminal="TERM0005"))
    assert desk.rows()[-1].dialect == edited.hash != desk.rows()[0].dialect


def test_a_debt_whose_dialect_nobody_has_kept_is_stuck_and_says_why() -> None:
    desk = Desk()
    timed_out(desk)
    row = desk.row()
    desk.journal.commit([(Change(row.id, set={"dialect": "0123456789abcdef"}),)])
    desk.restart()
    desk.pass_time(0)
    assert not desk.host_got()
    assert desk.row().state is RowState.STUCK
    assert "0123456789abcdef" in desk.said("stuck")[0]["cause"]
    assert "not kept" in desk.row().story


def test_a_story_of_days_is_bounded() -> None:
    desk = Desk()
    timed_out(desk)
    for _ in range(40):
        desk.restart()
        desk.pass_time(95)
    assert desk.row().attempts > 80
    assert len(desk.row().story) <= 6000
    times = [int(each.split()[0]) for each in desk.row().story.splitlines()]
    assert all(earlier <= later for earlier, later in pairwise(times))


@BOTH
def test_an_approval_after_25_reopens_the_debt_in_the_next_process_too(terminal: str) -> None:
    """Ruling 1: what was settled because it was not found is doubtful for as long as an approval may come."""
    desk = Desk(setup(terminal, "iso87-ascii"))
    _, sale, reversal = timed_out(desk)
    reverse(desk, reversal, "25")
    assert desk.row().state is RowState.REVERSED
    desk.restart()
    desk.host_sends(desk.answer_to(sale, "00"))
    assert desk.row().state is RowState.OWES_REVERSAL
    desk.restart()  # and it is known then that it was approved
    desk.pass_time(40)
    again = desk.host_got()[-1]
    assert (again.mti, again[11], again[4]) == ("0401", reversal[11], sale[4])
    reverse(desk, again, "00")
    assert desk.row().state is RowState.REVERSED
    desk.restart()
    desk.host_sends(desk.answer_to(sale, "00"))
    assert desk.row().state is RowState.REVERSED  # 00 leaves no doubt


def test_a_reopened_debt_is_not_settled_by_25_in_the_next_process() -> None:
    desk = Desk()
    _, sale, reversal = timed_out(desk)
    reverse(desk, reversal, "25")
    desk.host_sends(desk.answer_to(sale, "00"))
    desk.restart()
    for _ in range(2):  # the first may be the answer to an attempt of the process that died, when it was early
        desk.pass_time(40)
        reverse(desk, desk.host_got()[-1], "25")
    assert desk.row().state is RowState.STUCK


def test_a_doubt_is_over_after_the_late_window_and_a_decline_ends_nothing_before() -> None:
    desk = Desk()
    _, sale, reversal = timed_out(desk)
    reverse(desk, reversal, "25")
    until = desk.row().doubtful_until
    assert until is not None
    desk.restart()
    desk.host_sends(desk.answer_to(sale, "51"))
    assert (desk.row().state, desk.row().doubtful_until) == (RowState.REVERSED, until)
    desk.restart(after=desk.setup.acquirers["bank"].late_window)
    assert (desk.row().state, desk.row().doubtful_until) == (RowState.REVERSED, None)
    desk.host_sends(desk.answer_to(sale, "00"))
    assert desk.row().state is RowState.REVERSED
