"""BER-TLV: what is read is written back byte for byte, whatever it looks like."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.codec import tlv
from iso_gateway.codec.unreadable import Unreadable


def written(objects: Iterable[tlv.DataObject]) -> bytes:
    """Return the objects as they came."""
    return b"".join(each.gap + each.header + each.value for each in objects)


GOOD = [
    # hex, tags, values
    ("", [], []),
    ("9F260801020304050607089F270180", ["9F26", "9F27"], ["0102030405060708", "80"]),
    ("820219809F3602000182021980", ["82", "9F36", "82"], ["1980", "0001", "1980"]),
    ("9F27810180", ["9F27"], ["80"]),
    ("9F27830000 0180".replace(" ", ""), ["9F27"], ["80"]),
    ("00009F270180FF00950500000000000000", ["9F27", "95"], ["80", "0000000000"]),
    ("FF8105039F2700", ["FF8105"], ["9F2700"]),
    ("FF0101AA", ["FF01"], ["AA"]),
    ("FF9F270180", ["9F27"], ["80"]),
    ("DF8129020102", ["DF8129"], ["0102"]),
    ("9F1000", ["9F10"], [""]),
    ("00FF", [], []),
]


@pytest.mark.parametrize(("text", "tags", "values"), GOOD)
def test_what_is_read_is_written_byte_for_byte(text: str, tags: list[str], values: list[str]) -> None:
    data = bytes.fromhex(text)
    objects = list(tlv.objects(data))
    assert [each.tag for each in objects] == tags
    assert [each.value.hex().upper() for each in objects] == values
    whole = written(objects)
    assert data.startswith(whole)
    assert set(data[len(whole) :]) <= {0x00, 0xFF}


BROKEN = [
    # hex, tag, offset, text
    ("9F", "", 0, "cut short"),
    ("9F8180", "", 0, "cut short"),
    ("9F81818181818101AA", "", 0, "longer than 4"),
    ("9F26", "9F26", 2, "no length"),
    ("9F2608010203", "9F26", 3, "3 bytes left, 8 needed"),
    ("9F2701809F2608010203", "9F26", 7, "3 bytes left, 8 needed"),
    ("9F2680AABB0000", "9F26", 2, "definite form"),
    ("9F2685010000000001", "9F26", 2, "definite form"),
    ("9F268201", "9F26", 3, "2 bytes that is cut short"),
    ("9F2684FFFFFFFF01", "9F26", 7, "1 byte left, 4294967295 needed"),
]


@pytest.mark.parametrize(("text", "tag", "at", "expected"), BROKEN)
def test_a_fault_has_its_tag_and_place(text: str, tag: str, at: int, expected: str) -> None:
    with pytest.raises(Unreadable) as caught:
        list(tlv.objects(bytes.fromhex(text)))
    assert (caught.value.key, caught.value.at) == (tag, at)
    assert expected in caught.value.expected


@given(st.binary(max_size=80))
def test_any_bytes_are_data_objects_or_unreadable(data: bytes) -> None:
    at = 0
    objects = []
    try:
        for each in tlv.objects(data):
            objects.append(each)  # noqa: PERF402 -- those before the fault count
    except Unreadable as error:
        at = error.at
    assert 0 <= at <= len(data)
    assert data.startswith(written(objects))


TAGS = st.sampled_from(["82", "9F26", "DF8129", "FF01", "00", "", "no"])
OBJECTS = st.lists(
    st.sampled_from(["8202", "9F2600", "9F260101", "82810107", "00", "FF", "DF81290105", "9F"]), max_size=5
)


@given(st.one_of(st.binary(max_size=40), OBJECTS.map(lambda some: bytes.fromhex("".join(some)))), TAGS)
def test_one_tag_is_found_as_reading_all_finds_it(data: bytes, tag: str) -> None:
    def found(look: Callable[[], bytes | None]) -> object:
        try:
            return look()
        except Unreadable as error:
            return error.key, error.at, error.expected

    expected = found(lambda: next((each.value for each in list(tlv.objects(data)) if each.tag == tag), None))
    assert found(lambda: tlv.find(data, tag)) == expected
    wanted = bytes.fromhex(tag) if tlv.is_tag(tag) else b""
    assert tlv.find_simple(data, wanted) == tlv.find_in_python(data, wanted)


@given(st.lists(st.tuples(st.sampled_from(["82", "9F26", "5F2A", "DF8129"]), st.binary(max_size=300)), max_size=6))
def test_what_is_made_is_read(pairs: list[tuple[str, bytes]]) -> None:
    objects = tlv.objects(written(tlv.made(tag, value) for tag, value in pairs))
    assert [(each.tag, each.value) for each in objects] == pairs


@pytest.mark.parametrize(
    ("size", "header"), [(0, "00"), (127, "7F"), (128, "8180"), (256, "820100"), (65536, "83010000")]
)
def test_a_new_length_is_the_shortest(size: int, header: str) -> None:
    assert tlv.made("82", b"\0" * size).header.hex().upper() == "82" + header


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("82", True),
        ("9f26", True),
        ("DF8129", True),
        ("9F", False),
        ("8282", False),
        ("", False),
        ("00", False),
        ("FF", False),
        ("XY", False),
        ("9F 26", False),
        ("9F2", False),
    ],
)
def test_a_tag_is_one_whole_tag(*, text: str, good: bool) -> None:
    assert tlv.is_tag(text) is good


@pytest.mark.parametrize(("tag", "holds"), [("70", True), ("E1", True), ("BF0C", True), ("9F26", False), ("82", False)])
def test_bit_6_of_a_tag_says_that_objects_are_inside(*, tag: str, holds: bool) -> None:
    assert tlv.is_constructed(tag) is holds
