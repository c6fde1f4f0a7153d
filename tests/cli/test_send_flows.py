"""Every verb of ``send`` over sockets: to a mock host itself, and through a gateway, in three dialects."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.conftest import COMMAND, Call, started
from tests.support.desk import OTHER_PAN

SPOKEN = {"iso87-ascii": "2be", "cup-pos": "2be+tpdu", "iso93-ascii": "4ascii"}
WAYS = [(whom, spec) for whom in ("host", "gateway") for spec in SPOKEN]
TERMINALS = itertools.count(1)

LISTENER = """
[[listener]]
name    = "{0}"
address = "127.0.0.1:0"
spec    = "{0}"
framing = "{1}"
"""
REST = """
[[terminals]]
ids      = ["TERM0001..TERM0999"]
merchant = "MERCHANT0000001"

[[acquirer]]
name         = "bank"
links        = ["{}"]
spec         = "iso87-ascii"
host_timeout = 0.15
"""
Addresses = dict[tuple[str, str], str]


@contextmanager
def gateway(folder: Path, host: str) -> Iterator[dict[str, str]]:
    """Run a gateway before *host*; give the address of each listener once its link is up."""
    config = folder / "gateway.toml"
    config.write_text("".join(LISTENER.format(*each) for each in SPOKEN.items()) + REST.format(host))
    process = subprocess.Popen(
        [*COMMAND, "run", str(config)],
        env=os.environ | {"XDG_RUNTIME_DIR": str(folder)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        lines = iter(process.stderr.readline, "")
        ready = next(line for line in lines if " ready: " in line)
        assert any("state=up" in line for line in lines)
        yield dict(re.findall(r"(\S+) on (127\.0\.0\.1:\d+)", ready.replace('listening="', " ")))
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """Return where hosts of three dialects and the listeners of a gateway are."""
    with ExitStack() as running:
        found: Addresses = {}
        for spec, framing in SPOKEN.items():
            more = ("--spec", spec, "--framing", framing)
            found["host", spec] = running.enter_context(started(tmp_path_factory.mktemp("host"), *more))[1]
        behind = gateway(tmp_path_factory.mktemp("gateway"), found["host", "iso87-ascii"])
        found |= {("gateway", spec): at for spec, at in running.enter_context(behind).items()}
        yield found


Send = Callable[..., Result]


def sender(iso_gateway: Call, addresses: Addresses, way: tuple[str, str]) -> Send:
    """Return what sends from a terminal of its own, *way*."""
    terminal = f"TERM{next(TERMINALS):04}"
    to = ("--to", addresses[way], "--spec", way[1], "--framing", SPOKEN[way[1]], "--terminal", terminal)

    def send(verb: str, *more: str, exits: int = 0) -> Result:
        result = iso_gateway("send", verb, *to, *more)
        assert result.exit_code == exits, result.output
        return result

    return send


@pytest.fixture(params=WAYS, ids="-".join)
def send(request: pytest.FixtureRequest, iso_gateway: Call, addresses: Addresses) -> Send:
    """Return what sends to a host, and through a gateway, in each dialect."""
    return sender(iso_gateway, addresses, request.param)


@pytest.fixture
def unionpay(iso_gateway: Call, addresses: Addresses) -> Send:
    """Return a UnionPay terminal of the gateway."""
    return sender(iso_gateway, addresses, ("gateway", "cup-pos"))


def said(result: Result) -> dict[str, object]:
    """Return the last line of stdout as JSON."""
    data = json.loads(result.stdout.splitlines()[-1])
    assert isinstance(data, dict)
    return data


def available(send: Send) -> int:
    """Return what is left on the card."""
    left = said(send("balance", "--json"))["available"]
    assert isinstance(left, int)
    return left


def test_a_hold_is_completed_given_back_and_let_go(send: Send) -> None:
    before = available(send)
    held = said(send("preauth", "--amount", "100.00", "--json"))
    assert available(send) == before - 10_000
    completed = send("complete", "--original", "last", "--amount", "85.00")
    assert "approved" in completed.stdout
    assert "USD 85.00" in completed.stdout
    assert available(send) == before - 8_500
    send("cancel", "--original", "last")
    assert available(send) == before - 10_000
    send("cancel", "--original", str(held["rrn"]))
    assert available(send) == before


def test_a_completion_may_be_told_as_a_fact(send: Send) -> None:
    send("preauth", "--amount", "100.00")
    told = said(send("complete", "--original", "last", "--amount", "85.00", "--advice", "--json"))
    assert told["kind"] == "completion_advice"
    assert str(told["mti"])[1:] == "230"


def test_more_than_115_percent_is_not_completed(send: Send) -> None:
    send("preauth", "--amount", "100.00")
    assert "differs from the original" in send("complete", "--original", "last", "--amount", "115.01", exits=1).stdout


def test_a_hold_is_let_go_once(send: Send) -> None:
    send("preauth", "--amount", "100.00")
    send("cancel", "--original", "last")
    send("cancel", "--original", "last", exits=1)


def test_a_balance_is_one_line_and_in_json(send: Send) -> None:
    assert re.match(r"\d210 approved · available USD \d+\.\d\d · RRN ", send("balance").stdout)
    answer = said(send("balance", "--json"))
    assert (answer["kind"], answer["amount"]) == ("balance", None)


def test_refunds_in_parts_end_at_the_whole(send: Send) -> None:
    rrn = str(said(send("sale", "--amount", "12.34", "--json"))["rrn"])
    for amount, code in (("10.00", 0), ("2.35", 1), ("2.34", 0), ("0.01", 1)):
        send("refund", "--original", rrn, "--amount", amount, exits=code)


@pytest.mark.parametrize("verb", ["sale", "preauth", "advice"])
def test_a_repeat_gets_the_first_answer(send: Send, verb: str) -> None:
    first = send(verb, "--amount", "5.00")
    assert send("repeat").stdout == first.stdout


def test_a_repeat_of_a_void_too(send: Send) -> None:
    send("sale", "--amount", "5.00")
    void = send("void", "--original", "last")
    assert send("repeat").stdout == void.stdout


def test_a_decline_is_declined_again(send: Send) -> None:
    first = send("sale", "--amount", "10.51", exits=1)
    assert send("repeat", exits=1).stdout == first.stdout


def test_line_tests_and_sign_on(send: Send) -> None:
    send("logon")
    send("echo")


def test_silence_is_unknown_owed_and_ended_by_a_reversal(send: Send) -> None:
    silent = send("sale", "--amount", "20.68", "--timeout", "0.3", exits=4)
    assert "outcome unknown: the card may have been charged; a reversal is owed" in silent.stdout
    assert "approved · USD 20.68" in send("reversal", "--original", "last").stdout.replace(", reversal accepted", "")


# Reversals that go first


def test_a_unionpay_terminal_reverses_before_its_next_transaction(unionpay: Send) -> None:
    silent = said(unionpay("sale", "--amount", "20.68", "--json", exits=4))
    assert silent["response_code"] == "98"
    lines = unionpay("sale", "--amount", "1.00").stdout.splitlines()
    assert re.match(rf"an owed reversal goes first: 0410 approved · USD 20.68 .*STAN {silent['stan']}", lines[0])
    assert lines[1].startswith("0210 approved · USD 1.00")
    assert len(unionpay("sale", "--amount", "2.00").stdout.splitlines()) == 1


def test_in_json_it_is_told_beside_the_answer(unionpay: Send) -> None:
    unionpay("sale", "--amount", "20.68", exits=4)
    result = unionpay("balance", "--json")
    assert said(result)["kind"] == "balance"
    assert result.stdout.count("\n") == 1
    assert "an owed reversal goes first: 0410 approved" in result.stderr


def test_where_it_is_not_answered_nothing_follows(unionpay: Send) -> None:
    unionpay("sale", "--amount", "20.68", exits=4)
    nowhere = ("--to", "127.0.0.1:1", "--json")
    answer = said(result := unionpay("sale", "--amount", "1.00", *nowhere, exits=3))
    assert (answer["kind"], answer["outcome"]) == ("reversal", "not_sent")
    assert "it is owed still, so the sale was not sent" in result.stderr
    assert "goes first" in unionpay("sale", "--amount", "1.00").stdout


def test_who_says_so_need_not_reverse_first(unionpay: Send) -> None:
    unionpay("sale", "--amount", "20.68", exits=4)
    assert "goes first" not in unionpay("sale", "--amount", "1.00", "--no-reverse-first").stdout
    assert "goes first" in unionpay("sale", "--amount", "1.00").stdout


def test_anybody_may_reverse_first(send: Send) -> None:
    send("sale", "--amount", "20.68", "--timeout", "0.3", exits=4)
    assert "goes first" in send("sale", "--amount", "1.00", "--reverse-first").stdout


def test_another_card_has_to_be_reversed_by_hand(unionpay: Send) -> None:
    unionpay("sale", "--amount", "20.68", "--pan", OTHER_PAN, exits=4)
    refused = unionpay("sale", "--amount", "1.00", exits=2)
    assert "is owed and goes first: the original's card is 411111******1111" in refused.stderr
    unionpay("reversal", "--original", "last", "--pan", OTHER_PAN)
    assert "goes first" not in unionpay("sale", "--amount", "1.00").stdout


def test_help_has_an_example_of_every_verb(iso_gateway: Call) -> None:
    page = iso_gateway("send", "--help").stdout
    for verb in ("sale", "preauth", "complete", "cancel", "balance", "repeat", "reversal", "echo"):
        assert re.search(rf"^ +{verb} .*\w", page, re.MULTILINE), verb
