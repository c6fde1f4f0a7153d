"""A length that says another number, or a bit of the bitmap that is wrong: told of the element that it is about."""

from __future__ import annotations

import pytest

from iso_gateway import DecodeError, load_spec
from iso_gateway.codec.spec import Spec
from iso_gateway.inspect.doctor.cuts import cut
from iso_gateway.inspect.doctor.search import diagnose
from iso_gateway.inspect.doctor.slips import of_bits, slipped

SPECS = [load_spec(name) for name in ("iso87-ascii", "iso87-binary", "iso87-ebcdic")]
SALE = {
    2: "4761739001010010", 3: 0, 4: 1234, 7: "1123040506", 11: 123, 12: "040506", 13: "1123", 22: "051", 25: "00",
    32: "476173", 35: "4761739001010010D29121010000", 37: "632741000123", 41: "TERM0001", 42: "MERCHANT0000001",
    48: "PRIVATE DATA", 49: "840", 63: "MORE OF IT",
}  # fmt: skip


def sale(spec: Spec) -> bytes:
    return spec.encode(spec.message("0200", SALE))


def miscounted(spec: Spec, number: int, off: int) -> bytes:
    """Return the sale with a length that says *off* more than follows it."""
    data, row = sale(spec), spec.plan.rows[number]
    span = next(each for each in spec.decode(data, trace=True).spans if each.field == str(number))
    right = len(str(SALE[number]))
    said, wrong = row.heads.get(right), row.heads.get(right + off)
    assert said is not None
    assert wrong is not None
    assert data[span.start : span.start + row.width] == said
    return data[: span.start] + wrong + data[span.start + row.width :]


def turned(spec: Spec, number: int) -> bytes:
    """Return the sale with one bit of the bitmap turned over."""
    data, at = sale(spec), spec.plan.mti_size
    bits = spec.message("0200", {each: value for each, value in SALE.items() if each != number})
    others = spec.message("0200", {**SALE, number: SALE.get(number, "0")})
    size = spec.plan.bitmap_size
    other = spec.encode(bits if number in SALE else others)[at : at + size]
    return data[:at] + other + data[at + size :]


# One digit more or less fills up a byte of two: an odd number of them changes nothing in BCD.
LENGTHS = [
    *((spec, number, off) for spec in SPECS for number in (32, 48) for off in (2, -2)),
    *((spec, 2, off) for spec in SPECS for off in (2, -2)),
    *((spec, number, off) for spec in (SPECS[0], SPECS[2]) for number in (2, 35) for off in (1, -1)),
    *((spec, 48, 10) for spec in SPECS),
]


@pytest.mark.parametrize(("spec", "number", "off"), LENGTHS, ids=str)
def test_a_length_that_is_wrong_is_told_of_its_element(spec: Spec, number: int, off: int) -> None:
    data, right = miscounted(spec, number, off), len(str(SALE[number]))
    with pytest.raises(DecodeError):
        spec.decode(data)
    found = slipped(data, [spec])
    assert found is not None
    assert found.slip.words == f"the length of DE {number} says {right + off}, though {right} would be right"
    assert found.message.items() == spec.decode(sale(spec)).items()


@pytest.mark.parametrize("number", [3, 11, 25, 37, 38, 42, 54])
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_bit_that_is_wrong_is_told(spec: Spec, number: int) -> None:
    data = turned(spec, number)
    slips = [each for each in of_bits(spec, data) if each.number == number]
    assert [each.message.items() for each in slips] == [spec.decode(sale(spec)).items()]
    words = ("off", "there") if number in SALE else ("on", "not there")
    found = slipped(data, [spec])
    assert found is not None
    assert found.slip.words == f"bit {number} of the bitmap is {words[0]}, though DE {number} is {words[1]}"


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_message_that_ends_early_or_late_is_that_first(spec: Spec) -> None:
    data = sale(spec)
    for cut_short in (data[:-3], data + b"\xa7" * 3):
        end, found = cut(cut_short, [spec]), slipped(cut_short, [spec])
        assert end is not None
        assert found is None or found.worth < end.worth


def test_what_is_wrong_with_the_message_comes_before_a_field_of_another_size() -> None:
    spec = SPECS[0]
    for data in (miscounted(spec, 35, -1), turned(spec, 25)):
        found = slipped(data, [spec])
        assert found is not None
        assert all(fit.worth < found.worth for fit in diagnose(data, [spec]))
