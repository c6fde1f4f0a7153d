"""What holds for every spec there can be, and every message of it, good or broken."""

from __future__ import annotations

import iso8583
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso_gateway.codec import trace, walker
from iso_gateway.codec.build import build_spec
from iso_gateway.codec.message import Message
from iso_gateway.codec.plan import FIELD, PACKED
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError, IncompleteError
from tests.support.spec_strategies import broken, messages, spec_data, valid


@settings(max_examples=60)
@given(drawn=st.data())
def test_what_is_encoded_decodes_to_the_same(drawn: st.DataObject) -> None:
    spec = valid(drawn.draw(spec_data()))
    message = drawn.draw(messages(spec))
    data = spec.encode(message)
    assert spec.decode(data) == message
    assert spec.encode(spec.decode(data)) == data


@settings(max_examples=100)
@given(drawn=st.data())
def test_broken_bytes_are_told_by_name_or_survive_to_the_byte(drawn: st.DataObject) -> None:
    spec = valid(drawn.draw(spec_data()))
    data = drawn.draw(broken(spec.encode(drawn.draw(messages(spec)))))
    quick = walker._walk(spec.plan, data)
    refusal = refused(spec, data)
    if refusal is not None:
        assert quick is None
        assert 0 <= refusal.offset <= len(data)
        assert isinstance(refusal, IncompleteError) == (refusal.missing > 0)
        assert refusal.field in {"mti", "bitmap", ""} or refusal.field.isdecimal()
        return
    # A third bitmap among the fields is always left to the careful walk.
    assert quick == trace.decode(spec.plan, data) or (quick is None and spec.plan.third == FIELD)
    message = spec.decode(data)
    assert spec.encode(message) == data
    starts = {int(span.field): span.body for span in trace.spans(spec.plan, data) if span.field.isdecimal()}
    assert {number: spec.offset(message, number) for number in message} == starts


def refused(spec: Spec, data: bytes) -> DecodeError | None:
    """Return why the careful walk refuses *data*, or None."""
    try:
        trace.decode(spec.plan, data)
    except DecodeError as error:
        return error
    return None


@settings(max_examples=50)
@given(drawn=st.data())
def test_a_cut_says_how_much_is_missing_at_least_and_never_that_it_is_malformed(drawn: st.DataObject) -> None:
    spec = valid(drawn.draw(spec_data()))
    data = spec.encode(drawn.draw(messages(spec)))
    end = drawn.draw(st.integers(0, len(data) - 1))
    with pytest.raises(IncompleteError) as caught:
        spec.decode(data[:end])
    assert 0 < caught.value.missing <= len(data) - end
    with pytest.raises(DecodeError, match="after the last field") as extra:
        spec.decode(data + b"\x00")
    assert not isinstance(extra.value, IncompleteError)


@settings(max_examples=50)
@given(drawn=st.data())
def test_a_change_changes_only_what_it_names(drawn: st.DataObject) -> None:
    spec = valid(drawn.draw(spec_data()))
    one, other = drawn.draw(messages(spec)), drawn.draw(messages(spec))
    changed = one.evolve(dict(other.items()))
    assert dict(spec.decode(spec.encode(changed)).items()) == {**dict(one.items()), **dict(other.items())}


def theirs(message: Message) -> dict[str, str]:
    """Return the fields of *message* as pyiso8583 says them: bytes, and digits counted in bytes, as hexadecimal."""
    return {
        str(number): value.hex().upper() if isinstance(value, bytes) else value for number, value in message.items()
    }


def plain(decoded: dict[str, str]) -> dict[str, str]:
    """Return what pyiso8583 decoded, without its MTI and bitmaps."""
    return {key: value for key, value in decoded.items() if key.isdecimal() and key not in {"1", "65"}}


def as_hex(spec: Spec, fields: dict[str, str]) -> dict[str, str]:
    """Return *fields* with those upper-cased that are hexadecimal text there: format b in hexadecimal."""
    return {
        key: value.upper() if spec.fields[int(key)].encoding in {"hex", "hex-ebcdic"} else value
        for key, value in fields.items()
    }


@settings(max_examples=60)
@given(drawn=st.data())
def test_pyiso8583_says_the_same(drawn: st.DataObject) -> None:
    spec = valid(drawn.draw(spec_data(expressible=True)))
    message = drawn.draw(messages(spec))
    data = spec.encode(message)
    specification = spec.to_pyiso8583()
    decoded, _ = iso8583.decode(data, specification)
    assert decoded["t"] == message.mti
    assert plain(decoded) == theirs(message)
    assert bytes(iso8583.encode(decoded, specification)[0]) == data


OURS_IS_STRICTER = (
    "a length prefix that is not",  # int() takes +5 and 1_0
    "the spec has no such field",  # a bare KeyError there
    "third bitmap",  # read there, declared or not
    "not four digits",  # ABCD is a type there
    "no message type",
    "not ",  # no content is checked there
    "at least",  # nor a minimum
    "odd number",
)


@settings(max_examples=100)
@given(drawn=st.data())
def test_pyiso8583_gives_the_same_verdict_but_for_what_is_listed(drawn: st.DataObject) -> None:
    spec = valid(drawn.draw(spec_data(expressible=True)))
    specification = spec.to_pyiso8583()
    data = drawn.draw(broken(spec.encode(drawn.draw(messages(spec)))))
    theirs_said: dict[str, str] | None
    try:
        theirs_said = plain(iso8583.decode(data, specification)[0])
    except (iso8583.DecodeError, KeyError):
        theirs_said = None
    try:
        ours: Message | None = spec.decode(data)
        reason = ""
    except DecodeError as error:
        ours, reason = None, error.expected
    if ours is not None and theirs_said is not None:
        assert theirs(ours) == as_hex(spec, theirs_said)
    elif ours is not None:
        # A pad nibble that is not the spec's: refused there, kept here.
        assert any(spec.plan.rows[number].op == PACKED for number in ours)
    elif theirs_said is not None:
        assert any(words in reason for words in OURS_IS_STRICTER)


@settings(max_examples=40)
@given(drawn=st.data())
def test_a_specification_of_theirs_is_taken_as_ours_was_given(drawn: st.DataObject) -> None:
    spec = valid(drawn.draw(spec_data(expressible=True)))
    message = drawn.draw(messages(spec))
    data = spec.encode(message)
    again = build_spec(spec.to_pyiso8583())
    assert theirs(again.decode(data)) == theirs(message)
    assert again.encode(again.decode(data)) == data
    for number, row in spec.to_pyiso8583().items():
        if number not in {"h", "t", "p", "1", "65"}:
            back = again.to_pyiso8583()[number]
            assert {key: back.get(key) for key in ("data_enc", "len_type")} == {
                key: row.get(key) for key in ("data_enc", "len_type")
            }
