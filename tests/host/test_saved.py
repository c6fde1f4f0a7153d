"""A host that starts again with the books of the one before goes on as if it had never stopped."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.host.authorizer import Authorizer
from iso_gateway.host.saved import Saved
from iso_gateway.host.settings import HostSettings
from iso_gateway.protocol.batch import Totals
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.reconciling import Block, Verdict
from tests.host.test_batches import end, heard, settle, upload
from tests.host.test_books import STEPS, assert_balanced, take
from tests.support.till import PAN, Reply, Till


def restart(till: Till, **settings: Any) -> None:
    """Put a new host with the old one's books in its place."""
    written = msgspec.json.encode(till.host.save())
    till.host = Authorizer(till.dialect, HostSettings(**settings))
    till.host.restore(msgspec.json.decode(written, type=Saved))


@given(spec=st.sampled_from(["iso87-ascii", "cup-pos"]), before=STEPS, after=STEPS)
def test_whatever_happened_before_nothing_is_forgotten(
    spec: str, before: list[tuple[object, int, int]], after: list[tuple[object, int, int]]
) -> None:
    # Without magic amounts: of a request that was passed over without a trace, a host that starts again has none.
    restarted, running = Till(spec, magic=False), Till(spec, magic=False)
    answers: dict[Till, list[Reply]] = {restarted: [], running: []}
    for steps, again in ((before, True), (after, False)):
        for till, replies in answers.items():
            replies += [reply for step in steps if (reply := take(till, replies, step)) is not None]
        if again:
            restart(restarted, magic=False)
    assert [reply.answer for reply in answers[restarted]] == [reply.answer for reply in answers[running]]
    assert restarted.host.save() == running.host.save()
    assert_balanced(restarted)


def test_a_repeat_gets_its_first_answer_across_a_restart(till: Till) -> None:
    sale = till.ask(Kind.SALE)
    restart(till)
    assert till.again(sale).answer == sale.answer
    assert till.ask(Kind.REVERSAL, about=sale).code == "00"


def test_a_cut_over_outlives_a_restart() -> None:
    till = Till()
    till.host.cut_over(till.moment)
    restart(till)
    assert till.ask(Kind.SALE).said(15) == "0303"


def test_links_have_to_sign_on_again(till: Till) -> None:
    till.ask(Kind.SIGN_ON, None)
    restart(till)
    assert till.host.network.signed_on == set()


def test_an_original_that_the_ledger_has_let_go_is_still_that_of_its_void() -> None:
    till = Till(remember=1)
    void = till.ask(Kind.VOID, about=till.ask(Kind.SALE))
    assert till.states == [("void", "approved")]
    restart(till, remember=1)
    assert till.states == [("void", "approved")]
    assert till.ask(Kind.REVERSAL, about=void).code == "00"
    assert till.account().balance == 1_000_000 - 1000


def test_what_the_ledger_has_let_go_takes_nobodys_place() -> None:
    till = Till(remember=2)
    first = till.ask(Kind.SALE)
    till.ask(Kind.PREAUTH)
    till.ask(Kind.VOID, about=first)
    assert till.states == [("preauth", "approved"), ("void", "approved")]
    restart(till, remember=2)
    assert till.states == [("preauth", "approved"), ("void", "approved")]


def test_no_card_number_is_saved(till: Till) -> None:
    till.ask(Kind.SALE)
    assert till.request(Kind.SALE)[2].encode() not in msgspec.json.encode(till.host.save())


def test_a_batch_that_was_closed_stays_closed(till: Till) -> None:
    assert till.ask(Kind.SALE, 1000).code == "00"
    settled = settle(till, Totals(1000, 1))
    if till.cup:
        assert end(till, "207") == "00"
    restart(till)
    assert till.again(settled, marked=False).answer == settled.answer
    till.wait(1)
    till.ask(Kind.SALE, 500)
    till.batch = "000008"
    rest = Totals(0, 0) if till.cup else Totals(500, 1)
    assert heard(till, settle(till, Totals(1500, 2))) == (Verdict.NOT_BALANCED, rest)


def test_a_batch_that_is_being_settled_begins_anew_and_no_upload_is_saved() -> None:
    till = Till("cup-pos")
    till.ask(Kind.SALE, 1000)
    settled = settle(till, Totals(900, 1))
    assert upload(till, Block("00", "000001", PAN, 1000)) == "00"
    assert PAN.encode() not in msgspec.json.encode(till.host.save())
    restart(till)
    assert end(till, "202") == "12"
    assert till.again(settled, marked=False).code == settled.code
    assert end(till, "202") == "00"
