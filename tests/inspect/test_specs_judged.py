"""What is wrong or doubtful in a spec, and where two of them differ."""

from __future__ import annotations

from typing import Any

import pytest

from iso_gateway import SpecError, load_spec
from iso_gateway.catalog import spec_names
from iso_gateway.inspect import lint, specdiff
from iso_gateway.inspect.specdiff import What

ASCII = load_spec("iso87-ascii")


def changed(**fields: dict[str, Any]) -> dict[str, Any]:
    """Return the source of iso87-ascii with fields ``de48={...}`` changed."""
    source = dict(ASCII.source["fields"])
    for name, changes in fields.items():
        number = name.removeprefix("de")
        source[number] = {**source.get(number, {}), **changes}
    return {**ASCII.source, "fields": source, "name": "changed"}


FIELD = {
    "name": "x",
    "format": "ans",
    "length": "LLVAR",
    "max": 10,
    "encoding": "ascii",
    "prefix": "ascii",
    "mask": "all",
}


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("prefix-too-narrow", {"de48": {"length": "LLVAR", "max": 200}}),
        ("parts-do-not-sum", {"de90": {"parts": {"1": {"name": "a", "format": "n", "size": 43, "mask": "none"}}}}),
        ("text-in-bcd", {"de41": {"encoding": "bcd"}}),
        ("odd-digits-without-pad", {"de49": {"format": "n", "encoding": "bcd", "pad": "none"}}),
        ("third-bitmap", {"de65": FIELD}),
        ("third-bitmap", {"de130": FIELD}),
        ("length-of-fixed", {"de3": {"prefix": "ascii"}}),
        ("unknown-key", {"de3": {"maximum": 3}}),
        ("missing-key", {"de3": {"length": "LLVAR"}}),
    ],
)
def test_an_error_has_the_id_of_its_rule(rule: str, fields: dict[str, dict[str, Any]]) -> None:
    with pytest.raises(SpecError) as raised:
        load_spec(changed(**fields))
    assert rule in {finding.rule for finding in lint.of_errors(list(raised.value.problems))}


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("secret-shown", {"de52": {"mask": "none"}}),
        ("unchecked", {"de48": {"format": "any"}}),
        ("prefix-too-wide", {"de48": {"max": 90}}),
        ("not-the-standard", {"de41": {"max": 16}}),
        ("doubled-name", {"de5": {"name": "amount_transaction"}}),
        ("parts-too-short", {"de90": {"parts": {"1": {"name": "a", "format": "n", "size": 3, "mask": "none"}}}}),
    ],
)
def test_a_warning_has_the_id_of_its_rule(rule: str, fields: dict[str, dict[str, Any]]) -> None:
    found = lint.of_spec(load_spec(changed(**fields)))
    (number,) = fields
    assert [(each.rule, each.problem.path.split(".")[1]) for each in found] == [(rule, number.removeprefix("de"))]


def test_every_warning_can_happen() -> None:
    bare = {**ASCII.source, "profile": "", "echo": ["2"]}
    shown = {finding.rule for finding in lint.of_spec(load_spec(bare))}
    assert shown == {"no-profile", "never-echoed"}


@pytest.mark.parametrize("name", [name for name in spec_names() if name not in {"nibss-pos", "iso2003"}])
def test_shipped_specs_have_no_warning(name: str) -> None:
    assert lint.of_spec(load_spec(name)) == []


def test_a_spec_differs_from_itself_in_nothing() -> None:
    assert specdiff.compare(ASCII, ASCII) == []


@pytest.mark.parametrize(
    ("what", "path", "fields"),
    [
        (What.WIRE, "fields.48", {"de48": {"prefix": "bcd"}}),
        (What.WIRE, "fields.43", {"de43": {"max": 41}}),
        (What.WIRE, "fields.3", {"de3": {"encoding": "bcd"}}),
        (What.CONTENT, "fields.48", {"de48": {"max": 500}}),
        (What.CONTENT, "fields.39", {"de39": {"format": "n"}}),
        (What.WORDS, "fields.5.name", {"de5": {"name": "other"}}),
        (What.WORDS, "fields.5.mask", {"de5": {"mask": "all"}}),
    ],
)
def test_where_two_specs_differ(what: What, path: str, fields: dict[str, dict[str, Any]]) -> None:
    found = specdiff.compare(ASCII, load_spec(changed(**fields)))
    assert [(each.what, each.path) for each in found] == [(what, path)]


def test_an_element_that_only_one_has_and_another_bitmap() -> None:
    source = changed()
    del source["fields"]["128"]
    source["bitmap"] = {"encoding": "binary"}
    found = specdiff.compare(ASCII, load_spec(source))
    assert [(each.path, each.left, each.right) for each in found] == [
        ("bitmap", "hex", "binary"),
        ("fields.128", "b 8 in hex", "none"),
    ]
