"""What an answer means to a clerk: approved, declined, or nobody knows, and never the wrong one of them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from iso_gateway import Message
from iso_gateway.codec.message import Amount
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import Kind
from iso_gateway.terminal import scripts
from iso_gateway.terminal.records import Outcome, Sent
from iso_gateway.terminal.result import Result, for_terminals, of_answer, of_silence, settled
from iso_gateway.terminal.scripts import Card, Slip, Till
from tests.support.desk import NOON, PAN, dialect

HERE = for_terminals(dialect("iso87-ascii"))
SLIP = Slip(Till(), "000123", NOON)
GRANTED: dict[str, str | bytes] = {
    "retrieval_reference_number": "632615000123",
    "authorization_id_response": "A00123",
}


def request(kind: Kind = Kind.SALE, speaks: Dialect = HERE) -> Message:
    """Return a request over 12.34."""
    return scripts.financial(speaks, SLIP, kind, Card(PAN), amount=Amount(1234, "840"))


def result(code: str, changes: dict[int, str | None] | None = None, kind: Kind = Kind.SALE) -> Result:
    """Return what is made of an answer with *code*."""
    asked = request(kind)
    answer = HERE.answer(asked, code, GRANTED if code in ("00", "10") else {}, NOON.date())
    return of_answer(HERE, kind, asked, answer.evolve(changes or {}))


def test_an_approval_reads_as_one_line() -> None:
    assert result("00").lines() == [
        "0210 approved · USD 12.34 · RRN 632615000123 · approval A00123 · STAN 000123 · TERM0001"
    ]


def test_a_decline_says_why() -> None:
    said = result("51")
    assert said.outcome is Outcome.DECLINED
    assert said.lines() == ["0210 declined 51, insufficient funds · USD 12.34 · STAN 000123 · TERM0001"]


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("00", Outcome.APPROVED),
        ("08", Outcome.APPROVED),
        ("11", Outcome.APPROVED),
        ("05", Outcome.DECLINED),
        ("25", Outcome.DECLINED),
        ("30", Outcome.DECLINED),
        ("94", Outcome.DECLINED),
        # To a terminal these say that the request went nowhere.
        ("91", Outcome.DECLINED),
        ("92", Outcome.DECLINED),
        ("68", Outcome.UNKNOWN),
        ("98", Outcome.UNKNOWN),
        ("96", Outcome.UNKNOWN),
    ],
)
def test_each_code_says_one_thing_of_the_money(code: str, outcome: Outcome) -> None:
    assert result(code).outcome is outcome


@pytest.mark.parametrize("code", ["ZZ", None])
def test_a_code_that_nobody_knows_or_none_is_an_unknown_outcome(code: str | None) -> None:
    assert result("00", {39: code}).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("said", [result("68"), result("96"), of_silence(HERE, Kind.SALE, request(), "no answer")])
def test_an_unknown_outcome_is_never_called_declined_or_failed(said: Result) -> None:
    text = "\n".join(said.lines())
    assert "outcome unknown: the card may have been charged; a reversal is owed" in text
    assert "a gateway in between sends it by itself, a host does not; to be sure: " in text
    assert "declined" not in text
    assert "failed" not in text


@pytest.mark.parametrize(
    ("kind", "spec", "words"),
    [
        (Kind.VOID, "iso87-ascii", "money may have been given back; a reversal is owed"),
        (Kind.REFUND, "cup-pos", "never reverses it"),
        (Kind.REVERSAL, "iso87-ascii", "send the reversal again"),
        (Kind.ECHO, "iso87-ascii", "no money is concerned"),
    ],
)
def test_what_is_owed_depends_on_what_was_asked(kind: Kind, spec: str, words: str) -> None:
    speaks = for_terminals(dialect(spec))
    assert words in of_silence(speaks, kind, request(speaks=speaks), "no answer").lines()[1]


@pytest.mark.parametrize(
    ("changes", "what"), [({4: "000000001235"}, "DE 4"), ({41: "TERM0002"}, "DE 41"), ({49: "978"}, "DE 49")]
)
def test_an_approval_of_something_else_is_no_approval(changes: dict[int, str | None], what: str) -> None:
    said = result("00", changes)
    assert said.outcome is Outcome.UNKNOWN
    assert what in said.meaning


def test_a_partial_approval_says_how_much_of_what() -> None:
    said = result("10", {4: "000000000617"})
    assert said.approved
    assert said.amount == 617
    assert "approved for a partial amount · USD 6.17 of USD 12.34" in said.lines()[0]


def test_a_yes_that_has_other_words_says_approved_first() -> None:
    assert result("08").lines()[0].startswith("0210 approved, honour with identification")


def test_what_was_not_sent_owes_nothing() -> None:
    said = of_silence(HERE, Kind.SALE, request(), "connection refused", sent=False)
    assert said.outcome is Outcome.NOT_SENT
    assert len(said.lines()) == 1


def test_scripts_get_the_same_as_people() -> None:
    assert result("00").as_json() == {
        "kind": "sale",
        "mti": "0210",
        "response_code": "00",
        "approved": True,
        "outcome": "approved",
        "rrn": "632615000123",
        "stan": "000123",
        "amount": 1234,
        "currency": "USD",
        "terminal": "TERM0001",
        "meaning": "approved",
    }


def test_what_did_not_come_is_null() -> None:
    said = of_silence(HERE, Kind.ECHO, scripts.network(HERE, SLIP, Kind.ECHO), "no answer within 1 s").as_json()
    assert (said["mti"], said["response_code"], said["rrn"], said["amount"]) == (None, None, None, None)
    assert (said["approved"], said["outcome"]) == (False, "unknown")


def test_a_note_takes_over_what_became_of_it() -> None:
    note = Sent.of(HERE, Kind.SALE, request())
    after = settled(note, result("00"))
    assert replace(after, outcome=note.outcome, code="", rrn="", approval="") == note
    assert (after.outcome, after.code, after.rrn, after.approval) == (Outcome.APPROVED, "00", "632615000123", "A00123")


def test_the_gateways_own_dialect_is_not_changed() -> None:
    plain = dialect("iso87-ascii")
    for_terminals(plain)
    assert plain.profile.after_send_91 == "owe"
