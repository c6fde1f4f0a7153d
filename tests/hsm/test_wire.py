"""Frames between gateway and module: what is broken or too long ends the line, and is answered GONE."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import suppress

import msgspec
import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.hsm.line import MOST_OPEN, Line
from iso_gateway.hsm.serving import serve
from iso_gateway.hsm.wire import (
    ANSWERS,
    HEADER,
    LARGEST_BATCH,
    LARGEST_RESULTS,
    MOST_COMMANDS,
    BrokenPeer,
    CannotStart,
    Frames,
    Hello,
    Ready,
    add_frame,
    batch_in,
    results_in,
)
from iso_gateway.security import commands as c
from iso_gateway.security.keys import KeyRef, MacAlgorithm, MacMethod
from tests.support.module_process import Obedient

BATCH: c.Batch = (c.Fingerprint(b"one"),)
ANSWER: c.Results = (c.Fingerprinted(b"one"),)
GONE = (c.Refused(c.Fault.GONE),)
HELLO = Ready(c.Health("test", 0, 0, 0), 1)
VERIFY = c.VerifyMac((KeyRef("a"), KeyRef("b")), MacMethod(MacAlgorithm.X9_19), b"data", b"mac")


def frame(number: int, body: c.Batch | c.Results | Hello) -> bytes:
    out = bytearray()
    assert add_frame(out, number, body, LARGEST_RESULTS)
    return bytes(out)


@given(st.lists(st.binary(max_size=40), max_size=6), st.integers(1, 50))
def test_frames_come_out_as_they_went_in_however_they_are_cut(bodies: list[bytes], cut: int) -> None:
    stream = b"".join(HEADER.pack(len(body), at) + body for at, body in enumerate(bodies))
    frames = Frames(40)
    found = [each for at in range(0, len(stream), cut) for each in frames.feed(stream[at : at + cut])]
    assert found == list(enumerate(bodies))


def test_a_long_frame_is_refused_by_its_header() -> None:
    with pytest.raises(BrokenPeer, match="41 bytes; 40 are the most"):
        list(Frames(40).feed(HEADER.pack(41, 1)))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_batch_or_a_broken_peer(body: bytes) -> None:
    for read in (batch_in, lambda body: results_in(body, BATCH)):
        with suppress(BrokenPeer):
            read(body)


def test_a_batch_has_a_bound() -> None:
    most = BATCH * MOST_COMMANDS
    assert batch_in(frame(1, most)[HEADER.size :]) == most
    with pytest.raises(BrokenPeer, match="1025 commands"):
        batch_in(frame(1, most + BATCH)[HEADER.size :])


def test_every_command_has_its_answer() -> None:
    assert set(ANSWERS) == set(c.Command.__args__)
    assert set(ANSWERS.values()) | {c.Refused} == set(c.Result.__args__)


@pytest.mark.parametrize(
    ("batch", "results"),
    [
        (BATCH, ()),
        (BATCH, ANSWER * 2),
        (BATCH, (c.Matched(0),)),
        ((VERIFY,), (c.Matched(2),)),
        ((VERIFY,), (c.Matched(-1),)),
        ((VERIFY,), (c.Protected(b""),)),
    ],
)
def test_an_answer_to_something_else_is_none(batch: c.Batch, results: c.Results) -> None:
    with pytest.raises(BrokenPeer, match="something else"):
        results_in(msgspec.msgpack.encode(results), batch)


@pytest.mark.parametrize("which", [None, 0, 1])
def test_a_match_names_one_of_the_keys_or_none(which: int | None) -> None:
    assert results_in(msgspec.msgpack.encode((c.Matched(which),)), (VERIFY,)) == (c.Matched(which),)


@pytest.mark.parametrize(
    "garbage",
    [bytes(8), HEADER.pack(LARGEST_BATCH + 1, 1), HEADER.pack(3, 1) + b"abc", b"GET / HTTP/1.1\r\n\r\n"],
)
def test_a_module_ends_at_the_first_frame_that_is_none(garbage: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(frame(1, BATCH) + garbage)
        ours.shutdown(socket.SHUT_WR)
        with pytest.raises(BrokenPeer):
            serve(theirs, Obedient())


def test_a_module_answers_all_of_a_read_in_one_write_until_the_end() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with ours, theirs:
        ours.sendall(frame(1, BATCH) + frame(2, BATCH * 2) + frame(3, ()))
        ours.shutdown(socket.SHUT_WR)
        serve(theirs, Obedient())
        assert ours.recv(4096) == frame(1, ANSWER) + frame(2, ANSWER * 2) + frame(3, ())


class Talk:
    """A line whose worker is the test."""

    def __init__(self, *, ready: bool = True) -> None:
        ours, self.worker = socket.socketpair()
        self.line = Line(ours, hanging=3.0)
        self.answers: list[c.Results] = []
        if ready:
            self.worker.sendall(frame(0, HELLO))

    def close(self) -> None:
        self.line.end("over")
        self.worker.close()

    async def read(self) -> bytes:
        await settled()
        return self.worker.recv(1 << 20)


@pytest.fixture
async def talk() -> AsyncIterator[Talk]:
    """A line whose worker has said its first word."""
    talk = Talk()
    await settled()
    yield talk
    talk.close()


async def settled() -> None:
    """Give the poller, which the system's selector wakes, its turns."""
    for _ in range(3):
        await trio.testing.wait_all_tasks_blocked(0.002)


async def test_what_is_submitted_in_one_breath_goes_out_in_one_write(talk: Talk) -> None:
    for _ in range(3):
        talk.line.submit(BATCH, talk.answers.append, 2.0)
    assert await talk.read() == b"".join(frame(number, BATCH) for number in (1, 2, 3))
    talk.worker.sendall(frame(1, ANSWER) + frame(2, ANSWER))
    await settled()
    assert talk.answers == [ANSWER, ANSWER]
    talk.worker.close()
    await settled()
    assert talk.answers == [ANSWER, ANSWER, GONE]
    assert talk.line.why == "it ended"


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (frame(2, ANSWER), "an answer that nobody waits for"),
        (frame(1, ANSWER) * 2, "an answer that nobody waits for"),
        (frame(1, (c.Matched(0),)), "an answer to something else"),
        (HEADER.pack(3, 1) + b"abc", "a frame that is no answer"),
        (HEADER.pack(LARGEST_RESULTS + 1, 1), f"a frame of {LARGEST_RESULTS + 1} bytes"),
        (frame(1, ANSWER)[:-1], ""),
    ],
)
async def test_a_worker_that_breaks_a_rule_is_left_and_what_is_open_is_gone(talk: Talk, sent: bytes, why: str) -> None:
    talk.line.submit(BATCH, talk.answers.append, 2.0)
    await settled()
    talk.worker.sendall(sent)
    if not why:
        talk.worker.close()
    await settled()
    assert talk.line.over.is_set()
    assert why in talk.line.why
    assert talk.answers in ([GONE], [ANSWER])
    assert (talk.answers == [ANSWER]) is sent.startswith(frame(1, ANSWER))
    talk.line.submit(BATCH, talk.answers.append, 2.0)
    await settled()
    assert talk.answers[-1] == GONE


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (frame(0, CannotStart("no key")), "no key"),
        (frame(1, HELLO), "a first word with a number"),
        (frame(0, ANSWER), "no first word"),
    ],
)
async def test_a_first_word_is_one_or_the_line_ends(sent: bytes, why: str) -> None:
    talk = Talk(ready=False)
    talk.worker.sendall(sent)
    await settled()
    assert talk.line.started.is_set()
    assert talk.line.health is None
    assert why in talk.line.why
    talk.close()


async def test_a_batch_that_is_too_long_is_refused_and_harms_nobody(talk: Talk) -> None:
    talk.line.submit((c.Fingerprint(bytes(LARGEST_BATCH)),), talk.answers.append, 2.0)
    await settled()
    assert talk.answers == [(c.Refused(c.Fault.MALFORMED),)]
    assert not talk.line.over.is_set()


async def test_a_worker_that_reads_nothing_makes_nobody_wait_and_has_a_bound(talk: Talk) -> None:
    for _ in range(MOST_OPEN + 5):
        talk.line.submit((c.Fingerprint(bytes(100)),), talk.answers.append, 2.0)
    await settled()
    assert talk.answers == [GONE] * 5
    talk.worker.close()
    await settled()
    assert talk.answers == [GONE] * (MOST_OPEN + 5)
