"""The story of each way a connection can go, and that every send has exactly one, true outcome."""

# ruff: noqa: ARG001 -- trio takes its clock from the test's arguments

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest
import trio
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from trio.testing import MockClock, open_stream_to_socket_listener

from iso_gateway.errors import BadFrame, EncodeError, FrameCutShort, FrameTooLong, NoConnection
from iso_gateway.framing import Frame, Framing
from iso_gateway.net.connection import FRAME_COST, JOINED, FramedConnection, Outcome

if TYPE_CHECKING:
    from tests.net.conftest import Line, MakeLine

HANDED, NOT_HANDED, UNCERTAIN = Outcome.HANDED, Outcome.NOT_HANDED, Outcome.UNCERTAIN
FRAMING = Framing.parse("2be")


def wire(*payloads: str) -> bytes:
    return b"".join(FRAMING.frame(payload.encode()) for payload in payloads)


# --- what comes in


async def test_frames_come_in_order(make_line: MakeLine) -> None:
    line = make_line()
    await line.peer.send_all(wire("one", "two"))
    await line.peer.send_all(wire("three"))
    await line.settles()
    assert line.received == [b"one", b"two", b"three"]


async def test_a_dribbled_frame_comes_whole(make_line: MakeLine, autojump_clock: MockClock) -> None:
    line = make_line(frame_timeout=10.0)
    for byte in wire("slow"):
        await line.peer.send_all(bytes([byte]))
        await trio.sleep(1)
    assert line.received == [b"slow"]
    assert not line.ended


async def test_more_bytes_of_a_half_frame_win_no_time(make_line: MakeLine, autojump_clock: MockClock) -> None:
    line = make_line(frame_timeout=10.0)
    start = trio.current_time()
    await line.peer.send_all(b"\x00\xff")
    while not line.ended:
        await trio.sleep(0.75)
        if not line.ended:
            await line.peer.send_all(b"x")
    assert trio.current_time() - start == pytest.approx(10, abs=0.75)
    assert isinstance(line.why, FrameCutShort)
    assert str(line.why) == "byte 15 of the stream: no end for 10 s after 15 bytes of a frame, 257 needed"


async def test_each_frame_has_its_own_time(make_line: MakeLine, autojump_clock: MockClock) -> None:
    """A busy peer whose frames never end at the end of a packet is not slow."""
    line = make_line(frame_timeout=10.0)
    stream = wire(*(["abc"] * 9))
    for at in range(0, len(stream) - 3, 3):
        await line.peer.send_all(stream[at : at + 3])
        await trio.sleep(4)
    assert not line.ended
    assert len(line.received) == 8


async def test_a_keep_alive_is_no_frame(make_line: MakeLine, autojump_clock: MockClock) -> None:
    line = make_line(idle_timeout=10.0)
    for _ in range(3):
        await trio.sleep(8)
        await line.peer.send_all(FRAMING.keepalive())
    await line.settles()
    assert (line.received, line.connection.keepalives, line.ended) == ([], 3, False)


async def test_a_peer_that_closes_between_frames_is_no_trouble(make_line: MakeLine) -> None:
    line = make_line()
    await line.peer.send_all(wire("bye"))
    await line.peer.aclose()
    await line.settles()
    assert (line.received, line.ended, line.why) == ([b"bye"], True, None)


async def test_a_peer_that_closes_inside_a_frame_is_told(make_line: MakeLine) -> None:
    line = make_line()
    await line.peer.send_all(wire("whole", "half")[:-2])
    await line.peer.aclose()
    await line.settles()
    assert line.received == [b"whole"]
    assert isinstance(line.why, FrameCutShort)


@pytest.mark.parametrize(
    ("framing", "broken", "error"),
    [("2be", b"\xff\xff", FrameTooLong), ("4ascii", b"GET ", BadFrame)],
)
async def test_wrong_bytes_end_the_connection_by_name(
    new_line: MakeLine, framing: str, broken: bytes, error: type[Exception]
) -> None:
    line = new_line()
    connection = FramedConnection(line.stream, Framing.parse(framing))
    good = Framing.parse(framing).frame(b"good")
    await line.peer.send_all(good + broken)
    received: list[Frame] = []
    assert isinstance(await connection.run(received.append), error)
    assert [frame.payload for frame in received] == [b"good"]
    with pytest.raises(trio.BrokenResourceError):
        await line.peer.send_all(b"x")


async def test_an_idle_peer_is_let_go(make_line: MakeLine, autojump_clock: MockClock) -> None:
    line = make_line(idle_timeout=30.0)
    await trio.sleep(29)
    await line.peer.send_all(wire("still here"))
    await trio.sleep(29)
    assert not line.ended
    await trio.sleep(2)
    assert isinstance(line.why, NoConnection)
    assert str(line.why) == "idle for 30 s"


async def test_an_answer_of_ours_is_no_idleness(make_line: MakeLine, autojump_clock: MockClock) -> None:
    line = make_line(idle_timeout=30.0)
    await trio.sleep(29)
    line.send("answer")
    await trio.sleep(29)
    assert not line.ended


async def test_without_an_idle_timeout_a_silent_peer_stays(make_line: MakeLine, autojump_clock: MockClock) -> None:
    line = make_line()
    await trio.sleep(86400)
    assert not line.ended


# --- what goes out


async def test_a_send_is_handed_and_arrives(make_line: MakeLine) -> None:
    line = make_line()
    line.send("0800")
    assert line.outcomes == {}
    await line.settles()
    assert line.outcomes == {"0800": HANDED}
    assert await line.peer.receive_some() == wire("0800")


async def test_sends_that_wait_together_go_out_together(make_line: MakeLine) -> None:
    line = make_line()
    await line.settles()
    for name in "abc":
        line.send(name)
    await line.settles()
    assert line.stream.sends == [wire("a", "b", "c")]
    assert line.outcomes == dict.fromkeys("abc", HANDED)


async def test_joined_frames_stay_under_a_bound(make_line: MakeLine) -> None:
    line = make_line()
    for _ in range(40):
        line.connection.send(bytes(1000))
    await line.settles()
    assert [len(data) <= JOINED for data in line.stream.sends] == [True] * 3
    assert sum(map(len, line.stream.sends)) == 40 * 1002


async def test_a_frame_over_the_joining_bound_goes_out_alone(make_line: MakeLine) -> None:
    line = make_line()
    for size in (10, 3 * JOINED, 10):
        line.connection.send(bytes(size))
    await line.settles()
    assert [len(data) for data in line.stream.sends] == [12, 3 * JOINED + 2, 12]


async def test_sends_before_the_run_wait_for_it(new_line: MakeLine, nursery: trio.Nursery) -> None:
    line = new_line()
    line.send("early")
    await line.settles()
    assert line.outcomes == {}
    nursery.start_soon(line.run)
    await line.settles()
    assert line.outcomes == {"early": HANDED}


async def test_the_header_of_the_caller_goes_out() -> None:
    framing = Framing.parse("2be+tpdu")
    assert framing.frame(b"x", bytes.fromhex("6012340003")).hex() == "0006601234000378"


async def test_what_cannot_be_framed_is_the_callers_fault(make_line: MakeLine) -> None:
    line = make_line()
    with pytest.raises(EncodeError):
        line.send("x" * 70000)
    await line.settles()
    assert (line.outcomes, line.ended) == ({}, False)


async def test_a_peer_that_never_reads_leaves_uncertainty(make_line: MakeLine, autojump_clock: MockClock) -> None:
    line = make_line(write_timeout=5.0)
    line.stream.clogged = trio.Event()
    line.send("in hand")
    await line.settles()
    line.send("waiting")
    await trio.sleep(4.9)
    assert line.outcomes == {}
    await trio.sleep(0.2)
    assert line.outcomes == {"in hand": UNCERTAIN, "waiting": NOT_HANDED}
    assert str(line.why) == "the peer took nothing for 5 s"


async def test_a_slow_peer_is_no_stalled_peer(make_line: MakeLine, autojump_clock: MockClock) -> None:
    line = make_line(write_timeout=5.0)
    line.stream.clogged = trio.Event()
    for name in ("a", "b", "c"):
        line.send(name)
        await trio.sleep(4)
        line.stream.clogged.set()
        await line.settles()
        line.stream.clogged = trio.Event()
    assert line.outcomes == dict.fromkeys("abc", HANDED)
    await trio.sleep(100)
    assert not line.ended


async def test_all_frames_of_one_write_share_its_outcome(make_line: MakeLine) -> None:
    line = make_line()
    line.stream.clogged = trio.Event()
    line.send("a")
    line.send("b")
    await line.settles()
    line.send("c")
    line.connection.abort("the operator said so")
    await line.settles()
    assert line.outcomes == {"a": UNCERTAIN, "b": UNCERTAIN, "c": NOT_HANDED}
    assert isinstance(line.why, NoConnection)
    assert str(line.why) == "the operator said so"


async def test_a_broken_pipe_leaves_uncertainty(new_line: MakeLine, nursery: trio.Nursery) -> None:
    line = new_line()
    line.send("doomed")
    await line.peer.receive_stream.aclose()
    nursery.start_soon(line.run)
    await line.settles()
    assert line.outcomes == {"doomed": UNCERTAIN}
    assert str(line.why) == "the connection broke"


async def test_a_peer_that_closes_during_a_write_leaves_uncertainty(make_line: MakeLine) -> None:
    line = make_line()
    line.stream.clogged = trio.Event()
    line.send("in hand")
    await line.settles()
    await line.peer.aclose()
    await line.settles()
    assert (line.outcomes, line.why) == ({"in hand": UNCERTAIN}, None)


async def test_after_the_end_nothing_is_handed(make_line: MakeLine) -> None:
    line = make_line()
    await line.peer.aclose()
    await line.settles()
    assert not line.connection.is_open
    line.send("late")
    assert line.outcomes == {}, "never from inside send"
    await line.settles()
    assert line.outcomes == {"late": NOT_HANDED}


async def test_an_abort_before_the_writer_wakes_hands_nothing(make_line: MakeLine) -> None:
    line = make_line()
    await line.settles()
    line.send("never")
    line.connection.abort("changed our mind")
    await line.settles()
    assert line.outcomes == {"never": NOT_HANDED}
    assert line.stream.sends == []


async def test_an_abort_before_the_run_hands_nothing(new_line: MakeLine, nursery: trio.Nursery) -> None:
    line = new_line()
    line.send("never")
    line.connection.abort("changed our mind")
    nursery.start_soon(line.run)
    await line.settles()
    assert (line.outcomes, str(line.why)) == ({"never": NOT_HANDED}, "changed our mind")


async def test_a_full_queue_refuses(make_line: MakeLine) -> None:
    cost = len(wire("a")) + FRAME_COST
    line = make_line(max_queued=2 * cost)
    line.stream.clogged = trio.Event()
    line.send("0")
    await line.settles()
    for name in "123":
        line.send(name)
    await line.settles()
    assert line.outcomes == {"3": NOT_HANDED}
    assert line.connection.queued == 2
    line.stream.clogged.set()
    await line.settles()
    line.send("4")
    await line.settles()
    assert line.outcomes == {"3": NOT_HANDED, **dict.fromkeys("0124", HANDED)}


async def test_an_outcome_may_lead_to_another_send(make_line: MakeLine) -> None:
    line = make_line()
    line.connection.send(b"first", None, lambda _: line.send("second"))
    await line.settles()
    assert line.outcomes == {"second": HANDED}
    line.connection.send(b"third", None, lambda _: line.send("fourth"))
    line.connection.abort("end")
    await line.settles()
    assert line.outcomes == {"second": HANDED, "fourth": NOT_HANDED}


# --- closing


async def test_closing_lets_out_what_waits(make_line: MakeLine) -> None:
    line = make_line()
    await line.settles()
    line.send("answer")
    await line.connection.aclose()
    assert (line.outcomes, line.why) == ({"answer": HANDED}, None)
    assert await line.peer.receive_some() == wire("answer")
    assert await line.peer.receive_some() == b""


async def test_closing_refuses_what_comes_after(make_line: MakeLine, nursery: trio.Nursery) -> None:
    line = make_line()
    line.stream.clogged = trio.Event()
    line.send("before")
    await line.settles()
    nursery.start_soon(line.connection.aclose)
    await line.settles()
    line.send("after")
    line.stream.clogged.set()
    await line.settles()
    assert line.outcomes == {"after": NOT_HANDED, "before": HANDED}
    assert line.ended


async def test_closing_does_not_wait_for_ever(make_line: MakeLine, autojump_clock: MockClock) -> None:
    line = make_line(write_timeout=5.0)
    line.stream.clogged = trio.Event()
    await line.settles()
    line.send("stuck")
    with trio.fail_after(6):
        await line.connection.aclose()
    assert line.outcomes == {"stuck": UNCERTAIN}


async def test_closing_that_is_cancelled_closes_at_once(make_line: MakeLine, autojump_clock: MockClock) -> None:
    line = make_line()
    line.stream.clogged = trio.Event()
    line.send("stuck")
    await line.settles()
    with trio.move_on_after(1):
        await line.connection.aclose()
    await line.settles()
    assert (line.outcomes, line.ended) == ({"stuck": UNCERTAIN}, True)


async def test_closing_without_a_run_hands_nothing(new_line: MakeLine) -> None:
    line = new_line()
    line.send("never")
    await line.connection.aclose()
    assert line.outcomes == {"never": NOT_HANDED}
    await line.run()
    assert (line.ended, line.why) == (True, None)
    assert await line.peer.receive_some() == b""


async def test_closing_twice_is_fine(make_line: MakeLine) -> None:
    line = make_line()
    await line.settles()
    await line.connection.aclose()
    await line.connection.aclose()
    assert line.ended


async def test_a_cancelled_run_still_settles(new_line: MakeLine) -> None:
    line = new_line()
    line.stream.clogged = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(line.run)
        line.send("in hand")
        await line.settles()
        line.send("waiting")
        nursery.cancel_scope.cancel()
    assert line.outcomes == {"in hand": UNCERTAIN, "waiting": NOT_HANDED}
    assert await line.peer.receive_some() == b""


async def test_a_frame_that_makes_us_abort_is_the_last(new_line: MakeLine) -> None:
    line = new_line()
    received: list[bytes] = []

    def abort_at_once(frame: Frame) -> None:
        received.append(frame.payload)
        line.connection.abort("unknown terminal")

    await line.peer.send_all(wire("one", "two"))
    why = await line.connection.run(abort_at_once)
    assert (received, str(why)) == ([b"one"], "unknown terminal")


async def test_a_bug_in_on_frame_comes_out_and_settles(new_line: MakeLine) -> None:
    line = new_line()

    def broken(_: Frame) -> None:
        line.send("after the bug")
        raise OSError("a bug, not the line's trouble")

    await line.peer.send_all(wire("one"))
    with pytest.raises(BaseExceptionGroup) as caught:
        await line.connection.run(broken)
    assert caught.group_contains(OSError)
    assert line.outcomes == {"after the bug": NOT_HANDED}


# --- properties


STEPS = st.lists(st.sampled_from(["send", "clog", "unclog", "settle", "wait", "peer sends"]), max_size=20)
ENDINGS = st.sampled_from(["abort", "aclose", "peer closes", "cancel", "garbage"])


@hypothesis_settings(max_examples=100, deadline=None)
@given(steps=STEPS, ending=ENDINGS)
def test_every_send_has_one_true_outcome_whatever_happens(new_line: MakeLine, steps: list[str], ending: str) -> None:
    """HANDED: the peer can read it. NOT_HANDED: no byte of it was ever given to the stream."""
    trio.run(
        _one_life,
        new_line(write_timeout=3.0, max_queued=5 * 140),
        steps,
        ending,
        clock=MockClock(autojump_threshold=0.0),
    )


async def _one_life(line: Line, steps: list[str], ending: str) -> None:
    peer, stream = line.peer, line.stream
    names: list[str] = []
    arrived = bytearray()

    async def read() -> None:
        async for data in peer:
            arrived.extend(data)

    async def act(step: str) -> None:
        match step:
            case "send":
                names.append(f"m{len(names):02}")
                line.send(names[-1])
            case "clog" if stream.clogged is None:
                stream.clogged = trio.Event()
            case "unclog" if stream.clogged is not None:
                stream.clogged.set()
                stream.clogged = None
            case "settle":
                await trio.testing.wait_all_tasks_blocked()
            case "wait":
                await trio.sleep(2)
            case "peer sends" if not line.ended:
                await peer.send_all(wire("ping"))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        with trio.CancelScope() as life:
            async with trio.open_nursery() as inner:
                inner.start_soon(line.run)
                for step in steps:
                    await act(step)
                await _end(line, life, ending)
        await trio.sleep(10)
        assert line.ended or ending == "cancel"
    assert sorted(line.outcomes) == names
    given_to_the_stream = b"".join(stream.sends)
    for name, outcome in line.outcomes.items():
        assert outcome is not HANDED or name.encode() in arrived
        assert outcome is not NOT_HANDED or name.encode() not in given_to_the_stream


async def _end(line: Line, life: trio.CancelScope, ending: str) -> None:
    endings: dict[str, Callable[[], Awaitable[None]]] = {
        "aclose": line.connection.aclose,
        "peer closes": line.peer.send_stream.aclose,
    }
    if ending in endings:
        await endings[ending]()
    elif ending == "abort":
        line.connection.abort("the end")
    elif ending == "cancel":
        life.cancel()
    elif not line.ended:
        await line.peer.send_all(b"\xff\xff")


# --- real sockets, once each


async def test_over_tcp_both_ways(nursery: trio.Nursery) -> None:
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    dialled = await open_stream_to_socket_listener(listener)
    taken = await listener.accept()
    await listener.aclose()
    host, terminal = FramedConnection(taken, FRAMING), FramedConnection(dialled, FRAMING)
    answered = trio.Event()
    answers: list[bytes] = []

    def receive(frame: Frame) -> None:
        answers.append(frame.payload)
        answered.set()

    nursery.start_soon(host.run, lambda frame: host.send(frame.payload[::-1]))
    nursery.start_soon(terminal.run, receive)
    terminal.send(b"0800")
    with trio.fail_after(5):
        await answered.wait()
        await terminal.aclose()
        await host.aclose()
    assert answers == [b"0080"]


async def test_over_tcp_a_peer_that_never_reads() -> None:
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    dialled = await open_stream_to_socket_listener(listener)
    async with listener, dialled:
        connection = FramedConnection(
            await listener.accept(), Framing.parse("2be"), write_timeout=0.1, max_queued=10_000_000
        )
        outcomes: list[Outcome] = []
        for _ in range(150):
            connection.send(bytes(60_000), None, outcomes.append)
        with trio.fail_after(5):
            why = await connection.run(lambda _: None)
    assert str(why) == "the peer took nothing for 0.1 s"
    assert sorted(outcomes, key=[HANDED, UNCERTAIN, NOT_HANDED].index) == outcomes
    assert outcomes.count(UNCERTAIN) == 1
    assert set(outcomes) == set(Outcome)
