"""What is wrong or doubtful in a spec."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from iso_gateway import SpecError, load_spec
from iso_gateway.catalog import spec_names
from iso_gateway.catalog.loading import placed
from iso_gateway.inspect import lint, lint_rules
from tests.support.changed_specs import changed

FIELD = {
    "name": "x",
    "format": "ans",
    "length": "LLVAR",
    "max": 10,
    "encoding": "ascii",
    "prefix": "ascii",
    "mask": "all",
}


PART = {"name": "a", "format": "n", "size": 43, "mask": "none"}
HEXADECIMAL = {"format": "b", "encoding": "hex", "length": "fixed", "max": 16, "mask": "all"}

BROKEN: dict[str, tuple[dict[str, Any], ...]] = {
    "prefix-too-narrow": ({"de48": {"length": "LLVAR", "max": 200}},),
    "parts-do-not-sum": (
        {"de90": {"parts": {"1": PART}}},
        {"de90": {"parts": {"repeat": {**PART, "size": 5}}}},
        {"de90": {"parts": {"layouts": [{"size": 42, "parts": {"1": {**PART, "size": 41}}}]}}},
    ),
    "text-in-bcd": ({"de41": {"encoding": "bcd"}}, {"de52": {"encoding": "ascii"}}),
    "odd-digits-without-pad": ({"de49": {"format": "n", "encoding": "bcd", "pad": "none"}},),
    "third-bitmap": ({"de65": FIELD}, {"de130": FIELD}),
    "out-of-reach": ({"de1": FIELD},),
    "length-of-fixed": ({"de3": {"prefix": "ascii"}}, {"de3": {"min": 2}}),
    "unknown-key": ({"de3": {"maximum": 3}},),
    "missing-key": ({"de3": {"length": "LLVAR"}},),
    "mask-too-weak": (
        {"de48": {"mask": "none", "parts": {"1": {"name": "a", "format": "ans", "size": "rest", "mask": "all"}}}},
        {"de55": {"mask": "none"}},
    ),
    "unknown-profile": ({"profile": "nowhere"},),
    "unknown-base": ({"base": "nowhere"},),
    "unknown-field": ({"echo": ["2", "65"]},),
    "parts-out-of-place": ({"de48": {"parts": "ber-tlv"}}, {"de48": {"parts": {"odd": {}}}}),
    "wrong-value": ({"de3": {"length": "LONG"}}, {"de3": {"mask": "some"}}),
}
"""Rule, and specs that break it; ``doubled-key`` and ``not-yaml`` are of files."""

DOUBTFUL: dict[str, tuple[dict[str, Any], str]] = {
    "secret-shown": ({"de52": {"mask": "none"}}, "fields.52.mask"),
    "unchecked": ({"de48": {"format": "any"}}, "fields.48.format"),
    "not-the-standard": ({"de41": {"max": 16}}, "fields.41.max"),
    "length-in-hex-digits": ({"de52": HEXADECIMAL}, "fields.52.max"),
    "doubled-name": ({"de5": {"name": "amount_transaction"}}, "fields.5.name"),
    "parts-too-short": ({"de90": {"parts": {"1": {**PART, "size": 3}}}}, "fields.90.parts"),
    "never-echoed": ({"echo": ["2", "11"]}, "echo"),
    "no-profile": ({"profile": ""}, "profile"),
    "mac-not-bytes": ({"de64": {"format": "an", "encoding": "ascii", "max": 16}}, "fields.64.format"),
    "mac-not-last": ({"de128": None}, "fields.64"),
    "amount-without-currency": ({"de50": None, "echo": ["11", "41"]}, "fields.5"),
    "longer-than-a-frame": ({"de48": {"length": "LLLLLLVAR", "max": 70_000}}, "fields.48.max"),
}
"""Rule, a spec that is doubtful by it alone, and where."""


@pytest.mark.parametrize(
    ("rule", "fields"), [(rule, each) for rule, several in BROKEN.items() for each in several], ids=str
)
def test_an_error_has_the_id_of_its_rule(rule: str, fields: dict[str, Any]) -> None:
    with pytest.raises(SpecError) as raised:
        load_spec(changed(**fields))
    found = lint.of_errors(list(raised.value.problems))
    assert rule in {finding.rule for finding in found}
    assert {finding.level for finding in found} == {lint.Level.ERROR}


@pytest.mark.parametrize(("rule", "text"), [("doubled-key", "name: x\nname: y\n"), ("not-yaml", "a: &b 1\n")])
def test_a_file_that_is_none_has_the_id_of_its_rule(rule: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(SpecError) as raised:
        load_spec(path)
    assert [each.rule for each in lint.of_errors(list(raised.value.problems))] == [rule]


@pytest.mark.parametrize("rule", DOUBTFUL)
def test_a_warning_has_the_id_of_its_rule(rule: str) -> None:
    fields, path = DOUBTFUL[rule]
    found = lint.of_spec(load_spec(changed(**fields)))
    assert [(each.rule, each.problem.path) for each in found] == [(rule, path)]


def test_every_rule_has_a_spec_that_breaks_it() -> None:
    assert {*BROKEN, "doubled-key", "not-yaml"} == {rule.id for rule in lint_rules.ERRORS}
    assert set(DOUBTFUL) == set(lint_rules.WARNINGS)
    assert [row["id"] for row in lint_rules.rules()] == [*(rule.id for rule in lint_rules.ERRORS), *lint_rules.WARNINGS]


@pytest.mark.parametrize(
    ("parts", "paths"),
    [
        ({"1": {**PART, "size": 5, "name": "pan"}}, ["fields.48.parts.1.mask"]),
        (
            {"layouts": [{"size": 5, "parts": {"1": {**PART, "size": 5, "name": "cvv2"}}}]},
            ["fields.48.parts.layouts.0.parts.1.mask"],
        ),
        ({"repeat": {**PART, "size": 5, "name": "track_2"}}, ["fields.48.parts.repeat.mask"]),
        ({"1": {**PART, "size": 5}, "2": {**PART, "size": 5}}, ["fields.48.parts.2.name"]),
        (
            {"1": {**PART, "size": 9, "parts": {"1": {**PART, "size": 5, "name": "card_number"}}}},
            ["fields.48.parts.1.parts.1.mask"],
        ),
    ],
    ids=["plain", "layouts", "repeat", "names", "nested"],
)
def test_parts_are_judged_wherever_they_stand(parts: dict[str, Any], paths: list[str]) -> None:
    found = lint.of_spec(load_spec(changed(de48={"parts": parts, "format": "ans"})))
    assert [each.problem.path for each in found] == paths


def test_tags_of_a_card_are_not_shown() -> None:
    tags = {"5A": {"name": "x", "format": "n", "encoding": "bcd", "mask": "none"}}
    found = lint.of_spec(load_spec(changed(de55={"parts": {"ber-tlv": {"tags": tags, "dictionary": "emv"}}})))
    assert [each.problem.path for each in found] == ["fields.55.parts.ber-tlv.tags.5A.mask"]


@pytest.mark.parametrize("name", spec_names())
def test_shipped_specs_are_clean(name: str) -> None:
    told = {"no-profile"} if name == "iso2003" else set()  # 2003 is there for its bytes, and nobody made a profile
    assert {each.rule for each in lint.of_spec(load_spec(name))} == told


def test_a_warning_has_the_line_that_it_is_about_also_in_a_base(tmp_path: Path) -> None:
    base, mine = tmp_path / "base.yaml", tmp_path / "mine.yaml"
    base.write_text("base: iso87-ascii\nname: base\nfields:\n  52: {mask: none}\n")
    mine.write_text("base: base.yaml\nname: mine\nfields:\n  48:\n    format: any\n")
    found = lint.of_spec(load_spec(mine))
    told = [each.at(str(mine)) for each in placed(str(mine), [each.problem for each in found])]
    assert told[0].startswith(f"{mine}:5: fields.48.format: ")
    assert told[1].startswith(f"{base}:4: fields.52.mask: ")
