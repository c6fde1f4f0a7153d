"""The reference in docs/specs.md: its keys, values and defaults are the loader's, and its examples are loaded."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from iso_gateway.catalog import load_profile, load_spec, read_yaml
from iso_gateway.catalog.schema import profile_schema, spec_schema
from iso_gateway.codec import part_rules
from iso_gateway.codec.charsets import EBCDIC
from iso_gateway.errors import SpecError
from iso_gateway.resources import folder

PAGE = (Path(__file__).parents[2] / "docs/specs.md").read_text("utf-8")
DEFS = {**spec_schema()["$defs"], **profile_schema()["$defs"]}

PART = "{name: kind, format: b, encoding: binary, size: 1, mask: all}"
BYTE = "{size: 1, encoding: binary}"
INSIDE = "fields: {55: {parts: {%s}}}"
"""Where the keys of a kind of parts stand."""

PLACES = {
    "The whole": ("Spec", "XX"),
    "mti": ("_MTI", "mti: {XX}"),
    "bitmap": ("_Bitmap", "bitmap: {XX}"),
    "A field": ("Field", "fields: {62: {XX}}"),
    "parts": ("", ""),
    "A part": ("Part", INSIDE % "1: {XX, name: kind, format: b, size: 1, mask: all}"),
    "A layout": ("Layout", INSIDE % f"layouts: [{{size: 1, parts: {{1: {PART}}}, XX}}]"),
    "ber-tlv": ("Ber", INSIDE % "ber-tlv: {XX}"),
    "tagged": ("Tagged", INSIDE % f"tagged: {{tag: {BYTE}, length: {BYTE}, XX}}"),
    "The tag and the length of tagged": (
        "Figure",
        INSIDE % f"tagged: {{tag: {{size: 1, encoding: binary, XX}}, length: {BYTE}}}",
    ),
    "datasets": ("Datasets", INSIDE % "datasets: {XX}"),
    "bitmap (of parts)": ("Bitmap", INSIDE % f"bitmap: {{size: 1, parts: {{2: {PART}}}, XX}}"),
    "dbm": ("Dbm", INSIDE % f"dbm: {{parts: {{2: {PART}}}, XX}}"),
    "A rule of presence": ("Rule", "presence: {own: {reason: why, XX}}"),
    "when, of a rule": ("When", "presence: {own: {reason: why, when: {XX}}}"),
    "The whole profile": ("Profile", "XX"),
    "A row of kinds": ("KindRow", "kinds: [{XX}]"),
    "A row of codes": ("CodeRow", "codes: [{XX}]"),
    "rules": ("Rules", "rules: {XX}"),
}
"""Heading -> the definition of the schema, and where such a key stands in a file."""


OF_PROFILES = ("The whole profile", "A row of kinds", "A row of codes", "rules")
WHOLE = ("The whole", "The whole profile")
ISO87, _lines = read_yaml((folder("specs") / "profiles" / "iso87.yaml").read_text("utf-8"))


class Key(NamedTuple):
    """A row of the reference."""

    key: str
    value: str
    default: str
    example: str


def keys_of(heading: str) -> list[Key]:
    """Return the rows of the table under *heading*."""
    section = PAGE.split(f"\n### {heading}\n")[1].split("\n#")[0]
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in section.splitlines() if line.startswith("| `")]
    return [Key(*(cell.strip().replace("\\|", "|") for cell in row)) for row in rows]


ROWS = [(heading, row) for heading in PLACES for row in keys_of(heading)]


def named(cell: str) -> set[str]:
    """Return the values that a cell names."""
    found = set(re.findall(r"`\"?([^`\"]+)\"?`", cell))
    return found | set(EBCDIC) if "EBCDIC" in cell else found


def declared(heading: str) -> dict[str, Any]:
    """Return the keys that the loader's types have there."""
    name = PLACES[heading][0]
    found = dict(DEFS[name]["properties"])
    if heading in WHOLE:
        return {"base": {}} | found
    return {"size": found["size"]} if heading == "A part" else found


def load(heading: str, text: str, tmp_path: Path) -> None:
    """Have the loader read a file of *text*, which is laid over a shipped base.

    Raises:
        SpecError: it does not take it.
    """
    path = tmp_path / "own.yaml"
    base = "iso87" if heading in OF_PROFILES else "iso87-ascii"
    own = {"name": "name: own", "title": "title: Our own", "base": f"base: {base}"}
    above = [line for key, line in own.items() if not text.startswith(f"{key}:")]
    path.write_text("\n".join([*above, text, ""]))
    if heading in OF_PROFILES:
        load_profile(path)
    else:
        load_spec(path)


def in_place(heading: str, example: str) -> str:
    """Return an example as a file has it: a row stands behind those of the base."""
    for key in ("kinds", "codes"):
        whole = f"{key}: ["
        if heading == f"A row of {key}":
            return f"{key}: {json.dumps(ISO87[key])[:-1]}, {example}]"
        if heading == "The whole profile" and example.startswith(whole):
            return f"{key}: {json.dumps(ISO87[key])[:-1]}, {example.removeprefix(whole)}"
    return example


def test_every_table_of_the_reference_is_held() -> None:
    parts = [PAGE.split(f"\n## The keys of a {what}\n")[1].split("\n## ")[0] for what in ("spec", "profile")]
    assert [each for part in parts for each in re.findall(r"^### (.*)$", part, re.MULTILINE)] == list(PLACES)


@pytest.mark.parametrize("heading", [each for each in PLACES if each != "parts"])
def test_the_keys_are_those_of_the_loader(heading: str) -> None:
    assert sorted(row.key.strip("`") for row in keys_of(heading)) == sorted(declared(heading))


def test_the_kinds_of_parts_are_those_of_the_loader() -> None:
    assert [row.key.strip("`") for row in keys_of("parts")[1:]] == list(part_rules.KINDS)


def test_a_part_has_all_the_keys_of_a_field() -> None:
    assert set(DEFS["Part"]["properties"]) == {*DEFS["Field"]["properties"], "size"}


@pytest.mark.parametrize(("heading", "row"), [pytest.param(*each, id=f"{each[0]}-{each[1].key}") for each in ROWS])
def test_values_and_defaults_are_those_of_the_loader(heading: str, row: Key) -> None:
    key = row.key.strip("`")
    if heading == "parts":
        return
    kind = declared(heading)[key]
    allowed = _allowed(kind)
    wanted = {str(each) for each in allowed if each not in {"", None}}
    assert wanted <= named(row.value) | ({"true", "false"} & named(row.default))
    required = key in DEFS[PLACES[heading][0]].get("required", [])
    assert row.default.startswith("-") == (required or (heading, key) in _REQUIRED_IN_PLACES), "required, or not"
    if default := str(kind.get("default") or "").lower():
        assert default in {*named(row.default), row.default.split(":")[0]}


_REQUIRED_IN_PLACES = {
    ("A field", "prefix"),
    ("A part", "size"),
    ("The tag and the length of tagged", "encoding"),
}


def _allowed(kind: dict[str, Any]) -> list[Any]:
    """Return the words that the loader takes for a key, where it takes only some."""
    if "$ref" in kind and not kind["$ref"].endswith("/Parts"):
        return _allowed(DEFS[kind["$ref"].rpartition("/")[2]])
    if "anyOf" in kind:
        return [word for each in kind["anyOf"] for word in _allowed(each)]
    if "additionalProperties" in kind and isinstance(kind["additionalProperties"], dict):
        return _allowed(kind["additionalProperties"])
    if kind.get("type") == "boolean":
        return ["true"]
    return [each for each in kind.get("enum", [kind["const"]] if "const" in kind else []) if isinstance(each, str)]


@pytest.mark.parametrize(("heading", "row"), [pytest.param(*each, id=f"{each[0]}-{each[1].key}") for each in ROWS])
def test_the_example_of_a_key_has_it_and_is_loaded(heading: str, row: Key, tmp_path: Path) -> None:
    text = row.example.strip("`")
    key = row.key.split(",")[0].strip("`")
    assert re.search(rf"\b{re.escape(key)}\b", text), heading
    load(heading, in_place(heading, text), tmp_path)


@pytest.mark.parametrize("heading", [each for each in PLACES if each != "parts"])
def test_no_other_key_is_taken_there(heading: str, tmp_path: Path) -> None:
    mine = {row.key.strip("`") for row in keys_of(heading)}
    others = {row.key.strip("`") for _heading, row in ROWS if "`, `" not in row.key} - mine
    if heading == "A part":
        others -= set(DEFS["Field"]["properties"])
    if heading in WHOLE:
        others -= {"base", "name", "title"}
    between = "\n" if heading in WHOLE else ", "
    text = PLACES[heading][1].replace("XX", between.join(f'"{key}": 1' for key in sorted(others)))
    with pytest.raises(SpecError) as caught:
        load(heading, text, tmp_path)
    told = {each.path.rpartition(".")[2] for each in caught.value.problems if each.message.startswith("unknown key")}
    assert told == others
