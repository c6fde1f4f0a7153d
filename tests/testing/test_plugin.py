"""The fixtures in somebody's test suite: each test here runs a small one."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from tests.support.suites import INI, passing, ran

pytest_plugins = "pytester"


def test_pytest_finds_it() -> None:
    (found,) = (each for each in entry_points(group="pytest11") if each.name == "iso-gateway")
    assert found.value == "iso_gateway.testing.plugin"


def test_without_a_fixture_nothing_but_pytest_is_imported() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import iso_gateway.testing.plugin;"
        " print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["iso_gateway", "iso_gateway.testing", "iso_gateway.testing.plugin"]


def test_synchronous_tests(pytester: pytest.Pytester) -> None:
    passing(
        pytester,
        """
        import socket
        import time

        def test_a_terminal_sells(iso_host, iso_terminal):
            assert iso_terminal.sale("12.34").approved
            assert iso_terminal.sale("10.51").code == "51"
            assert iso_terminal.void().approved
            assert [message.mti for message in iso_host.requests] == ["0200", "0200", "0200"]
            assert iso_host.requests[-1][41] == "TERM0001"
            assert "4761739001010010" not in repr(iso_host.requests)
            kinds = [(row["kind"], row["state"]) for row in iso_host.ledger()["transactions"]]
            assert kinds == [("sale", "voided"), ("sale", "declined"), ("void", "approved")]

        def test_one_of_ones_own(iso_host):
            with socket.create_connection(iso_host.address) as sock:
                sock.sendall(b"\\0\\4helo")
                sock.shutdown(socket.SHUT_WR)
                assert sock.recv(100) == b""
            while len(iso_host.events) < 3:
                time.sleep(0.001)
            assert [event for event, _ in iso_host.events] == ["connected", "undecodable", "closed"]
            assert iso_host.requests == []

        def test_each_test_has_a_host_of_its_own(iso_host):
            assert iso_host.requests == []
            assert f"127.0.0.1:{iso_host.port}" == str(iso_host.address)
        """,
    )


def test_tests_in_asyncio(pytester: pytest.Pytester) -> None:
    passing(
        pytester,
        """
        import asyncio

        def test_it_awaits_what_its_terminal_does(iso_host, iso_terminal):
            async def both():
                turns = []
                async def other():
                    while True:
                        await asyncio.sleep(0)
                        turns.append(1)
                beside = asyncio.create_task(other())
                async with asyncio.timeout(5):
                    result = await iso_terminal.start("sale", "1.00")
                beside.cancel()
                return result.approved, bool(turns)
            assert asyncio.run(both(), debug=True) == (True, True)

        def test_it_has_streams_of_its_own(iso_host):
            async def connected():
                _, writer = await asyncio.open_connection(*iso_host.address)
                while not iso_host.status()["links"]:
                    await asyncio.sleep(0)
                writer.close()
                await writer.wait_closed()
            asyncio.run(connected())
        """,
    )


def test_tests_in_trio(pytester: pytest.Pytester) -> None:
    passing(
        pytester,
        """
        import trio

        async def test_it_awaits_what_its_terminal_does(iso_host, iso_terminal):
            pending = iso_terminal.start("sale", "1.00")
            assert (await pending).approved
            assert pending.done
            with trio.move_on_after(0.01) as scope:
                await iso_terminal.start("sale", "1.69")
            assert scope.cancelled_caught

        async def test_it_has_streams_of_its_own(iso_host):
            async with await trio.open_tcp_stream(*iso_host.address):
                while not iso_host.status()["links"]:
                    await trio.lowlevel.checkpoint()
                assert iso_host.announce("echo") == 1
        """,
    )


def test_all_that_a_terminal_does(pytester: pytest.Pytester) -> None:
    passing(
        pytester,
        """
        import pytest
        from iso_gateway.testing import Host, Terminal

        def test_a_day(iso_host: Host, iso_terminal: Terminal) -> None:
            assert iso_terminal.logon().approved
            assert iso_terminal.echo().approved
            sale = iso_terminal.sale("50.00")
            assert iso_terminal.refund("20.00").amount == 2000
            assert iso_terminal.query(sale.rrn).standing == "approved"
            assert iso_terminal.preauth("100.00").approved
            assert iso_terminal.complete("85.00").approved
            assert iso_terminal.advice("8.80", currency="EUR").approved
            assert iso_terminal.preauth("5.00").approved
            assert iso_terminal.cancel().approved
            assert iso_terminal.balance().available == 1_000_000 - 3000 - 8500
            assert iso_terminal.repeat().approved
            assert iso_terminal.reversal(sale.rrn).code == "25"
            kinds = [sent.kind for sent in iso_terminal.sent]
            assert kinds[:3] == ["sign_on", "echo", "sale"]

        @pytest.mark.iso_host(spec="cup-pos", framing="2be+tpdu")
        def test_the_end_of_it(iso_host, iso_terminal):
            assert iso_terminal.sale("50.00").approved
            batch = iso_terminal.settle()
            assert (batch.outcome, batch.ours.totals.debits) == ("balanced", 5000)
            with pytest.raises(ValueError, match="settled by start_settling"):
                iso_terminal.start("settle")
            with pytest.raises(TypeError, match="amount: text as it is typed, '12.34', and no int"):
                iso_terminal.sale(5)

        @pytest.mark.iso_host(spec="cup-pos", framing="2be+tpdu")
        @pytest.mark.iso_terminal(timeout=0.4)
        def test_what_nobody_answered_is_reversed_before_anything_else(iso_host, iso_terminal):
            assert iso_terminal.sale("1.68").outcome == "unknown"
            assert iso_terminal.owes
            iso_terminal.timeout = 5
            assert iso_terminal.sale("2.00").approved
            assert [result.kind for result in iso_terminal.results] == ["sale", "reversal", "sale"]
            assert not iso_terminal.owes
        """,
    )


def test_a_gateway_between_them(pytester: pytest.Pytester) -> None:
    passing(
        pytester,
        """
        import pytest

        pytestmark = pytest.mark.iso_gw(host_timeout=0.4)

        def test_what_nobody_answered_is_reversed(iso_gw, iso_host, iso_terminal):
            assert iso_terminal.sale("12.34").approved
            assert iso_terminal.sale("10.68").code == "68"
            iso_gw.settled()
            assert iso_gw.owed() == []
            states = [row["state"] for row in iso_host.ledger()["transactions"]]
            assert states == ["approved", "reversed", "approved"]
            assert iso_gw.status()["owed"] == 0

        def test_what_is_stuck_is_not_settled(iso_gw, iso_host, iso_terminal):
            assert iso_terminal.sale("10.67").code == "68"
            with pytest.raises(RuntimeError, match="stuck: USD 10.67, sale .* the host answered 30"):
                iso_gw.settled()

        @pytest.mark.iso_gw(spec="cup-pos", framing="2be+tpdu")
        @pytest.mark.iso_terminal(terminal="SHOP0007")
        def test_terminals_of_another_dialect(iso_gw, iso_host, iso_terminal):
            assert iso_terminal.sale("12.34").approved
            assert iso_host.requests[-1].mti == "0200"
            assert iso_host.requests[-1][41] == "SHOP0007"
        """,
    )


def test_keys_and_pins(pytester: pytest.Pytester) -> None:
    passing(
        pytester,
        """
        import pytest

        @pytest.mark.iso_host(
            spec="cup-pos", framing="2be+tpdu", mac="unionpay-ecb", pin_format="iso-0", exchange="unionpay"
        )
        def test_those_of_a_sign_on(iso_terminal):
            assert iso_terminal.logon().meaning.endswith("new keys")
            assert iso_terminal.sale("1.00", pin="1234").approved
            assert iso_terminal.sale("1.00", pin="4321").code == "55"

        @pytest.mark.iso_host(mac="x9.19", pin_format="iso-0", ksn="62")
        def test_those_of_each_transaction(iso_terminal):
            assert iso_terminal.sale("1.00", pin="1234").approved
            assert iso_terminal.sale("1.00").approved

        @pytest.mark.iso_host(mac="x9.19")
        def test_an_answer_with_a_wrong_mac_is_not_believed(iso_terminal):
            assert iso_terminal.sale("1.81").distrusted
            assert iso_terminal.owes
        """,
    )


def test_the_project_says_what_hosts_speak(pytester: pytest.Pytester) -> None:
    passing(
        pytester,
        """
        import pytest

        def test_what_the_project_says(iso_host, iso_terminal):
            assert iso_terminal.sale("1.00").approved
            assert iso_host.status()["spec"] == "iso93-ascii"
            assert iso_host.status()["framing"] == "4ascii"

        @pytest.mark.iso_host(spec="iso87-binary", opening_balance=99)
        def test_a_test_knows_better(iso_host, iso_terminal):
            assert iso_terminal.sale("1.00").code == "51"
            assert iso_host.status()["spec"] == "iso87-binary"
        """,
        INI + "iso_spec = iso93-ascii\niso_framing = 4ascii\n",
    )


def test_all_that_is_wrong_with_a_marker_is_told(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        import pytest

        @pytest.mark.iso_host(mac="x9.20", opening_balanc=3)
        def test_of_a_host(iso_host): ...

        @pytest.mark.iso_host(spec="cup-poss", framing="2bee")
        def test_of_its_speech(iso_host): ...

        @pytest.mark.iso_gw(host_timeout="long")
        def test_of_a_gateway(iso_gw): ...

        @pytest.mark.iso_host(mac="x9.19")
        def test_of_a_gateway_with_keys(iso_gw): ...

        @pytest.mark.iso_terminal("TERM0002")
        def test_of_a_terminal(iso_terminal): ...
        """,
    )
    result.assert_outcomes(errors=5)
    result.stdout.fnmatch_lines(
        [
            "@pytest.mark.iso_host: mac: expected one of x9.9, *",
            "@pytest.mark.iso_host: opening_balanc: unknown key, did you mean 'opening_balance'?",
            "@pytest.mark.iso_host: spec: *'cup-pos'*",
            "@pytest.mark.iso_host: framing: *",
            "@pytest.mark.iso_gw: host_timeout: expected *",
            "@pytest.mark.iso_gw: this gateway has no keys, *",
            "@pytest.mark.iso_terminal: each setting has its name, as in *",
        ]
    )
    assert "Traceback" not in result.stdout.str()
