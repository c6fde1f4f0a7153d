"""Specs and profiles by shipped name, by path and as a pyiso8583 dict, with file and line in every complaint."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import iso8583.specs
import pytest

from iso_gateway.catalog import load_profile, load_spec, profile_names, spec_names
from iso_gateway.errors import SpecError
from iso_gateway.resources import folder

SHIPPED = Path(str(folder("specs")))


@pytest.mark.parametrize("name", spec_names())
def test_each_shipped_spec_loads_under_its_own_name(name: str) -> None:
    assert load_spec(name).name == name


@pytest.mark.parametrize("name", profile_names())
def test_each_shipped_profile_loads_under_its_own_name(name: str) -> None:
    assert load_profile(name).name == name


@pytest.mark.parametrize("name", spec_names())
def test_each_shipped_spec_has_its_profile_on_the_shelf(name: str) -> None:
    assert load_spec(name).profile in {"", *profile_names()}


def test_the_four_specs_of_the_first_version_are_there() -> None:
    assert {"cup-pos", "iso87-ascii", "iso87-binary", "iso93-ascii"} <= set(spec_names())


def test_a_shipped_spec_is_read_once() -> None:
    assert load_spec("iso87-ascii") is load_spec("iso87-ascii")
    assert load_profile("iso87") is load_profile("iso87")


@pytest.mark.parametrize("kind", [str, Path])
def test_a_file_of_ones_own_is_named_by_its_path(kind: type, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_bytes((SHIPPED / "iso87-ascii.yaml").read_bytes().replace(b"iso87-ascii", b"own", 1))
    assert load_spec(kind(own)).fields.keys() == load_spec("iso87-ascii").fields.keys()
    profile = tmp_path / "profile.yml"
    profile.write_bytes((SHIPPED / "profiles" / "iso87.yaml").read_bytes())
    assert load_profile(kind(profile)) == load_profile("iso87")


def test_a_pyiso8583_spec_is_a_spec() -> None:
    spec = load_spec(iso8583.specs.default_ascii)
    message = spec.message("0800", {3: "123456"})
    assert spec.encode(message) == b"08002000000000000000123456"


def test_a_loaded_spec_travels_between_processes() -> None:
    spec = pickle.loads(pickle.dumps(load_spec("iso87-ascii")))  # noqa: TID251 -- our own bytes
    raw = b"08002000000000000000123456"
    assert spec.encode(spec.decode(raw)) == raw


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(SpecError, match=r"iso87-asci: no spec of this name is shipped, did you mean 'iso87-ascii'\?"):
        load_spec("iso87-asci")
    with pytest.raises(SpecError, match=r"iso78: no profile of this name is shipped, did you mean 'iso87'\?"):
        load_profile("iso78")


@pytest.mark.parametrize("name", ["", "..", "profiles", "iso87-ascii.txt", "\0"])
def test_a_name_reaches_nothing_beside_the_shelf(name: str) -> None:
    with pytest.raises(SpecError, match="no spec of this name"):
        load_spec(name)


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"gone.yaml: cannot be read: No such file"):
        load_spec(tmp_path / "gone.yaml")
    with pytest.raises(SpecError, match="cannot be read: Is a directory"):
        load_profile(tmp_path)


def test_a_file_that_is_no_text_is_said_to_be_none(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_bytes(b"name: own\ntitle: \xff\n")
    with pytest.raises(SpecError, match=r"own.yaml:2: not UTF-8"):
        load_spec(own)


def test_a_file_that_is_no_table_is_said_to_be_none(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("- a\n")
    with pytest.raises(SpecError, match=r"own.yaml:1: expected a table of keys"):
        load_profile(own)


def test_a_fault_of_a_spec_is_told_with_its_line(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "name: own\n"
        "title: mine\n"
        'version: "1987"\n'
        "profile: iso87\n"
        "mti: {encoding: ascii}\n"
        "bitmap: {encoding: hex}\n"
        "fields:\n"
        "  3: {name: processing_code, format: n, length: fixed, max: 6, encoding: asci, mask: none}\n"
        "  4: {name: amount_transaction, format: n, length: fixed, max: twelve, encoding: ascii, mask: none}\n"
    )
    with pytest.raises(SpecError) as caught:
        load_spec(own)
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        [f"{own}:8", "fields.3.encoding"],
        [f"{own}:9", "fields.4.max"],
    ]
    assert "did you mean 'ascii'?" in lines[0]


def test_a_fault_of_a_profile_is_told_with_its_line(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    text = (SHIPPED / "profiles" / "iso87.yaml").read_text()
    own.write_text(text.replace("original:", "orignal:", 1))
    line = next(at for at, row in enumerate(text.splitlines(), start=1) if row.startswith("original:"))
    with pytest.raises(SpecError, match=rf"own.yaml:{line}: orignal: unknown key, did you mean 'original'\?"):
        load_profile(own)


def test_a_name_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(SpecError, match="no name of a file"):
        load_spec("a\0b.yaml")


BROKEN = """\
naem: own
version: "1988"
mti: {encoding: asci}
bitmap: {encoding: hex, sise: 8}
echo: [3, 5]
fields:
  3: {name: processing_code, format: n, length: fixed, max: six, mask: none}
  4: {name: amount, format: num, length: fixed, max: 12, mask: none}
  48: {name: private, format: ans, length: LLVAR, max: 500, prefix: ascii, mask: all}
  60: {name: batch, format: n, length: LLVARR, max: 17, prefix: ascii, mask: none}
  62: {name: other, format: ans, length: fixed, max: 8, mask: nothing}
presence:
  card: {when: {mti: "02"}, require: [2], reason: names the card}
"""


def test_ten_faults_are_ten_lines_in_the_order_of_the_file(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(BROKEN)
    with pytest.raises(SpecError) as caught:
        load_spec(own)
    lines = [line.removeprefix(f"{own}:") for line in str(caught.value).splitlines()]
    # What is missing has no line, and comes first.
    assert lines[0] == " name: is missing, expected text, at least 1 character"
    assert [line.split(": ")[0] for line in lines[1:]] == ["1", "2", "3", "4", "5", "7", "8", "9", "10", "11", "13"]
    assert "did you mean 'name'?" in lines[1]
    assert "did you mean 'ascii'?" in lines[3]


@pytest.mark.parametrize("load", [load_spec, load_profile])
def test_a_file_of_nothing_but_faults_is_told_in_a_hundred_lines(load: Any, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("name: own\n" + "".join(f"echo{each}: [1]\n" for each in range(20_000)))
    with pytest.raises(SpecError) as caught:
        load(own)
    lines = str(caught.value).splitlines()
    assert len(lines) == 101
    assert lines[-1].startswith(f"{own}: and ")
    assert len(caught.value.problems) > 20_000
