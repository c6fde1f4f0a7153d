"""A log line is one line, whatever is in it, and trouble is told once per cause."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest

from iso_gateway.gateway.lines import Lines

WALL = datetime(2026, 11, 22, 15, 4, 5, 678_000, tzinfo=UTC)


def test_text_is_key_and_value() -> None:
    stream = io.StringIO()
    Lines(stream).write(WALL, "txn", {"terminal": "TERM0001", "rrn": "", "replay": False, "cause": "no answer"})
    line = 'txn: terminal=TERM0001 replay=no cause="no answer"\n'
    assert stream.getvalue() == f"2026-11-22T15:04:05.678Z info    {line}"


def test_a_value_cannot_begin_a_line_of_its_own() -> None:
    stream = io.StringIO()
    Lines(stream).write(WALL, "refused", {"terminal": "T\n2026 info txn: code=00"})
    assert stream.getvalue().count("\n") == 1


OBEYED = ["\n", "\r", "\x1b[31m", "\0", "\x7f", "\x85", "\x9b31m", "\u2028", "\u202e", "\u200b", "\ud800", "\U000e0041"]
"""What a screen would act on, or some reader would take for the end of a line."""


@pytest.mark.parametrize("evil", OBEYED)
@pytest.mark.parametrize("form", ["text", "json"])
def test_what_a_screen_would_obey_is_escaped(form: str, evil: str) -> None:
    stream = io.StringIO()
    Lines(stream, form).write(WALL, "refused", {"terminal": f"T{evil}X"})
    line = stream.getvalue().removesuffix("\n")
    assert line.isprintable()
    written = line if form == "json" else "{" + line.partition("refused: ")[2].replace("terminal=", '"terminal":') + "}"
    assert json.loads(written)["terminal"] == f"T{evil}X"


class _NobodyReads(io.StringIO):
    """A pipe whose reader is gone, or a disk that is full."""

    def flush(self) -> None:
        raise BrokenPipeError


def test_payments_do_not_end_with_the_log() -> None:
    Lines(_NobodyReads()).write(WALL, "txn", {"terminal": "TERM0001"})


def test_json_is_one_object_a_line() -> None:
    stream = io.StringIO()
    Lines(stream, "json").write(WALL, "txn", {"amount": 1234, "who": "a\nb"}, "warning")
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line) == {
        "time": "2026-11-22T15:04:05.678Z", "level": "warning", "event": "txn", "amount": 1234, "who": "a\nb",
    }  # fmt: skip


def test_the_same_trouble_is_told_once_until_it_is_over() -> None:
    stream = io.StringIO()
    lines = Lines(stream)
    for cause in ("refused", "refused", "timed out", "timed out"):
        lines.once(WALL, "link down", "bank", cause)
    assert stream.getvalue().count("\n") == 2
    lines.over("link down", "bank")
    lines.once(WALL, "link down", "bank", "timed out")
    assert stream.getvalue().count("\n") == 3
