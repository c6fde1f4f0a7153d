"""The bench fails when an answer is wrong or a sale was asked for twice: a measurement of errors is worth nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench import gateway, host, load

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
    terminals.check(NUMBER, host.Host().answer(sale("000007")))


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
    answer = host.Host().answer(sale("000007"))
    terminals.check(NUMBER, answer)  # so that the shape is known, and only the content is new
    with pytest.raises(load.WrongAnswerError, match=said):
        terminals.check(NUMBER, changed(answer, changes))


def test_the_host_counts_what_came_twice() -> None:
    counting = host.Host()
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
    with pytest.raises(gateway.FailedError, match=said):
        gateway.check("gateway", counted, told, file)
