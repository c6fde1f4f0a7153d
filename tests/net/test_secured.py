"""Frames over TLS: they come whole however records cut them, and each send has a true outcome."""

# ruff: noqa: ARG001 -- trio takes its clock from the test's arguments

from __future__ import annotations

import socket
import ssl
from contextlib import suppress

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from iso_gateway.errors import FrameCutShort, NoConnection
from iso_gateway.net.connection import READ_SIZE
from iso_gateway.net.outbox import Outcome
from iso_gateway.net.secured import UNASKED, Secured, shake_hands
from tests.support.ends import closed_after_the_test, fill
from tests.support.over_tls import FRAMING, End, Parties, Raw, both, joined, raw_line, shaken

HANDED, NOT_HANDED, UNCERTAIN = Outcome.HANDED, Outcome.NOT_HANDED, Outcome.UNCERTAIN


@pytest.fixture(scope="module")
def parties(tmp_path_factory: pytest.TempPathFactory) -> Parties:
    return Parties(tmp_path_factory.mktemp("tls"))


async def settled() -> None:
    await wait_all_tasks_blocked(0.001)


async def test_frames_go_both_ways(parties: Parties, nursery: trio.Nursery) -> None:
    ours, theirs = await both(parties, nursery)
    theirs.send(b"0800")
    await settled()
    ours.send(b"0810")
    await settled()
    assert (ours.received, theirs.received) == ([b"0800"], [b"0810"])
    assert ours.outcomes == theirs.outcomes == [HANDED]
    await theirs.connection.aclose()
    await settled()
    assert (ours.ended, ours.why) == (True, None)


async def test_many_frames_in_one_record(parties: Parties, nursery: trio.Nursery) -> None:
    end, raw = await raw_line(parties, nursery)
    await raw.sock.send(raw.sealed(*[b"x%d" % number for number in range(100)]))
    await settled()
    assert end.received == [b"x%d" % number for number in range(100)]


async def test_a_frame_over_many_records(parties: Parties, nursery: trio.Nursery) -> None:
    ours, theirs = await both(parties, nursery, max_length=65535)
    big = [bytes([number]) * 60_000 for number in range(4)]
    for payload in big:
        theirs.send(payload)
    await settled()
    assert ours.received == big
    assert theirs.outcomes == [HANDED] * 4


async def test_what_is_cut_anywhere_comes_whole(parties: Parties, nursery: trio.Nursery) -> None:
    end, raw = await raw_line(parties, nursery)
    stream = raw.sealed(b"one", b"two") + raw.sealed(b"three")
    for byte in stream:
        await raw.sock.send(bytes([byte]))
        await settled()
    assert end.received == [b"one", b"two", b"three"]
    assert not end.ended


async def test_what_comes_with_the_last_word_of_the_handshake_is_heard(parties: Parties, nursery: trio.Nursery) -> None:
    end, _ = await raw_line(parties, nursery, b"early", b"bird")
    assert end.received == [b"early", b"bird"]


async def test_what_comes_with_the_handshake_and_the_end_is_heard(parties: Parties, nursery: trio.Nursery) -> None:
    ours, theirs = joined()
    raw = Raw(theirs, parties.client.context)

    async def come_and_go() -> None:
        await raw.shake_hands(b"bye")
        raw.sock.close()

    nursery.start_soon(come_and_go)
    secured = await shake_hands(ours, parties.server, 5)
    await settled()
    end = End(secured)
    await end.run()
    assert (end.received, end.why) == ([b"bye"], None)


async def test_half_a_record_has_the_time_of_a_frame(
    parties: Parties, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    end, raw = await raw_line(parties, nursery, frame_timeout=10.0)
    await raw.sock.send(raw.sealed(b"whole"))
    await trio.sleep(100)
    start = trio.current_time()
    record = raw.sealed(b"never ends")
    for byte in record[:-1]:
        await raw.sock.send(bytes([byte]))
        await trio.sleep(0.75)
        if end.ended:
            break
    assert trio.current_time() - start == pytest.approx(10, abs=1)
    assert str(end.why) == "no end of a record of TLS for 10 s"
    assert end.received == [b"whole"]


async def test_half_a_record_after_a_whole_one_too(
    parties: Parties, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    end, raw = await raw_line(parties, nursery, frame_timeout=10.0)
    await raw.sock.send(raw.sealed(b"whole") + raw.sealed(b"half")[:-1])
    await trio.sleep(11)
    assert (end.received, str(end.why)) == ([b"whole"], "no end of a record of TLS for 10 s")


async def test_half_a_frame_in_whole_records_too(
    parties: Parties, nursery: trio.Nursery, autojump_clock: MockClock
) -> None:
    end, raw = await raw_line(parties, nursery, frame_timeout=10.0)
    raw.tls.write(FRAMING.frame(b"half")[:4])
    await raw.sock.send(raw.goes.read())
    await trio.sleep(5)
    await raw.sock.send(raw.sealed(b"x")[:3])
    await trio.sleep(6)
    assert isinstance(end.why, FrameCutShort)


async def test_an_end_without_close_notify_is_an_end(parties: Parties, nursery: trio.Nursery) -> None:
    end, raw = await raw_line(parties, nursery)
    await raw.sock.send(raw.sealed(b"last"))
    raw.sock.shutdown(socket.SHUT_WR)
    await settled()
    assert (end.received, end.ended, end.why) == ([b"last"], True, None)


async def test_a_close_notify_is_an_end_though_the_socket_stays_open(parties: Parties, nursery: trio.Nursery) -> None:
    end, raw = await raw_line(parties, nursery)
    frames = [b"%d" % number for number in range(30)]  # more than one turn's
    record = raw.sealed(*frames)
    with pytest.raises(OSError, match="operation did not complete"):
        raw.tls.unwrap()
    await raw.sock.send(record + raw.goes.read())
    await settled()
    assert (end.received, end.ended, end.why) == (frames, True, None)


async def test_an_end_inside_a_frame_is_told(parties: Parties, nursery: trio.Nursery) -> None:
    end, raw = await raw_line(parties, nursery)
    raw.tls.write(FRAMING.frame(b"half")[:4])
    await raw.sock.send(raw.goes.read())
    raw.sock.shutdown(socket.SHUT_WR)
    await settled()
    assert isinstance(end.why, FrameCutShort)


async def test_we_say_close_notify(parties: Parties, nursery: trio.Nursery) -> None:
    end, raw = await raw_line(parties, nursery)
    await end.connection.aclose()
    raw.came.write(await raw.sock.recv(65536))
    assert raw.tls.read() == b""  # else: SSLWantReadError


async def test_a_record_that_was_changed_ends_the_connection(parties: Parties, nursery: trio.Nursery) -> None:
    end, raw = await raw_line(parties, nursery)
    good, bad = raw.sealed(b"good"), raw.sealed(b"evil")
    await raw.sock.send(good + bad[:-1] + bytes([bad[-1] ^ 1]))
    await settled()
    assert end.received == [b"good"]
    assert isinstance(end.why, NoConnection)
    assert str(end.why) == "TLS: a record was changed on its way"


async def test_garbage_between_records_ends_the_connection(parties: Parties, nursery: trio.Nursery) -> None:
    end, raw = await raw_line(parties, nursery)
    await raw.sock.send(b"GET / HTTP/1.1\r\n\r\n" + bytes(READ_SIZE))
    await settled()
    assert end.ended
    assert str(end.why).startswith("TLS: ")


class Narrow(socket.socket):
    """A socket that takes so many bytes, and then no more until its peer reads: its window is full of junk then."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(fileno=sock.detach())
        self.room = 1_000_000
        self.sent = b""

    def send(self, data: bytes, flags: int = 0, /) -> int:  # type: ignore[override]
        if not self.room:
            fill(self)
            raise BlockingIOError
        taken = super().send(memoryview(data)[: self.room], flags)
        self.sent += bytes(memoryview(data)[:taken])
        self.room -= taken
        return taken

    def make_room(self, room: int, peer: Raw) -> None:
        """Take *room* bytes more; the *peer* reads what is there."""
        self.room = room
        with suppress(BlockingIOError):
            while socket.socket.recv(peer.plain, 1_000_000):
                pass


async def narrow_line(parties: Parties, nursery: trio.Nursery, **settings: float) -> tuple[End, Raw, Narrow]:
    """Return an end whose socket can be made to take little, and its raw peer."""
    one, other = joined()
    ours = Narrow(one)
    closed_after_the_test(ours)
    raw = Raw(other, parties.client.context)
    nursery.start_soon(raw.shake_hands)
    end = End(await shake_hands(ours, parties.server, 5), **settings)
    await settled()
    nursery.start_soon(end.run)
    await settled()
    raw.came.write(await raw.sock.recv(65536))  # the tickets
    ours.sent = b""
    return end, raw, ours


@pytest.mark.parametrize("room", [0, 1, 20])
async def test_what_was_sealed_counts_as_sent(parties: Parties, nursery: trio.Nursery, room: int) -> None:
    """Three frames wait together and are one record: of none of them anybody knows what the peer gets."""
    end, _, ours = await narrow_line(parties, nursery)
    ours.room = room
    for payload in (b"one", b"two", b"three"):
        end.send(payload)
    await settled()
    assert end.outcomes == []
    end.send(b"four")
    end.connection.abort("enough")
    await settled()
    assert end.outcomes == [UNCERTAIN, UNCERTAIN, UNCERTAIN, NOT_HANDED]


async def test_of_two_records_the_first_is_handed(parties: Parties, nursery: trio.Nursery) -> None:
    end, _, ours = await narrow_line(parties, nursery)
    ours.room = 16_100
    for number in range(5):
        end.send(bytes([number]) * 4000)  # four of them are joined, and one record
    await settled()
    end.send(b"behind")
    end.connection.abort("enough")
    await settled()
    assert end.outcomes == [HANDED, HANDED, HANDED, HANDED, UNCERTAIN, NOT_HANDED]


async def test_of_a_frame_of_two_records_the_first_is_not_enough(parties: Parties, nursery: trio.Nursery) -> None:
    end, _, ours = await narrow_line(parties, nursery)
    ours.room = 20_000
    end.send(bytes(30_000))
    end.send(b"behind")
    await settled()
    end.connection.abort("enough")
    await settled()
    assert end.outcomes == [UNCERTAIN, NOT_HANDED]


async def test_what_waited_goes_on_in_order(parties: Parties, nursery: trio.Nursery) -> None:
    end, raw, ours = await narrow_line(parties, nursery)
    payloads = [b"%d" % number * 3000 for number in range(10, 20)]
    ours.room = 5
    for payload in payloads:
        end.send(payload)
    for _ in range(50):
        await settled()
        ours.make_room(1500, raw)
    await settled()
    assert end.outcomes == [HANDED] * len(payloads)
    ours.make_room(0, raw)
    end.send(b"last")
    await settled()
    ours.make_room(1000, raw)
    await settled()
    assert opened(raw, ours.sent) == [*payloads, b"last"]


def opened(raw: Raw, sealed: bytes) -> list[bytes]:
    """Return the frames in *sealed*."""
    framer = FRAMING.framer(65535)
    frames: list[bytes] = []
    raw.came.write(sealed)
    with suppress(ssl.SSLWantReadError):
        while True:
            frames += [frame.payload for frame in framer.receive(raw.tls.read(65536))]
    return frames


async def test_a_peer_that_stops_reading(parties: Parties, nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    end, raw, ours = await narrow_line(parties, nursery, write_timeout=10.0)
    ours.room = 30
    end.send(b"some of it")
    end.send(b"and more")
    await trio.sleep(9)
    ours.make_room(3, raw)
    await trio.sleep(9)
    assert not end.ended, "it took three bytes, though no whole frame"
    await trio.sleep(2)
    assert str(end.why) == "the peer took nothing for 10 s"
    assert end.outcomes == [UNCERTAIN, UNCERTAIN]


async def test_what_tls_itself_has_to_say_is_bounded(parties: Parties, nursery: trio.Nursery) -> None:
    """A peer that provokes alerts and reads none of them."""
    end, raw, ours = await narrow_line(parties, nursery)
    ours.room = 0
    secured = end.connection._tls
    assert secured is not None
    for _ in range(9):
        secured._goes.write(bytes(UNASKED // 8))
        await raw.sock.send(raw.sealed(b"again"))
        await settled()
    assert end.received == [b"again"] * 9
    assert str(end.why) == "no buffer space available"


async def test_no_renegotiation_and_no_compression(parties: Parties) -> None:
    ours, _ = await shaken(parties.server, parties.client)
    assert isinstance(ours, Secured)
    assert ssl.OP_NO_RENEGOTIATION in ours.tls.context.options
    assert ours.tls.compression() is None


async def test_a_reset_says_no_goodbye_that_can_be_relied_on(parties: Parties, nursery: trio.Nursery) -> None:
    ours, theirs = await both(parties, nursery)
    theirs.send(b"0800")
    await settled()
    theirs.connection.reset("on purpose")
    await settled()
    assert (ours.received, ours.ended, str(theirs.why)) == ([b"0800"], True, "on purpose")
