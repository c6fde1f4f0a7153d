"""The benches fail when an answer is wrong or contenders disagree: a measurement of errors is worth nothing."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import (
    answering,
    codec,
    commands,
    contests,
    fixture,
    fleet,
    gateway,
    honest,
    hostile,
    load,
    modules,
    sides,
    store,
)
from bench.byhand import CUTS
from iso_gateway.catalog import pressed
from iso_gateway.errors import DecodeError
from iso_gateway.store.journal import Committed, Failed

NUMBER = 7
TERMINAL = b"TERM0001"


@pytest.fixture
def terminals() -> load.Terminals:
    """One terminal, that has just sent its seventh sale, over no connection."""
    one = load.Terminals(0, 0)
    one.names[NUMBER] = TERMINAL
    one.frames[NUMBER] = bytearray(b"\0\0" + sale("000007"))
    return one


def sale(stan: str) -> bytes:
    """Return the terminal's sale with the number *stan*."""
    return load.SPEC.encode(load.SALE.evolve({11: stan, 41: TERMINAL.decode()}))


def changed(answer: bytes, changes: dict[int, str]) -> bytes:
    """Return *answer* with some elements changed."""
    return load.SPEC.encode(load.SPEC.decode(answer).evolve(changes))


def test_the_approval_of_the_sale_is_taken(terminals: load.Terminals) -> None:
    terminals.check(NUMBER, answering.Host().answer(sale("000007")))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({39: "05"}, "no approval"),
        ({4: "000000000001"}, "no approval"),
        ({11: "000006"}, "another sale"),
        ({41: "TERM0002"}, "another sale"),
    ],
)
def test_any_other_answer_ends_the_run(terminals: load.Terminals, changes: dict[int, str], said: str) -> None:
    answer = answering.Host().answer(sale("000007"))
    terminals.check(NUMBER, answer)  # so that the shape is known, and only the content is new
    with pytest.raises(load.WrongAnswerError, match=said):
        terminals.check(NUMBER, changed(answer, changes))


def test_a_complaint_of_the_gateway_ends_the_run_but_its_new_journal_is_none(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("T warning journal begun: cause=new\nT info    ready:\n")
    assert gateway.complaint(log) == ""
    log.write_text("T warning journal begun: cause=new\nT error   journal failing: cause=full\n")
    assert gateway.complaint(log) == "\n1 complaints, the first: T error   journal failing: cause=full"


def test_the_host_counts_what_came_twice() -> None:
    counting = answering.Host()
    for stan in ("000007", "000008", "000007"):
        counting.answer(sale(stan))
    counting.answer(load.SPEC.encode(load.SPEC.message("0800", {7: "1120120000", 11: 1, 70: "001"})))
    assert counting.report() == {"sales": 3, "different": 2, "others": {"0800": 1}}


@pytest.mark.parametrize(
    ("asked", "log", "said"),
    [
        ({}, ["T info    txn: a", "T info    txn: b"], ""),
        ({"sales": 3}, [], "3 at the host"),
        ({"sales": 1, "different": 1}, [], "1 at the host"),
        ({"different": 1}, [], "1 different"),
        ({"others": {"0800": 1, "0400": 1}}, [], "0400"),
        ({}, ["T info    txn: a"], "1 in the log"),
        ({}, ["T info    txn: a", "T info    txn: b", "T warning refused: c"], "1 complaints"),
    ],
)
def test_a_round_counts_only_where_all_tell_the_same(
    asked: dict[str, Any], log: list[str], said: str, tmp_path: Path
) -> None:
    file = tmp_path / "log"
    if log:
        file.write_text("\n".join(log))
    counted = {"sales": 2, "measured": 1}
    told = {"sales": 2, "different": 2, "others": {"0800": 1}, **asked}
    if not said:
        gateway.check("gateway", counted, told, file)
        return
    with pytest.raises(sides.FailedError, match=said):
        gateway.check("gateway", counted, told, file)


@pytest.mark.parametrize("spec", contests.SPECS)
@pytest.mark.parametrize(("mti", "fields"), contests.MESSAGES.values(), ids=contests.MESSAGES)
def test_the_codecs_that_are_measured_agree(spec: str, mti: str, fields: dict[int, Any]) -> None:
    found = contests.contests(spec, mti, fields, {"pyiso8583": contests.pyiso8583})
    assert {work: list(contest) for work, contest in found.items()} == {
        "decode": ["ours", "by hand", "pyiso8583"],
        "change": ["ours", "pyiso8583"],
        "build": ["ours", "pyiso8583"],
    }
    assert all(work() for contest in found.values() for work in contest.values())


def test_codecs_that_disagree_are_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CUTS, ("iso87-ascii", "0210"), CUTS["iso87-ascii", "0800"])
    with pytest.raises(contests.DisagreementError, match="iso87-ascii, 0210"):
        contests.contests("iso87-ascii", *contests.MESSAGES["0210 of 12"], {})


def test_the_report_names_every_target_that_is_missed() -> None:
    ratio = {"pyiso8583": 24.99, "by hand": 1.3, "reference": 0.66, "iso8583sim": 50.0}
    row = {"spec": "iso87-ascii", "message": "0200 of 22", "work": "decode", "bytes": {}}
    lines = codec.told([row | {"microseconds": {"ours": 1.0}, "ratio": ratio}], {})
    missed = lines[lines.index("missed:") + 1 :]
    assert ["of pyiso8583" in missed[0], "of reference" in missed[1], len(missed)] == [True, True, 2]


def test_the_peer_under_the_agpl_stays_in_the_bench() -> None:
    root = Path(__file__).parent.parent
    found = [path for part in ("iso_gateway", "examples", "scripts", "fuzz") for path in (root / part).rglob("*.py*")]
    assert [path for path in found if b"iso8583sim" in path.read_bytes()] == []


def test_the_bench_of_the_store_runs_and_stops_at_a_refusal(tmp_path: Path) -> None:
    said = store.measured(tmp_path, callers=4, seconds=0.02, rounds=1)
    assert min(said.values()) > 0
    with pytest.raises(SystemExit, match="a row was refused"):
        store.check([Committed(), Failed("no row")])


def test_the_bench_of_the_module_runs_and_stops_at_a_wrong_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    alone, together = modules.measured(sales=70, rounds=1)
    assert (alone["in flight"], together["in flight"]) == (1, 64)
    assert alone["own process"] > alone["of it in the module"] > 0
    monkeypatch.setattr(modules, "EXPECTED", modules.EXPECTED[::-1])
    with pytest.raises(modules.WrongError):
        modules.measured(sales=1, rounds=1)


@pytest.mark.parametrize("name", list(fixture.CONTENDERS))
def test_the_servers_of_the_fixture_bench_take_a_connection_and_end(name: str) -> None:
    with fixture.CONTENDERS[name]() as address, socket.create_connection(address, 5):
        pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, 5)


def fleet_told(**changes: Any) -> dict[str, Any]:
    """Return what a fleet says of a run, with *changes*."""
    ledger = {"matched": 3, "differences": 0, "owed": 0, "not_compared": 0}
    return {"sent": 3, "approved": 2, "declined": 1, "unknown": 0, "ledger": ledger, **changes}


def test_a_fleet_whose_ledger_agrees_counts() -> None:
    fleet.check(fleet_told())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ledger": None}, "the ledgers do not agree"),
        ({"ledger": {"matched": 2, "differences": 1, "owed": 0, "not_compared": 0}}, "the ledgers do not agree"),
        ({"ledger": {"matched": 2, "differences": 0, "owed": 1, "not_compared": 0}}, "the ledgers do not agree"),
        ({"sent": 4}, "not everything that was sent came to an end"),
    ],
)
def test_any_other_fleet_ends_the_measurement(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(fleet.FailedError, match=said):
        fleet.check(fleet_told(**changes))


def test_a_fleet_is_measured_on_the_cores_that_are_named(tmp_path: Path) -> None:
    core = min(os.sched_getaffinity(0))
    told = fleet.measured(tmp_path, (core, core), terminals=3, rate=30, seconds=0.2)
    assert told["sent"] == 6
    assert "/s of 30" in fleet.line("together", told)


def test_terminals_beside_the_mock_host_take_the_approval_of_their_sale_alone() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        terminal = honest.Terminal(ours, "TERM0001")
        terminal.send(2)
        asked = theirs.recv(4096)
        size = int.from_bytes(asked[:2])
        requests = [honest.SPEC.decode(asked[at + 2 : at + 2 + size]) for at in (0, size + 2)]
        assert [request[11] for request in requests] == ["000001", "000002"]
        values = {de: requests[0][de] for de in (2, 3, 4, 7, 11, 12, 13, 32, 41, 42, 49)}
        answer = honest.SPEC.encode(honest.SPEC.message("0210", dict(sorted((values | {39: "00"}).items()))))
        honest.Terminal.check(answer, 1)
        for wrong in (changed(answer, {39: "51"}), changed(answer, {11: "000002"}), b"0200" + answer[4:]):
            with pytest.raises(honest.WrongAnswerError):
                honest.Terminal.check(wrong, 1)


def test_garbage_is_of_four_kinds_and_none_is_a_message() -> None:
    sent = [hostile.garbage(number) for number in range(2 * hostile.KINDS)]
    assert len(set(sent)) == 2 * hostile.KINDS - 1  # what speaks another protocol always says the same
    for data in sent:
        with pytest.raises(DecodeError):
            honest.SPEC.decode(data[2:])


def test_a_command_that_reads_another_message_is_not_measured() -> None:
    read = [sys.executable, "-c", "print('... 000123 ...')"]
    assert commands.seconds(read) > 0
    with pytest.raises(SystemExit, match="did not read the message:\n000124"):
        commands.seconds([sys.executable, "-c", "print('000124')"])
    with pytest.raises(SystemExit, match="did not read the message"):
        commands.seconds([*read[:2], f"{read[2]}; raise SystemExit(1)"])


@pytest.mark.parametrize(("explain", "code"), [(0.06, 0), (0.061, 1)])
def test_each_command_has_a_third_of_its_peers_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], explain: float, code: int
) -> None:
    taken = {"iso-gateway decode": 0.05, "iso-gateway explain": explain, "iso8583sim parse": 0.18}
    monkeypatch.setattr(commands, "contenders", lambda: {name: [name] for name in taken})
    monkeypatch.setattr(commands, "seconds", lambda command: taken[command[0]])
    monkeypatch.setattr(sys, "argv", ["commands.py", "--rounds", "1"])
    assert commands.main() == code
    assert "0.28 of the peer's" in capsys.readouterr().out


def test_no_command_is_measured_beside_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pressed, "spec", lambda _name: None)
    with pytest.raises(SystemExit, match="not pressed"):
        commands.contenders()
    monkeypatch.setattr(pressed, "spec", lambda _name: commands.SPEC)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(SystemExit, match="iso8583sim is not installed"):
        commands.contenders()
