"""Specs as objects: equal by their data, pickled with it, quiet in a log."""

from __future__ import annotations

import pickle

import pytest

from iso_gateway.codec.build import build_spec
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError, EncodeError


def test_specs_are_equal_by_their_data(chars: Spec, packed: Spec) -> None:
    again = build_spec(chars.source)
    assert again == chars
    assert again is not chars
    assert hash(again) == hash(chars)
    assert chars != packed
    assert chars != "small-ascii"


def test_a_spec_survives_pickling(packed: Spec) -> None:
    again = pickle.loads(pickle.dumps(packed))  # noqa: TID251 -- it is ours
    assert again == packed
    assert again.decode(bytes.fromhex("08000000000000000000")).mti == "0800"
    assert pickle.loads(pickle.dumps(packed)) is again  # noqa: TID251


def test_repr_is_short(chars: Spec) -> None:
    assert repr(chars) == "<Spec small-ascii, 15 fields>"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_kind_of_bytes_is_decoded(chars: Spec, kind: type) -> None:
    assert chars.decode(kind(b"0800" + b"0" * 16)).mti == "0800"


def test_a_single_value_is_carried(chars: Spec) -> None:
    assert chars.carry(4, 1234) == "000000001234"
    assert chars.carry(41, "TERM1") == "TERM1   "
    assert chars.carry(52, bytearray(8)) == bytes(8)
    assert chars.carry(52, "0001020304050607") == bytes(range(8))
    with pytest.raises(EncodeError):
        chars.carry(4, "x")


def test_none_is_left_out(chars: Spec) -> None:
    assert list(chars.message("0200", {3: 0, 4: None})) == [3]


def test_the_first_digit_of_the_type_is_the_edition(chars: Spec) -> None:
    with pytest.raises(EncodeError, match="MTI: no message type of this spec"):
        chars.message("1200", {})
    with pytest.raises(DecodeError, match="MTI at byte 0"):
        chars.decode(b"1200" + b"0" * 16)


def test_kept_bytes_hold_only_for_the_spec_that_kept_them(packed: Spec) -> None:
    odd = bytes.fromhex("0200400000000000000013F4761739001010")
    source = dict(packed.source)
    source["name"] = "other"
    assert build_spec(packed.source).encode(packed.decode(odd)) == odd
    assert build_spec(source).encode(packed.decode(odd)) == odd.replace(b"\xf4", b"\x04")
