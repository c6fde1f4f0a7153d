"""Our codec beside pyiso8583's, on the specs that both can say, on good bytes and broken ones."""

from __future__ import annotations

import copy
from typing import Any

import iso8583
import iso8583.specs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.codec.build import build_spec
from iso_gateway.codec.message import Message
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError, SpecError

THEIRS: dict[str, Any] = {
    "h": {"data_enc": "ascii", "len_enc": "ascii", "len_type": 0, "max_len": 0},
    "t": {"data_enc": "ascii", "len_enc": "ascii", "len_type": 0, "max_len": 4},
    "p": {"data_enc": "b", "len_enc": "ascii", "len_type": 0, "max_len": 8},
    "1": {"data_enc": "b", "len_enc": "ascii", "len_type": 0, "max_len": 8},
    "2": {
        "data_enc": "ascii",
        "len_enc": "ascii",
        "len_type": 2,
        "max_len": 19,
        "desc": "Primary Account Number (PAN)",
    },
    "3": {"data_enc": "b", "len_enc": "ascii", "len_type": 0, "max_len": 3},
    "4": {"data_enc": "cp500", "len_enc": "cp500", "len_type": 2, "max_len": 12},
    "5": {"data_enc": "b", "len_enc": "bcd", "len_type": 1, "max_len": 9, "len_count": "nibbles", "left_pad": "0"},
    "6": {"data_enc": "b", "len_enc": "b", "len_type": 1, "max_len": 9, "len_count": "nibbles", "right_pad": "F"},
    "7": {"data_enc": "b", "len_enc": "b", "len_type": 2, "max_len": 300},
    "8": {"data_enc": "latin-1", "len_enc": "latin-1", "len_type": 3, "max_len": 20},
    "9": {"data_enc": "b", "len_enc": "ascii", "len_type": 0, "max_len": 5, "len_count": "nibbles", "left_pad": "0"},
    "65": {"data_enc": "b", "len_enc": "ascii", "len_type": 0, "max_len": 8},
    "70": {"data_enc": "gbk", "len_enc": "ascii", "len_type": 2, "max_len": 10},
}


def theirs(message: Message) -> dict[str, str]:
    """Return the fields of *message* as pyiso8583 says them: bytes as hexadecimal text."""
    return {
        str(number): value.hex().upper() if isinstance(value, bytes) else value for number, value in message.items()
    }


def plain(decoded: dict[str, str]) -> dict[str, str]:
    """Return what pyiso8583 decoded, without its MTI and bitmaps."""
    return {key: value for key, value in decoded.items() if key.isdecimal() and key not in {"1", "65"}}


@pytest.fixture(scope="module")
def imported() -> Spec:
    return build_spec(THEIRS)


def messages() -> st.SearchStrategy[dict[str, str]]:
    """Return messages in pyiso8583's words."""
    nibbles = st.text("0123456789ABCDEF", max_size=9)
    return st.fixed_dictionaries(
        {"t": st.sampled_from(["0200", "0810", "1421"])},
        optional={
            "2": st.text("0123456789 x", max_size=19),
            "3": st.text("0123456789ABCDEF", min_size=6, max_size=6),
            "4": st.text("AZ09 ", max_size=12),
            "5": nibbles,
            "6": nibbles,
            "7": st.binary(max_size=40).map(lambda raw: raw.hex().upper()),
            "8": st.text("AÄß\xff", max_size=20),
            "9": st.text("0123456789", min_size=5, max_size=5),
            "70": st.text("上海A", max_size=5),
        },
    )


@given(message=messages())
def test_good_messages_are_the_same_both_ways(imported: Spec, message: dict[str, str]) -> None:
    data = bytes(iso8583.encode(dict(message), THEIRS)[0])
    ours = imported.decode(data)
    assert theirs(ours) == plain(message)
    assert imported.encode(ours) == data
    fields = {int(key): value for key, value in plain(message).items()}
    assert imported.encode(imported.message(message["t"], fields)) == data


OURS_IS_STRICTER = (
    "a length prefix that is not",  # int() takes +5 and 1_0
    "the spec has no such field",  # a bare KeyError there
    "not four digits",  # ABCD is a type there
    "no message type",
)


@given(message=messages(), drawn=st.data())
def test_broken_bytes_get_the_same_verdict_but_for_what_is_listed(
    imported: Spec, message: dict[str, str], drawn: st.DataObject
) -> None:
    data = bytes(iso8583.encode(dict(message), THEIRS)[0])
    at = drawn.draw(st.integers(0, len(data)))
    data = data[:at] + drawn.draw(st.binary(max_size=2)) + data[at + drawn.draw(st.integers(0, 2)) :]
    data = data[: drawn.draw(st.integers(len(data) // 2, len(data)))] if drawn.draw(st.booleans()) else data
    try:
        decoded: dict[str, str] | None = plain(iso8583.decode(data, THEIRS)[0])
    except (iso8583.DecodeError, KeyError):
        decoded = None
    ours: Message | None = None
    reason = ""
    try:
        ours = imported.decode(data)
    except DecodeError as error:
        reason = error.expected
    if ours is None and decoded is not None:
        assert any(words in reason for words in OURS_IS_STRICTER)
    if ours is not None and decoded is not None:
        assert theirs(ours) == decoded
    elif ours is not None:
        # A pad nibble that is not the spec's: refused there, kept here.
        assert {5, 6, 9} & set(ours)
        assert imported.encode(ours) == data


@pytest.mark.parametrize("name", ["chars", "packed"])
@given(drawn=st.data())
def test_our_specs_say_the_same_there(specs: dict[str, Spec], name: str, drawn: st.DataObject) -> None:
    spec = specs[name]
    if name == "packed":
        source = copy.deepcopy(dict(spec.source))
        del source["fields"]["28"]
        spec = build_spec(source)
    digits = st.text("0123456789", max_size=19)
    fields = drawn.draw(
        st.fixed_dictionaries(
            {4: st.integers(0, 10**12 - 1)},
            optional={
                2: digits,
                35: digits.map(lambda text: text[:12] + "D" + text[12:]),
                48: st.text("AB 上" if name == "packed" else "AB ~", max_size=20),
                49: st.sampled_from(["840", "978"]),
                52: st.binary(min_size=8, max_size=8),
                55: st.binary(max_size=30),
                60: digits,
                70: st.just("301"),
            },
        )
    )
    message = spec.message("0200", fields)
    data = spec.encode(message)
    decoded, _ = iso8583.decode(data, spec.to_pyiso8583())
    assert plain(decoded) == theirs(message)
    assert bytes(iso8583.encode(decoded, spec.to_pyiso8583())[0]) == data


@pytest.mark.parametrize("name", ["default", "default_ascii"])
def test_the_specs_that_come_with_pyiso8583_are_taken_and_given_back(name: str) -> None:
    specification = getattr(iso8583.specs, name)
    before = copy.deepcopy(specification)
    spec = build_spec(specification)
    assert specification == before
    back = spec.to_pyiso8583()
    for key, row in specification.items():
        if key not in {"1", "65"}:
            assert {**row, "desc": ""} == {**back[key], "desc": ""}
    assert spec.fields[2].mask == "pan"
    assert spec.fields[2].name == "primary_account_number_pan"
    assert spec.fields[48].mask == "all"


def test_what_pyiso8583_cannot_say_is_named(packed: Spec, data: Any) -> None:
    with pytest.raises(SpecError, match=r"^fields.28: x\+n with packed digits"):
        packed.to_pyiso8583()
    spoiled = data("chars")
    spoiled["fields"]["55"]["counts"] = "bytes"
    with pytest.raises(SpecError, match=r"^fields.55: pyiso8583 counts hexadecimal characters"):
        build_spec(spoiled).to_pyiso8583()


def test_digits_counted_in_bytes_are_bytes_there(packed: Spec) -> None:
    source = copy.deepcopy(dict(packed.source))
    del source["fields"]["28"]
    row = build_spec(source).to_pyiso8583()["46"]
    assert (row["data_enc"], row["max_len"], row.get("len_count")) == ("b", 5, None)


def spoiled(**rows: Any) -> dict[str, Any]:
    """Return their specification with some rows changed; None takes a row out."""
    made = {**THEIRS, **{key.strip("_"): value for key, value in rows.items()}}
    return {key: value for key, value in made.items() if value is not None}


GOOD_ROW = THEIRS["2"]


@pytest.mark.parametrize(
    ("specification", "path", "message"),
    [
        (spoiled(t=None), "t", "is missing"),
        (spoiled(p=None), "p", "is missing"),
        (spoiled(t={"data_enc": "utf-16"}), "t.data_enc", "expected b or ascii or cp037"),
        (spoiled(h={**THEIRS["h"], "max_len": 5}), "h", "belongs to framing"),
        (spoiled(_1={"data_enc": "ascii"}), "1.data_enc", "the same as of p"),
        (spoiled(_2={**GOOD_ROW, "data_enc": "asci"}), "2.data_enc", "did you mean 'ascii'?"),
        (spoiled(_2={**GOOD_ROW, "len_enc": "koi8-r"}), "2.len_enc", "no encoding of a length"),
        (spoiled(_2={**GOOD_ROW, "len_type": 7}), "2.len_type", "at most LLLLLLVAR"),
        (spoiled(_2={**GOOD_ROW, "len_count": "nibbles"}), "2.len_count", "only data_enc b"),
        (spoiled(_2={**GOOD_ROW, "max_length": 5}), "2.max_length", "did you mean 'max_len'?"),
        (spoiled(_2={"data_enc": "b"}), "2.max_len", "is missing, expected a number"),
        (spoiled(_2=5), "2", "expected a table"),
        (spoiled(x=5), "x", "unknown key"),
        (spoiled(_193=GOOD_ROW), "fields.193", "whole number from 1 to 192"),
    ],
)
def test_what_we_cannot_do_is_told(specification: dict[str, Any], path: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        build_spec(specification)
    found = [problem for problem in caught.value.problems if problem.path == path]
    assert found
    assert message in found[0].message


def test_all_of_it_is_told_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        build_spec(spoiled(t=None, h={**THEIRS["h"], "max_len": 5}, _2=5, _3={}))
    assert {problem.path.split(".")[0] for problem in caught.value.problems} == {"t", "h", "2", "3"}
