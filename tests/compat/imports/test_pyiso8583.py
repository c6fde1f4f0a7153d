"""pyiso8583's dicts, read from files of which nothing is run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from iso_gateway import SpecError, load_spec
from iso_gateway.codec.build import build_spec
from iso_gateway.compat.imports import pyiso8583

SPEC = load_spec("iso87-ascii")
ROW = '{"data_enc": "ascii", "len_enc": "ascii", "len_type": 0, "max_len": %s}'
HEAD = f'"t": {ROW % 4}, "p": {ROW % 16}'


def test_a_python_file_is_read_by_its_literals(tmp_path: Path) -> None:
    trap = tmp_path / "run"
    text = f"""
import pathlib
pathlib.Path({str(trap)!r}).touch()
VERSION = 1
spec: dict = {{{HEAD},
    "3": {ROW % 6},   # processing code
}}
"""
    imported = pyiso8583.read(text, "theirs")
    assert list(imported.data["fields"]) == ["3"]
    assert imported.data["name"] == "theirs"
    assert imported.notes == []
    assert not trap.exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f'spec = {{{HEAD},\n "3": make(6)}}', ":2: 3: no literal: only text, numbers and dicts are read"),
        (f"spec = {{{HEAD},\n **others}}", ":2: a key that is no literal"),
        (f'spec = {{{HEAD},\n "3": {ROW % 6},\n "3": {ROW % 7}}}', ":3: 3: stands twice, first in line 2"),
        (f'spec = {{{HEAD}, "3": {ROW % "(1).__class__"}}}', ":1: 3.max_len: no literal"),
        ("spec = dict(t=1)", "a literal with the keys t, p, 2"),
        (f"a = {{{HEAD}}}\nb = {{{HEAD}}}", "several specs: name one with --variable: a, b"),
        ("spec = {", ":1: no pyiso8583 dict: neither JSON nor Python"),
        ("spec = " + "[" * 5000, "no pyiso8583 dict"),
        ("spec = {1: " + "-" * 100_000 + "1}", "no pyiso8583 dict"),
        ("spec = {'t': " + "9" * 9999 + "}", "no pyiso8583 dict"),
        ("#" * 600_000, "for a Python file"),
        (f'{{{HEAD}, "3": 1, "3": 2}}', "stands twice"),
        ('{"t": {}}', "t: is missing, expected a table with data_enc"),
        ("\0", "no pyiso8583 dict"),
    ],
    ids=range(14),
)  # fmt: skip
def test_what_would_have_to_be_run_and_what_is_none_is_refused(text: str, told: str) -> None:
    with pytest.raises(SpecError) as raised:
        pyiso8583.read(text)
    assert told in str(raised.value)


def test_one_of_several_is_named() -> None:
    text = f'a = {{{HEAD}}}\nb = {{{HEAD}, "4": {ROW % 12}}}\nc = copy(a)'
    assert list(pyiso8583.read(text, variable="b").data["fields"]) == ["4"]
    for name, told in (("c", "something to be run"), ("d", "no dict of this name")):
        with pytest.raises(SpecError, match=told):
            pyiso8583.read(text, variable=name)


def test_an_element_that_cannot_be_done_is_left_out_and_told_with_its_line() -> None:
    text = f'{{"h": {ROW % 5}, {HEAD},\n "3": {ROW % 6},\n "4": {(ROW % 6).replace("ascii", "cp99", 1)}}}'
    imported = pyiso8583.read(text)
    assert [(each.path, each.line) for each in imported.notes] == [("h", 1), ("4.data_enc", 3)]
    assert imported.notes[1].message.startswith("left out: no character set of ours")
    assert list(imported.data["fields"]) == ["3"]


@pytest.mark.parametrize("written", [json.dumps, repr])
def test_what_is_exported_reads_back_as_the_same_bytes(written: object) -> None:
    assert callable(written)
    back = build_spec(pyiso8583.read(written(SPEC.to_pyiso8583())).data)
    payload = SPEC.encode(SPEC.message("0200", {3: "000000", 4: 1234, 41: "TERM0001", 52: b"\1" * 8}))
    assert back.encode(back.decode(payload)) == payload
