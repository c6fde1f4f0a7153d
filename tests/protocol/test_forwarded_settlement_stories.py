"""Stories of batches that the host settles: the terminal's sums and records, with the host's numbers (ruling 20)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from iso_gateway import Message
from iso_gateway.protocol.batch import BatchState, Totals, What
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.reconciling import (
    Block,
    Verdict,
    code_of,
    totals_facts,
    totals_said,
    verdict_said,
    written_blocks,
)
from iso_gateway.protocol.routing import Route
from tests.protocol.test_settlement_stories import a_day, batch, end, settle, totals, upload
from tests.support.desk import MERCHANT, PAN, TERMINAL, Desk, setup


def forwarded(terminal: str, host: str) -> Desk:
    return Desk(setup(terminal, host, settlement="forward"))


def host_settles(desk: Desk, verdict: Verdict, said: Totals) -> Message:
    """Let the host answer a 0500; return that."""
    _, link, request = desk.sent.popleft()
    dialect = desk.host_dialect
    code = code_of(dialect, verdict)
    answer = dialect.answer(request, code, totals_facts(dialect, said, verdict), desk.now.wall.date())
    desk.host_sends(answer, link)
    return request


PAIRS = pytest.mark.parametrize(
    ("terminal", "host"),
    [("iso87-ascii", "iso87-ascii"), ("iso93-ascii", "iso93-ascii"), ("cup-pos", "cup-pos"),
     ("cup-pos", "iso87-ascii"), ("iso87-ascii", "iso93-ascii"), ("iso93-ascii", "iso87-ascii")],
)  # fmt: skip


@PAIRS
@pytest.mark.parametrize("verdict", [Verdict.BALANCED, Verdict.NOT_BALANCED])
def test_forwarded_totals_are_the_terminals_and_the_answer_is_the_hosts(
    terminal: str, host: str, verdict: Verdict
) -> None:
    desk = forwarded(terminal, host)
    said = a_day(desk)
    theirs = said if verdict is Verdict.BALANCED else Totals(1000, 1)
    desk.send(totals(desk, said))
    asked = host_settles(desk, verdict, theirs)
    assert totals_said(desk.host_dialect, asked) == said
    row = desk.host_dialect.kind_row(asked)
    assert row is not None
    assert row.kind is Kind.SETTLEMENT
    answer = desk.answer()
    assert verdict_said(desk.terminal_dialect, answer) is verdict
    assert totals_said(desk.terminal_dialect, answer) == theirs
    kept = batch(desk)
    assert (kept.acquirer, kept.pos, kept.ours, kept.host) == ("bank", said, said, theirs)
    assert [each.what for each in kept.differences] == ([] if verdict is Verdict.BALANCED else [What.TOTALS])


def test_forwarded_totals_without_an_answer_leave_the_batch_open_and_are_sent_again() -> None:
    desk = forwarded("cup-pos", "cup-pos")
    desk.sale(1000)
    asked = totals(desk, Totals(1000, 1))
    desk.send(asked)
    desk.pass_time(31)
    assert desk.code() == "98"
    assert desk.journal.batch(MERCHANT, TERMINAL) is None
    assert len(desk.host_got()) == 1
    desk.send(desk.repeat(asked))
    host_settles(desk, Verdict.BALANCED, Totals(1000, 1))
    assert verdict_said(desk.terminal_dialect, desk.answer()) is Verdict.BALANCED


def test_forwarded_records_have_the_hosts_numbers() -> None:
    desk = forwarded("cup-pos", "cup-pos")
    sale = desk.sale(1000)
    desk.send(totals(desk, Totals(900, 1)))
    host_settles(desk, Verdict.NOT_BALANCED, Totals(1000, 1))
    desk.answer()
    desk.send(upload(desk, Block("00", sale[0][11], PAN, 900), Block("00", "000999", PAN, 5)))
    (row,) = [each for each in desk.rows() if each.kind is Kind.SALE]
    assert row.host is not None
    uploaded = desk.host_answers("00")
    assert uploaded[48] == written_blocks([Block("00", row.host.stan, PAN, 900), Block("00", "000999", PAN, 5)])
    assert uploaded["60.3"] == "201"
    assert desk.code() == "00"
    desk.send(end(desk, 2, balanced=False))
    assert desk.host_answers("00")["60.3"] == "202"
    assert desk.code() == "00"
    kept = batch(desk)
    assert kept.state is BatchState.CLOSED
    assert [each.what for each in kept.differences] == [What.AMOUNT, What.POS_ONLY]


def test_records_that_the_host_did_not_take_are_told_again() -> None:
    desk = forwarded("cup-pos", "cup-pos")
    sale = desk.sale(1000)
    desk.send(totals(desk, Totals(900, 1)))
    host_settles(desk, Verdict.NOT_BALANCED, Totals(1000, 1))
    desk.answer()
    told = upload(desk, Block("00", sale[0][11], PAN, 900))
    desk.send(told)
    desk.pass_time(31)
    assert desk.code() == "98"
    assert batch(desk).details == ()
    desk.host_got()
    desk.send(told)
    desk.host_answers("00")
    assert desk.code() == "00"
    assert len(batch(desk).details) == 1


def test_a_host_that_waits_for_an_end_is_told_no_totals_that_have_none() -> None:
    desk = forwarded("iso87-ascii", "cup-pos")
    desk.sale(1000)
    assert settle(desk, Totals(1000, 1))[0] is Verdict.BALANCED
    assert desk.host_got() == []
    assert batch(desk).acquirer == ""


def test_an_upload_goes_no_further_than_to_a_host_that_knows_such_messages() -> None:
    desk = forwarded("cup-pos", "iso87-ascii")
    sale = desk.sale(1000)
    desk.send(totals(desk, Totals(900, 1)))
    host_settles(desk, Verdict.NOT_BALANCED, Totals(1000, 1))
    desk.answer()
    assert desk.asked(upload(desk, Block("00", sale[0][11], PAN, 900))) == "00"
    assert desk.asked(end(desk, 1, balanced=False)) == "00"
    assert desk.host_got() == []
    assert [each.what for each in batch(desk).differences] == [What.AMOUNT]


def test_a_batch_of_several_acquirers_is_the_gateways_own_to_settle() -> None:
    both = setup("iso87-ascii", "iso87-ascii", settlement="forward")
    bank = both.acquirers["bank"]
    other = replace(bank, name="other", links=("other-1",))
    routes = (Route("other", currency=("978",)), Route("bank"))
    desk = Desk(replace(both, acquirers={"bank": bank, "other": other}, routes=routes), links=("bank-1", "other-1"))
    desk.sale(1000)
    euros = desk.request(Kind.SALE, 200, changes={49: "978"})
    desk.send(euros)
    desk.host_answers("00")
    assert desk.code() == "00"
    assert settle(desk, Totals(1000, 1))[0] is Verdict.BALANCED  # the euros are listed, and in no sum
    assert desk.host_got() == []


def test_records_and_an_end_that_the_host_refuses_are_refused_and_not_kept() -> None:
    desk = forwarded("cup-pos", "cup-pos")
    sale = desk.sale(1000)
    desk.send(totals(desk, Totals(900, 1)))
    host_settles(desk, Verdict.NOT_BALANCED, Totals(1000, 1))
    desk.answer()
    for message in (upload(desk, Block("00", sale[0][11], PAN, 900)), end(desk, 1, balanced=False)):
        desk.send(message)
        desk.host_answers("12")
        assert desk.code() == "12"
    kept = batch(desk)
    assert (kept.state, kept.details) == (BatchState.UPLOADING, ())


def test_a_host_that_cannot_say_how_the_totals_compare_leaves_the_batch_open() -> None:
    desk = forwarded("cup-pos", "cup-pos")
    desk.sale(1000)
    desk.send(totals(desk, Totals(1000, 1)))
    host_settles(desk, Verdict.ERROR, Totals())
    assert verdict_said(desk.terminal_dialect, desk.answer()) is Verdict.ERROR
    assert desk.journal.batch(MERCHANT, TERMINAL) is None
