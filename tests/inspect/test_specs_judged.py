"""What is wrong or doubtful in a spec, and where two of them differ."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from iso_gateway import SpecError, load_spec
from iso_gateway.catalog import spec_names
from iso_gateway.catalog.loading import placed
from iso_gateway.inspect import lint, lint_rules, specdiff

ASCII = load_spec("iso87-ascii")


def changed(**changes: Any) -> dict[str, Any]:
    """Return the source of iso87-ascii with fields ``de48={...}`` changed, or without, and other keys laid over."""
    source = dict(ASCII.source["fields"])
    for name in [name for name in changes if name.startswith("de")]:
        number, change = name.removeprefix("de"), changes.pop(name)
        source[number] = {**source.get(number, {}), **(change or {})}
        if change is None:
            del source[number]
    return {**ASCII.source, "fields": source, "name": "changed", **changes}


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


def test_every_rule_is_in_the_docs() -> None:
    told = Path("docs/specs.md").read_text(encoding="utf-8")
    for row in lint_rules.rules():
        assert f"| `{row['id']}` | {row['level']} | {row['why']} |" in told


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


def test_a_spec_differs_from_itself_in_nothing() -> None:
    assert specdiff.compare(ASCII, ASCII) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"de48": {"prefix": "bcd"}},
            [("48", "wire", "LLL in ASCII, counts bytes", "LLL in BCD, counts bytes")],
        ),
        ({"de43": {"max": 41}}, [("43", "wire", "ans 40 in ASCII", "ans 41 in ASCII")]),
        ({"de3": {"encoding": "bcd"}}, [("3", "wire", "n 6 in ASCII", "n 6 in BCD") ]),
        ({"de3": {"length": "LLVAR", "prefix": "ascii"}}, [("3", "wire", "no length", "LL in ASCII, counts bytes")]),
        ({"de48": {"inclusive": "true", "max": "900"}}, [
            ("48", "wire", "LLL in ASCII, counts bytes", "LLL in ASCII, counts bytes, itself too"),
            ("48", "content", "ans..999 in ASCII", "ans..900 in ASCII"),
        ]),
        ({"de48": {"max": 500}}, [("48", "content", "ans..999 in ASCII", "ans..500 in ASCII")]),
        ({"de48": {"min": 5}}, [("48", "content", "0 at least", "5 at least")]),
        ({"de39": {"format": "n", "pad": "right space"}}, [("39", "content", "an 2 in ASCII", "n 2 in ASCII")]),
        ({"de41": {"pad": "left 0"}}, [("41", "content", "filled right with ' '", "filled left with '0'")]),
        ({"de5": {"name": "other"}}, [("5.name", "words", "amount_settlement", "other")]),
        ({"de5": {"mask": "all"}}, [("5.mask", "words", "none", "all")]),
        ({"echo": ["2", "11"]}, [("echo", "words", ", ".join(map(str, ASCII.echo)), "2, 11")]),
        ({"version": "any"}, [("version", "content", "1987", "any")]),
        ({"bitmap": {"encoding": "hex", "third": "follows"}}, [
            ("bitmap", "wire", "hex, as many as announced", "hex, as many as announced, a third one behind the second"),
        ]),
        ({"mti": {"encoding": "bcd"}}, [("mti", "wire", "4 characters in ASCII", "2 bytes of BCD")]),
    ],
    ids=str,
)  # fmt: skip
def test_where_two_specs_differ_in_words_of_the_wire(
    changes: dict[str, Any], told: list[tuple[str, str, str, str]]
) -> None:
    found = specdiff.compare(ASCII, load_spec(changed(**changes)))
    assert [(each.path, str(each.what), each.left, each.right) for each in found] == told


def part(**changes: Any) -> dict[str, Any]:
    """Return a part of five digits, changed."""
    return {"name": "a", "format": "n", "size": 5, "mask": "none", **changes}


TAGS = "tags of 2, lengths of"
TAGGED = {"tag": {"size": 2}, "length": {"size": 2}, "tags": {"01": {"name": "a", "format": "n", "mask": "all"}}}


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ({"1": part()}, {"1": part(size=6)}, [("48.1", "wire", "n 5 in ASCII", "n 6 in ASCII")]),
        ({"1": part()}, {"1": part(), "2": part()}, [("48.2", "content", "not there", "n 5 in ASCII")]),
        (
            {"1": part(size=9, parts={"1": part(parts={"1": part(size=2)})})},
            {"1": part(size=9, parts={"1": part(parts={"1": part(size=3)})})},
            [("48.1.1.1", "wire", "n 2 in ASCII", "n 3 in ASCII")],
        ),
        (
            {"layouts": [{"size": 5, "parts": {"1": part()}}]},
            {"layouts": [{"size": 5, "parts": {"1": part(format="an")}}]},
            [("48(5).1", "content", "n 5 in ASCII", "an 5 in ASCII")],
        ),
        ({"repeat": part()}, {"repeat": part(size=6)}, [("48.1", "wire", "n 5 in ASCII", "n 6 in ASCII")]),
        (
            {"tagged": TAGGED},
            {"tagged": {**TAGGED, "length": {"size": 3}, "tags": {}}},
            [
                ("48.parts", "content", f"{TAGS} 2, tag before length", f"{TAGS} 3, tag before length"),
                ("48.01", "content", "n..999998 in ASCII, LLLLLL in binary, counts bytes", "not there"),
            ],
        ),
        ({"1": part()}, None, [("48.parts", "content", "one after the other", "none")]),
        ({"1": part()}, {"1": {**part(), "length": "fixed", "max": "5", "size": None}}, []),
        ({"tagged": TAGGED}, {"tagged": {**TAGGED, "order": "tlv", "counts": "value"}}, []),
    ],
    ids=["size", "more", "nested", "layouts", "repeat", "tagged", "none", "in other words", "defaults written out"],
)  # fmt: skip
def test_parts_are_compared_wherever_they_stand(
    one: dict[str, Any], other: dict[str, Any] | None, told: list[tuple[str, str, str, str]]
) -> None:
    def spec(parts: dict[str, Any] | None) -> Any:
        parts = None if parts is None else _without_none(parts)
        more = {} if parts is None else {"parts": parts}
        return load_spec(changed(de48={"format": "ans", "mask": "all", **more}))

    found = specdiff.compare(spec(one), spec(other))
    assert [(each.path, str(each.what), each.left, each.right) for each in found] == told


def _without_none(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without_none(each) for key, each in data.items() if each is not None}
    return [_without_none(each) for each in data] if isinstance(data, list) else data


def test_tags_and_bits_are_compared_too() -> None:
    left = load_spec("iso2003")
    fields = {number: dict(row) for number, row in left.source["fields"].items()}
    assert specdiff.compare(left, load_spec({**left.source, "fields": fields})) == []


def test_a_base_is_no_difference(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("base: iso87-ascii\nname: mine\nfields:\n  3: {max: 6}\n")
    assert specdiff.compare(ASCII, load_spec(path)) == []


def test_an_element_that_only_one_has_and_another_bitmap() -> None:
    found = specdiff.compare(ASCII, load_spec(changed(de128=None, bitmap={"encoding": "binary"})))
    assert [(each.path, each.left, each.right) for each in found] == [
        ("bitmap", "hex, as many as announced", "binary, as many as announced"),
        ("128", "b 8 in hex", "not there"),
    ]
