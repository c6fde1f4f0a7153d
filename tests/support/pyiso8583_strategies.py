"""Specifications and messages of pyiso8583, drawn at random: mostly good ones, and everything that can be odd."""

from __future__ import annotations

from typing import Any

import iso8583
from hypothesis import strategies as st

CODECS = ("ascii", "latin-1", "cp500", "cp037", "utf-8", "gbk", "utf-16", "no-such-codec")
ENCODINGS = st.sampled_from(("b", "b", "ascii", "ascii", *CODECS))
LENGTH_ENCODINGS = st.sampled_from(("b", "bcd", "ascii", "ascii", "cp500", "utf-8", "utf-16", "no-such-codec"))
PADS = st.sampled_from(("", "0", "F", "f", "00", "x"))

Specification = dict[str, dict[str, Any]]


def rows() -> st.SearchStrategy[dict[str, Any]]:
    """Return one row of a field."""
    return st.fixed_dictionaries(
        {
            "data_enc": ENCODINGS,
            "len_enc": LENGTH_ENCODINGS,
            "len_type": st.sampled_from((0, 0, 1, 2, 2, 3, 4)),
            "max_len": st.one_of(st.integers(0, 12), st.sampled_from((19, 99, 100, 255, 999, 12000))),
            "desc": st.just("Drawn"),
        },
        optional={
            "len_count": st.sampled_from(("bytes", "nibbles", "nibbles")),
            "left_pad": PADS,
            "right_pad": PADS,
        },
    )


@st.composite
def specifications(draw: st.DrawFn) -> Specification:
    """Return a specification of a few fields, whose numbers lie in all three bitmaps."""
    whole = st.sampled_from(("b", "ascii", "cp500", "b", "ascii", "utf-16", "no-such-codec"))
    bitmaps = st.sampled_from(("b", "ascii", "cp500", "b", "ascii", "utf-8"))
    header = draw(st.one_of(st.none(), st.none(), rows()))
    spec: Specification = {
        "h": header or {"data_enc": "ascii", "len_enc": "ascii", "len_type": 0, "max_len": 0, "desc": "Header"},
        "t": {"data_enc": draw(whole), "len_enc": "ascii", "len_type": 0, "max_len": 4, "desc": "Type"},
        "p": {"data_enc": draw(bitmaps), "len_enc": "ascii", "len_type": 0, "max_len": 8, "desc": "Primary"},
        "1": {"data_enc": draw(bitmaps), "len_enc": "ascii", "len_type": 0, "max_len": 8, "desc": "Secondary"},
    }
    numbers = draw(st.lists(st.one_of(st.integers(2, 64), st.integers(2, 192)), min_size=1, max_size=6, unique=True))
    return spec | {str(number): draw(rows()) for number in numbers}


@st.composite
def documents(draw: st.DrawFn, spec: Specification, *, odd: bool = False) -> dict[Any, Any]:
    """Return values for some of the fields of *spec*, most of which it can say.

    Args:
        draw: as always.
        spec: the specification.
        odd: whether there may be keys and values that are none.
    """
    mti = draw(st.sampled_from(("0200", "0810", "ABCD") if spec["t"]["data_enc"] == "b" else ("0200", "08x0", "é2")))
    doc: dict[Any, Any] = {"t": mti}
    keys = [key for key in spec if key.isdecimal() and key not in {"1", "65"}]
    for key in draw(st.lists(st.sampled_from(keys), max_size=6, unique=True)) if keys else []:
        doc[key] = draw(values(spec[key]))
    if spec["h"]["max_len"] > 0:
        doc["h"] = draw(values(spec["h"]))
    if odd:
        odds: list[Any] = ["p", "1", "65", "02", "0", "193", "x", "²", "٣", 5, "h", "t", "66", *keys]
        anything = st.one_of(st.none(), st.integers(), st.text(max_size=5), st.binary(max_size=5), st.just("0" * 8))
        doc |= draw(st.dictionaries(st.sampled_from(odds), anything, max_size=3))
        if draw(st.integers(0, 9)) == 0:
            del doc["t"]
    return doc


def values(row: dict[str, Any]) -> st.SearchStrategy[str]:
    """Return values of the field *row*, of the right size more often than not."""
    most = min(row["max_len"], 40)
    least = most if row["len_type"] == 0 else 0
    if row["data_enc"] != "b":
        letters = "".join(("ABCxyz0189 ~", "é" if row["data_enc"] != "ascii" else "", "上" if most < 9 else ""))
        exact = st.text("ABC0189 ", min_size=least, max_size=most)
        return st.one_of(exact, exact, exact, st.text(letters, max_size=most + 1))
    if row.get("len_count") == "nibbles":
        exact = st.text("0123456789ABCDEF", min_size=least, max_size=most)
    else:
        exact = st.binary(min_size=least, max_size=most).map(lambda raw: raw.hex().upper())
    return st.one_of(exact, exact, exact, st.text("09afAF x", max_size=most + 1))


@st.composite
def messages(draw: st.DrawFn, spec: Specification) -> bytes:
    """Return bytes: a message of *spec*, the same with some bytes changed, or anything."""
    try:
        data = bytes(iso8583.encode(draw(documents(spec)), spec)[0])
    except iso8583.EncodeError:
        return draw(st.binary(max_size=60))
    for _ in range(draw(st.sampled_from((0, 0, 1, 1, 2, 3)))):
        at = draw(st.integers(0, len(data)))
        piece = draw(st.one_of(st.binary(max_size=2), st.sampled_from((b"+", b" ", b"_", b"\xf0", b"1", b"\x80"))))
        data = data[:at] + piece + data[at + draw(st.integers(0, 2)) :]
    return data[: draw(st.integers(0, len(data)))] if draw(st.integers(0, 4)) == 0 else data
