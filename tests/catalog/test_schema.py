"""The JSON Schemas of specs and profiles: current, true of what is shipped, and of one mind with the loader."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from iso_gateway.catalog import load_profile, load_spec, profile_names, read_yaml, spec_names
from iso_gateway.catalog.schema import profile_schema, spec_schema, written
from iso_gateway.errors import ConfigError, SpecError
from iso_gateway.host.judging.schema import certification_schema
from iso_gateway.host.judging.sets import certification_set, set_names
from iso_gateway.host.scenario.reading import scenario_of
from iso_gateway.host.scenario.schema import scenario_schema
from iso_gateway.resources import folder
from tests.support.till import dialect_of

jsonschema = pytest.importorskip("jsonschema")

SPECS = Path(str(folder("specs")))
SCHEMAS = {
    "spec": spec_schema(),
    "profile": profile_schema(),
    "scenario": scenario_schema(),
    "certification": certification_schema(),
}


def faults(what: str, data: Any) -> list[str]:
    """Return what the schema of *what* finds in *data*, as an editor reads it: keys are text, scalars have types."""
    validator = jsonschema.Draft202012Validator(SCHEMAS[what])
    return [f"{each.json_path}: {each.message}" for each in validator.iter_errors(keyed(data))]


def keyed(data: Any) -> Any:
    if isinstance(data, dict):
        return {str(key): keyed(each) for key, each in data.items()}
    return [keyed(each) for each in data] if isinstance(data, list) else data


def typed(path: Path) -> Any:
    return typed_text(path.read_text("utf-8"))


def typed_text(text: str) -> Any:
    return yaml.load(text, Loader=yaml.CSafeLoader)  # noqa: TID251 -- as editors read it


@pytest.mark.parametrize("what", SCHEMAS)
def test_the_file_is_current(what: str) -> None:
    file = SPECS / "schema" / f"{what}.schema.json"
    current = file.read_text("utf-8") == written(SCHEMAS[what])
    assert current, f"renew it: iso-gateway spec schema {what} > specs/schema/{what}.schema.json"


@pytest.mark.parametrize("what", SCHEMAS)
def test_it_is_a_schema(what: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[what])


@pytest.mark.parametrize("name", spec_names())
def test_a_shipped_spec_is_valid(name: str) -> None:
    assert faults("spec", typed(SPECS / f"{name}.yaml")) == []


@pytest.mark.parametrize("name", profile_names())
def test_a_shipped_profile_is_valid(name: str) -> None:
    assert faults("profile", typed(SPECS / "profiles" / f"{name}.yaml")) == []


SCENARIOS = [
    *(path.read_text("utf-8") for path in sorted((SPECS.parent / "examples" / "scenarios").glob("*.yaml"))),
    *re.findall(
        r"^```yaml\n(.*?)^```$", (SPECS.parent / "docs" / "mock-host.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    ),
]


@pytest.mark.parametrize("text", SCENARIOS)
def test_a_scenario_that_is_shipped_or_shown_is_valid(text: str) -> None:
    assert faults("scenario", typed_text(text)) == []


@pytest.mark.parametrize(
    "text",
    ["{}", "rules: [{whne: {}}]", "rules: [{respond: {approve: half}}]", "rules: [{send: [{kind: sale}]}]"],
)
def test_schema_and_loader_of_scenarios_refuse_the_same(text: str) -> None:
    assert faults("scenario", typed_text(text))
    with pytest.raises(ConfigError, match="rules"):
        scenario_of(read_yaml(text)[0], dialect_of("iso87-ascii"))


@pytest.mark.parametrize("name", set_names())
def test_a_shipped_certification_set_is_valid(name: str) -> None:
    assert faults("certification", typed(SPECS / "certification" / f"{name}.yaml")) == []


CASE = {"id": "sale", "source": "ours", "do": "a sale", "after": {"kind": "sale", 3: "present"}}
SET: dict[str, Any] = {"name": "ours", "title": "Ours", "profile": "iso87", "spec": "iso87-ascii", "cases": [CASE]}


def test_a_set_that_builds_upon_another_is_valid_to_both(tmp_path: Path) -> None:
    data = {"base": "iso87", "name": "ours", "title": "Ours", "cases": [CASE]}
    assert faults("certification", data) == []
    (tmp_path / "ours.yaml").write_text(yaml.safe_dump(data))
    chosen = certification_set(str(tmp_path / "ours.yaml"), load_spec("iso87-ascii"))
    assert [case.id for case in chosen.cases] == ["sale"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", None),
        ("name", "Ours!"),
        ("profile", None),
        ("cases", None),
        ("cases.0.id", None),
        ("cases.0.do", None),
        ("cases.0.doo", "a sale"),
        ("cases.0.needs", "macs"),
        ("cases.0.after", "sale"),
        ("cases.0.within", ["60s"]),
        ("checks", "pan-clear"),
        ("case", [CASE]),
    ],
)
def test_schema_and_loader_of_certification_sets_refuse_the_same(path: str, value: Any, tmp_path: Path) -> None:
    assert faults("certification", SET) == []
    wrong = set_at(SET, path, value)
    assert faults("certification", wrong) != []
    (tmp_path / "ours.yaml").write_text(yaml.safe_dump(wrong))
    with pytest.raises(ConfigError):
        certification_set(str(tmp_path / "ours.yaml"), load_spec("iso87-ascii"))


KIND = {"name": "kind", "format": "n", "size": 2, "mask": "none"}
TEXT = {"name": "text", "format": "ans", "mask": "all"}
SPEC: dict[str, Any] = {
    "name": "own",
    "version": "1987",
    "mti": {"encoding": "ascii"},
    "bitmap": {"encoding": "hex"},
    "fields": {
        3: {"name": "processing_code", "format": "n", "length": "fixed", "max": 6, "mask": "none"},
        48: {
            "name": "private",
            "format": "ans",
            "length": "LLLVAR",
            "max": 500,
            "prefix": "ascii",
            "mask": "all",
            "parts": {1: KIND},
        },
    },
    "presence": {"kind": {"when": {"mti": "0200"}, "require": [3, "48.1"], "reason": "says what it is"}},
}
CHILD: dict[str, Any] = {
    "name": "own",
    "base": "iso87-ascii",
    "echo": "absent",
    "fields": {3: {"format": "an"}, 90: {"mask": "all", "parts": "absent"}, 60: "absent"},
    "presence": {"card": "absent", "acceptor": {"require": [41]}},
}


def set_at(data: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return *data* with *value* at the dotted *path*; None takes the key out."""
    changed: Any = copy.deepcopy(data)
    *above, last = [int(key) if key.isdecimal() else key for key in path.split(".")]
    inside: Any = changed
    for key in above:
        inside = inside[key]
    if value is None:
        del inside[last]
    else:
        inside[last] = value
    return dict(changed)


def accepted(data: dict[str, Any], tmp_path: Path) -> bool:
    """Return whether the loader takes *data* as a file."""
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(data))
    try:
        load_spec(path)
    except SpecError:
        return False
    return True


@pytest.mark.parametrize("data", [SPEC, CHILD], ids=["whole", "with a base"])
def test_what_is_right_is_so_to_both(data: dict[str, Any], tmp_path: Path) -> None:
    assert faults("spec", data) == []
    assert accepted(data, tmp_path)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("version", 1987),
        ("title", 87),
        ("fields.3.pad", "left 0"),
        ("fields.3.min", 6),
        (
            "fields.48.parts",
            {"layouts": [{"size": 2, "parts": {1: {"name": "a", "format": "n", "size": 2, "mask": "none"}}}]},
        ),
        ("fields.48.counts", "characters"),
        ("presence.kind.require", [3, 48.1, "4|48"]),
        ("echo", [3]),
    ],
)
def test_other_things_that_are_right(path: str, value: Any, tmp_path: Path) -> None:
    data = set_at(SPEC, path, value)
    assert faults("spec", data) == []
    assert accepted(data, tmp_path)


@pytest.mark.parametrize(
    ("data", "path", "value"),
    [
        (SPEC, "name", None),
        (SPEC, "bitmap", None),
        (SPEC, "naem", "own"),
        (SPEC, "version", "1988"),
        (SPEC, "mti.encoding", "asci"),
        (SPEC, "mti.packed", True),
        (SPEC, "echo", ["three"]),
        (SPEC, "fields.three", SPEC["fields"][3]),
        (SPEC, "fields.3", "absent"),
        (SPEC, "fields.3", "six digits"),
        (SPEC, "fields.3.mask", None),
        (SPEC, "fields.3.max", "six"),
        (SPEC, "fields.3.max", 0),
        (SPEC, "fields.3.length", "LLLLLLLVAR"),
        (SPEC, "fields.3.encoding", "asci"),
        (SPEC, "fields.3.pad", "middle 0"),
        (SPEC, "fields.48.parts", "ber-tvl"),
        (SPEC, "fields.48.parts", {"layuots": []}),
        (SPEC, "fields.48.parts", {"repeat": {1: KIND}}),
        (SPEC, "fields.48.parts", {"tagged": {"tag": {"size": 2}, "length": {"size": 3}, "tags": {"01": "text"}}}),
        (SPEC, "fields.48.parts", {"tagged": {"tag": {"size": 2}, "length": {"size": 30}}}),
        (SPEC, "fields.48.parts.1.size", "most"),
        (SPEC, "fields.48.parts.1.format", "m"),
        (SPEC, "fields.48.parts.1.mask", None),
        (SPEC, "fields.48.parts.one", SPEC["fields"][48]["parts"][1]),
        (SPEC, "presence.kind.reason", None),
        (SPEC, "presence.kind.when", "always"),
        (SPEC, "presence.kind.when.mti", "02"),
        (SPEC, "presence.kind.require", ["DE 3"]),
        (SPEC, "presence.kind.dates", {"12": "HHMMSS"}),
        (SPEC, "presence.kind.equal", [["4"]]),
        (CHILD, "name", None),
        (CHILD, "base", ["iso87-ascii"]),
        (CHILD, "fields.3.format", "m"),
        (CHILD, "fields.3.formta", "n"),
        (CHILD, "fields.60", "gone"),
        (CHILD, "presence.acceptor.require", [41, "x"]),
    ],
    ids=str,
)
def test_what_is_wrong_is_so_to_both(data: dict[str, Any], path: str, value: Any, tmp_path: Path) -> None:
    wrong = set_at(data, path, value)
    assert faults("spec", wrong) != []
    assert not accepted(wrong, tmp_path)


def test_a_profile_with_a_base_has_a_name_and_a_title_of_its_own_to_both(tmp_path: Path) -> None:
    whole = {"base": "iso87", "name": "own", "title": "Our own"}
    for data in (whole, *({key: each for key, each in whole.items() if key != gone} for gone in ("name", "title"))):
        assert (faults("profile", data) == []) == (data is whole)
        (tmp_path / "own.yaml").write_text(yaml.dump(data))
        if data is whole:
            load_profile(tmp_path / "own.yaml")
        else:
            with pytest.raises(SpecError, match="is missing"):
                load_profile(tmp_path / "own.yaml")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("original", "de91"),
        ("kinds.0.kind", "sail"),
        ("kinds.0.mti", None),
        ("codes.0.class", "declind"),
        ("codes.0.meening", "approved"),
        ("codes.0.code", None),
        ("repeat_mti", "sometimes"),
        ("presence.card.require", ["two"]),
        ("name", None),
    ],
)
def test_a_profile_that_is_wrong_is_so_to_both(path: str, value: Any, tmp_path: Path) -> None:
    right, _lines = read_yaml((SPECS / "profiles" / "iso87.yaml").read_text("utf-8"))
    wrong = set_at(typed(SPECS / "profiles" / "iso87.yaml"), path, value)
    assert faults("profile", wrong) != []
    file = tmp_path / "own.yaml"
    file.write_text(yaml.dump(set_at(right, path, value)))
    with pytest.raises(SpecError):
        load_profile(file)
