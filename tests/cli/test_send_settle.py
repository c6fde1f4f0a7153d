"""``send settle`` and ``send query`` over sockets: to a mock host itself, and through a gateway, in three dialects."""

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

SPOKEN = {"iso87-ascii": "2be", "cup-pos": "2be+tpdu", "iso93-ascii": "4ascii"}
WAYS = [(whom, spec) for whom in ("host", "own", "forward") for spec in SPOKEN]
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
links        = ["{host}"]
spec         = "cup-pos"
framing      = "2be+tpdu"
settlement   = "{settlement}"
host_timeout = 0.15
"""
Addresses = dict[tuple[str, str], str]


@contextmanager
def gateway(folder: Path, host: str, settlement: str) -> Iterator[dict[str, str]]:
    """Run a gateway before *host*; give the address of each listener once its link is up."""
    config = folder / "gateway.toml"
    listeners = "".join(LISTENER.format(*each) for each in SPOKEN.items())
    config.write_text(listeners + REST.format(host=host, settlement=settlement))
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
    """Return where hosts of three dialects are, and the listeners of a gateway that settles itself and of another."""
    with ExitStack() as running:
        found: Addresses = {}
        for spec, framing in SPOKEN.items():
            more = ("--spec", spec, "--framing", framing)
            found["host", spec] = running.enter_context(started(tmp_path_factory.mktemp("host"), *more))[1]
        for settlement in ("own", "forward"):
            behind = gateway(tmp_path_factory.mktemp("gateway"), found["host", "cup-pos"], settlement)
            found |= {(settlement, spec): at for spec, at in running.enter_context(behind).items()}
        yield found


Send = Callable[..., Result]


@pytest.fixture(params=WAYS, ids="-".join)
def send(request: pytest.FixtureRequest, iso_gateway: Call, addresses: Addresses) -> Send:
    """Return what sends from a terminal of its own to a host, and through each gateway, in each dialect."""
    return sender(iso_gateway, addresses, request.param)


@pytest.fixture(params=[("host", "iso93-ascii"), ("own", "cup-pos"), ("forward", "cup-pos")], ids="-".join)
def some(request: pytest.FixtureRequest, iso_gateway: Call, addresses: Addresses) -> Send:
    """Return what sends some of these ways."""
    return sender(iso_gateway, addresses, request.param)


def sender(iso_gateway: Call, addresses: Addresses, way: tuple[str, str]) -> Send:
    """Return what sends from a terminal of its own, *way*."""
    terminal = f"TERM{next(TERMINALS):04}"
    to = ("--to", addresses[way], "--spec", way[1], "--framing", SPOKEN[way[1]], "--terminal", terminal)

    def send(verb: str, *more: str, exits: int = 0) -> Result:
        result = iso_gateway("send", verb, *to, *more)
        assert result.exit_code == exits, result.output
        return result

    return send


def said(result: Result) -> dict[str, object]:
    """Return the last line of stdout as JSON."""
    data = json.loads(result.stdout.splitlines()[-1])
    assert isinstance(data, dict)
    return data


def sums(debits: int, debit_count: int, credits_: int = 0, credit_count: int = 0) -> dict[str, int]:
    return {"debits": debits, "debit_count": debit_count, "credits": credits_, "credit_count": credit_count}


def test_a_day_is_settled_and_the_next_one_begins(send: Send) -> None:
    send("sale", "--amount", "5.00")
    send("void", "--original", "last")
    send("sale", "--amount", "4.00")
    send("reversal", "--original", "last")
    send("sale", "--amount", "3.00")
    asked = send("query", "--original", "last")
    assert "the original: approved · USD 3.00" in asked.stdout
    assert "nothing: both sides agree" in asked.stderr
    send("refund", "--original", "last", "--amount", "1.00")
    told = said(send("settle", "--json"))
    assert told["outcome"] == "balanced"
    assert told["ours"] == told["theirs"] == sums(800, 2, 600, 2)
    assert told["batch"] == "000001"
    send("sale", "--amount", "2.00")
    again = said(send("settle", "--json"))
    assert (again["batch"], again["outcome"], again["ours"]) == ("000002", "balanced", sums(200, 1))


def test_what_differs_is_said_and_exits_1(some: Send, tmp_path: Path) -> None:
    state = tmp_path / "terminal.json"
    for amount in range(1, 11):
        some("sale", "--amount", f"{amount}.00", "--state", str(state))
    notebook = json.loads(state.read_text())
    (memory,) = notebook["terminals"].values()
    memory["sent"].pop(0)  # and there are still more records than fit into one message
    state.write_text(json.dumps(notebook))
    first = said(some("settle", "--json", "--state", str(state), exits=1))
    assert (first["outcome"], first["records"]) == ("not_balanced", 9)
    assert (first["ours"], first["theirs"]) == (sums(5400, 9), sums(5500, 10))


def test_a_query_says_what_to_do(some: Send) -> None:
    sold = said(some("sale", "--amount", "10.00", "--json"))
    by_rrn = said(some("query", "--original", str(sold["rrn"]), "--json"))
    assert (by_rrn["standing"], by_rrn["amount"], by_rrn["rrn"]) == ("approved", 1000, sold["rrn"])
    some("reversal", "--original", "last")
    after = some("query", "--original", str(sold["rrn"])).stderr
    assert "ask an operator" in after or "wait" in after  # a gateway answers before it has reversed
    unknown = some("query", "--original", "632400000999", "--json")
    assert said(unknown)["standing"] == "none"
    assert "remembers nothing of it" in unknown.stderr


@pytest.mark.parametrize(
    ("verb", "more", "text"),
    [
        ("settle", ("--amount", "1.00"), "a settle has none"),
        ("settle", ("--original", "last"), "a settle has none"),
        ("query", (), "a query names one"),
        ("query", ("--original", "last"), "nothing that could be asked about"),
        ("query", ("--original", "last", "--amount", "1.00"), "a query has none"),
    ],
)
def test_what_cannot_be_meant_is_refused(iso_gateway: Call, verb: str, more: tuple[str, ...], text: str) -> None:
    result = iso_gateway("send", verb, "--to", "127.0.0.1:1", *more)
    assert result.exit_code == 2
    assert text in result.stderr


def test_where_nobody_is_the_batch_stays_open(iso_gateway: Call) -> None:
    result = iso_gateway("send", "settle", "--to", "127.0.0.1:1", "--json")
    assert result.exit_code == 3
    assert "the batch stays open" in result.stderr
    assert said(result)["outcome"] == "not_sent"
