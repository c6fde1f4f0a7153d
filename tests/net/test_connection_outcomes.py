"""Sends, and that each has exactly one, true outcome, whatever the peer and the time do."""

# ruff: noqa: ARG001 -- trio takes its clock from the test's arguments

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest
import trio
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from trio.testing import MockClock

from iso_gateway.errors import EncodeError, NoConnection
from iso_gateway.framing import Framing
from iso_gateway.net.connection import FramedConnection
from iso_gateway.net.outbox import FRAME_COST, JOINED, Outcome
from tests.support.ends import fill

if TYPE_CHECKING:
    from tests.net.conftest import Line, MakeLine

HANDED, NOT_HANDED, UNCERTAIN = Outcome.HANDED, Outcome.NOT_HANDED, Outcome.UNCERTAIN
FRAMING = Framing.parse("2be")


def wire(*payloads: str) -> bytes:
    return b"".join(FRAMING.frame(payload.encode()) for payload in payloads)


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
    assert line.ours.sends == [wire("a", "b", "c")]
    assert line.outcomes == dict.fromkeys("abc", HANDED)


async def test_joined_frames_stay_under_a_bound(make_line: MakeLine) -> None:
    line = make_line()
    for _ in range(40):
        line.connection.send(bytes(1000))
    await line.settles()
    assert [len(data) <= JOINED for data in line.ours.sends] == [True] * 3
    assert sum(map(len, line.ours.sends)) == 40 * 1002


async def test_a_frame_over_the_joining_bound_goes_out_alone(make_line: MakeLine) -> None:
    line = make_line()
    for size in (10, 3 * JOINED, 10):
        line.connection.send(bytes(size))
    await line.settles()
    assert [len(data) for data in line.ours.sends] == [12, 3 * JOINED + 2, 12]


async def test_sends_before_the_run_wait_for_it(new_line: MakeLine, nursery: trio.Nursery) -> None:
    line = new_line()
    line.send("early")
    await line.settles()
    assert line.outcomes == {}
    nursery.start_soon(line.run)
    await line.settles()
    assert line.outcomes == {"early": HANDED}


async def test_the_header_of_the_caller_goes_out(new_line: MakeLine, nursery: trio.Nursery) -> None:
    line = new_line()
    connection = FramedConnection(line.ours, Framing.parse("2be+tpdu"))
    nursery.start_soon(connection.run, lambda _: None)
    connection.send(b"x", bytes.fromhex("6012340003"))
    await line.settles()
    assert line.ours.sends == [bytes.fromhex("0006 6012340003") + b"x"]


async def test_what_cannot_be_framed_is_the_callers_fault(make_line: MakeLine) -> None:
    line = make_line()
    with pytest.raises(EncodeError):
        line.send("x" * 70000)
    await line.settles()
    assert (line.outcomes, line.ended) == ({}, False)


async def test_a_peer_that_never_reads_leaves_uncertainty(make_line: MakeLine, autojump_clock: MockClock) -> None:
    line = make_line(write_timeout=5.0)
    line.send("in hand" * 9000)
    line.ours.narrow()
    await line.settles()
    line.send("waiting")
    await trio.sleep(4.9)
    assert line.outcomes == {}
    await trio.sleep(0.2)
    assert line.outcomes == {"in hand" * 9000: UNCERTAIN, "waiting": NOT_HANDED}
    assert str(line.why) == "the peer took nothing for 5 s"


async def test_a_slow_peer_is_no_stalled_peer(make_line: MakeLine, autojump_clock: MockClock) -> None:
    line = make_line(write_timeout=5.0)
    fill(line.ours)
    for name in ("a", "b", "c"):
        line.send(name)
        await trio.sleep(4)
        line.peer.empty()
        await line.settles()
        fill(line.ours)
    assert line.outcomes == dict.fromkeys("abc", HANDED)
    await trio.sleep(100)
    assert not line.ended


async def test_only_the_frame_that_was_cut_is_uncertain(make_line: MakeLine) -> None:
    line = make_line()
    line.ours.narrow()
    frames = ["a" * 100, "b" * 60000, "c"]
    for each in frames:
        line.send(each)
    await line.settles()
    line.connection.abort("the operator said so")
    await line.settles()
    assert [line.outcomes[each] for each in frames] == [HANDED, UNCERTAIN, NOT_HANDED]
    assert isinstance(line.why, NoConnection)
    assert str(line.why) == "the operator said so"


async def test_a_broken_pipe_takes_nothing(new_line: MakeLine, nursery: trio.Nursery) -> None:
    line = new_line()
    line.send("doomed")
    line.peer.sock.shutdown(socket.SHUT_RD)
    nursery.start_soon(line.run)
    await line.settles()
    assert line.outcomes == {"doomed": NOT_HANDED}
    assert str(line.why) == "connection closed by the peer"


async def test_a_peer_that_closes_during_a_write_leaves_uncertainty(make_line: MakeLine) -> None:
    line = make_line()
    line.ours.narrow()
    line.send("in hand" * 9000)
    await line.settles()
    await line.peer.stream.send_eof()
    await line.settles()
    assert (line.outcomes, line.why) == ({"in hand" * 9000: UNCERTAIN}, None)


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
    assert line.ours.sends == []


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
    fill(line.ours)
    line.send("0")
    await line.settles()
    for name in "123":
        line.send(name)
    await line.settles()
    assert line.outcomes == dict.fromkeys("23", NOT_HANDED)
    assert line.connection.queued == 2
    line.peer.empty()
    await line.settles()
    line.send("4")
    await line.settles()
    assert line.outcomes == {**dict.fromkeys("23", NOT_HANDED), **dict.fromkeys("014", HANDED)}


async def test_an_outcome_may_lead_to_another_send(make_line: MakeLine) -> None:
    line = make_line()
    line.connection.send(b"first", None, lambda _: line.send("second"))
    await line.settles()
    assert line.outcomes == {"second": HANDED}
    line.connection.send(b"third", None, lambda _: line.send("fourth"))
    line.connection.abort("end")
    await line.settles()
    assert line.outcomes == {"second": HANDED, "fourth": NOT_HANDED}


STEPS = st.lists(st.sampled_from(["send", "clog", "unclog", "settle", "wait", "peer sends"]), max_size=20)
ENDINGS = st.sampled_from(["abort", "aclose", "peer closes", "cancel", "garbage"])


@hypothesis_settings(max_examples=100, deadline=None)
@given(steps=STEPS, ending=ENDINGS)
def test_every_send_has_one_true_outcome_whatever_happens(new_line: MakeLine, steps: list[str], ending: str) -> None:
    """HANDED: the peer can read it. NOT_HANDED: no byte of it was ever given to the socket."""
    trio.run(
        _one_life,
        new_line,
        steps,
        ending,
        clock=MockClock(autojump_threshold=0.0),
    )


async def _one_life(new_line: MakeLine, steps: list[str], ending: str) -> None:
    line = new_line(write_timeout=3.0, max_queued=5 * 140)
    peer, ours = line.peer, line.ours
    names: list[str] = []

    async def act(step: str) -> None:
        match step:
            case "send":
                names.append(f"m{len(names):02}")
                line.send(names[-1])
            case "clog" if not line.ended:
                fill(ours)
            case "unclog":
                peer.empty()
            case "settle":
                await trio.testing.wait_all_tasks_blocked()
            case "wait":
                await trio.sleep(2)
            case "peer sends" if not line.ended:
                await peer.send_all(wire("ping"))

    with trio.CancelScope() as life:
        async with trio.open_nursery() as inner:
            inner.start_soon(line.run)
            for step in steps:
                await act(step)
            await _end(line, life, ending)
    assert line.ended or ending == "cancel"
    assert sorted(line.outcomes) == names
    taken = b"".join(ours.sends)
    arrived = peer.all_that_came()
    for name, outcome in line.outcomes.items():
        assert outcome is not HANDED or name.encode() in arrived
        assert outcome is not NOT_HANDED or name.encode() not in taken


async def _end(line: Line, life: trio.CancelScope, ending: str) -> None:
    endings: dict[str, Callable[[], Awaitable[None]]] = {
        "aclose": line.connection.aclose,
        "peer closes": line.peer.stream.send_eof,
    }
    if ending in endings:
        await endings[ending]()
    elif ending == "abort":
        line.connection.abort("the end")
    elif ending == "cancel":
        life.cancel()
    elif not line.ended:
        await line.peer.send_all(b"\xff\xff")
