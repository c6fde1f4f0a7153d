"""Stories of requests that nobody answered, and what is said of each: one verdict, with its evidence."""

from __future__ import annotations

from typing import Any

import pytest

from iso_gateway import Message
from iso_gateway.protocol import commands, events
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import Row, RowState
from iso_gateway.protocol.story import Word, read
from iso_gateway.protocol.verdicts import SENTENCES, STRANGE, Memory, Verdict, Wire, explain
from tests.support.desk import PAN, Desk
from tests.support.stories import reverse, timed_out


def told(row: Row, word: Word) -> list[str]:
    """Return the texts of the lines *word* of the story of *row*."""
    return [each.text for each in read(row.story) if each.word == word]


def words(row: Row) -> list[str]:
    return [each.word for each in sorted(read(row.story), key=lambda each: each.at)]


def silent(desk: Desk, during: Any = None) -> Row:
    """Let a sale go unanswered, with *during* happening after five seconds; return its row."""
    desk.send(desk.request())
    sale = desk.last_sent
    desk.pass_time(5)
    if during is not None:
        during(sale)
    desk.pass_time(25)
    (line,) = desk.said("unknown outcome")
    (row,) = desk.rows()
    assert row.state is RowState.OWES_REVERSAL
    text = " ".join(told(row, Word.TIMED_OUT) + told(row, Word.LINK_LOST) + told(row, Word.BAD_MAC))
    assert str(line["verdict"]) in text
    assert line["verdict"] in set(Verdict)
    return row


def test_every_verdict_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Verdict)


def test_an_ordinary_sale_tells_four_lines_and_both_legs() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.pass_time(0.048)
    desk.host_answers("00")
    row = desk.row()
    assert words(row) == ["received", "sent", "answered", "delivered"]
    received, sent, answered, delivered = read(row.story)
    assert (received.text, sent.text, answered.text) == ("counter, from 192.0.2.1:1", "bank-1", "00")
    assert (answered.at - sent.at).total_seconds() == 0.048
    assert received.at == sent.at <= delivered.at


def test_not_one_byte_back() -> None:
    assert told(silent(Desk()), Word.TIMED_OUT) == ["no bytes back"]


def test_it_never_left() -> None:
    desk = Desk()
    desk.wire = Wire(waiting=True)
    assert told(silent(desk), Word.TIMED_OUT) == ["not written"]


def test_a_link_that_refuses_it_leaves_nothing_owed() -> None:
    desk = Desk()
    desk.hold = {commands.Send}
    desk.send(desk.request())
    (send,) = desk.held
    assert isinstance(send, commands.Send)
    desk.feed(events.NotSent(send.id))
    row = desk.row()
    assert row.state is RowState.NOT_SENT
    assert told(row, Word.NOT_SENT) == ["not written: the link was closed"]
    assert desk.said("txn")[-1]["cause"] == "not written: the link was closed"


def test_half_a_frame_and_then_silence() -> None:
    desk = Desk()

    def half(_: Message) -> None:
        desk.wire = Wire(heard=desk.mono, offset=120, have=17, need=60)

    assert told(silent(desk, half), Word.TIMED_OUT) == [
        "bytes but no frame: 17 bytes of a frame that begins at byte 120, 60 needed"
    ]


def test_only_empty_frames() -> None:
    desk = Desk()

    def keep_alive(_: Message) -> None:
        desk.wire = Wire(heard=desk.mono, offset=4)

    assert told(silent(desk, keep_alive), Word.TIMED_OUT)[0].startswith("bytes but no frame: nothing but empty frames")


def test_bytes_from_before_it_was_sent_say_nothing() -> None:
    desk = Desk()
    desk.wire = Wire(heard=desk.mono, offset=46)
    desk.pass_time(10)
    assert told(silent(desk), Word.TIMED_OUT) == ["no bytes back"]


def test_a_link_that_breaks_on_garbage() -> None:
    desk = Desk()

    def garbage(_: Message) -> None:
        desk.feed(events.LinkLost("bank-1", "byte 46 of the stream: a frame of 29999 bytes announced", 46))

    assert told(silent(desk, garbage), Word.LINK_LOST) == [
        "bytes but no frame: byte 46 of the stream: a frame of 29999 bytes announced"
    ]


def test_a_link_that_is_lost() -> None:
    desk = Desk()
    assert told(silent(desk, lambda _: desk.lose_link()), Word.LINK_LOST) == ["link lost: closed by peer"]


def test_what_was_strange_before_it_was_sent_is_not_blamed() -> None:
    desk = Desk()
    desk.feed(events.LinkFrame("bank-1", b"0210garbage"))
    desk.pass_time(1)
    assert told(silent(desk), Word.TIMED_OUT) == ["no bytes back"]


def test_a_frame_that_does_not_decode() -> None:
    desk = Desk()

    def broken(_: Message) -> None:
        desk.feed(events.LinkFrame("bank-1", b"0210garbage"))

    (text,) = told(silent(desk, broken), Word.TIMED_OUT)
    assert text.startswith("did not decode: bitmap at byte 4")


def test_a_broken_frame_with_another_stan_is_another_ones() -> None:
    desk = Desk()

    def broken(sale: Message) -> None:
        other = desk.answer_to(sale).evolve({11: "999999"})
        wire = desk.host_dialect.spec.encode(other)
        desk.feed(events.LinkFrame("bank-1", wire[:-2]))

    assert told(silent(desk, broken), Word.TIMED_OUT) == ["no bytes back"]


@pytest.mark.parametrize(
    ("changes", "evidence"),
    [
        ({11: "999999"}, "a 0210 came, but DE 11 is 999999, 000501 was sent"),
        ({41: "TERM0099"}, "a 0210 came, but DE 41 is TERM0099, TERM0001 was sent"),
        ({11: "999999", 4: "000000000001"}, "a 0210 came, but DE 11 is 999999, 000501 was sent; DE 4 is not what"),
    ],
)
def test_an_answer_that_matched_nothing(changes: dict[int | str, Any], evidence: str) -> None:
    desk = Desk()

    def strange(sale: Message) -> None:
        desk.host_sends(desk.answer_to(sale, "00", changes))

    (text,) = told(silent(desk, strange), Word.TIMED_OUT)
    assert text.startswith(f"matched nothing: {evidence}")


def test_an_answer_of_another_class_is_the_nearest_there_is() -> None:
    desk = Desk()

    def strange(sale: Message) -> None:
        desk.host_sends(desk.answer_to(sale).evolve({}, "0110"))

    (text,) = told(silent(desk, strange), Word.TIMED_OUT)
    assert text == "matched nothing: a 0110 came, but its type is 0110"


def test_an_answer_to_something_else_altogether_is_not_blamed() -> None:
    desk = Desk()

    def strange(_: Message) -> None:
        foreign = {3: "200000", 4: "000000000007", 11: "999999", 39: "00", 41: "TERM0099", 42: "M", 49: "978"}
        desk.host_sends(desk.host_dialect.spec.message("0210", foreign))

    assert told(silent(desk, strange), Word.TIMED_OUT) == ["others only"]


def test_one_strange_message_explains_one_request() -> None:
    desk = Desk()
    desk.send(desk.request(), "t1")
    desk.send(desk.request(terminal="TERM0002"), "t2")
    first, second = [message for _, _, message in desk.sent]
    desk.pass_time(1)
    desk.host_sends(desk.answer_to(second, "00", {11: "999999"}))
    desk.pass_time(29)
    verdicts = {line["terminal"]: str(line["verdict"]) for line in desk.said("unknown outcome")}
    assert first[41] == "TERM0001"
    assert sorted(verdicts.values()) == ["matched nothing", "others only"]


def test_a_busy_link_answers_others_only() -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.pass_time(5)
    desk.send(desk.request(terminal="TERM0002"), "t2")
    desk.host_sends(desk.answer_to(desk.last_sent, "00"))
    desk.pass_time(25)
    (line,) = desk.said("unknown outcome")
    assert line["verdict"] == "others only"


def test_matched_late_by_so_many_milliseconds() -> None:
    desk = Desk()
    _, sale, reversal = timed_out(desk)
    desk.pass_time(0.25)
    desk.host_sends(desk.answer_to(sale, "00"))
    reverse(desk, reversal, "00")
    (text,) = told(desk.row(), Word.LATE)
    assert text == "00 (approved), matched late: 250 ms after the time-out"
    assert desk.said("late answer")[0]["late_ms"] == 250


@pytest.mark.parametrize("kind", [Kind.SALE, Kind.BALANCE])
def test_an_answer_that_comes_when_all_is_settled_is_told_once_with_its_milliseconds(kind: Kind) -> None:
    desk = Desk()
    desk.send(desk.request(kind, 0 if kind is Kind.BALANCE else 1234))
    asked = desk.last_sent
    desk.pass_time(30)
    if kind is Kind.SALE:
        reverse(desk, desk.last_sent, "00")
    desk.pass_time(1.5)
    for _ in range(3):
        desk.host_sends(desk.answer_to(asked, "00"))
    assert told(desk.row(), Word.LATE) == ["00, matched late: 1500 ms after the time-out; it is settled"]
    assert [line.get("late_ms") for line in desk.said("late answer")] == [1500, None, None]


def test_a_wrong_mac() -> None:
    desk = Desk()
    desk.hold = {commands.Verify}
    desk.send(desk.request())
    desk.answer_held()
    desk.hold = {commands.Verify}
    desk.host_answers("00")
    (verify,) = desk.held
    assert isinstance(verify, commands.Verify)
    desk.hold = set()
    desk.feed(events.Verified(verify.id, "A0"))
    row = desk.row()
    assert told(row, Word.BAD_MAC) == ["MAC wrong"]
    assert desk.said("unknown outcome")[0]["verdict"] == "MAC wrong"
    assert told(row, Word.OWED) == ["owes reversal, reason A0"]


def test_an_attempt_at_a_debt_has_its_verdict_too() -> None:
    desk = Desk()
    timed_out(desk)
    desk.pass_time(30)
    desk.wire = Wire(heard=desk.mono, offset=0, have=3)
    desk.pass_time(40)
    attempts = [each.text for each in read(desk.row().story) if each.word in (Word.ATTEMPT, Word.UNANSWERED)]
    assert attempts[0] == "1: 0400 over bank-1"
    assert attempts[1] == "no bytes back"
    assert attempts[2] == "2: 0401 over bank-1"
    assert attempts[3] == "bytes but no frame: 3 bytes of a frame that begins at byte 0"
    assert [line["attempt"] for line in desk.said("unanswered")] == [1, 2]


def test_the_story_of_a_debt_until_it_is_settled() -> None:
    desk = Desk()
    _, _, reversal = timed_out(desk)
    reverse(desk, reversal, "96")
    desk.pass_time(1)
    desk.host_answers("00")
    assert words(desk.row()) == [
        *("received", "sent", "timed-out", "owed", "delivered"),
        *("attempt", "debt-answered", "attempt", "debt-answered"),
    ]
    assert told(desk.row(), Word.DEBT_ANSWERED) == ["96: no decision, asked again", "00: settled"]


def test_a_void_and_its_sale_tell_of_each_other() -> None:
    desk = Desk()
    sale = desk.sale()
    desk.send(desk.later(Kind.VOID, sale))
    desk.host_answers("00")
    first, void = sorted(desk.rows(), key=lambda row: row.received)
    assert told(first, Word.HELD) == told(first, Word.KEPT) == [f"void {void.id}"]
    assert told(void, Word.ORIGINAL) == [f"found: sale {first.id}"]
    assert told(void, Word.ROUTED) == ["bank, the acquirer of its original"]


def test_the_terminals_reversal_and_the_gateways_are_one_debt() -> None:
    desk = Desk()
    sale = desk.sale()
    assert desk.asked(desk.reversal(*sale)) == "00"
    first, reversal = sorted(desk.rows(), key=lambda row: row.received)
    assert told(first, Word.REVERSED_BY) == [reversal.id]
    assert told(first, Word.OWED) == ["owes reversal, reason 17"]
    assert told(reversal, Word.DECIDED) == ["00, the gateway reverses it: one debt, whoever asks"]


def test_a_repeat_joins_and_a_later_one_is_replayed() -> None:
    desk = Desk()
    request = desk.request()
    desk.send(request)
    desk.send(desk.repeat(request), "t2")
    desk.host_answers("00")
    desk.send(desk.repeat(request), "t3")
    row = desk.row()
    assert len(told(row, Word.JOINED)) == len(told(row, Word.REPLAYED)) == 1
    assert words(row).index("joined") < words(row).index("answered") < words(row).index("replayed")


def test_a_refusal_says_why_in_the_log() -> None:
    desk = Desk(links=())
    assert desk.asked(desk.request()) == "91"
    assert desk.said("txn")[0]["cause"] == "bank: no link is up"


def test_memory_is_bounded_and_holds_no_card() -> None:
    memory = Memory()
    desk = Desk()
    sale = desk.host_dialect.spec.message("0210", {2: PAN, 11: "000001", 42: PAN[:15]})
    for _ in range(10 * STRANGE):
        memory.unmatched(5.0, sale)
    assert len(memory.strange) == STRANGE
    asked = desk.host_dialect.spec.message("0200", {2: PAN, 11: "000001", 42: "MERCHANT0000001", 41: "TERM0001"})
    finding = explain(asked, 1.0, Wire(), memory)
    assert finding.verdict is Verdict.UNMATCHED
    assert PAN[6:12] not in str(finding)
