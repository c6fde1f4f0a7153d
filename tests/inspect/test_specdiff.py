"""Where two specs differ, in words of the wire."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from iso_gateway import EncodeError, Spec, load_spec
from iso_gateway.catalog import spec_names
from iso_gateway.inspect import specdiff
from iso_gateway.inspect.leaves import as_text
from iso_gateway.inspect.vectors import vectors
from tests.support.changed_specs import ASCII, changed


def test_a_spec_differs_from_itself_in_nothing() -> None:
    assert specdiff.compare(ASCII, ASCII) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"de48": {"prefix": "bcd"}},
            [("48", "wire", "length in 3 ASCII digits", "length in 2 bytes of BCD")],
        ),
        ({"de43": {"max": 41}}, [("43", "wire", "ans 40 in ASCII", "ans 41 in ASCII")]),
        ({"de3": {"encoding": "bcd"}}, [("3", "wire", "n 6 in ASCII", "n 6 in BCD") ]),
        ({"de3": {"length": "LLVAR", "prefix": "ascii"}}, [("3", "wire", "no length", "length in 2 ASCII digits")]),
        ({"de48": {"inclusive": "true", "max": "900"}}, [
            ("48", "wire", "length in 3 ASCII digits", "length in 3 ASCII digits, itself too"),
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
        ({"mti": {"encoding": "bcd"}}, [("mti", "wire", "4 digits in ASCII", "2 bytes of BCD")]),
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
        ({"1": part()}, {"1": part(size=6)}, [("48.1", "wire", "n 5", "n 6")]),
        ({"1": part()}, {"1": part(), "2": part()}, [("48.2", "content", "not there", "n 5")]),
        (
            {"1": part(size=9, parts={"1": part(parts={"1": part(size=2)})})},
            {"1": part(size=9, parts={"1": part(parts={"1": part(size=3)})})},
            [("48.1.1.1", "wire", "n 2", "n 3")],
        ),
        (
            {"layouts": [{"size": 5, "parts": {"1": part()}}]},
            {"layouts": [{"size": 5, "parts": {"1": part(format="an")}}]},
            [("48(5).1", "content", "n 5", "an 5")],
        ),
        ({"repeat": part()}, {"repeat": part(size=6)}, [("48.1", "wire", "n 5", "n 6")]),
        (
            {"tagged": TAGGED},
            {"tagged": {**TAGGED, "length": {"size": 3}, "tags": {}}},
            [
                ("48.parts", "wire", f"{TAGS} 2, tag before length", f"{TAGS} 3, tag before length"),
                ("48.01", "content", "n; all that is left, or as its tag says", "not there"),
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


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"encoding": "cp037", "format": "n"}, {"encoding": "cp500", "format": "n"}),
        ({"encoding": "cp037", "format": "an"}, {"encoding": "cp1047", "format": "an"}),
        ({"encoding": "cp037", "format": "ans"}, {"encoding": "cp500", "format": "ans"}),
        ({"encoding": "ascii"}, {"encoding": "latin-1"}),
        ({"encoding": "ascii"}, {"encoding": "gbk"}),
        ({"encoding": "ascii"}, {"encoding": "cp037"}),
        ({"counts": "bytes"}, {"counts": "characters"}),
        ({"prefix": "cp037"}, {"prefix": "cp500"}),
        ({"prefix": "cp037"}, {"prefix": "ascii"}),
        ({"prefix": "ascii"}, {"prefix": "hex"}),
        ({"prefix": "bcd", "length": "LVAR", "max": 9}, {"prefix": "bcd", "length": "LLVAR", "max": 9}),
        ({"prefix": "binary", "length": "LLLVAR"}, {"prefix": "binary", "length": "LLLVAR", "prefix_bytes": 3}),
        ({"inclusive": "false"}, {"inclusive": "true"}),
        ({"format": "n", "encoding": "bcd"}, {"format": "n", "encoding": "ascii"}),
        ({"format": "n", "encoding": "bcd"}, {"format": "n", "encoding": "bcd", "pad": "right F"}),
        ({"format": "n", "encoding": "bcd"}, {"format": "n", "encoding": "bcd", "counts": "bytes"}),
        ({"format": "n", "encoding": "bcd"}, {"format": "z", "encoding": "bcd", "pad": "left 0"}),
        ({"format": "b", "encoding": "binary"}, {"format": "b", "encoding": "hex"}),
        ({"format": "b", "encoding": "hex"}, {"format": "b", "encoding": "hex", "counts": "characters"}),
        ({"format": "b", "encoding": "hex"}, {"format": "b", "encoding": "hex-ebcdic"}),
        ({"format": "n"}, {"format": "b", "encoding": "hex"}),
        ({"format": "n"}, {"format": "b", "encoding": "hex", "counts": "characters"}),
        ({"length": "fixed", "max": 8, "prefix": None}, {"max": 8}),
        ({"length": "fixed", "max": 8, "prefix": None}, {"length": "fixed", "max": 9, "prefix": None}),
        ({"length": "fixed", "max": 8, "prefix": None}, {"length": "fixed", "max": 8, "prefix": None, "pad": "left *"}),
        ({"format": "n"}, {"format": "ans"}),
        ({"max": 99}, {"max": 50}),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_on_the_wire_and_what_is_not_is_seen_in_the_bytes(left: dict[str, Any], right: dict[str, Any]) -> None:
    base = {"format": "ans", "length": "LLVAR", "max": 40, "encoding": "ascii", "prefix": "ascii", "name": "x"}
    alone = {**ASCII.source, "echo": [], "profile": ""}
    one, other = (
        load_spec({**alone, "fields": {"48": _without_none({**base, **each, "mask": "all"})}}) for each in (left, right)
    )
    told = {each.what for each in specdiff.compare(one, other)}
    both = [
        (bytes.fromhex(vector.hex), data)
        for vector in vectors(one).valid
        if [*vector.fields] == ["48"] and (data := said_by(other, vector.fields["48"])) is not None
    ]
    # What a fixed element is filled with is only seen where it is short: a value is what was carried.
    assert (specdiff.What.WIRE in told) == (any(ours != theirs for ours, theirs in both) or not both)


def said_by(spec: Spec, value: str) -> bytes | None:
    """Return the bytes of DE 48 in *spec*, or None where it refuses the value, or fills it."""
    try:
        message = spec.message("0200", {48: value})
    except EncodeError:
        return None
    return spec.encode(message) if as_text(message[48]) == value else None


NUMBERED = {"1": part()}
BINARY = {"format": "b", "encoding": "binary"}
OBJECT = {"name": "a", "format": "n", "encoding": "bcd", "mask": "none"}


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (
            {"ber-tlv": {"tags": {"9F02": OBJECT}, "dictionary": "emv"}},
            {"ber-tlv": {"tags": {"9F02": {**OBJECT, "encoding": "ascii"}}, "dictionary": "emv"}},
            [("48.9F02", "wire", "n in BCD", "n in ASCII")],
        ),
        (
            {
                "ber-tlv": {
                    "tags": {
                        "E1": {**OBJECT, **BINARY, "mask": "all", "parts": {"ber-tlv": {"tags": {"9F02": OBJECT}}}}
                    }
                }
            },
            {"ber-tlv": {"tags": {"E1": {**OBJECT, **BINARY, "mask": "all", "parts": {"ber-tlv": {"tags": {}}}}}}},
            [("48.E1.9F02", "content", "n in BCD; all that is left, or as its tag says", "not there")],
        ),
        (
            {"datasets": {"sets": {"71": {**OBJECT, **BINARY, "mask": "all", "parts": {"dbm": {"parts": NUMBERED}}}}}},
            {
                "datasets": {
                    "sets": {
                        "71": {**OBJECT, **BINARY, "mask": "all", "parts": {"dbm": {"parts": {"1": part(size=6)}}}}
                    }
                }
            },
            [("48.71.1", "wire", "n 5 in ASCII", "n 6 in ASCII")],
        ),
        (
            {"bitmap": {"size": 2, "parts": {"3": part()}}},
            {"bitmap": {"size": 4, "parts": {"3": part(encoding="bcd")}}},
            [
                ("48.parts", "wire", "a bitmap of 2 bytes in binary", "a bitmap of 4 bytes in binary"),
                ("48.3", "wire", "n 5 in ASCII", "n 10 in BCD"),
            ],
        ),
        (
            {"bitmap": {"size": 2, "parts": {"3": part(**BINARY, parts=NUMBERED)}}},
            {"bitmap": {"size": 2, "parts": {"3": part(**BINARY, parts={"repeat": part()})}}},
            [("48.3.parts", "wire", "one after the other", "the same again and again")],
        ),
        (
            {"layouts": [{"size": 5, "parts": NUMBERED}]},
            {"layouts": [{"size": 5, "parts": NUMBERED}, {"size": 10, "parts": {**NUMBERED, "2": part()}}]},
            [("48.parts", "wire", "by its size: 5", "by its size: 5, 10")],
        ),
    ],
    ids=["tag", "tag in a tag", "datasets", "bitmap", "in a bitmap", "layouts"],
)
def test_parts_in_bytes_are_compared_wherever_they_stand(
    one: dict[str, Any], other: dict[str, Any], told: list[tuple[str, str, str, str]]
) -> None:
    left, right = (load_spec(changed(de48={**BINARY, "mask": "all", "parts": each})) for each in (one, other))
    found = [each for each in specdiff.compare(left, right) if each.what is not specdiff.What.WORDS]
    assert [(each.path, str(each.what), each.left, each.right) for each in found] == told


@pytest.mark.parametrize(("left", "right"), list(combinations(spec_names(), 2)), ids=str)
def test_of_shipped_specs_both_directions_say_the_same(left: str, right: str) -> None:
    one, other = load_spec(left), load_spec(right)
    found, back = specdiff.compare(one, other), specdiff.compare(other, one)
    assert {(each.path, each.what, each.left, each.right) for each in found} == {
        (each.path, each.what, each.right, each.left) for each in back
    }
    assert all(each.left != each.right for each in found)
    assert any(each.what is specdiff.What.WIRE for each in found)
