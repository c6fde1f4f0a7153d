"""A log line is one line, whatever is in it, and trouble is told once per cause."""

from __future__ import annotations

import errno
import io
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import TextIO

import pytest

from iso_gateway.gateway.lines import Lines
from iso_gateway.gateway.sink import MOST

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


@pytest.fixture
def pipe() -> Iterator[tuple[int, TextIO]]:
    """A pipe: the reader's descriptor, and the log's stream."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        yield reader, stream
        os.close(reader)


def read_all(reader: int, lines: Lines) -> list[str]:
    """Return the lines that *reader* gets when it reads again."""
    came = b""
    while True:
        try:
            came += os.read(reader, 65536)
        except BlockingIOError:
            before = len(came)
            lines.flush()
            with suppress(BlockingIOError):
                came += os.read(reader, 65536)
            if len(came) == before:
                return came.decode().splitlines()


def test_a_reader_that_stands_still_stops_nobody_and_gets_all_when_it_goes_on(pipe: tuple[int, TextIO]) -> None:
    reader, stream = pipe
    lines = Lines(stream)
    for number in range(5000):
        lines.write(WALL, "txn", {"id": number, "cause": "\u20ac"})
    assert [line.split("id=")[1] for line in read_all(reader, lines)] == [f"{n} cause=\u20ac" for n in range(5000)]


def test_beyond_a_bound_lines_are_counted_where_nobody_reads(pipe: tuple[int, TextIO]) -> None:
    reader, stream = pipe
    lines = Lines(stream)
    for number in range(200):
        lines.write(WALL, "txn", {"id": number, "cause": "x" * 10_000})
    *came, told = read_all(reader, lines)
    lines.write(WALL, "txn", {"id": 200})
    (last,) = read_all(reader, lines)
    assert MOST < sum(map(len, came)) < MOST + 100_000
    assert told.partition("lost: ")[2] == f'count={200 - len(came)} cause="nobody read the log"'
    assert last.endswith("id=200")


def test_a_reader_that_is_gone_is_no_trouble(pipe: tuple[int, TextIO]) -> None:
    reader, stream = pipe
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, reader)
    os.close(nothing)
    Lines(stream).write(WALL, "txn", {"id": 1})


def test_what_a_full_disk_does_not_take_comes_when_it_has_room(
    pipe: tuple[int, TextIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, stream = pipe
    lines = Lines(stream)
    write = os.write

    def full(_descriptor: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, "write", full)
    lines.write(WALL, "journal failing", {"id": 1})
    monkeypatch.setattr(os, "write", write)
    lines.write(WALL, "journal working", {"id": 2})
    assert [line.split()[-1] for line in os.read(reader, 4096).decode().splitlines()] == ["id=1", "id=2"]


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
