"""Streams of TCP put together: whatever happens to the segments on their way, the bytes are those that were sent."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.traffic import layers, segments
from iso_gateway.traffic.captures import Packet
from iso_gateway.traffic.layers import Segment
from iso_gateway.traffic.segments import Chunk, Ended, Event, Gap, Streams
from tests.support.captures import MS, Sent, Talk

SECOND = 10**9


def read(packets: Iterable[Sent], port: int = 5000, *, finish: bool = True) -> list[Event]:
    """Return what becomes of *packets*, in that order; not to *finish* is to leave the capture going on."""
    streams = Streams(port)
    found: list[Event] = []
    for number, each in enumerate(packets, 1):
        segment = layers.segment(Packet(number, each.time, 101, each.data, len(each.data)))
        assert isinstance(segment, Segment)
        found += streams.take(segment)
    return found + list(streams.finish() if finish else ())


def said(events: Iterable[Event], *, up: bool = True) -> bytes:
    """Return the bytes of one direction of all connections; a gap is ``?`` for each byte."""
    out = b""
    for each in events:
        if each.direction.upstream is up and isinstance(each, Chunk):
            assert each.offset == len(out)
            out += each.data
        elif each.direction.upstream is up and isinstance(each, Gap):
            out += b"?" * each.missing
    return out


def test_both_directions_are_told_with_packet_and_offset() -> None:
    """A request in two segments, an answer; then both close."""
    events = read(Talk().open().up(b"ask", b"ing").down(b"answer").close().packets)
    assert [(each.data, each.offset, each.number) for each in events if isinstance(each, Chunk)] == [
        (b"ask", 0, 4),
        (b"ing", 3, 5),
        (b"answer", 0, 6),
    ]
    assert [(each.direction.upstream, each.reason) for each in events if isinstance(each, Ended)] == [
        (True, "the connection closed"),
        (False, "the connection closed"),
    ]
    assert repr(events[0].direction) == "10.0.0.5:40122 > 10.0.0.1:5000"
    assert all(each.direction.whole for each in events)


def test_other_ports_are_passed_over() -> None:
    assert read(Talk().open().up(b"ask").packets, port=5001) == []


BYTES = bytes(range(1, 121))


@given(st.data())
def test_segments_cut_shuffled_and_sent_twice_change_nothing(data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, 119), max_size=8)))
    pieces = list(zip([0, *cuts], [*cuts, 120], strict=True))
    again = data.draw(st.lists(st.tuples(st.integers(0, 119), st.integers(1, 40)), max_size=4))
    pieces += [(start, min(120, start + size)) for start, size in again]
    order = data.draw(st.permutations(pieces))
    talk = Talk().open()
    base = talk.sequences[0]
    for start, end in order:
        talk.add(BYTES[start:end], sequence=base + start)
    talk.sequences[0] = base + 120
    events = read(talk.close().packets)
    assert said(events) == BYTES
    assert not [each for each in events if isinstance(each, Gap)]


@pytest.mark.parametrize("known", [True, False], ids=["from its beginning", "from the middle"])
def test_what_comes_out_of_order_waits(*, known: bool) -> None:
    """2, 3, 1, and 2 once more; the server acknowledges all of it when it answers."""
    talk = Talk().open() if known else Talk()
    base = talk.sequences[0]
    talk.add(b"22", sequence=base + 2).add(b"33", sequence=base + 4).add(b"11", sequence=base)
    talk.add(b"22", sequence=base + 2)
    talk.sequences[0] = base + 6
    events = read(talk.down(b"answer").up(b"44").down(b"").packets)
    assert said(events) == b"11223344"
    assert said(events, up=False) == b"answer"
    assert next(each.number for each in events if isinstance(each, Chunk) and each.direction.upstream) > 2


def test_an_overlap_gives_each_byte_once() -> None:
    talk = Talk().open().up(b"abcd")
    base = talk.sequences[0] - 4
    talk.add(b"cdef", sequence=base + 2).add(b"bc", sequence=base + 1)
    assert said(read(talk.packets)) == b"abcdef"


def test_what_the_other_side_acknowledged_a_while_ago_is_missing_for_good() -> None:
    """The capture lacks 3 bytes; the server answers, and a second later the next request comes."""
    talk = Talk().open().up(b"abc")
    talk.sequences[0] += 3
    talk.up(b"ghi").down(b"answer").wait(2 * SECOND)
    before = len(talk.packets)
    assert said(read(talk.packets, finish=False)) == b"abc"
    talk.up(b"jkl")
    events = read(talk.packets, finish=False)
    assert said(events) == b"abc???ghijkl"
    gap = next(each for each in events if isinstance(each, Gap))
    assert (gap.offset, gap.missing, gap.number) == (3, 3, 5)
    assert next(each for each in events if isinstance(each, Chunk) and each.data == b"jkl").number == before + 1


def test_what_nobody_acknowledged_is_awaited_until_the_end() -> None:
    """The network lost it, and it is sent once more much later."""
    talk = Talk().open().up(b"abc")
    base = talk.sequences[0]
    talk.add(b"ghi", sequence=base + 3).wait(30 * SECOND).add(b"def", sequence=base)
    assert said(read(talk.packets)) == b"abcdefghi"
    lost = Talk().open().up(b"abc")
    lost.add(b"ghi", sequence=lost.sequences[0] + 3)
    assert said(read(lost.packets)) == b"abc???ghi"


def test_a_snap_length_leaves_gaps_of_known_size() -> None:
    talk = Talk().open().up(b"abcdef", b"ghi")
    data = talk.packets[3].data
    talk.packets[3] = talk.packets[3]._replace(data=data[:-2])
    assert said(read(talk.packets)) == b"abcd??ghi"


def test_ports_taken_again_make_another_connection() -> None:
    """The same ports, another beginning: no byte of the first one belongs to the second."""
    first = Talk().open().up(b"one")
    second = Talk(sequences=[77, 99], time=first.time).open().up(b"two").close()
    events = read(first.packets + second.packets)
    assert [(each.direction.connection.number, each.data) for each in events if isinstance(each, Chunk)] == [
        (1, b"one"),
        (2, b"two"),
    ]
    assert "another connection took its ports" in {each.reason for each in events if isinstance(each, Ended)}


def test_a_beginning_that_is_sent_again_makes_no_other_connection() -> None:
    """SYN, SYN, SYN+ACK, a request, SYN+ACK once more."""
    talk = Talk().open()
    again, answer = talk.packets[0], talk.packets[1]
    events = read(
        [again, again, *talk.packets[1:], *Talk(time=talk.time, sequences=talk.sequences).up(b"ask").packets, answer]
    )
    assert said(events) == b"ask"
    assert {each.direction.connection.number for each in events} == {1}


def test_a_reset_ends_both_directions_and_what_comes_late_says_nothing() -> None:
    talk = Talk().open().up(b"one").reset()
    events = read(talk.up(b"two").packets)
    assert [each.reason for each in events if isinstance(each, Ended)] == ["the connection was reset"] * 2
    assert said(events) == b"one"


def test_who_answers_a_call_is_the_server_and_so_is_who_has_the_port() -> None:
    """A connection that begins with its second packet; one of which only the server's side is there."""
    talk = Talk().open().up(b"ask")
    assert said(read(talk.packets[1:])) == b"ask"
    assert said(read(Talk().down(b"answer").packets), up=False) == b"answer"
    alike = Talk(client=("10.0.0.5", 5000)).open().up(b"ask")
    assert said(read(alike.packets)) == b"ask"


def test_a_number_from_far_away_is_a_gap_of_unknown_size() -> None:
    talk = Talk().open().up(b"abc")
    talk.sequences[0] += 1 << 30
    events = read(talk.up(b"def").packets)
    assert [each.missing for each in events if isinstance(each, Gap)] == [0]
    assert said(events) == b"abcdef"


def test_memory_is_bounded_in_every_direction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "HELD_SEGMENTS", 8)
    monkeypatch.setattr(segments, "MOST_CONNECTIONS", 4)
    streams = Streams(5000)
    for number in range(400):
        talk = Talk(client=("10.0.0.5", 40_000 + number % 9), sequences=[0, 0])
        if number < 9:
            talk.open()
        talk.add(b"x", sequence=number * 7919 % (1 << 20))
        for each in talk.packets:
            segment = layers.segment(Packet(1, each.time, 101, each.data, len(each.data)))
            assert isinstance(segment, Segment)
            list(streams.take(segment))
        connections = list(streams._connections.values())
        assert len(connections) <= 4
        assert all(len(each.up.held) <= 8 for each in connections)
        assert streams._held == sum(each.up.held_bytes for each in connections)
    assert list(streams.finish())
    assert streams._held == 0


def test_what_waits_in_all_directions_together_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "HELD_IN_ALL", 100)
    streams = Streams(5000)
    for number in range(50):
        talk = Talk(client=("10.0.0.5", 40_000 + number)).open()
        talk.add(bytes(30), sequence=talk.sequences[0] + 5)
        for each in talk.packets:
            segment = layers.segment(Packet(1, each.time, 101, each.data, len(each.data)))
            assert isinstance(segment, Segment)
            list(streams.take(segment))
        assert streams._held <= 100


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 31), st.binary(max_size=4), st.booleans()), max_size=12))
def test_any_segments_come_to_an_end(some: list[tuple[int, int, bytes, bool]]) -> None:
    talk = Talk(step=700 * MS)
    for sequence, flags, payload, up in some:
        talk.add(payload, up=up, flags=flags, sequence=0xFFFFFFF0 + sequence if up else 5000 + sequence)
    events = read(talk.packets)
    ended = [each.direction for each in events if isinstance(each, Ended)]
    assert len(ended) == len(set(ended))
    assert {each.direction for each in events} == set(ended)
