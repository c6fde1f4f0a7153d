"""A capture, from its bytes to who asked whom: frames, messages, pairs, latencies, and what was not understood."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.catalog import load_profile, load_spec
from iso_gateway.codec.message import Message
from iso_gateway.errors import CaptureError
from iso_gateway.framing import Framing
from iso_gateway.traffic import conversations
from iso_gateway.traffic.conversations import Paired, Row
from iso_gateway.traffic.overhearing import Finding, Overhearing
from tests.support.captures import CLIENT, MS, SERVER, Sent, Talk, classic, pcapng
from tests.support.desk import PAN

SPEC = load_spec("iso87-ascii")
PROFILE = load_profile(SPEC.profile)
FRAMING = Framing.parse("2be")
SECOND = 10**9
UP, DOWN = "10.0.0.5:40122 > 10.0.0.1:5000", "10.0.0.1:5000 > 10.0.0.5:40122"


def sale(stan: int = 1, mti: str = "0200", terminal: str = "TERM0001") -> Message:
    return SPEC.message(mti, {2: PAN, 3: 0, 4: 1234, 7: "0101000000", 11: stan, 41: terminal, 49: "840"})


def wire(message: Message) -> bytes:
    return FRAMING.frame(SPEC.encode(message))


def answer(request: Message, code: str = "00") -> bytes:
    return wire(request.response_to({39: code}))


def heard(packets: list[Sent] | bytes, framing: Framing = FRAMING) -> tuple[list[Paired], list[Finding], Overhearing]:
    """Return what was said, what was found, and the rest."""
    data = packets if isinstance(packets, bytes) else classic(packets, nano=True)
    overhearing = Overhearing(SPEC, framing, 5000, PROFILE)
    told = list(overhearing.read(io.BytesIO(data)))
    paired = [each for each in told if isinstance(each, Paired)]
    return paired, [each for each in told if isinstance(each, Finding)], overhearing


def words(packets: list[Sent]) -> list[tuple[str, str, int]]:
    return [(each.told.message.mti, each.word, each.partner) for each in heard(packets)[0]]


def found(packets: list[Sent]) -> list[tuple[str, int, int | None]]:
    return [(each.rule, each.number, each.offset) for each in heard(packets)[1]]


# Who answers whom


def test_an_answer_has_its_request_and_its_time() -> None:
    """sale, 30 ms, 0210: packets 4 and 5."""
    paired, findings, overhearing = heard(Talk().open().up(wire(sale())).wait(29 * MS).down(answer(sale())).packets)
    assert [(each.word, each.told.number, each.partner, each.after) for each in paired] == [
        ("request", 4, 0, 0),
        ("answer", 5, 4, 30 * MS),
    ]
    assert paired[0].told.kind == "sale"
    assert findings == []
    row = overhearing.conversations.rows["0200", "sale"]
    assert (row.count, row.answered, list(row.latencies)) == (1, 1, [30 * MS])


def test_requests_of_several_terminals_with_one_number_are_told_apart() -> None:
    """1/A, 1/B; 0210 of B; 0210 of A."""
    a, b = sale(), sale(terminal="TERM0002")
    talk = Talk().open().up(wire(a), wire(b)).down(answer(b), answer(a))
    assert words(talk.packets)[2:] == [("0210", "answer", 5), ("0210", "answer", 4)]


def test_an_answer_without_a_terminal_is_of_the_latest_request_with_its_number() -> None:
    talk = Talk().open().up(wire(sale())).down(wire(SPEC.message("0210", {11: 1, 39: "00"})))
    assert words(talk.packets)[1] == ("0210", "answer", 4)


@pytest.mark.parametrize("again", [sale(mti="0201"), sale(), sale().evolve({7: "0101000005"})])
def test_a_repeat_shares_the_answer(again: Message) -> None:
    """0200, nothing for 5 s, the same again; one 0210: answered after the time since the repeat."""
    talk = Talk().open().up(wire(sale())).wait(5 * SECOND).up(wire(again)).down(answer(sale()))
    assert words(talk.packets)[1:] == [(again.mti, "repeat", 0), ("0210", "answer", 5)]
    paired, findings, overhearing = heard(talk.packets)
    row = overhearing.conversations.rows["0200", "sale"]
    assert (row.count, row.repeats, row.answered) == (1, 1, 1)
    assert paired[-1].after == MS
    assert findings == []


def test_each_repeat_may_have_an_answer_and_no_more() -> None:
    """0200, 0210, 0201, 0210, and one 0210 too many."""
    talk = Talk().open().up(wire(sale())).down(answer(sale())).up(wire(sale(mti="0201")))
    talk.down(answer(sale()), answer(sale()))
    assert [word for _, word, _ in words(talk.packets)] == ["request", "answer", "repeat", "answer", "again"]
    assert found(talk.packets) == [("again", 8, 2 * len(answer(sale())))]


def test_a_number_used_again_is_another_request() -> None:
    """STAN 1 for another amount; STAN 1 for the same one much later."""
    other = sale().evolve({4: 99})
    talk = Talk().open()
    for each in (sale(), other):
        talk.up(wire(each)).down(answer(each))
    talk.wait(70 * SECOND).up(wire(other)).down(answer(other))
    assert [word for _, word, _ in words(talk.packets)] == ["request", "answer"] * 3


def test_an_answer_may_come_over_another_connection() -> None:
    """The terminal hangs up and calls again; the host answers there."""
    first = Talk().open().up(wire(sale())).close()
    second = Talk(client=("10.0.0.5", 40123), time=first.time).open().down(answer(sale()))
    paired, findings, _ = heard(first.packets + second.packets)
    assert [(each.word, each.elsewhere) for each in paired] == [("request", False), ("answer", True)]
    assert findings == []


def test_what_nobody_answered_and_nobody_asked_for_is_found() -> None:
    """A sale without an answer, an answer without a sale; 6 s later the capture ends."""
    talk = Talk().open().up(wire(sale(1))).down(answer(sale(2))).wait(6 * SECOND).close()
    assert found(talk.packets) == [("unanswered", 4, None), ("unasked", 5, 0)]


def test_a_request_at_the_very_end_and_an_answer_from_before_are_no_findings() -> None:
    _, findings, overhearing = heard(Talk().down(answer(sale(9))).up(wire(sale(1))).packets)
    assert findings == []
    assert overhearing.notes == {
        "an answer whose request may have been before the capture": (1, 1),
        "a request was open when the capture ended": (1, 2),
    }


def test_a_notification_asks_for_no_answer() -> None:
    talk = Talk().open().up(wire(sale(mti="0240"))).wait(6 * SECOND).close()
    assert found(talk.packets) == []


def test_an_answer_that_is_read_first_has_its_request_too() -> None:
    """A hole before the request holds it up: of the server's bytes none are missing."""
    talk = Talk().open()
    talk.sequences[0] += 5
    talk.up(wire(sale())).down(answer(sale()))
    paired, findings, overhearing = heard(talk.packets)
    assert [(each.told.message.mti, each.word, each.partner, each.after) for each in paired] == [
        ("0210", "alone", 0, 0),
        ("0200", "request", 5, MS),
    ]
    assert overhearing.conversations.rows["0200", "sale"].answered == 1
    assert [each.rule for each in findings] == ["frame"]


def test_an_answer_from_before_its_request_is_none() -> None:
    """0210, a second later the 0200."""
    talk = Talk().open().down(answer(sale())).wait(SECOND).up(wire(sale())).wait(6 * SECOND).close()
    assert found(talk.packets) == [("unanswered", 5, None), ("unasked", 4, 0)]


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "MOST_OPEN", 3)
    talk = Talk().open()
    for stan in range(1, 9):
        talk.up(wire(sale(stan))).down(answer(sale(100 + stan)))
    paired, findings, overhearing = heard(talk.packets)
    assert [each.number for each in findings if each.rule == "unanswered"] == [4, 6, 8, 10, 12]
    rules = [each.rule for each in findings]
    assert (rules.count("unasked"), len(paired)) == (8, 16)
    # Answers are given up while it goes on, too, and not all of them at the end.
    assert rules != sorted(rules)
    known = overhearing.conversations
    assert len(known._open) == len(known._keys) == len(known._alone) == 0


@pytest.mark.parametrize(("count", "p50", "p99"), [(1, 1, 1), (2, 1, 2), (100, 50, 99), (101, 51, 100)])
def test_percentiles_are_those_of_the_answers(count: int, p50: int, p99: int) -> None:
    row = Row("0200", "sale")
    row.latencies.extend(range(count, 0, -1))
    assert (row.percentile(0.5), row.percentile(0.99), row.percentile(1)) == (p50, p99, count)
    assert Row("0200", "sale").percentile(0.5) is None


# What cannot be understood


def test_a_broken_message_is_told_with_its_packet_and_byte() -> None:
    """DE 4 has a letter in it, in the second packet of the message; the answer finds its request all the same."""
    frame = wire(sale())
    at = frame.index(b"000000001234") + 8
    broken = frame[:at] + b"X" + frame[at + 1 :]
    talk = Talk().open().up(wire(sale(7)), broken[:30], broken[30:]).down(answer(sale(7)))
    paired, findings, overhearing = heard(talk.packets)
    assert [(each.rule, each.number, each.offset, each.where) for each in findings] == [
        ("message", 6, len(frame) + at, UP)
    ]
    assert "DE 4" in findings[0].text
    assert overhearing.messages == 3
    assert [each.word for each in paired] == ["request", "answer"]


def test_a_message_that_breaks_late_still_has_its_answer() -> None:
    """DE 49 is broken: STAN and terminal were read before it."""
    broken = wire(sale())[:-1] + b"\x07"
    talk = Talk().open().up(broken).down(answer(sale()))
    assert words(talk.packets) == [("0200", "request", 0), ("0210", "answer", 4)]
    assert found(talk.packets) == [("message", 4, len(broken) - 1)]


def test_what_is_broken_inside_an_element_is_told_too() -> None:
    message = sale().evolve({55: bytes.fromhex("9F2608AA")})
    talk = Talk().open().up(wire(message)).down(answer(message))
    assert found(talk.packets)[0][:2] == ("part", 4)


def test_behind_a_wrong_length_the_next_packet_is_tried() -> None:
    """A sale, 6 bytes of nonsense, a sale: two messages, one finding."""
    talk = Talk().open().up(wire(sale(1)), b"\xff\xff????", wire(sale(2))).down(answer(sale(1)), answer(sale(2)))
    paired, findings, _ = heard(talk.packets)
    assert len(paired) == 4
    assert [(each.rule, each.number, each.offset, each.text.partition(":")[0]) for each in findings] == [
        ("frame", 5, len(wire(sale())), "6 bytes")
    ]


def test_a_connection_seen_from_the_middle_of_a_frame_goes_on_with_the_next() -> None:
    talk = Talk().up(wire(sale(1))[40:], wire(sale(2))).down(answer(sale(2)))
    assert words(talk.packets) == [("0200", "request", 0), ("0210", "answer", 2)]
    assert found(talk.packets) == [("frame", 1, 0)]


def test_what_has_a_length_and_no_message_type_begins_no_frame() -> None:
    """The rest of a frame that begins like a length; then a sale."""
    talk = Talk().up(b"\x00\x20" + b"7" * 32, wire(sale(2))).down(answer(sale(2)))
    assert words(talk.packets) == [("0200", "request", 0), ("0210", "answer", 2)]
    assert found(talk.packets) == [("frame", 1, 0)]


def test_a_fault_is_told_with_the_packet_that_brought_it() -> None:
    """A message in three packets, the fault in the second of them."""
    frame = wire(sale())
    at = frame.index(b"000000001234") + 8
    broken = frame[:at] + b"X" + frame[at + 1 :]
    talk = Talk().open().up(broken[: at - 2], broken[at - 2 : at + 2], broken[at + 2 :])
    assert found(talk.packets)[0] == ("message", 5, at)


def test_bytes_that_the_capture_lacks_cost_the_frame_they_are_in() -> None:
    """The second half of the second sale is not in the capture."""
    talk = Talk().open().up(wire(sale(1)), wire(sale(2))[:40])
    talk.sequences[0] += len(wire(sale(2))) - 40
    talk.up(wire(sale(3))).down(answer(sale(1)), answer(sale(3)))
    paired, findings, _ = heard(talk.packets)
    assert sorted(each.told.message[11] for each in paired) == ["000001"] * 2 + ["000003"] * 2
    assert [(each.rule, each.number, each.offset) for each in findings] == [("frame", 5, len(wire(sale())))]


@pytest.mark.parametrize(
    ("ending", "reason"),
    [(Talk.close, "the connection closed"), (Talk.reset, "the connection was reset"), (None, "the capture ends")],
)
def test_half_a_frame_at_the_end_is_told(ending: Callable[[Talk], Talk] | None, reason: str) -> None:
    talk = Talk().open().up(wire(sale())[:50])
    _, findings, _ = heard((ending(talk) if ending else talk).packets)
    assert [(each.rule, each.number, each.offset) for each in findings] == [("frame", 4, 0)]
    assert findings[0].text == f"50 bytes: {reason} inside a frame"


def test_keepalives_are_counted() -> None:
    talk = Talk().open().up(b"\x00\x00", b"\x00", b"\x00" + wire(sale())).down(answer(sale()), b"\x00\x00").close()
    paired, findings, overhearing = heard(talk.packets)
    assert (len(paired), findings, overhearing.keepalives) == (2, [], 3)
    assert paired[0].told.number == 6


@pytest.mark.parametrize("framing", ["2be+tpdu+cup", "2le-inclusive", "2bcd", "4ascii+tpdu"])
def test_every_framing_is_found_again_after_nonsense(framing: str) -> None:
    around = Framing.parse(framing)
    request, reply = (around.frame(SPEC.encode(each)) for each in (sale(), sale().response_to({39: "00"})))
    talk = Talk().open().up(request[:60], request[60:], b"\xee" * 9, request[:1], request[1:]).down(reply)
    paired, findings, _ = heard(talk.packets, around)
    assert [each.word for each in paired] == ["request", "repeat", "answer"]
    assert [(each.rule, each.number, each.offset) for each in findings] == [("frame", 6, len(request))]


# Whatever comes


CAPTURE = classic(Talk().open().up(wire(sale(1))).down(answer(sale(1))).up(wire(sale(2))).close().packets)


@given(st.data())
def test_segments_cut_shuffled_and_sent_twice_say_the_same(data: st.DataObject) -> None:
    """Three sales up, three answers down, all in pieces; each side's pieces in any order, some of them twice."""
    requests = [sale(each) for each in (1, 2, 3)]
    talk = Talk().open()
    for up, whole in ((True, b"".join(map(wire, requests))), (False, b"".join(map(answer, requests)))):
        cuts = sorted(data.draw(st.sets(st.integers(1, len(whole) - 1), max_size=4)))
        bounds = list(zip([0, *cuts], [*cuts, len(whole)], strict=True))
        bounds += data.draw(st.lists(st.sampled_from(bounds), max_size=2))
        first = talk.sequences[not up]
        for start, end in data.draw(st.permutations(bounds)):
            talk.add(whole[start:end], up=up, sequence=first + start)
    paired, findings, overhearing = heard(talk.packets)
    said = sorted((each.told.message.mti, str(each.told.message[11])) for each in paired)
    assert said == sorted((mti, f"{stan:06}") for mti in ("0200", "0210") for stan in (1, 2, 3))
    assert findings == []
    assert overhearing.messages == 6


@given(st.binary(max_size=200), st.integers(0, len(CAPTURE)), st.integers(0, 40))
def test_any_bytes_are_no_capture_or_give_a_report(noise: bytes, at: int, instead: int) -> None:
    for each in (noise, CAPTURE[:at] + noise + CAPTURE[at + instead :]):
        try:
            heard(each)
        except CaptureError:
            assert each[:4] != CAPTURE[:4] or len(each) < 24


def test_both_formats_say_the_same() -> None:
    packets = Talk(client=CLIENT, server=SERVER).open().up(wire(sale())).down(answer(sale())).packets
    one, other = heard(classic(packets, nano=True)), heard(pcapng(packets))
    assert [(each.word, each.after, each.told.time) for each in one[0]] == [
        (each.word, each.after, each.told.time) for each in other[0]
    ]
