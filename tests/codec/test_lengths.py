"""Length prefixes: strict digits, bounds, and that tables and worked-out ones agree."""

from __future__ import annotations

import pytest

from iso_gateway.codec import lengths


@pytest.mark.parametrize(
    ("length", "prefix", "size", "limit"),
    [
        ("fixed", "", 0, 0),
        ("LVAR", "ascii", 1, 9),
        ("LLVAR", "ascii", 2, 99),
        ("LLLVAR", "cp500", 3, 999),
        ("LVAR", "bcd", 1, 9),
        ("LLVAR", "bcd", 1, 99),
        ("LLLVAR", "bcd", 2, 999),
        ("LLLLLVAR", "bcd", 3, 99999),
        ("LLVAR", "binary", 1, 255),
        ("LLLVAR", "binary", 2, 65535),
        ("LLLLLLVAR", "binary", 3, 16777215),
        ("LLVAR", "hex", 2, 255),
        ("LLLVAR", "cp1047", 3, 999),
    ],
)
def test_what_a_prefix_takes_and_can_say(length: str, prefix: str, size: int, limit: int) -> None:
    assert lengths.size(length, prefix) == size
    if length != "fixed":
        assert lengths.limit(length, prefix, size) == limit


@pytest.mark.parametrize("said", ["+5", " 5", "5 ", "1_", "-1", "1", "", "0x", "²3", "20", "a0"])
def test_only_plain_digits_up_to_the_maximum_are_in_a_table(said: str) -> None:
    reading, _ = lengths.tables("ascii", 2, 0, 19, 1, 0)
    assert reading.get(said) is None


@pytest.mark.parametrize("prefix", lengths.PREFIXES)
@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("extra", [0, 3])
def test_a_worked_out_table_says_what_a_written_one_says(prefix: str, step: int, extra: int) -> None:
    width = lengths.size("LLLVAR", prefix)
    reading, heads = lengths.tables(prefix, width, 4, 300, step, extra)
    worked = lengths.Lengths(prefix, width, 4, 300, step, extra)
    back = lengths.Heads(prefix, width, 4, 300, step, extra)
    for length in range(310):
        head = heads.get(length)
        assert back.get(length) == head
        if head is not None:
            key: str | bytes = head
            if lengths.source(prefix) != lengths.RAW:
                key = head.decode() if prefix == "ascii" else head.hex()
            assert worked.get(key) == reading.get(key) == length
            assert lengths.count(head, prefix) == length // step + extra


def test_a_long_field_has_no_table() -> None:
    reading, heads = lengths.tables("ascii", 6, 0, 999_999, 1, 0)
    assert heads.get(123456) == b"123456"
    assert reading.get("123456") == 123456
    assert reading.get("12345") is None
    assert reading.get("+23456") is None
    assert heads.get(1_000_000) is None


def test_a_long_binary_or_packed_prefix_is_worked_out_too() -> None:
    for prefix, head in (("binary", b"\x01\x00\x00"), ("bcd", b"\x06\x55\x36")):
        reading, heads = lengths.tables(prefix, 3, 0, 70_000, 1, 0)
        assert heads.get(65536) == head
        assert reading.get(head if prefix == "binary" else head.hex()) == 65536
    assert lengths.count(b"\x0a", "bcd") is None
    assert lengths.count(b"\xf1\xf2", "cp500") == 12


def test_hexadecimal_prefixes_are_upper_case() -> None:
    reading, _ = lengths.tables("hex", 2, 0, 255, 1, 0)
    assert reading.get(b"FF") == 255
    assert reading.get(b"ff") is None
    assert lengths.count(b"ff", "hex") is None
    assert lengths.count(b"0x", "hex") is None
