"""The back office over a journal in memory: what is listed, what is shown, and in which words."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from iso_gateway.errors import AdminError
from iso_gateway.office.mermaid import diagram, escaped
from iso_gateway.office.timeline import RANKS, timeline
from iso_gateway.office.verbs import Reading, given, owed, txn_list, txn_show
from iso_gateway.office.views import Live, Now, Shown
from iso_gateway.protocol.acts import FORGED, Act, Deed, entry_for
from iso_gateway.protocol.debts import DebtState
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import Change, Row, RowState
from iso_gateway.security.seal import Seal
from tests.support.desk import NOON, OTHER_PAN, PAN, Desk
from tests.support.stories import reverse, timed_out


def reading(desk: Desk) -> Reading:
    journal = desk.journal
    seal = Seal(bytes(32), lambda: bytes(12))
    return Reading(journal.get, journal.search, journal.in_states, journal.audits, seal.fingerprint, journal.batches)


def now(desk: Desk, *, running: bool = True) -> Now:
    """Return the moment, as a running gateway or a stopped one's journal has it."""
    if not running:
        return Now(desk.now.wall)
    live = {
        debt.row.id: Live(
            debt.state,
            debt.deadline - desk.mono if debt.deadline is not None else None,
            desk.node.links.pick("bank") is not None,
            debt.row,
        )
        for debt in desk.node.owing.debts.values()
        if not debt.filed and debt.state not in (DebtState.SETTLED, DebtState.STUCK)
    }
    return Now(desk.now.wall, live)


def listed(desk: Desk, *, running: bool = True, **arguments: Any) -> dict[str, Any]:
    return owed(reading(desk), now(desk, running=running), arguments)


def found(desk: Desk, **arguments: Any) -> list[str]:
    return [row["id"] for row in txn_list(reading(desk), now(desk), arguments)["transactions"]]


def shown(desk: Desk, row: Row) -> dict[str, Any]:
    return txn_show(reading(desk), now(desk), {"id": row.id})


def stuck(desk: Desk) -> None:
    """Have a sale time out, and the host refuse its reversal for good."""
    _, _, reversal = timed_out(desk)
    reverse(desk, reversal, "12")


def unconfirmed(desk: Desk) -> None:
    """Have an approval of which nobody knows whether the terminal has it."""
    desk.sale()
    (row,) = desk.rows()
    desk.journal.commit([(Change(row.id, set={"state": RowState.UNCONFIRMED}),)])


# What is owed


def test_nothing_is_owed_after_a_sale() -> None:
    desk = Desk()
    desk.sale()
    assert listed(desk) == {"owed": [], "count": {}, "totals": {}, "next": "", "running": True}


def test_a_debt_says_how_much_since_when_why_and_what_next() -> None:
    desk = Desk()
    timed_out(desk)
    desk.pass_time(5)
    said = listed(desk)
    (debt,) = said["owed"]
    assert debt["state"] == "owed"
    assert (debt["amount"], debt["amount_text"], debt["card"]) == (1234, "USD 12.34", "476173******0010")
    assert debt["age"] == 35.0
    assert debt["reason_text"] == "no answer from the host"
    assert debt["next"] == "reversal sent, the answer is awaited"
    assert said["totals"] == {"USD": {"owed": 1234}}


def test_a_debt_that_backs_off_says_when_it_tries_again() -> None:
    desk = Desk()
    _, _, reversal = timed_out(desk)
    reverse(desk, reversal, "96")
    reverse(desk, reversal, "96")
    (debt,) = listed(desk)["owed"]
    assert debt["next"] == "reversal again in 1 s"


def test_without_a_link_it_waits_for_one() -> None:
    desk = Desk()
    timed_out(desk)
    desk.lose_link()
    (debt,) = listed(desk)["owed"]
    assert debt["next"] == "reversal, when a link is up"


def test_what_is_stuck_waits_for_an_operator() -> None:
    desk = Desk()
    stuck(desk)
    (debt,) = listed(desk)["owed"]
    assert (debt["state"], debt["next"]) == ("stuck", "operator: resend or write-off")
    assert debt["reason_text"] == "no answer from the host; the host answered 12"


def test_a_question_says_who_answers_it() -> None:
    desk = Desk()
    unconfirmed(desk)
    (debt,) = listed(desk)["owed"]
    assert (debt["state"], debt["next"]) == ("question", "the terminal's receipt decides: confirm or reverse")


def test_what_names_an_original_that_nobody_knows_is_listed_until_somebody_has_looked() -> None:
    desk = Desk()
    assert desk.asked(desk.reversal(desk.request().evolve({7: None}))) == "25"
    (debt,) = listed(desk)["owed"]
    assert (debt["state"], debt["kind"]) == ("look", "reversal")
    assert debt["reason_text"] == "a reversal names an unknown original by its STAN alone"
    (row,) = desk.rows(RowState.NOTED)
    deed = entry_for(Act.CONFIRM, row, "me", "the host has no such sale", at=desk.now.wall, audit="a-1")
    assert isinstance(deed, Deed)
    desk.journal.commit([deed.entry])
    assert listed(desk)["owed"] == []
    assert "look" not in str(listed(desk)["totals"])


def test_a_stopped_gateways_journal_owes_what_was_under_way() -> None:
    desk = Desk()
    desk.send(desk.request())
    assert listed(desk)["owed"] == []
    (debt,) = listed(desk, running=False)["owed"]
    assert (debt["state"], debt["next"]) == ("owed", "reversal, when the gateway runs again")
    assert debt["reason_text"] == "the gateway ended before the host answered"


def test_pages_and_totals_over_all_of_them() -> None:
    desk = Desk()
    for number in range(1, 6):
        desk.send(desk.request(terminal=f"TERM000{number}", amount=100 * number))
        desk.pass_time(1)
    desk.pass_time(30)
    first = listed(desk, limit=2)
    assert [row["amount"] for row in first["owed"]] == [100, 200]
    assert first["totals"] == {"USD": {"owed": 1500}}
    rest = listed(desk, limit=3, after=first["next"])
    assert [row["amount"] for row in rest["owed"]] == [300, 400, 500]
    assert rest["next"] == ""
    with pytest.raises(AdminError, match="not in the list any more"):
        listed(desk, after="run-99")


@pytest.mark.parametrize("arguments", [{"limit": 0}, {"limit": 10_000}, {"limits": 1}, {"after": 7}])
def test_what_is_asked_wrongly_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(AdminError):
        listed(Desk(), **arguments)


# Searching


def test_transactions_are_found_by_what_people_know_of_them() -> None:
    desk = Desk()
    first, answer = desk.sale(amount=1000)
    second, _ = desk.sale(amount=2000, pan=OTHER_PAN, terminal="TERM0002")
    desk.pass_time(3600)
    desk.send(desk.request(Kind.BALANCE, 0))
    desk.host_answers("51")
    one, two, three = [row.id for row in sorted(desk.rows(), key=lambda row: (row.received, row.amount))]
    assert found(desk) == [three, two, one]
    assert found(desk, rrn=answer[37]) == [one]
    assert found(desk, stan=second[11], terminal="TERM0002") == [two]
    assert found(desk, pan=PAN) == [three, one]
    assert found(desk, pan=OTHER_PAN) == [two]
    assert found(desk, amount=1000) == [one]
    assert found(desk, states=["declined"]) == [three]
    assert found(desk, kinds=["sale"]) == [two, one]
    assert found(desk, since=(NOON + timedelta(minutes=30)).isoformat()) == [three]
    assert found(desk, until=(NOON + timedelta(minutes=30)).isoformat()) == [two, one]
    assert found(desk, flagged=True) == []
    assert first[11] != second[11]


def test_a_list_goes_on_where_the_page_before_ended() -> None:
    desk = Desk()
    for _ in range(5):
        desk.sale()
    page = txn_list(reading(desk), now(desk), {"limit": 3})
    assert len(page["transactions"]) == 3
    rest = txn_list(reading(desk), now(desk), {"limit": 3, "after": page["next"]})
    assert (len(rest["transactions"]), rest["next"]) == (2, "")


def test_a_refusal_says_no_card_number() -> None:
    with pytest.raises(AdminError) as refused:
        found(Desk(), pan=f"{PAN}x")
    assert PAN not in str(refused.value)


# One transaction


def test_a_timeline_is_in_order_and_over_both_legs() -> None:
    desk = Desk()
    _, _, reversal = timed_out(desk)
    desk.pass_time(0.2)
    reverse(desk, reversal, "00")
    (row,) = desk.rows()
    steps = timeline(row)
    assert [step.word for step in steps] == [
        *("received", "journaled", "sent"),
        *("timed-out", "owed", "attempt", "delivered"),
        "debt-answered",
    ]
    assert {(step.by, step.to) for step in steps} >= {
        ("terminal", "gateway"),
        ("gateway", "host"),
        ("host", "gateway"),
        ("gateway", "terminal"),
    }
    assert set(RANKS) <= {step.word for step in steps} | {"not-sent", "settled"}
    said = shown(desk, row)
    assert said["verdict"] == "no bytes back"
    assert said["host_stan"] == row.host.stan if row.host else ""


def test_a_timeline_with_audits_and_who_names_whom() -> None:
    desk = Desk()
    sale = desk.sale()
    desk.send(desk.later(Kind.VOID, sale))
    desk.host_answers("00")
    first, void = sorted(desk.rows(), key=lambda row: row.id)
    assert shown(desk, first)["named_by"] == (void.id,)
    assert shown(desk, void)["original"] == first.id


def test_an_unknown_id_gets_the_nearest() -> None:
    desk = Desk()
    desk.sale()
    with pytest.raises(AdminError, match="no transaction 'run-11', did you mean 'run-1'"):
        txn_show(reading(desk), now(desk), {"id": "run-11"})
    with pytest.raises(AdminError, match="the journal is empty"):
        txn_show(reading(Desk()), now(desk), {"id": "run-11"})


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("261122223039e4d1-3", "261122223039e4d1-3"),
        ("2611222230390441-12-t", "2611222230390441-12-t"),
        (PAN, "476173******0010"),
        (f"{PAN}-1", "*" * 18),
        (" ".join(PAN[at : at + 4] for at in range(0, 16, 4)), "*" * 19),
        ("run-11\x1b[2J", "run-11?[2J"),
    ],
)
def test_what_was_given_for_an_id_is_told_unless_it_may_be_a_card_number(name: str, told: str) -> None:
    assert given(name) == told


# Mermaid

PARTICIPANT = re.compile(r"    participant [TGHO] as [\w .,:/()+*?#;-]+")
ARROW = re.compile(r"    [TGHO]->>[TGHO]: (?:[\w .,:/()+*?-]|#\d+;)+")
NOTE = re.compile(r"    Note over [TGHO]: (?:[\w .,:/()+*?-]|#\d+;)+")


def check_mermaid(text: str) -> None:
    """Hold *text* to the part of Mermaid's grammar of sequence diagrams that is used."""
    head, *lines = text.split("\n")
    assert head == "sequenceDiagram"
    participants = [line.split()[1] for line in lines if PARTICIPANT.fullmatch(line)]
    assert participants[:2] == ["T", "G"]
    for line in lines[len(participants) :]:
        assert ARROW.fullmatch(line) or NOTE.fullmatch(line), line
        used = set(re.match(r"    (?:Note over )?([TGHO])(?:->>([TGHO]))?:", line).groups()) - {None}  # type: ignore[union-attr]
        assert used <= set(participants)


def test_a_diagram_is_one_that_mermaid_reads() -> None:
    desk = Desk()
    stuck(desk)
    text = diagram(msgspec.convert(shown(desk, desk.row()), Shown))
    check_mermaid(text)
    assert "G->>H: 12:00:00.000 sent: bank-1" in text
    assert "    participant H as host bank" in text


@pytest.mark.parametrize("text", ["a;b", "a#b", "%% c", "end\n", "<b>", "a\u202eb", '"', "->>", "{}"])
def test_what_means_something_to_mermaid_is_written_by_its_number(text: str) -> None:
    assert re.fullmatch(r"(?:[\w .,:/()+*?-]|#\d+;)+", escaped(text))


def test_no_card_number_is_in_anything_that_is_said() -> None:
    desk = Desk()
    desk.sale()
    stuck(Desk())
    timed_out(desk, terminal="TERM0002")
    said = [listed(desk), listed(desk, running=False), txn_list(reading(desk), now(desk), {})]
    said += [shown(desk, row) for row in desk.rows()]
    text = repr(said).replace(" ", "")
    assert not [PAN[at : at + 7] for at in range(1, 10) if PAN[at : at + 7] in text]


def test_what_somebody_wanted_reversed_with_a_wrong_mac_is_listed_until_somebody_has_looked() -> None:
    desk = Desk()
    desk.sale()
    flagged = Change(desk.row().id, set={"flags": ("double? x", FORGED)})
    desk.journal.commit([(flagged,)])
    (debt,) = listed(desk)["owed"]
    assert (debt["state"], debt["kind"]) == ("look", "sale")
    assert FORGED in debt["reason_text"]
    deed = entry_for(Act.CONFIRM, desk.row(), "me", "asked the clerk", at=desk.now.wall, audit="a-1")
    assert isinstance(deed, Deed)
    desk.journal.commit([deed.entry])
    assert listed(desk)["owed"] == []
    assert (desk.row().state, desk.row().flags) == (RowState.DONE, ("double? x",))
