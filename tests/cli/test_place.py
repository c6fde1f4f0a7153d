"""The caret stands below the byte, and no byte of a card, a track or a PIN is beside it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iso_gateway import DecodeError, IncompleteError, load_spec
from iso_gateway.cli.place import caret, visible
from tests.support.desk import PAN
from tests.support.fixture_files import Sample, all_samples

SPEC = load_spec("iso87-ascii")
SECRET = {
    2: PAN,
    4: 1234,
    14: "3012",
    35: f"{PAN}=30122011",
    41: "TERM0001",
    45: f"B{PAN}^A/B^30122011",
    49: "840",
    52: "1122334455667788",
    90: "0" * 42,
}
WHOLE = SPEC.encode(SPEC.message("0200", SECRET))


def fault(data: bytes) -> DecodeError:
    """Return what is wrong with *data*."""
    with pytest.raises(DecodeError) as error:
        SPEC.decode(data)
    return error.value


def fault_or_none(data: bytes) -> DecodeError | None:
    """Return what is wrong with *data*, if anything is."""
    try:
        SPEC.decode(data)
    except DecodeError as error:
        return error
    return None


@pytest.mark.parametrize("length", range(1, len(WHOLE)))
def test_wherever_a_message_ends_nothing_masked_is_shown(length: int) -> None:
    data = WHOLE[:length]
    error = fault(data)
    spans = {span.field: span for span in SPEC.decode(WHOLE, trace=True).spans}
    hidden = {at for de in ("2", "14", "35", "45", "52") for at in range(spans[de].body, spans[de].end)}
    assert not visible(SPEC, data, error) & hidden
    line, mark = caret(SPEC, data, error)
    assert mark.strip() == "^^"
    assert len(line) <= 100


@given(at=st.integers(0, len(WHOLE) - 1), byte=st.integers(0, 255))
@example(at=13, byte=99)  # another bitmap, in which the card number is taken for other fields
@example(at=36, byte=48)  # a shorter length, behind which the rest of the card number follows
def test_a_wrong_byte_shows_itself_and_no_other_of_its_field(at: int, byte: int) -> None:
    data = WHOLE[:at] + bytes([byte]) + WHOLE[at + 1 :]
    error = fault_or_none(data)
    if error is not None:
        line, mark = caret(SPEC, data, error)
        pointed = line[mark.index("^") :][:2]
        assert pointed in ("", "**", data[error.offset : error.offset + 1].hex())
        assert PAN[6:12].encode().hex(" ") not in line


def test_the_caret_stands_behind_the_last_byte_where_more_is_missing() -> None:
    data = WHOLE[:48]
    error = fault(data)
    line, mark = caret(SPEC, data, IncompleteError("4", 48, "0 bytes left, 12 needed", error.partial, 12), unsafe=True)
    assert mark.index("^") == len(line) + 1


@pytest.mark.parametrize("sample", list(all_samples())[::6], ids=str)
def test_the_caret_stands_below_the_byte_in_every_spec_and_all_of_the_line_is_hex(sample: Sample) -> None:
    spec = load_spec(sample.spec)
    data = sample.raw[: len(sample.raw) * 2 // 3]
    with pytest.raises(DecodeError) as broken:
        spec.decode(data)
    error = broken.value
    line, mark = caret(spec, data, error, unsafe=True)
    offset, *row = line.split()
    start = int(offset, 16)
    assert row == [f"{each:02x}" for each in data[start : start + 16]]
    assert start + (mark.index("^") - len("000000  ")) // 3 == error.offset
    assert line[mark.index("^") :][:2] == data[error.offset : error.offset + 1].hex()


def test_unsafe_shows_every_byte() -> None:
    data = WHOLE[:60]
    assert "**" not in caret(SPEC, data, fault(data), unsafe=True)[0]
