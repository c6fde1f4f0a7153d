"""A message is read on behind a value that is wrong, where every length is right, and not where one is not."""

from __future__ import annotations

import pytest

from iso_gateway import load_spec
from iso_gateway.errors import DecodeError
from iso_gateway.inspect.explaining import explain
from iso_gateway.inspect.reading import read

SPEC = load_spec("iso87-ascii")
BINARY = load_spec("iso87-binary")
VALUES = {2: "4761739001010010", 3: 0, 4: 1234, 11: 123, 41: "TERM0001", 49: "840"}
SALE = SPEC.encode(SPEC.message("0200", VALUES))
PACKED = BINARY.encode(BINARY.message("0200", VALUES))


def test_a_message_is_read_whole() -> None:
    assert read(SPEC, SALE) == (SPEC.decode(SALE), [])


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        (b"000000001234", b"-00000001234", [("4", 44)]),
        (b"000000001234", b"        1234", [("4", 44)]),
        (b"000123TERM0001", b"00012ATERM000\xe9", [("11", 61), ("41", 69)]),
        (b"16476173", b"164761x3", [("2", 26)]),
    ],
)
def test_behind_wrong_characters_all_is_read(right: bytes, wrong: bytes, told: list[tuple[str, int]]) -> None:
    message, faults = read(SPEC, SALE.replace(right, wrong))
    assert [(each.field, each.offset) for each in faults] == told
    assert message is not None
    assert list(message) == [2, 3, 4, 11, 41, 49]
    assert message[49] == "840"


def test_the_first_fault_is_that_of_the_codec() -> None:
    broken = SALE.replace(b"000123TERM", b"00012ATERM")
    with pytest.raises(DecodeError) as caught:
        SPEC.decode(broken)
    (fault,) = read(SPEC, broken).faults
    assert str(fault) == str(caught.value)


def test_packed_digits_may_be_any_half_bytes() -> None:
    broken = PACKED.replace(bytes.fromhex("000000001234"), bytes.fromhex("00000000123f"))
    message, faults = read(BINARY, broken)
    assert [(each.field, each.expected) for each in faults] == [("4", "not digits")]
    assert message is not None
    assert message[41] == "TERM0001"


@pytest.mark.parametrize("broken", [SALE[:-1], SALE + b"0", SALE.replace(b"164761", b"154761"), SALE[:60] + SALE[61:]])
def test_behind_a_wrong_length_nothing_is(broken: bytes) -> None:
    message, faults = read(SPEC, broken)
    assert len(faults) == 1
    assert message == faults[0].partial


def test_a_wrong_value_is_explained_as_one_and_masked_as_ever() -> None:
    explained = explain(SPEC, SALE.replace(b"000000001234", b"-00000001234").replace(b"16476173", b"164761x3"))
    said = {entry.path: (entry.value, entry.meaning) for entry in explained.entries}
    assert said["4"] == ("-00000001234", ["wrong: not digits"])
    assert said["2"] == ("*" * 16, ["wrong: not digits"])
    assert [fault.path for fault in explained.faults] == ["2", "4"]
