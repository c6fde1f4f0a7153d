"""The recorder between broken peers: what passes is what came, and the file says so."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

import msgspec
import pytest
import trio

from iso_gateway import load_spec
from iso_gateway.framing import Framing
from iso_gateway.inspect.cards import Cards
from iso_gateway.inspect.redacting import Redactor
from iso_gateway.net.address import Address
from iso_gateway.traffic.recorded import (
    Ended,
    Header,
    Idle,
    Lost,
    Opened,
    Side,
    Spoken,
    Unread,
    created,
    read_recording,
)
from iso_gateway.traffic.recording import Recorder
from iso_gateway.traffic.tape import Cutter, Scribe, Tape

SPEC = load_spec("iso87-ascii")
FRAMING = Framing.parse("2be")
PAN = "4012888888881881"
TRACK_2 = f"{PAN}D49092010000098765"
SALE = SPEC.message(
    "0200", {2: PAN, 3: 0, 4: 1234, 11: 123, 35: TRACK_2, 41: "TERM0001", 52: b"\xa1\xb2\xc3" * 2 + b"\xd4\xe5"}
)
ANSWER = SALE.response_to({39: "00"})
ASKED, ANSWERED = (FRAMING.frame(SPEC.encode(each)) for each in (SALE, ANSWER))
HERE = Address("127.0.0.1", 0)

Lines = list[Opened | Spoken | Unread | Idle | Ended | Lost]


class Between:
    """A recorder with a client before it and a server behind it."""

    def __init__(self, path: Path, recorder: Recorder, client: trio.SocketStream, server: trio.SocketStream) -> None:
        self.path = path
        self.recorder = recorder
        self.client = client
        self.server = server

    def lines(self) -> Lines:
        """What was written, once it has ended."""
        return [entry.line for entry in read_recording(self.path).entries]


@asynccontextmanager
async def between(
    path: Path,
    *,
    unsafe: bool = False,
    tape: Tape | None = None,
    over: Callable[[BinaryIO], BinaryIO] = lambda file: file,
) -> AsyncIterator[Between]:
    """Run a recorder for the length of a block; at its end all is written."""
    redactor = None if unsafe else Redactor(Cards(bytes(16)))
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    upstream = Address("127.0.0.1", listener.socket.getsockname()[1])
    with created(path, Header(1, "iso87-ascii", "2be", "", not unsafe)) as file:
        recorder = Recorder(upstream, partial(Cutter, FRAMING), Scribe(SPEC, redactor), over(file), tape=tape)
        with trio.fail_after(10):
            async with trio.open_nursery() as nursery:
                bound = await nursery.start(recorder.run, HERE)
                client = await trio.open_tcp_stream(bound.host, bound.port)
                server = await listener.accept()
                yield Between(path, recorder, client, server)
                for each in (client, server, listener):
                    await trio.aclose_forcefully(each)
                await trio.testing.wait_all_tasks_blocked(0.01)
                recorder.stop()


async def received(stream: trio.SocketStream, count: int) -> bytes:
    data = b""
    while len(data) < count and (more := await stream.receive_some()):
        data += more
    return data


async def test_what_passes_is_what_came_and_the_file_has_it_redacted(tmp_path: Path) -> None:
    async with between(tmp_path / "x") as run:
        await run.client.send_all(ASKED)
        assert await received(run.server, len(ASKED)) == ASKED
        await run.server.send_all(ANSWERED)
        assert await received(run.client, len(ANSWERED)) == ANSWERED
        await run.client.send_eof()
        assert await run.server.receive_some() == b""
        await run.server.send_eof()
        assert await run.client.receive_some() == b""
    lines = run.lines()
    assert [type(each) for each in lines] == [Opened, Spoken, Spoken, Ended, Ended]
    assert [each.side for each in lines[1:]] == [Side.CLIENT, Side.SERVER, Side.CLIENT, Side.SERVER]  # type: ignore[union-attr]
    text = (tmp_path / "x").read_bytes()
    for secret in (PAN, TRACK_2[-9:], "a1b2c3"):
        assert secret.encode() not in text
        assert secret.encode().hex().encode() not in text


async def test_unsafe_the_file_has_it_as_it_came(tmp_path: Path) -> None:
    async with between(tmp_path / "x", unsafe=True) as run:
        await run.client.send_all(ASKED + b"\x00\x00" + ASKED[:7])
        await run.client.send_eof()
        await received(run.server, 1000)
    kinds = [each for each in run.lines() if not isinstance(each, Opened | Ended)]
    assert [bytes.fromhex(getattr(each, "message", "")) for each in kinds] == [ASKED[2:], b"", b""]
    assert [type(each) for each in kinds] == [Spoken, Idle, Unread]
    assert getattr(kinds[2], "raw", "") == ASKED[:7].hex()


async def test_half_a_frame_passes_as_half_a_frame(tmp_path: Path) -> None:
    async with between(tmp_path / "x") as run:
        await run.client.send_all(ASKED[:9])
        assert await received(run.server, 9) == ASKED[:9]
        await run.client.send_all(ASKED[9:20])
        assert await received(run.server, 11) == ASKED[9:20]
        await run.client.send_eof()
        assert await run.server.receive_some() == b""
    assert next(each for each in run.lines() if isinstance(each, Unread)).count == 20


async def test_bytes_that_are_no_frame_pass_and_only_their_number_is_told(tmp_path: Path) -> None:
    garbage = b"\xff\xff" + TRACK_2.encode() * 2000
    async with between(tmp_path / "x") as run, trio.open_nursery() as nursery:
        nursery.start_soon(run.client.send_all, garbage)
        assert await received(run.server, len(garbage)) == garbage
    told = [each for each in run.lines() if isinstance(each, Unread)]
    assert sum(each.count for each in told) == len(garbage) - 2, "what reads as the length of a frame is not counted"
    assert all(not each.raw for each in told)
    assert PAN.encode() not in (tmp_path / "x").read_bytes()


@pytest.mark.parametrize("side", list(Side))
async def test_a_reset_is_passed_on(tmp_path: Path, side: Side) -> None:
    async with between(tmp_path / "x") as run:
        one, other = (run.client, run.server) if side is Side.CLIENT else (run.server, run.client)
        await one.send_all(ASKED)
        await received(other, len(ASKED))
        one.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        one.socket.close()
        with pytest.raises(trio.BrokenResourceError):
            await other.receive_some()
    ended = [each for each in run.lines() if isinstance(each, Ended)]
    assert [(each.side, each.how) for each in ended] == [(side, "reset")]


async def test_a_client_whose_upstream_is_not_there_is_reset_and_the_file_says_why(tmp_path: Path) -> None:
    said: list[str] = []
    with created(tmp_path / "x", Header(1, "iso87-ascii", "2be", "", redacted=True)) as file, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        upstream = Address("127.0.0.1", nobody.getsockname()[1])
        recorder = Recorder(upstream, partial(Cutter, FRAMING), Scribe(SPEC, None), file, complain=said.append)
        async with trio.open_nursery() as nursery:
            bound = await nursery.start(recorder.run, HERE)
            client = await trio.open_tcp_stream(bound.host, bound.port)
            with pytest.raises(trio.BrokenResourceError):
                await client.receive_some()
            await client.aclose()
            recorder.stop()
    lines = [entry.line for entry in read_recording(tmp_path / "x").entries]
    assert lines[1] == msgspec.structs.replace(lines[1], side=Side.SERVER, how=f"{upstream}: connection refused")
    assert said == [f"{upstream}: connection refused"]


async def test_a_peer_that_reads_slowly_holds_up_the_sender_and_not_the_memory(tmp_path: Path) -> None:
    payload = ASKED * 200_000  # some 30 MB
    async with between(tmp_path / "x", tape=Tape(64 * 1024)) as run:
        sent = 0
        with trio.move_on_after(0.3):
            for at in range(0, len(payload), 65536):
                await run.client.send_all(payload[at : at + 65536])
                sent += 65536
        assert 0 < sent < len(payload), "the sender waits: nobody holds for it what the server does not take"


async def test_what_the_recorder_cannot_keep_up_with_is_passed_on_and_counted(tmp_path: Path) -> None:
    async with between(tmp_path / "x", tape=Tape(1000)) as run:
        await run.client.send_all(ASKED * 50)
        assert await received(run.server, 50 * len(ASKED)) == ASKED * 50
    lines = run.lines()
    spoken, lost = (sum(isinstance(each, kind) for each in lines) for kind in (Spoken, Lost))
    assert lost >= 1
    assert spoken + run.recorder.tape.lost >= 50
    assert run.recorder.tape.lost == sum(each.count for each in lines if isinstance(each, Lost))


class _FullDisk:
    """A file on a disk that has no room."""

    def write(self, _data: bytes) -> int:
        raise OSError(28, "No space left on device")


async def test_a_full_disk_ends_the_recording_and_not_the_traffic(tmp_path: Path) -> None:
    async with between(tmp_path / "x", over=lambda _file: _FullDisk()) as run:  # type: ignore[arg-type, return-value]
        for _ in range(3):
            await run.client.send_all(ASKED)
            assert await received(run.server, len(ASKED)) == ASKED
    assert run.recorder.fault == "no space left on device"
    assert run.recorder.tape.lost >= 3


async def test_connections_that_are_open_when_it_ends_are_closed_and_said_so(tmp_path: Path) -> None:
    async with between(tmp_path / "x") as run:
        await run.client.send_all(ASKED)
        await received(run.server, len(ASKED))
        run.recorder.stop()
        assert await run.client.receive_some() == b""
        assert await run.server.receive_some() == b""
    assert [each.how for each in run.lines() if isinstance(each, Ended)] == ["open when the recording ended"]
