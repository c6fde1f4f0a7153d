"""iso_gateway.compat.iso8583 against pyiso8583 itself: the same results, the same errors, but for what is listed.

The list is docs/conformance.md, "The interface of pyiso8583".
"""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from typing import Any

import iso8583 as theirs
import iso8583.specs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.compat import iso8583 as ours
from tests.support.pyiso8583_strategies import Specification, documents, messages, specifications

OFTEN = 5
STRICTER = {
    "Failed to decode field length, non-numeric data": "a length is digits and nothing else",
    "Failed to decode field, non-hex data": "a bitmap is 16 hexadecimal digits: no white space, none too few",
}


def outcome(call: Callable[..., tuple[Any, Any]], data: Any, spec: Specification) -> tuple[Any, ...]:
    """Return what *call* gives: its result, or its error with all that it carries."""
    try:
        return ("result", *call(data, spec))
    except (theirs.DecodeError, ours.DecodeError) as error:
        return ("DecodeError", str(error), error.msg, error.s, error.doc_dec, error.doc_enc, error.pos, error.field)
    except (theirs.EncodeError, ours.EncodeError) as error:
        return ("EncodeError", str(error), error.msg, error.doc_dec, error.doc_enc, error.field)


def theirs_or_bare(call: Callable[..., tuple[Any, Any]], data: Any, spec: Specification) -> tuple[Any, ...]:
    """Return the same of pyiso8583, whose bare errors are all one."""
    try:
        return outcome(call, data, spec)
    except (KeyError, TypeError, ValueError, AttributeError, UnboundLocalError):
        return ("bare",)


@given(drawn=st.data())
def test_bytes_are_read_alike(drawn: st.DataObject) -> None:
    spec = drawn.draw(specifications())
    before = copy.deepcopy(spec)
    for _ in range(3):
        kind: Callable[[bytes], bytes | bytearray] = drawn.draw(st.sampled_from((bytes, bytearray)))
        data = kind(drawn.draw(messages(spec)))
        kept = copy.copy(data)
        expected = theirs_or_bare(theirs.decode, data, spec)
        found = outcome(ours.decode, data, spec)
        # What comes again goes another way, and in the end by the compiled engine.
        assert [outcome(ours.decode, data, spec) for _ in range(OFTEN)] == [found] * OFTEN
        assert (data, spec) == (kept, before)
        if found[0] == "result":
            assert list(found[1]) == list(expected[1])
            assert list(found[2]) == list(expected[2])
            assert found[1].__class__ is found[2].__class__ is dict
        if expected[0] == "bare":
            assert found[0] == "DecodeError"
        elif found != expected:
            assert found[2] in STRICTER
            assert not is_plain(data, spec, found)


def is_plain(data: bytes | bytearray, spec: Specification, found: tuple[Any, ...]) -> bool:
    """Return whether the length or bitmap at which *found* stopped is what it should be, after all."""
    pos, field = found[6], found[7]
    if "length" in found[2]:
        row = spec[field]
        text = data[pos : pos + row["len_type"]].decode(row["len_enc"])
        return text.isascii() and text.isdecimal()
    text = data[pos : pos + 16].decode(spec[field]["data_enc"])
    return len(text) == 16 and set(text) <= set("0123456789abcdefABCDEF")


@given(drawn=st.data())
def test_dicts_are_written_alike(drawn: st.DataObject) -> None:
    spec = drawn.draw(specifications())
    before = copy.deepcopy(spec)
    for _ in range(3):
        doc = drawn.draw(documents(spec, odd=drawn.draw(st.booleans())))
        kept = copy.deepcopy(doc)
        expected = theirs_or_bare(theirs.encode, copy.deepcopy(doc), spec)
        found = outcome(ours.encode, doc, spec)
        assert [outcome(ours.encode, doc, spec) for _ in range(OFTEN)] == [found] * OFTEN
        # Their bitmaps come to stand in the dict that was given; here it is never touched.
        assert (doc, spec) == (kept, before)
        assert found == expected or (expected[0] == "bare" and found[0] == "EncodeError")
        if found[0] == "result":
            assert found[1].__class__ is bytearray
            assert list(found[2]) == list(expected[2])


@given(drawn=st.data())
def test_what_is_written_is_read_again(drawn: st.DataObject) -> None:
    spec = drawn.draw(specifications())
    doc = drawn.draw(documents(spec))
    try:
        data, encoded = ours.encode(doc, spec)
        decoded, read = ours.decode(data, spec)
    except (ours.EncodeError, ours.DecodeError):
        return
    assert read == encoded
    assert ours.encode(decoded, spec) == (data, encoded)


@given(drawn=st.data())
def test_dicts_are_printed_alike(drawn: st.DataObject) -> None:
    spec = drawn.draw(specifications())
    value = st.one_of(st.text(max_size=120), st.binary(max_size=60))
    encoded = st.fixed_dictionaries({"data": st.binary(max_size=60)}, optional={"len": st.binary(max_size=3)})
    keys = st.sampled_from(list(spec))
    doc = drawn.draw(st.dictionaries(keys, value) if drawn.draw(st.booleans()) else st.dictionaries(keys, encoded))
    widths = drawn.draw(st.tuples(st.integers(0, 40), st.integers(0, 100)))
    printed = []
    for library in (theirs, ours):
        stream = io.StringIO()
        library.pp(doc, spec, widths[0], stream, line_width=widths[1])
        printed.append(stream.getvalue())
    assert printed[0] == printed[1]


@pytest.mark.parametrize(
    ("call", "argument"), [("decode", "0200"), ("decode", None), ("decode", memoryview(b"0200")), ("encode", b"0200")]
)
def test_arguments_of_other_types_are_refused_alike(call: str, argument: Any) -> None:
    for library in (theirs, ours):
        with pytest.raises(TypeError, match="must be"):
            getattr(library, call)(argument, iso8583.specs.default)
