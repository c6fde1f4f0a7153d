"""One field of a spec: its defaults, and what does not go together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from iso_gateway.codec.build import build_spec
from iso_gateway.codec.field import Field
from iso_gateway.errors import SpecError

Data = Callable[[str], dict[str, Any]]
VAR = {"length": "LLVAR", "prefix": "ascii"}


def field(data: Data, **row: Any) -> Field:
    """Return DE 120 of a spec that declares it so."""
    ours = data("chars")
    shape = {"name": "x", "format": "n", "length": "fixed", "max": "6", "mask": "none", **row}
    ours["fields"]["120"] = {key: value for key, value in shape.items() if value is not None}
    return build_spec(ours).fields[120]


@pytest.mark.parametrize(
    ("row", "encoding", "counts", "pad"),
    [
        ({}, "ascii", "bytes", ("left", "0")),
        ({"encoding": "bcd"}, "bcd", "digits", ("left", "0")),
        ({"format": "z", "encoding": "bcd"}, "bcd", "digits", ("right", "F")),
        ({"format": "nibbles"}, "bcd", "digits", ("right", "F")),
        ({"format": "b"}, "binary", "bytes", ("right", "")),
        ({"format": "b", "encoding": "hex"}, "hex", "bytes", ("right", "")),
        ({"format": "ans"}, "ascii", "bytes", ("right", " ")),
        ({"format": "ans", "pad": "left space"}, "ascii", "bytes", ("left", " ")),
        ({"format": "ans", "pad": "none"}, "ascii", "bytes", ("right", "")),
        ({"format": "xn"}, "ascii", "bytes", ("right", "")),
        ({"encoding": "bcd", "pad": "right f"}, "bcd", "digits", ("right", "F")),
    ],
)
def test_defaults(data: Data, row: dict[str, str], encoding: str, counts: str, pad: tuple[str, str]) -> None:
    made = field(data, **row)
    assert (made.encoding, made.counts, (made.pad_side, made.pad_with)) == (encoding, counts, pad)


def test_a_fixed_field_is_as_long_as_its_max(data: Data) -> None:
    assert field(data).min == 6
    assert field(data, **VAR).min == 0
    assert field(data, **VAR, min="2").min == 2


def test_a_minimum_holds_both_ways(data: Data) -> None:
    ours = data("chars")
    ours["fields"]["2"]["min"] = "12"
    spec = build_spec(ours)
    assert spec.message("0200", {2: "1" * 12})[2] == "1" * 12
    with pytest.raises(Exception, match="11 characters, expected 12 to 19"):
        spec.message("0200", {2: "1" * 11})
    with pytest.raises(Exception, match="length 11, at least 12 needed"):
        spec.decode(b"0200" + b"4000000000000000" + b"11" + b"1" * 11)


PART = {"name": "y", "format": "n", "size": "2", "mask": "none"}


@pytest.mark.parametrize(
    ("row", "key", "message"),
    [
        ({"mask": None}, "mask", "is missing"),
        ({"mask": "stars"}, "mask", "expected"),
        ({"format": "nn"}, "format", "expected"),
        ({"length": "LLLLLLLVAR"}, "length", "expected"),
        ({"max": "0"}, "max", "from 1"),
        ({"colour": "red"}, "colour", "unknown key"),
        ({"encoding": "binary"}, "encoding", "no encoding for format n"),
        ({"encoding": "asci"}, "encoding", "did you mean 'ascii'?"),
        ({"format": "b", "encoding": "ascii"}, "encoding", "no encoding for format b"),
        ({"format": "ans", "encoding": "bcd"}, "encoding", "no encoding for format ans"),
        ({"format": "nibbles", "encoding": "ascii"}, "encoding", "no encoding for format nibbles"),
        ({"format": "xn", "encoding": "bcd", **VAR}, "length", "of fixed length"),
        ({"counts": "digits"}, "counts", "a fixed field has no length to count"),
        ({"counts": "characters", "encoding": "bcd", **VAR}, "counts", "digits or bytes"),
        (
            {"format": "ans", "encoding": "gbk", "counts": "digits", **VAR},
            "counts",
            "in gbk a length counts bytes or ch",
        ),
        ({"prefix": "ascii"}, "prefix", "a fixed field has no length prefix"),
        ({"length": "LLVAR"}, "prefix", "is missing"),
        ({"min": "3"}, "min", "as long as its max"),
        ({"min": "7", **VAR}, "min", "is over max"),
        ({"max": "100", **VAR}, "max", "100 bytes do not fit an LLVAR length in ascii, 99 at most"),
        ({"max": "256", "length": "LLVAR", "prefix": "binary"}, "max", "255 at most"),
        ({"format": "b", "encoding": "hex", "counts": "characters", "max": "50", **VAR}, "max", "100 characters"),
        ({"pad": "0"}, "pad", "expected a side and a character"),
        ({"pad": "middle 0"}, "pad", "expected a side and a character"),
        ({"encoding": "bcd", "pad": "left x"}, "pad", "hexadecimal digit"),
        ({"encoding": "bcd", "max": "7", "pad": "none"}, "pad", "an odd number of packed digits"),
        ({"encoding": "bcd", "pad": "none", **VAR}, "pad", "an odd number of packed digits"),
        ({"format": "xn", "encoding": "bcd", "pad": "none"}, "pad", "an odd number of packed digits"),
        ({"encoding": "gbk", "pad": "right \u4e0a"}, "pad", "one byte in gbk"),
        ({"encoding": "latin-1", "pad": "right \u4e0a"}, "pad", "one byte in latin-1"),
        ({"inclusive": "true"}, "inclusive", "a fixed field has no length prefix"),
        ({"prefix_bytes": "2"}, "prefix_bytes", "a fixed field has no length prefix"),
        ({"prefix_bytes": "2", **VAR}, "prefix_bytes", "in ascii a prefix has a byte for each L"),
        ({"prefix_bytes": "1", "length": "LLLVAR", "prefix": "bcd"}, "prefix_bytes", "takes 2 bytes at least"),
        ({"prefix_bytes": "5", "length": "LLLVAR", "prefix": "bcd"}, "prefix_bytes", "from 1 to 4"),
        ({"max": "98", "inclusive": "true", **VAR}, "max", "100 bytes, its own length in it, do not fit"),
        (
            {"inclusive": "true", "encoding": "bcd", "length": "LVAR", "prefix": "binary", "max": "254"},
            "max",
            "256 digits, its own length in it, do not fit",
        ),
        (
            {"format": "b", "encoding": "hex", "inclusive": "true", **VAR},
            "inclusive",
            "counts itself only in characters",
        ),
        ({"format": "b", "pad": "left 0"}, "pad", "a side and a byte"),
        ({"parts": "ber-tlv"}, "parts", "needs format b"),
        ({"parts": "tlv"}, "parts", "expected ber-tlv"),
        ({"parts": {"1": {**PART, "size": "0"}}}, "parts.1.size", "expected"),
        ({"parts": {"x": PART}}, "parts.x", "no kind of parts, expected one of layouts, repeat"),
        ({"parts": {"1": {**PART, "mask": "all"}}}, "mask", "shows what is masked in its parts"),
        ({"parts": {"1": {**PART, "size": "rest"}, "2": PART}}, "parts", "only the last"),
        ({"parts": {"1": {**PART, "size": "7"}}}, "parts", "take 7, the field 6 at most"),
        ({"parts": {"1": {**PART, "format": "b"}}}, "parts.1.format", "no binary parts"),
        ({"parts": {"1": {**PART, "encoding": "gbk"}}}, "parts.1.encoding", "only text in a binary field"),
        ({"format": "b", "parts": {"1": {**PART, "encoding": "hex"}}}, "parts.1.encoding", "no encoding"),
        ({"parts": {"layouts": [{"size": "3", "parts": {"1": PART}}]}}, "parts.layouts.0.parts", "the layout is for 3"),
        ({"parts": {"layouts": [{"size": "2", "parts": {"1": PART}}] * 2}}, "parts.layouts.1.size", "earlier layout"),
        ({"parts": {"layouts": [{"size": "2"}]}}, "parts.layouts.0.parts", "is missing"),
    ],
)
def test_what_does_not_go_together(data: Data, row: dict[str, Any], key: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        field(data, **row)
    path = f"fields.120.{key}"
    assert [problem for problem in caught.value.problems if problem.path == path and message in problem.message]


def test_bit_65_is_no_field(data: Data) -> None:
    ours = data("chars")
    ours["fields"]["65"] = ours["fields"]["3"]
    with pytest.raises(SpecError, match=r"^fields.65: bit 65 announces a third bitmap"):
        build_spec(ours)


def test_text_in_a_binary_element_has_an_encoding_of_its_own(data: Data) -> None:
    ours = data("packed")
    ours["fields"]["62"]["parts"] = {
        "1": {"name": "digits", "format": "n", "size": "2", "encoding": "bcd", "mask": "none"},
        "2": {"name": "place", "format": "ans", "size": "4", "encoding": "gbk", "mask": "none"},
        "3": {"name": "code", "format": "an", "size": "2", "mask": "none"},
        "4": {"name": "raw", "format": "b", "size": "rest", "mask": "all"},
    }
    spec = build_spec(ours)
    made = spec.message("0200", {62: {"1": "1234", "2": "上海", "3": "A1", "4": b"\xff"}})
    assert made[62] == b"\x12\x34" + "上海".encode("gbk") + b"A1\xff"
    assert dict(made.parts(62).items()) == {"1": "1234", "2": "上海", "3": "A1", "4": b"\xff"}
    for raw, path, offset in (
        (b"\x12\x3a", "62.1", 1),
        (b"\x12\x34\xc9\xff\xff\xff", "62.2", 2),
        (b"\x12\x34ABCDA-", "62.3", 7),
    ):
        with pytest.raises(Exception, match=rf"DE {path} at byte {12 + offset}"):
            spec.message("0200", {62: raw}).parts(62)
    for parts, reason in (({"1": "123"}, "odd number"), ({"1": "1234", "2": "\U0001f600"}, "does not exist in gbk")):
        with pytest.raises(Exception, match=reason):
            spec.message("0200", {62: parts})
