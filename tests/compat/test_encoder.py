"""Writing dicts with pyiso8583's interface: what is left alone, and where ours names what is wrong."""

from __future__ import annotations

import copy
import pickle
from types import MappingProxyType
from typing import Any

import iso8583 as theirs
import pytest

from iso_gateway.compat import iso8583
from iso_gateway.compat.iso8583.specs import default_ascii

OFTEN = 6
"""After so many messages alike, all is done by the compiled engine that it can do."""


@pytest.fixture
def spec() -> dict[str, dict[str, Any]]:
    return copy.deepcopy(default_ascii)


def test_the_dict_that_is_given_stays_as_it_is(spec: dict[str, Any]) -> None:
    doc = {"t": "0200", "p": "spam", "1": "eggs", "102": "111111"}
    message, encoded = iso8583.encode(doc, spec)
    assert doc == {"t": "0200", "p": "spam", "1": "eggs", "102": "111111"}
    assert encoded["p"] == {"len": b"", "data": b"8000000000000000"}
    assert encoded["1"] == {"len": b"", "data": b"0000000004000000"}
    assert (message, encoded) == theirs.encode(doc, spec)
    assert doc["p"] == "8000000000000000", "theirs has written it"


def test_all_three_bitmaps_are_made(spec: dict[str, Any]) -> None:
    spec["192"] = spec["70"]
    message, encoded = iso8583.encode({"t": "0200", "192": "301"}, spec)
    assert message == b"0200" + b"8000000000000000" * 2 + b"0000000000000001" + b"301"
    assert encoded["1"]["data"] == b"80000000000000000000000000000001"
    assert iso8583.decode(message, spec) == theirs.decode(message, spec)


@pytest.mark.parametrize(
    ("doc", "message"),
    [
        ({"t": "0200", "129": "1"}, "Field is not in specification: field 129"),
        ({"t": "0200", "02": "1"}, r"invalid fields \['02'\]: field p"),
        ({"t": "0200", "²": "1"}, r"invalid fields \['²'\]: field p"),
        ({"t": "0200", "9" * 5000: "1"}, r"invalid fields \['9999"),
        ({"t": "0200", "193": "1", "0": "1"}, r"outside of 1-192 range \[0, 193\]: field p"),
        ({"t": "0200", 5: "1"}, r"invalid fields \[5\]: field p"),
        ({"t": "0200", "2": None}, "invalid data: field 2"),
        ({"t": "0200", "55": None}, "non-hex data: field 55"),
        ({"t": "0200", "48": b"12"}, "invalid data: field 48"),
        ({"t": None}, "invalid data: field t"),
        ({}, "Field data is required: field t"),
    ],
)
def test_what_cannot_be_written_is_named(spec: dict[str, Any], doc: dict[Any, Any], message: str) -> None:
    spec["55"]["data_enc"] = "b"
    with pytest.raises(iso8583.EncodeError, match=message):
        iso8583.encode(doc, spec)


def test_the_error_has_what_was_made_so_far(spec: dict[str, Any]) -> None:
    doc = {"t": "0200", "1": "eggs", "2": "4761739001010119", "3": "00"}
    with pytest.raises(iso8583.EncodeError, match="Field data is 2 bytes, expecting 6: field 3") as caught:
        iso8583.encode(doc, spec)
    with pytest.raises(theirs.EncodeError) as known:
        theirs.encode(dict(doc), spec)
    assert vars(caught.value) == vars(known.value)
    assert caught.value.doc_dec["p"] == "6000000000000000"
    assert doc["1"] == "eggs"
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: TID251 -- our own bytes
    assert vars(again) == vars(caught.value)
    assert "4761" not in repr(again)


def test_a_changed_specification_is_noticed(spec: dict[str, Any]) -> None:
    doc = {"t": "0200", "55": "9F0206000000012345"}
    for _ in range(OFTEN):
        assert iso8583.encode(doc, spec)[0] == b"02000000000000000200018" + b"9F0206000000012345"
    spec["55"]["data_enc"] = "b"
    for _ in range(OFTEN):
        assert iso8583.encode(doc, spec)[0] == b"02000000000000000200009\x9f\x02\x06\0\0\0\x01#E"
    spec["p"]["data_enc"] = "b"
    assert iso8583.encode(doc, spec)[0] == b"0200\0\0\0\0\0\0\x02\0009\x9f\x02\x06\0\0\0\x01#E".replace(
        b"\x02\0009", b"\x02\x00009"
    )
    spec["h"] |= {"max_len": 5}
    assert iso8583.encode({**doc, "h": "60000"}, spec)[0].startswith(b"600000200\0")
    with pytest.raises(iso8583.EncodeError, match="required according to specifications: field h"):
        iso8583.encode(doc, spec)
    del spec["55"]
    with pytest.raises(iso8583.EncodeError, match="Field is not in specification: field 55"):
        iso8583.encode({**doc, "h": "60000"}, spec)


def test_a_specification_may_be_any_mapping(spec: dict[str, Any]) -> None:
    frozen = MappingProxyType({key: MappingProxyType(row) for key, row in spec.items()})
    message, encoded = iso8583.encode({"t": "0200", "2": "4761739001010119"}, frozen)
    assert iso8583.decode(message, frozen)[1] == encoded


def test_a_dict_is_printed_without_descriptions_too(capsys: pytest.CaptureFixture[str]) -> None:
    bare = {"t": {"max_len": 4}, "2": {}}
    iso8583.pp({"2": "4761739001010119", "t": "0200"}, bare, desc_width=4)
    assert capsys.readouterr().out == "t       : '0200'\n2       : '4761739001010119'\n"
