"""Decoding without a look at the characters: what is let pass, what is not, and that it comes out as it came in."""

from __future__ import annotations

import pickle

import pytest

from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError, EncodeError

LETTERS_IN_AN_AMOUNT = b"0200" + b"1000000000000000" + b"0000ABC\xe4 \x00\x7f1"
NIBBLES_IN_AN_AMOUNT = bytes.fromhex("0200 1000000000000000 0000000012AF")
NO_SIGN_BUT_A_BYTE = bytes.fromhex("0200 0000001000000000 E90000015F")


def test_characters_that_are_not_the_fields_pass(chars: Spec, packed: Spec) -> None:
    assert chars.decode(LETTERS_IN_AN_AMOUNT, strict=False)[4] == "0000ABCä \x00\x7f1"
    assert packed.decode(NIBBLES_IN_AN_AMOUNT, strict=False)[4] == "0000000012AF"
    assert packed.decode(NO_SIGN_BUT_A_BYTE, strict=False)[28] == "é0000015F"
    for spec, data in ((chars, LETTERS_IN_AN_AMOUNT), (packed, NIBBLES_IN_AN_AMOUNT), (packed, NO_SIGN_BUT_A_BYTE)):
        with pytest.raises(DecodeError):
            spec.decode(data)


def test_what_passed_is_written_as_it_came(chars: Spec, packed: Spec) -> None:
    for spec, data in ((chars, LETTERS_IN_AN_AMOUNT), (packed, NIBBLES_IN_AN_AMOUNT), (packed, NO_SIGN_BUT_A_BYTE)):
        message = spec.decode(data, strict=False)
        assert spec.encode(message) == data
        assert spec.encode(pickle.loads(pickle.dumps(message))) == data  # noqa: TID251 -- it is ours
        assert data[11:] in spec.encode(message.evolve({3: 0}))


def test_what_is_put_in_is_looked_at_all_the_same(chars: Spec) -> None:
    message = chars.decode(LETTERS_IN_AN_AMOUNT, strict=False)
    with pytest.raises(EncodeError):
        message.evolve({11: "ABCDEF"})


def test_another_spec_does_not_trust_it(chars: Spec, packed: Spec) -> None:
    with pytest.raises(EncodeError):
        packed.encode(chars.decode(LETTERS_IN_AN_AMOUNT, strict=False))


@pytest.mark.parametrize(
    "data",
    [
        b"0200" + b"1000000000000000" + b"00000000000",
        b"0200" + b"1000000000000000" + b"0000000000000",
        b"02X0" + b"1000000000000000" + b"000000000000",
        b"0200" + b"100000000000000X" + b"000000000000",
        b"0200" + b"4000000000000000" + b"1A47617390010",
        b"0200" + b"0000000000001000" + b"000102030405060X",
    ],
)
def test_the_frame_of_a_message_is_always_looked_at(chars: Spec, data: bytes) -> None:
    with pytest.raises(DecodeError):
        chars.decode(data, strict=False)
