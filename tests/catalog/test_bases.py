"""Specs and profiles that take over another one, and where their faults are said to be."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from iso_gateway.catalog import load_profile, load_spec
from iso_gateway.catalog.bases import MAX_BASES
from iso_gateway.catalog.shelf import SPECS
from iso_gateway.errors import SpecError

Write = Callable[[str, str], Path]


@pytest.fixture(name="write")
def _write(tmp_path: Path) -> Write:
    """Return a function that writes a file below a folder of the test's own, and returns its path."""

    def written(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return written


def complaints(path: Path | dict[str, Any]) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    return str(caught.value).splitlines()


OWN = """\
name: own
base: iso87-ascii
fields:
  48: {max: 500}
  60: absent
  62: {parts: {1: {name: kind, format: n, size: 2, mask: none}, 2: {name: rest, format: ans, size: rest, mask: all}}}
"""


def test_a_child_changes_what_it_names_and_takes_over_all_else(write: Write) -> None:
    own, base = load_spec(write("own.yaml", OWN)), load_spec("iso87-ascii")
    assert own.fields[48].max == 500
    assert own.fields[48].mask == base.fields[48].mask
    assert own.fields[47] == base.fields[47]
    assert base.fields.keys() - own.fields.keys() == {60}
    assert (own.name, own.title, own.profile, own.echo) == ("own", "", base.profile, base.echo)
    message = own.message("0200", {62: "12TEXT"})
    assert message["62.1"] == "12"
    assert own.decode(own.encode(message)) == message


def test_what_was_merged_is_the_spec_and_travels_as_a_whole(write: Write) -> None:
    own = load_spec(write("own.yaml", OWN))
    assert "base" not in own.source
    assert own.source["fields"]["48"]["max"] == "500"
    assert own.source["fields"]["2"] == load_spec("iso87-ascii").source["fields"]["2"]
    again = pickle.loads(pickle.dumps(own))  # noqa: TID251 -- our own bytes
    assert again == own
    assert again.fields == own.fields


def test_a_base_is_a_file_beside_the_one_that_names_it(write: Write) -> None:
    write("common/middle.yaml", "name: middle\nbase: ../basis.yaml\nfields: {49: {mask: all}}\n")
    write(
        "basis.yaml", "name: basis\ntitle: not ours\nbase: iso87-binary\nfields: {48: {max: 100}, 49: {mask: scan}}\n"
    )
    own = load_spec(write("own.yaml", "name: own\nbase: common/middle.yaml\nfields: {48: {mask: none}}\n"))
    assert (own.fields[48].max, own.fields[48].mask, own.fields[49].mask) == (100, "none", "all")
    assert own.plan.mti_packed


def test_a_mapping_has_a_base_too() -> None:
    own = load_spec({"name": "own", "base": "iso87-ascii", "fields": {48: {"max": 500}}})
    assert own.fields[48].max == 500
    assert complaints({"name": "own", "base": "iso87-ascii", "fields": {48: {"max": "x"}}}) == [
        "fields.48.max: expected a whole number from 1 to 999999"
    ]


def test_a_profile_has_a_base_too(write: Write) -> None:
    own = load_profile(write("own.yaml", 'name: own\ntitle: ours\nbase: iso87\nno_answer: "98"\n'))
    assert (own.name, own.no_answer) == ("own", "98")
    assert own.codes == load_profile("iso87").codes


def test_a_name_is_a_specs_own(write: Write) -> None:
    own = write("own.yaml", "base: iso87-ascii\n")
    assert complaints(own) == [f"{own}: name: is missing, expected text, at least 1 character"]


def test_each_fault_is_told_where_it_stands(write: Write) -> None:
    basis = write(
        "basis.yaml",
        "name: basis\n"
        "base: iso87-ascii\n"
        "fields:\n"
        "  48: {max: many, mask: all}\n"
        "  49: {mask: nothing}\n"
        "  84: {mask: none, counts: bytes}\n",
    )
    own = write(
        "own.yaml",
        "name: own\n"
        "base: basis.yaml\n"
        "fields:\n"
        "  49: {mask: non}\n"
        "  60:\n"
        "    max: 1000\n"
        "  128: absent\n"
        "  129: absent\n"
        "echo: [2, 128]\n"
        "ecko: [2]\n",
    )
    assert complaints(own) == [
        f"{own}:4: fields.49.mask: expected one of all, none, pan, scan, track, did you mean 'none'?",
        f"{own}:6: fields.60.max: 1000 bytes do not fit an LLLVAR length in ascii, 999 at most",
        f"{own}:8: fields.129: is to be left out, but no base has such a key, did you mean '29'?",
        f"{own}:9: echo.1: no field of this spec",
        f"{own}:10: ecko: unknown key",
        f"{basis}:4: fields.48.max: expected a whole number from 1 to 999999 (taken over by {own})",
        f"{basis}:6: fields.84.counts: a fixed field has no length to count (taken over by {own})",
    ]


def test_what_the_child_replaced_is_no_place_of_a_fault_any_more(write: Write) -> None:
    write("basis.yaml", "name: basis\nbase: iso87-ascii\nfields:\n  90: {parts: {1: {name: a, siez: 3}}}\n")
    own = write("own.yaml", "name: own\nbase: basis.yaml\nfields:\n  90:\n    parts: {1: {name: a}}\n")
    lines = complaints(own)
    assert lines
    assert all(line.startswith(f"{own}:5: fields.90.parts.1.") for line in lines)


def test_an_unknown_base_is_answered_with_the_nearest(write: Write) -> None:
    own = write("own.yaml", "name: own\nbase: iso87-asci\n")
    assert complaints(own)[0].startswith(
        f"{own}:2: base: no spec of this name is shipped, did you mean 'iso87-ascii'? (there are cup-pos, "
    )
    own = write("own.yaml", "name: own\nbase: gone.yaml\n")
    assert complaints(own) == [f"{own}:2: base: {own.parent / 'gone.yaml'}: cannot be read: No such file or directory"]
    own = write("own.yaml", 'name: own\nbase: "a\\0.yaml"\n')
    assert "no name of a file" in complaints(own)[0]
    own = write("own.yaml", "name: own\nbase: [iso87-ascii]\n")
    assert complaints(own) == [f"{own}:2: base: expected the name of what is shipped, or the path of a file"]


def test_bases_that_go_in_a_circle_are_told_by_name(write: Write) -> None:
    own, other = (
        write(f"{one}.yaml", f"name: {one}\nbase: ./{two}.yaml\n") for one, two in [("own", "other"), ("other", "own")]
    )
    assert complaints(own) == [f"{other}:2: base: goes in a circle: {own} -> {other} -> {own}"]
    narcissus = write("narcissus.yaml", "name: narcissus\nbase: narcissus.yaml\n")
    assert complaints(narcissus) == [f"{narcissus}:2: base: goes in a circle: {narcissus} -> {narcissus}"]


def test_bases_have_a_bound(write: Write) -> None:
    for depth in range(MAX_BASES + 1):
        write(f"{depth}.yaml", f"name: own\nbase: {f'{depth - 1}.yaml' if depth else 'iso87-ascii'}\n")
    highest = write("highest.yaml", f"name: own\nbase: {MAX_BASES}.yaml\n")
    assert load_spec(highest.parent / f"{MAX_BASES - 1}.yaml").name == "own"
    assert complaints(highest) == [f"{highest.parent / '1.yaml'}:2: base: more than {MAX_BASES} bases below each other"]


def test_what_is_shipped_has_bases_that_are_shipped() -> None:
    with pytest.raises(SpecError, match="no spec of this name"):
        SPECS.find("../own.yaml", None)
