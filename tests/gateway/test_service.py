"""The gateway over real TCP: the main job, trouble on each side, reload and drain."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
import trio

from iso_gateway import Message
from iso_gateway.errors import AdminError, ConfigError
from iso_gateway.gateway.service import admin_verbs
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import RowState
from iso_gateway.protocol.request import Request
from tests.support.desk import Desk, setup
from tests.support.edge import Host, Running, running
from tests.support.ends import ends

PAN = "4761739001010010"


def requests(spec: str = "iso87-ascii") -> Desk:
    """Return a maker of a terminal's messages; its node is not used."""
    return Desk(setup(spec), links=())


async def test_a_sale_goes_there_and_back(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        terminal = await gateway.terminal()
        request = requests().request()
        answer = await terminal.ask(request)
        assert (answer.mti, answer[39], answer[37], answer[11]) == ("0210", "00", "000000000001", request[11])
        (seen,) = gateway.host.got
        assert seen[11] != request[11] or seen[7] != request[7]
        assert (seen[2], seen[4], seen[41]) == (PAN, request[4], "TERM0001")


async def test_two_dialects_share_one_link(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        ascii_terminal, cup_terminal = await gateway.terminal(), await gateway.terminal("unionpay")
        assert (await ascii_terminal.ask(requests().request()))[39] == "00"
        answer = await cup_terminal.ask(requests("cup-pos").request(terminal="TERM0002"))
        assert (answer.mti, answer[39], answer["60.1"], answer["60.2"]) == ("0210", "00", "22", "000007")
        assert [message[41] for message in gateway.host.got] == ["TERM0001", "TERM0002"]


async def test_the_tpdu_comes_back_with_its_addresses_swapped(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        terminal = await gateway.terminal("unionpay")
        payload = terminal.dialect.spec.encode(requests("cup-pos").request())
        await terminal.stream.send_all(terminal.framing.frame(payload, bytes.fromhex("6000011234")))
        with trio.fail_after(5):
            raw = await terminal.stream.receive_some(4096)
        assert raw[2:7] == bytes.fromhex("6012340001")


async def test_without_a_link_the_answer_is_91(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        gateway.host.scope.cancel()
        await gateway.link_is("down")
        terminal = await gateway.terminal()
        with trio.fail_after(1):
            assert (await terminal.ask(requests().request()))[39] == "91"
        assert gateway.service.gateway.journaling.store.in_states(frozenset(RowState)) == []


async def test_a_host_that_comes_back_is_found(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        gateway.host.scope.cancel()
        await gateway.link_is("down")
        await gateway.nursery.start(gateway.host.serve)
        await gateway.link_is("up")
        assert (await (await gateway.terminal()).ask(requests().request()))[39] == "00"


async def test_silence_is_an_unknown_outcome_and_is_reversed(tmp_path: Path) -> None:
    async with running(tmp_path, "host_timeout = 0.1") as gateway:
        gateway.host.decide = lambda message: None if message.mti == "0200" else gateway.host.approve(message)
        answer = await (await gateway.terminal()).ask(requests().request())
        assert answer[39] == "68"
        await gateway.until(lambda: not gateway.service.gateway.node.owing.debts)
        sale, reversal = gateway.host.got
        assert (reversal.mti, reversal[39], reversal[4]) == ("0400", "98", sale[4])
        assert reversal[90][:20] == "0200" + sale[11] + sale[7]
        (row,) = gateway.service.gateway.journaling.store.in_states(frozenset({RowState.REVERSED}))
        assert row.terminal == "TERM0001"


async def test_a_link_that_dies_after_the_request_owes_a_reversal(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:

        def die(message: Message) -> Message | None:
            if message.mti == "0200":
                gateway.host.scope.cancel()
                return None
            return gateway.host.approve(message)

        gateway.host.decide = die
        answer = await (await gateway.terminal()).ask(requests().request())
        assert answer[39] == "68"
        await gateway.nursery.start(gateway.host.serve)
        await gateway.until(lambda: not gateway.service.gateway.node.owing.debts)
        assert [message.mti for message in gateway.host.got] == ["0200", "0400"]


async def test_a_repeat_gets_the_first_answer_on_another_connection(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        request = requests().request()
        first = await (await gateway.terminal()).ask(request)
        second = await (await gateway.terminal()).ask(request.evolve({}, "0201"))
        assert (second.mti, second[37], second[39]) == ("0210", first[37], "00")
        assert len(gateway.host.got) == 1


@pytest.mark.parametrize(
    "garbage", [b"\x00\x10" + b"\xff" * 16, b"\xff\xff" + os.urandom(4094), b"GET / HTTP/1.1\r\n\r\n"]
)
async def test_garbage_closes_its_own_connection_alone(tmp_path: Path, garbage: bytes) -> None:
    async with running(tmp_path) as gateway:
        other, bad = await gateway.terminal(), await gateway.terminal()
        await bad.stream.send_all(garbage)
        with trio.fail_after(5):
            assert await bad.stream.receive_some(1) == b""
        assert (await other.ask(requests().request(Kind.ECHO)))[39] == "00"
        (line,) = [line for line in gateway.log.getvalue().splitlines() if "closed" in line]
        assert "127.0.0.1:" in line
        assert "offset=" in line


async def test_a_broken_message_is_answered_30_by_name(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        terminal = await gateway.terminal()
        message = requests().request()
        payload = terminal.dialect.spec.encode(message)
        await terminal.stream.send_all(terminal.framing.frame(payload[:-1] + b"\x01"))
        answer = await terminal.receive()
        assert answer is not None
        assert (answer.mti, answer[39], answer[11]) == ("0210", "30", message[11])
        assert "DE 49 at byte" in gateway.log.getvalue()


async def test_an_unknown_terminal_gets_its_dialects_code(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        answer = await (await gateway.terminal()).ask(requests().request(terminal="TERM9999"))
        assert answer[39] == "58"
        answer = await (await gateway.terminal("unionpay")).ask(requests("cup-pos").request(terminal="TERM9999"))
        assert answer[39] == "97"
        assert gateway.host.got == []


async def test_too_many_connections_are_closed_at_once(tmp_path: Path) -> None:
    async with running(tmp_path, "[limits]\nconnections = 1") as gateway:
        first = await gateway.terminal()
        assert (await first.ask(requests().request(Kind.ECHO)))[39] == "00"
        second = await gateway.terminal()
        with trio.fail_after(5):
            assert await second.stream.receive_some(1) == b""
        assert "more than 1 connections" in gateway.log.getvalue()


async def test_the_log_has_one_masked_line_for_a_transaction(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        await (await gateway.terminal()).ask(requests().request())
        await gateway.until(lambda: " txn: " in gateway.log.getvalue())
        (line,) = [line for line in gateway.log.getvalue().splitlines() if " txn: " in line]
        assert "card=476173******0010" in line
        assert "code=00" in line
        assert PAN not in gateway.log.getvalue()


async def test_a_drain_finishes_what_is_in_flight_and_signs_off(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        gateway.host.decide = lambda _message: None
        terminal = await gateway.terminal()
        await terminal.send(requests().request())
        await gateway.until(lambda: any(str(one.state) == "sent" for one in in_flight(gateway)))
        gateway.service.stop()
        await gateway.until(lambda: gateway.service.gateway.node.world.draining)
        with pytest.raises(OSError, match="failed"):
            await gateway.terminal()
        assert (await terminal.ask(requests().request(terminal="TERM0002")))[39] == "91"
        (asked,) = gateway.host.got
        await gateway.host.say(gateway.host.approve(asked))
        answer = await terminal.receive()
        assert answer is not None
        assert answer[39] == "00"
        with trio.fail_after(5):
            await gateway.service.ended.wait()
        assert await terminal.receive() is None


async def test_a_drain_does_not_wait_for_ever(tmp_path: Path) -> None:
    async with running(tmp_path, "[gateway]\ndrain_timeout = 0.2") as gateway:
        gateway.host.decide = lambda _message: None
        await (await gateway.terminal()).send(requests().request())
        await gateway.until(lambda: any(str(one.state) == "sent" for one in in_flight(gateway)))
        gateway.service.stop()
        with trio.fail_after(5):
            await gateway.service.ended.wait()
        assert "still open" in gateway.log.getvalue()


async def test_who_cannot_wait_says_so_a_second_time(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        gateway.host.decide = lambda _message: None
        await (await gateway.terminal()).send(requests().request())
        await gateway.until(lambda: any(str(one.state) == "sent" for one in in_flight(gateway)))
        gateway.service.stop()
        await gateway.until(lambda: gateway.service.gateway.node.world.draining)
        gateway.service.stop(at_once=True)
        with trio.fail_after(5):
            await gateway.service.ended.wait()
        log = gateway.log.getvalue()
        assert "draining: in_flight=1 owed=0" in log
        assert "still open" in log


async def test_a_reload_opens_what_is_new_and_keeps_what_is_not_changed(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        terminal = await gateway.terminal()
        path = gateway.service.gateway.config.path
        text = path.read_text().replace("TERM0009", "TERM0001")
        path.write_text(text + '[[listener]]\nname = "new"\naddress = "127.0.0.1:0"\n')
        changes = await gateway.service.reload()
        assert [change.partition(" at ")[0] for change in changes] == ["listener new opened"]
        assert (await terminal.ask(requests().request()))[39] == "00"
        assert (await terminal.ask(requests().request(terminal="TERM0002")))[39] == "58"
        assert (await (await gateway.terminal("new")).ask(requests().request(stan="000900")))[39] == "00"
        assert len(gateway.host.streams) == 1


async def test_a_reload_moves_a_link(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        other = Host()
        await gateway.nursery.start(other.serve)
        path = gateway.service.gateway.config.path
        path.write_text(path.read_text().replace(f":{gateway.host.port}", f":{other.port}"))
        await gateway.service.reload()
        await gateway.until(lambda: "bank" in gateway.service.gateway.links and bool(other.streams))
        await gateway.link_is("up")
        assert (await (await gateway.terminal()).ask(requests().request()))[39] == "00"
        assert (len(gateway.host.got), len(other.got)) == (0, 1)


async def test_a_wrong_configuration_changes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        path = gateway.service.gateway.config.path
        before = gateway.service.gateway.config
        path.write_text(path.read_text() + "[limits]\nconnection = 1\n")
        with pytest.raises(ConfigError, match="did you mean 'connections'"):
            await gateway.service.reload()
        assert gateway.service.gateway.config is before
        assert (await (await gateway.terminal()).ask(requests().request()))[39] == "00"


async def test_a_fault_of_ours_in_reading_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(tmp_path) as gateway:
        monkeypatch.setattr("iso_gateway.gateway.service.load", dict)
        with pytest.raises(ConfigError, match=r"by a fault of this program \(TypeError\)"):
            await gateway.service.reload()
        assert (await (await gateway.terminal()).ask(requests().request()))[39] == "00"


async def test_a_connection_to_a_listener_that_a_reload_has_just_closed_is_closed(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        at = msgspec.structs.replace(gateway.service.gateway.config.listeners[0], name="closed")
        ours, _ = ends()
        await gateway.service.gateway.carry_terminal(at, ours)
        assert gateway.service.gateway.terminals == {}
        assert (await (await gateway.terminal()).ask(requests().request()))[39] == "00"


async def test_an_address_in_use_changes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        taken = gateway.service.bound["counter"]
        path = gateway.service.gateway.config.path
        path.write_text(path.read_text() + f'[[listener]]\nname = "new"\naddress = "{taken}"\n')
        with pytest.raises(ConfigError, match="in use"):
            await gateway.service.reload()
        assert sorted(gateway.service.bound) == ["counter", "unionpay"]
        assert (await (await gateway.terminal()).ask(requests().request()))[39] == "00"


async def test_status_says_how_it_stands(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        await (await gateway.terminal()).ask(requests().request())
        verbs = admin_verbs(gateway.service)
        await gateway.until(lambda: gateway.service.gateway.counts["txn"] == 1)
        status = verbs["status"]({})
        assert status["links"] == {"bank": {"state": "up", "in_flight": 0}}
        assert (status["state"], status["connections"]) == ("running", 1)
        assert (status["owed"], status["stuck"]) == (0, 0)
        assert status["counts"]["txn"] == 1


async def test_status_shows_what_only_an_operator_can_settle(tmp_path: Path) -> None:
    async with running(tmp_path) as gateway:
        host = gateway.host
        host.decide = lambda message: host.answer(message, "30") if message.mti[:2] == "04" else host.approve(message)
        terminal = await gateway.terminal()
        sale = requests().request()
        await terminal.ask(sale)
        reversal = sale.evolve({11: "000777", 90: f"0200{sale[11]}{sale[7]}{'0' * 22}"}, mti="0400")
        assert (await terminal.ask(reversal))[39] == "00"
        await gateway.until(lambda: gateway.service.gateway.counts["stuck"] == 1)
        status = gateway.service.gateway.status()
        assert (status["owed"], status["stuck"]) == (0, 1)


def in_flight(gateway: Running) -> list[Request]:
    """Return the requests that the gateway has in hand."""
    return list(gateway.service.gateway.node.flow.requests.values())


async def test_an_operator_acts_over_the_admin_socket(tmp_path: Path) -> None:
    async with running(tmp_path, "host_timeout = 0.1") as gateway:
        gateway.host.decide = lambda message: gateway.host.answer(message, "96" if message.mti == "0200" else "12")
        terminal = await gateway.terminal()
        await terminal.ask(requests().request())
        store = gateway.service.gateway.journaling.store
        await gateway.until(lambda: bool(store.in_states(frozenset({RowState.STUCK}))))
        act = admin_verbs(gateway.service)["act"]
        (row,) = store.in_states(frozenset({RowState.STUCK}))
        asked = {"act": "write-off", "id": f"{row.id}/debt", "who": "eve", "reason": "booked back by hand"}
        assert (await act(asked))["done"] is True
        assert store.in_states(frozenset({RowState.WRITTEN_OFF}))
        again = await act(asked)
        assert (again["done"], "stays closed" in again["text"]) == (False, True)
        for wrong in ({"act": "shred", "id": row.id}, {"act": "resend", "id": "no such"}):
            with pytest.raises(AdminError):
                await act(wrong)
