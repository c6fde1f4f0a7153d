"""A recording, made between a terminal and a mock host, played back from either side."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial, wraps
from pathlib import Path
from typing import Any

import pytest
import trio

from iso_gateway.codec.message import Message
from iso_gateway.errors import NoAnswer, NoConnection
from iso_gateway.framing import Framing
from iso_gateway.host.server import HostServer
from iso_gateway.host.settings import HostSettings
from iso_gateway.inspect.cards import Cards
from iso_gateway.inspect.redacting import Redactor, card_numbers
from iso_gateway.net.address import Address
from iso_gateway.terminal.client import ask
from iso_gateway.traffic.recorded import Header, Recording, created, read_recording
from iso_gateway.traffic.recording import Recorder
from iso_gateway.traffic.replaying import Player
from iso_gateway.traffic.rewriting import Rewrite, Rewriter
from iso_gateway.traffic.server import RecordedHost
from iso_gateway.traffic.tape import Cutter, Scribe
from tests.support.recorded_talk import DIALECT, PAN, SPEC, C, S, approved, recording, sale, void

FRAMING = Framing.parse("2be")
HERE = Address("127.0.0.1", 0)
Events = list[tuple[str, Mapping[str, Any]]]


def quickly(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """Have *test* run on a clock that jumps to whatever is waited for."""

    @wraps(test)
    def run() -> None:
        trio.run(test, clock=trio.testing.MockClock(autojump_threshold=0))

    return run


@asynccontextmanager
async def serving(server: HostServer | RecordedHost) -> AsyncIterator[Address]:
    async with trio.open_nursery() as nursery:
        yield await nursery.start(server.run, HERE)
        nursery.cancel_scope.cancel()


async def shopping(address: Address) -> list[tuple[str, str]]:
    """Sell, void that sale, be declined, and ask once without being answered; return codes and RRNs."""
    said: list[tuple[str, str]] = []

    async def send(request: Message, patience: float = 5) -> Message | None:
        try:
            answer = (await ask(address, FRAMING, SPEC, request, patience)).message
        except NoAnswer:
            said.append(("silence", ""))
            return None
        said.append((answer[39], answer.text(37)))
        return answer

    sold = await send(sale(11))
    assert sold is not None
    named = {37: sold[37], 38: sold[38], 90: "0200" + "000011" + "1123100000" + "0" * 22}
    await send(sale(12, de3="020000").evolve(named))
    await send(sale(13, 1051))
    await send(sale(14, 1069), 0.05)
    return said


async def recorded_shopping(path: Path) -> tuple[Recording, list[tuple[str, str]]]:
    with created(path, Header(1, "iso87-ascii", "2be", "", redacted=True)) as file:
        async with serving(HostServer.of(HostSettings())) as host, trio.open_nursery() as nursery:
            scribe = Scribe(SPEC, Redactor(Cards(bytes(16))))
            recorder = Recorder(host, partial(Cutter, FRAMING), scribe, file)
            between = await nursery.start(recorder.run, HERE)
            said = await shopping(between)
            recorder.stop()
    return read_recording(path), said


def player(recorded: Recording, address: Address, *, what: Any = frozenset(Rewrite), speed: float = 0.0) -> Player:
    cards = Cards(bytes(16))
    for entry in recorded.entries:
        for number in card_numbers(entry.message) if entry.message is not None else ():
            cards.keep(number)
    return Player(recorded, address, Rewriter(what, DIALECT, 500), Redactor(cards), speed=speed, patience=5)


async def test_what_was_recorded_with_a_host_is_answered_to_the_same_terminal_and_played_to_another_host(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.jsonl"
    recorded, said = await recorded_shopping(path)
    assert [code for code, _ in said] == ["00", "00", "51", "silence"]
    text = path.read_bytes()
    assert PAN.encode() not in text
    assert PAN.encode().hex().encode() not in text

    log: Events = []
    instead = RecordedHost(recorded, DIALECT, lambda event, fields: log.append((event, fields)), speed=0.0)
    async with serving(instead) as address:
        assert await shopping(address) == said
    assert [event for event, _ in log if event in {"answered", "not recorded"}] == ["answered"] * 4
    assert PAN not in str(log)

    async with serving(HostServer.of(HostSettings())) as address:
        plays = player(recorded, address)
        await plays.run()
    assert plays.findings() == []
    assert plays.counts() == {
        "recorded": 4, "sent": 4, "answered": 3, "as_recorded": 4, "otherwise": 0, "left_out": 0, "unasked": 0,
    }  # fmt: skip


async def findings(
    recorded: Recording, host: HostServer | RecordedHost, make: Callable[..., Player] = player
) -> list[tuple[int, str, list[tuple[str, str, str]]]]:
    async with serving(host) as address:
        plays = make(recorded, address)
        await plays.run()
    return [
        (each.line, each.what, [(one.path, one.left, one.right) for one in each.differences])
        for each in plays.findings()
    ]


@quickly
async def test_another_answer_is_told_by_path() -> None:
    recorded = recording(
        (0, C, sale(1)), (0.1, S, approved(sale(1))), (0.2, C, sale(2, 1051)), (0.3, S, approved(sale(2, 1051)))
    )
    assert await findings(recorded, HostServer.of(HostSettings())) == [(5, "the answer differs", [("39", "00", "51")])]


@quickly
async def test_silence_and_a_lost_connection_are_told() -> None:
    silent, lost = sale(1, 1069), sale(2, 1072)
    recorded = recording(
        (0, C, silent), (1, S, approved(silent)), (2, C, lost), (3, S, approved(lost)), (4, C, sale(3))
    )
    told = await findings(recorded, HostServer.of(HostSettings()))
    assert told == [
        (3, "no answer: nothing within 5 s", []),
        (5, "no answer: the connection was closed", []),
        (7, "not sent: the connection is gone", []),
    ]


@quickly
async def test_an_answer_where_silence_was_recorded_is_told() -> None:
    recorded = recording((0, C, sale(1)), (3, C, "closed"))
    told = await findings(recorded, HostServer.of(HostSettings()))
    assert told == [(3, "answered, and silence was recorded", [])]


@quickly
async def test_one_answer_where_two_were_recorded_is_told() -> None:
    recorded = recording((0, C, sale(1)), (1, S, approved(sale(1))), (2, S, approved(sale(1))))
    ((line, what, _),) = await findings(recorded, HostServer.of(HostSettings()))
    assert (line, what) == (3, "1 answers, 2 recorded: nothing within 5 s")


@quickly
async def test_a_card_that_the_answer_names_wrongly_is_told_and_not_shown() -> None:
    recorded = recording((0, C, sale(1)), (1, S, approved(sale(1))))
    strange = recording((0, C, sale(1)), (1, S, approved(sale(1), de2="4111111111111111")))
    ((_, _, differences),) = await findings(recorded, RecordedHost(strange, DIALECT, lambda *_: None, speed=0.0))
    assert [path for path, _, _ in differences] == ["2"]
    assert "4111111111111111" not in str(differences)


@quickly
async def test_a_host_that_is_not_there_is_no_connection() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        await player(recording((0, C, sale(1))), Address("127.0.0.1", 1)).run()
    assert caught.group_contains(NoConnection)


@quickly
async def test_recorded_times_are_kept_at_speed_1_and_halved_at_2() -> None:
    recorded = recording((0, C, sale(1)), (0.5, S, approved(sale(1))), (60, C, sale(2)), (61, S, approved(sale(2))))
    for speed, expected in ((1.0, 60), (2.0, 30)):
        began = trio.current_time()
        assert await findings(recorded, HostServer.of(HostSettings()), partial(player, speed=speed)) == []
        assert expected <= trio.current_time() - began < expected + 2


@quickly
async def test_a_recorded_host_keeps_the_recorded_delay() -> None:
    recorded = recording((0, C, sale(1)), (40, S, approved(sale(1))))
    async with serving(RecordedHost(recorded, DIALECT, lambda *_: None)) as address:
        began = trio.current_time()
        answer = await ask(address, FRAMING, SPEC, sale(7), 60)
        assert answer.message[39] == "00"
        assert trio.current_time() - began >= 40


@quickly
async def test_a_recorded_host_hangs_up_where_the_host_did() -> None:
    recorded = recording((0, C, sale(1)), (0.1, S, "reset"))
    async with serving(RecordedHost(recorded, DIALECT, lambda *_: None)) as address:
        with pytest.raises(NoAnswer, match="closed"):
            await ask(address, FRAMING, SPEC, sale(7), 60)


@quickly
async def test_a_recorded_host_answers_in_the_frames_of_the_recording() -> None:
    tpdu = Framing.parse("2be+tpdu")
    recorded = recording((0, C, sale(1)), (0, S, approved(sale(1))))._replace(framing=tpdu)
    async with serving(RecordedHost(recorded, DIALECT, lambda *_: None)) as address:
        stream = await trio.open_tcp_stream(address.host, address.port)
        await stream.send_all(tpdu.frame(SPEC.encode(sale(7)), bytes.fromhex("6000010002")))
        heard = await stream.receive_some()
        await stream.aclose()
    assert heard[2:7].hex() == "6000020001"
    assert SPEC.decode(heard[7:])[11] == "000007"


@quickly
async def test_what_is_not_recorded_gets_96_and_a_line_in_the_log() -> None:
    log: Events = []
    host = RecordedHost(recording((0, C, sale(1))), DIALECT, lambda event, fields: log.append((event, fields)))
    async with serving(host) as address:
        answer = await ask(address, FRAMING, SPEC, sale(7, 999), 60)
        status = host.status()
    assert answer.message[39] == "96"
    (fields,) = [fields for event, fields in log if event == "not recorded"]
    assert fields["nearest"] == "line 3"
    assert fields["differs"] == "DE 4: 000000000999, recorded 000000001234"
    assert (status["answered"], status["not_recorded"], status["recorded"]) == (0, 1, 1)


@quickly
async def test_bytes_that_are_no_message_get_silence_from_a_recorded_host() -> None:
    log: Events = []
    host = RecordedHost(recording((0, C, sale(1))), DIALECT, lambda event, fields: log.append((event, fields)))
    async with serving(host) as address:
        async with await trio.open_tcp_stream(address.host, address.port) as stream:
            await stream.send_all(FRAMING.frame(b"0200garbage"))
            with trio.move_on_after(5) as waited:
                await stream.receive_some()
        assert waited.cancelled_caught
    assert "undecodable" in [event for event, _ in log]


async def test_a_void_of_the_recording_is_recorded_as_a_void() -> None:
    recorded = recording((0, C, void(2, "632700000001", "A00001")))
    instead = RecordedHost(recorded, DIALECT, lambda *_: None)
    async with serving(instead) as address:
        with trio.move_on_after(0.05):
            await ask(address, FRAMING, SPEC, void(9, "700000000001", "B00001"), 60)
        assert instead.status()["answered"] == 1
