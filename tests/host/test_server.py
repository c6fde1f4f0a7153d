"""The host on its connections: over real TCP on a port of the system's choice, and in memory where time passes."""

# ruff: noqa: ARG001 -- trio takes its clock from the test's arguments

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from iso_gateway.codec.message import Message
from iso_gateway.errors import ConfigError
from iso_gateway.framing import Framing
from iso_gateway.host.link import CAUSES_AT_MOST
from iso_gateway.host.server import HostServer
from iso_gateway.host.settings import HostSettings
from iso_gateway.net.address import Address
from iso_gateway.net.listener import dial
from iso_gateway.protocol.kinds import Kind
from tests.support.ends import ends, stream_over
from tests.support.till import PAN, START, Till

ANY_PORT = Address("127.0.0.1", 0)
TPDU = bytes.fromhex("6000011234")


class Wire:
    """A till's end of a link: messages in, messages out."""

    def __init__(self, stream: trio.abc.Stream, spec: str = "iso87-ascii", framing: str = "2be") -> None:
        self.stream = stream
        self.till = Till(spec)
        self.framing = Framing.parse(framing)
        self.framer = self.framing.framer()
        self.header = b""
        self.waiting: list[Message] = []

    async def send(self, message: Message, header: bytes | None = None) -> None:
        await self.stream.send_all(self.framing.frame(self.till.dialect.spec.encode(message), header))

    async def receive(self) -> Message | None:
        """Return the next message, or None where the host closed."""
        while not self.waiting:
            try:
                data = await self.stream.receive_some()
            except trio.BrokenResourceError:
                return None
            if not data:
                return None
            for frame in self.framer.receive(data):
                self.header = frame.header
                self.waiting.append(self.till.dialect.spec.decode(frame.payload))
        return self.waiting.pop(0)

    async def ask(self, message: Message) -> Message | None:
        await self.send(message)
        return await self.receive()

    async def sale(self, amount: int = 1000) -> Message | None:
        return await self.ask(self.till.request(Kind.SALE, amount))


class Told:
    """What a host logged."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Mapping[str, Any]]] = []

    def __call__(self, event: str, fields: Mapping[str, Any]) -> None:
        self.events.append((event, fields))

    def of(self, event: str) -> list[Mapping[str, Any]]:
        return [fields for name, fields in self.events if name == event]


@asynccontextmanager
async def in_memory(log: Told | None = None, **settings: Any) -> AsyncIterator[tuple[HostServer, Wire]]:
    """Run a host with one link over streams in memory."""
    config = HostSettings(**settings)
    host = HostServer.of(config, log=log or Told())
    theirs, ours = ends()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(host.carry, theirs, "memory")
        yield host, Wire(ours, config.spec, config.framing)
        nursery.cancel_scope.cancel()


# Over TCP


@pytest.mark.parametrize("spec", ["iso87-ascii", "iso87-binary", "iso93-ascii", "cup-pos"])
async def test_a_sale_and_its_void_over_tcp(nursery: trio.Nursery, spec: str) -> None:
    host = HostServer.of(HostSettings(spec=spec))
    address = await nursery.start(host.run, ANY_PORT)
    with trio.fail_after(5):
        async with stream_over(await dial(address, 5)) as stream:
            wire = Wire(stream, spec)
            request = wire.till.request(Kind.SALE, 1234)
            answer = await wire.ask(request)
            assert answer is not None
            assert wire.till.dialect.canonical(answer) == "00"
        await host.drain()
    assert [(row["kind"], row["state"], row["amount"]) for row in host.ledger()["transactions"]] == [
        ("sale", "approved", 1234)
    ]
    assert host.ledger()["totals"][0]["net"] == 1234


async def test_many_links_at_a_time_and_one_more_is_closed(nursery: trio.Nursery) -> None:
    told = Told()
    host = HostServer.of(HostSettings(connections=2), log=told)
    address = await nursery.start(host.run, ANY_PORT)
    with trio.fail_after(5):
        async with stream_over(await dial(address, 5)) as first, stream_over(await dial(address, 5)) as second:
            for stream in (first, second):
                assert await Wire(stream).sale() is not None
            async with stream_over(await dial(address, 5)) as third:
                assert await Wire(third).receive() is None
            assert len(host.status()["links"]) == 2
        await host.drain()
    assert [fields["cause"] for fields in told.of("refused")] == ["more than 2 connections"]


async def test_garbage_closes_its_own_link_and_no_other(nursery: trio.Nursery) -> None:
    told = Told()
    host = HostServer.of(HostSettings(), log=told)
    address = await nursery.start(host.run, ANY_PORT)
    with trio.fail_after(5):
        async with stream_over(await dial(address, 5)) as good, stream_over(await dial(address, 5)) as bad:
            wire = Wire(good)
            assert await wire.sale() is not None
            await bad.send_all(b"\xff" * 4096)
            assert await Wire(bad).receive() is None
            assert await wire.sale() is not None
        await host.drain()
    (closed,) = [fields for fields in told.of("closed") if "cause" in fields]
    assert closed["offset"] == 0
    assert "65535 bytes announced" in closed["cause"]
    assert str(closed["peer"]).startswith("127.0.0.1:")


async def test_a_port_in_use_is_told() -> None:
    async with trio.open_nursery() as nursery:
        first = HostServer.of(HostSettings())
        address = await nursery.start(first.run, ANY_PORT)
        with pytest.RaisesGroup(pytest.RaisesExc(ConfigError, match="in use"), flatten_subgroups=True):
            await HostServer.of(HostSettings()).run(address)
        await first.drain()


# In memory, where time passes at once


async def test_a_late_answer_is_late_and_holds_up_no_other(autojump_clock: MockClock) -> None:
    async with in_memory() as (_, wire):
        start = trio.current_time()
        late = wire.till.request(Kind.SALE, 1070)
        await wire.send(late)
        prompt = wire.till.request(Kind.SALE, 1000)
        answer = await wire.ask(prompt)
        assert answer is not None
        assert (answer[11], trio.current_time() - start) == (prompt[11], 0)
        answer = await wire.receive()
        assert answer is not None
        assert (answer[11], answer[39]) == (late[11], "00")
        assert trio.current_time() - start == pytest.approx(45)


async def test_the_repeat_of_a_late_one_is_answered_at_once(autojump_clock: MockClock) -> None:
    async with in_memory() as (host, wire):
        late = wire.till.request(Kind.SALE, 1070)
        await wire.send(late)
        await trio.sleep(10)
        start = trio.current_time()
        answer = await wire.ask(late.evolve({}, "0201"))
        assert answer is not None
        assert trio.current_time() == start
        assert len(host.ledger()["transactions"]) == 1


async def test_silence_is_silence(autojump_clock: MockClock) -> None:
    async with in_memory() as (host, wire):
        for amount in (1068, 1069):
            await wire.send(wire.till.request(Kind.SALE, amount))
        with trio.move_on_after(3600) as waited:
            await wire.receive()
        assert waited.cancelled_caught
        assert [row["amount"] for row in host.ledger()["transactions"]] == [1068]


@pytest.mark.parametrize(("amount", "kept"), [(1071, [1071]), (1072, [])])
async def test_a_magic_amount_drops_the_link(amount: int, kept: list[int]) -> None:
    told = Told()
    async with in_memory(told) as (host, wire):
        with trio.fail_after(5):
            assert await wire.sale(amount) is None
        await wait_all_tasks_blocked()
        assert [row["amount"] for row in host.ledger()["transactions"]] == kept
        assert host.status()["links"] == []
    assert [fields["cause"] for fields in told.of("closed")] == ["closed on purpose"]


async def test_a_late_answer_of_a_link_that_is_gone_is_given_to_nobody(autojump_clock: MockClock) -> None:
    told = Told()
    async with in_memory(told) as (host, wire):
        await wire.send(wire.till.request(Kind.SALE, 1070))
        await trio.sleep(1)
        await wire.stream.aclose()
        await trio.sleep(1)
        assert [name for name, _ in told.events] == ["connected", "transaction", "closed"]
        await trio.sleep(100)
        assert host.status()["links"] == []
    assert [name for name, _ in told.events] == ["connected", "transaction", "closed"]


async def test_a_link_that_is_gone_is_over_although_an_answer_waited(autojump_clock: MockClock) -> None:
    host = HostServer.of(HostSettings())
    theirs, ours = ends()
    wire = Wire(ours)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(host.carry, theirs, "memory")
        await wire.send(wire.till.request(Kind.SALE, 1070))
        await trio.sleep(1)
        await ours.aclose()
    assert trio.current_time() == pytest.approx(1)


async def test_draining_gives_what_is_due_soon_and_closes(autojump_clock: MockClock) -> None:
    async with in_memory(late_seconds=3) as (host, wire):
        await wire.send(wire.till.request(Kind.SALE, 1070))
        await trio.sleep(1)
        start = trio.current_time()
        await host.drain()
        assert trio.current_time() - start == pytest.approx(2)
        assert await wire.receive() is not None
        assert await wire.receive() is None


async def test_draining_does_not_wait_for_what_is_later(autojump_clock: MockClock) -> None:
    async with in_memory() as (host, wire):
        await wire.send(wire.till.request(Kind.SALE, 1070))
        await trio.sleep(1)
        start = trio.current_time()
        await host.drain(patience=5)
        assert trio.current_time() - start == pytest.approx(5)
        assert await wire.receive() is None


async def test_the_answer_goes_back_to_where_the_tpdu_came_from() -> None:
    async with in_memory(framing="2be+tpdu", spec="cup-pos") as (_, wire):
        await wire.send(wire.till.request(Kind.SALE), TPDU)
        assert await wire.receive() is not None
        assert wire.header == bytes.fromhex("6012340001")


async def test_a_message_that_is_none_keeps_the_link_and_is_told_once_per_cause() -> None:
    told = Told()
    async with in_memory(told) as (_, wire):
        for _ in range(3):
            await wire.stream.send_all(wire.framing.frame(b"hello, host"))
        assert await wire.sale() is not None
        await wire.stream.aclose()
        await wait_all_tasks_blocked()
    assert len(told.of("undecodable")) == 1
    assert told.of("undecodable")[0]["offset"] == 0
    assert told.of("closed")[0]["not_understood"] == 3


async def test_very_many_causes_are_counted_and_not_told() -> None:
    told = Told()
    async with in_memory(told) as (_, wire):
        good = wire.till.dialect.spec.encode(wire.till.request(Kind.SALE))
        for cut in range(30, 90):
            await wire.stream.send_all(wire.framing.frame(good[:cut]))
        await wire.stream.aclose()
        await wait_all_tasks_blocked()
    assert len(told.of("undecodable")) == CAUSES_AT_MOST
    assert told.of("closed")[0]["not_understood"] == 60


async def test_one_line_per_transaction_and_no_card_number_in_any() -> None:
    told = Told()
    async with in_memory(told) as (host, wire):
        for amount in (1000, 1051):
            await wire.sale(amount)
        assert [fields["code"] for fields in told.of("transaction")] == ["00", "51"]
        assert PAN not in repr(told.events) + repr(host) + repr(host.ledger()) + repr(host.status())


async def test_a_half_frame_ends_its_link_after_a_while(autojump_clock: MockClock) -> None:
    told = Told()
    async with in_memory(told, frame_timeout=4) as (_, wire):
        await wire.stream.send_all(b"\x00\x64half")
        start = trio.current_time()
        assert await wire.receive() is None
        assert trio.current_time() - start == pytest.approx(4)
        await wait_all_tasks_blocked()
    assert told.of("closed")[0]["offset"] == 6


async def test_sign_on_is_per_link(nursery: trio.Nursery) -> None:
    host = HostServer.of(HostSettings(sign_on_required=True))
    wires = []
    for name in ("one", "two"):
        theirs, ours = ends()
        nursery.start_soon(host.carry, theirs, name)
        wires.append(Wire(ours))
    facts = {"system_trace_audit_number": "000009"}
    sign_on = wires[0].till.dialect.network(Kind.SIGN_ON, facts, wires[0].till.moment.wall.date())
    with trio.fail_after(5):
        assert await wires[0].ask(sign_on) is not None
        codes = [answer[39] for wire in wires if (answer := await wire.sale()) is not None]
        assert codes == ["00", "77"]
        signed_on = {link["peer"]: link["signed_on"] for link in host.status()["links"]}
        assert signed_on == {"one": True, "two": False}
        await host.drain()
    assert host.authorizer.network.signed_on == set()


# Settings


def test_every_wrong_setting_is_told_at_once() -> None:
    settings = HostSettings(spec="iso87-asci", framing="2bee", time_zone="Mars/Olympus", profile="iso78")
    with pytest.raises(ConfigError) as caught:
        HostServer.of(settings)
    assert [problem.path for problem in caught.value.problems] == ["spec", "framing", "time_zone", "profile"]
    assert "did you mean 'iso87-ascii'" in str(caught.value)


def test_two_hosts_of_a_day_do_not_begin_with_the_same_rrn() -> None:
    first, second = (HostServer.of(HostSettings()).authorizer for _ in range(2))
    till = Till()
    message = till.request(Kind.SALE)
    answers = [host.decide(message, till.moment).answer for host in (first, second)]
    assert len({answer[37] for answer in answers if answer is not None}) == 2


def test_days_begin_where_the_host_is() -> None:
    host = HostServer.of(HostSettings(time_zone="Asia/Shanghai"))
    till = Till()
    till.wait(6 * 3600)  # 16:30 UTC is past midnight there
    answer = host.authorizer.decide(till.request(Kind.SALE), till.moment).answer
    assert answer is not None
    assert answer[15] == "0303"


async def test_an_announcement_goes_to_every_link_and_its_answer_is_told() -> None:
    log = Told()
    async with in_memory(log) as (host, wire):
        await wire.ask(wire.till.request(Kind.SIGN_ON, None, pan=""))
        assert host.announce(Kind.ECHO) == 1
        said = await wire.receive()
        assert said is not None
        assert (said.mti, said[70]) == ("0800", "301")
        await wire.send(wire.till.dialect.answer(said, "00", {}, wire.till.moment.wall.date()))
        await wire.sale()
        assert log.of("network")[-1] == {
            "peer": "memory", "kind": "echo", "stan": said[11], "code": "00", "answered": True,
        }  # fmt: skip


async def test_a_cut_over_that_is_announced_is_one() -> None:
    async with in_memory() as (host, wire):
        before = await wire.sale()
        host.announce(Kind.CUT_OVER, advice=True)
        said = await wire.receive()
        after = await wire.sale()
        assert before is not None
        assert said is not None
        assert after is not None
        assert (said.mti, said[70]) == ("0820", "201")
        assert before[15] != after[15] == said[15]


async def test_when_the_hour_has_come_all_links_are_told(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    began = trio.current_time()
    host = HostServer.of(HostSettings(cut_over="10:31"), clock=lambda: START.later(trio.current_time() - began))
    # Nothing is done over the port; the hour is kept by whoever serves.
    await nursery.start(host.run, ANY_PORT)
    theirs, ours = ends()
    nursery.start_soon(host.carry, theirs, "memory")
    wire = Wire(ours)
    said = await wire.receive()
    assert said is not None
    assert (said.mti, said[70], said[15]) == ("0800", "201", "0303")
    assert 60 <= trio.current_time() - began < 61
    again = await wire.receive()
    assert again is not None
    assert again[15] == "0304"
    assert trio.current_time() - began > 86400
    nursery.cancel_scope.cancel()


async def test_a_scenario_of_the_settings_is_followed(autojump_clock: MockClock, tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text("rules: [{when: {amount: 700}, respond: {code: '61'}, send: [{mti: '0620', after: 2s}]}]", "utf-8")
    log = Told()
    async with in_memory(log, scenario=str(file)) as (_, wire):
        answer = await wire.sale(700)
        assert answer is not None
        assert answer[39] == "61"
        before = trio.current_time()
        said = await wire.receive()
        assert said is not None
        assert said.mti == "0620"
        assert trio.current_time() - before == pytest.approx(2)
        answer = await wire.sale(800)
        assert answer is not None
        assert answer[39] == "00"
    assert log.of("announced") == [{"peer": "memory", "kind": "0620", "stan": "000001"}]
    assert [fields.get("rule", fields.get("closest")) for fields in log.of("transaction")] == [
        "rule 1",
        "rule 1: amount expected 700, found 800",
    ]


def test_what_is_wrong_with_a_scenario_is_told_with_its_line_beside_other_settings(tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    file.write_text("rules:\n  - {when: {amonut: 700}}\n  - {fault: sielnce}\n", "utf-8")
    with pytest.raises(ConfigError) as raised:
        HostServer.of(HostSettings(scenario=str(file), framing="3be"))
    framing, *others = raised.value.lines
    assert framing.startswith("framing: ")
    assert others == [
        f"{file}:2: rules.0.when.amonut: iso87-ascii has no element 'amonut', did you mean 'amount'?",
        f"{file}:3: rules.1.fault: no fault is called 'sielnce', did you mean 'silence'?",
    ]


def test_a_seed_makes_the_numbers_of_the_host_too() -> None:
    sales = [HostServer.of(HostSettings(seed=seed)).authorizer.save().next_serial for seed in ("7", "7", "8")]
    assert sales[0] == sales[1] != sales[2]
