"""MACs on both legs and PINs translated, over real sockets: what was changed on the way goes nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from iso_gateway import Message
from iso_gateway.protocol.covering import PIN as PIN_BLOCK
from iso_gateway.protocol.sealing import mac_holds, pin_block, with_mac
from iso_gateway.security import dukpt_tdes
from iso_gateway.security.keys import PinFormat, Purpose, Usage
from tests.support.desk import PAN
from tests.support.keyed_edge import (
    OF_HOST,
    OF_TERMINAL,
    PIN,
    PROTECTION,
    KeyedHost,
    LegKeys,
    all_keys,
    keyed,
)
from tests.support.module_keys import held


async def test_a_sale_has_the_hosts_mac_there_the_terminals_here_and_its_pin_under_either_key(tmp_path: Path) -> None:
    async with keyed(tmp_path) as it:
        terminal = await it.keyed_terminal()
        sale = terminal.sale(1)
        answer = await terminal.ask(sale)
        assert (answer.mti, answer[39]) == ("0210", "00")
        assert terminal.genuine == [True]
        (got,) = it.host.got
        assert it.host.wrong == []
        assert it.host.pins == [PIN]
        assert got[PIN_BLOCK] != sale[PIN_BLOCK]


async def test_a_byte_that_was_changed_anywhere_gets_a0_or_is_no_message_and_never_reaches_the_host(
    tmp_path: Path,
) -> None:
    async with keyed(tmp_path) as it:
        terminal = await it.keyed_terminal()
        payload = terminal.payload(terminal.sale(1))
        refused = 0
        for at in range(20, len(payload), 7):
            changed = payload[:at] + (b"1" if payload[at : at + 1] != b"1" else b"2") + payload[at + 1 :]
            try:
                terminal.dialect.spec.decode(changed)
            except Exception:  # noqa: BLE001 -- what is no message at all is refused elsewhere
                continue
            await terminal.send_payload(changed)
            answer = await terminal.receive()
            if answer is None:
                terminal = await it.keyed_terminal()
                continue
            assert answer[39] in {"A0", "97", "58", "03", "77"}, at
            refused += answer[39] == "A0"
        assert refused > 5
        assert it.host.got == []
        status = it.service.gateway.status()["security"]
        assert status["legs"]["counter"]["mac_errors"] == refused
        assert (await terminal.ask(terminal.sale(2)))[39] == "00"


async def test_a_message_without_a_mac_gets_a0(tmp_path: Path) -> None:
    async with keyed(tmp_path) as it:
        terminal = await it.keyed_terminal()
        await terminal.send_payload(terminal.dialect.spec.encode(terminal.sale(1)))
        answer = await terminal.receive()
        assert answer is not None
        assert answer[39] == "A0"
        assert it.host.got == []


async def test_a_terminal_with_another_key_gets_a0_until_it_has_the_right_one(tmp_path: Path) -> None:
    async with keyed(tmp_path) as it:
        stranger = await it.keyed_terminal(LegKeys(bytes(range(16)), OF_TERMINAL.pin))
        assert (await stranger.ask(stranger.sale(1)))[39] == "A0"
        stranger.keys = OF_TERMINAL
        assert (await stranger.ask(stranger.sale(2)))[39] == "00"


async def test_an_approval_that_was_changed_on_the_way_is_not_believed_and_reversed(tmp_path: Path) -> None:
    host = KeyedHost()

    def forged(message: Message) -> Message | None:
        if message.mti != "0200":
            return host.approve(message)
        return with_mac(host.dialect.spec, host.approve(message), PROTECTION, bytes(range(16)))

    host.judge = forged
    plain = host.encoded
    host.encoded = lambda message: host.dialect.spec.encode(message) if 64 in message else plain(message)  # type: ignore[method-assign]
    async with keyed(tmp_path, host=host) as it:
        terminal = await it.keyed_terminal()
        answer = await terminal.ask(terminal.sale(1))
        assert answer[39] == terminal.dialect.profile.no_answer
        await it.until(lambda: not it.service.gateway.node.owing.debts)
        assert [message.mti for message in it.host.got] == ["0200", "0400"]
        assert it.host.got[1][39] == "A0"
        assert it.host.wrong == []


async def test_a_pin_block_under_another_key_gets_99_and_is_no_business_of_the_host(tmp_path: Path) -> None:
    async with keyed(tmp_path) as it:
        terminal = await it.keyed_terminal()
        wrong = terminal.sale(1).evolve({PIN_BLOCK: bytes(range(8))})
        assert (await terminal.ask(wrong))[39] == "99"
        assert it.host.got == []
        assert it.service.gateway.status()["security"]["legs"]["counter"]["pin_errors"] == 1


async def test_many_wrong_pin_blocks_raise_the_alarm_and_say_nothing_of_them(tmp_path: Path) -> None:
    async with keyed(tmp_path) as it:
        terminal = await it.keyed_terminal()
        for stan in range(1, 7):
            assert (await terminal.ask(terminal.sale(stan).evolve({PIN_BLOCK: bytes(range(8))})))[39] == "99"
        it.service.lines.flush()
        log = it.log.getvalue()
        assert log.count("PIN block errors") == 1
        assert bytes(range(8)).hex().upper() not in log.upper()


async def test_a_sale_without_a_pin_needs_none(tmp_path: Path) -> None:
    async with keyed(tmp_path) as it:
        terminal = await it.keyed_terminal()
        assert (await terminal.ask(terminal.sale(1).evolve({PIN_BLOCK: None})))[39] == "00"
        assert it.host.pins == []
        assert it.host.wrong == []


async def test_a_repeat_gets_the_first_answer_with_a_mac_of_its_own(tmp_path: Path) -> None:
    async with keyed(tmp_path) as it:
        terminal = await it.keyed_terminal()
        first = await terminal.ask(terminal.sale(1))
        again = await terminal.ask(terminal.sale(1).evolve({}, "0201"))
        assert (again[39], again[38]) == (first[39], first[38])
        assert terminal.genuine == [True, True]
        assert len(it.host.got) == 1


@pytest.mark.parametrize("seal", ["file", "module"])
async def test_the_status_tells_of_keys_and_never_their_values(tmp_path: Path, seal: str) -> None:
    rest = '[journal]\nseal = "module"\n' if seal == "module" else ""
    async with keyed(tmp_path, rest=rest) as it:
        terminal = await it.keyed_terminal()
        assert (await terminal.ask(terminal.sale(1)))[39] == "00"
        security = it.service.gateway.status()["security"]
        assert security["module"] == "software"
        mac = security["keys"]["acquirer/bank/mac@1"]
        assert (mac["usage"], mac["state"], mac["test"]) == ("M3", "active", False)
        assert len(mac["check_value"]) == 6
        for key in (*OF_TERMINAL, *OF_HOST):
            assert key.hex().upper() not in str(security).upper()


async def test_a_terminal_of_dukpt_has_another_key_for_each_message_and_its_answer(tmp_path: Path) -> None:
    base = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    keys = [*all_keys(), held("bdk/shop", Usage.BDK, base)]
    settings = 'ksn = "62"\nbdk = "bdk/shop"\n'
    async with keyed(tmp_path, keys=keys, listener=settings) as it:
        terminal = await it.keyed_terminal()
        for counter in range(1, 6):
            ksn = bytes.fromhex("FFFF9876543210E00000")[:-1] + bytes([counter])
            transaction = dukpt_tdes.derive(base, ksn)
            pin, mac, answer_mac = (
                bytes(dukpt_tdes.working_key(transaction, purpose))
                for purpose in (Purpose.PIN, Purpose.MAC_REQUEST, Purpose.MAC_ANSWER)
            )
            block = pin_block(PinFormat.ISO_0, PIN, PAN, pin, bytes)
            sale = terminal.sale(counter).evolve({PIN_BLOCK: block, 62: ksn.hex().upper()})
            terminal.keys = LegKeys(mac, pin)
            answer = await terminal.ask(sale)
            payload = terminal.came[-1]
            assert answer[39] == "00"
            assert mac_holds(answer, payload, PROTECTION, answer_mac)
            assert not mac_holds(answer, payload, PROTECTION, mac)
        # A message under the key of another counter is not genuine, nor is one without a key serial number.
        wrong = terminal.sale(7).evolve({PIN_BLOCK: None, 62: "FFFF9876543210E00009"})
        assert (await terminal.ask(wrong))[39] == "A0"
        assert it.host.pins == [PIN] * 5
        assert it.host.wrong == []
