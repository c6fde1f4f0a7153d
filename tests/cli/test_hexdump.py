"""Hex in any dress: the same bytes from all of them, and a place for what is wrong."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.cli.dresses import read_hex

Dress = Callable[[bytes], str]


def picture(data: bytes) -> str:
    """Return *data* as the text column of a dump."""
    return "".join(chr(each) if 32 <= each < 127 else "." for each in data)


def lines(data: bytes, line: Callable[[int, bytes], str], start: int = 0) -> str:
    """Return *data* as lines of 16 bytes."""
    return "\n".join(line(start + at, data[at : at + 16]) for at in range(0, len(data), 16))


def pairs(data: bytes) -> str:
    """Return *data* as groups of four digits."""
    return " ".join(data[at : at + 2].hex() for at in range(0, len(data), 2))


def hexdump_c(data: bytes) -> str:
    body = lines(data, lambda at, row: f"{at:08x}  {row[:8].hex(' '):<23}  {row[8:].hex(' '):<23}  |{picture(row)}|")
    return f"{body}\n{len(data):08x}\n"


def wireshark(data: bytes) -> str:
    return lines(data, lambda at, row: f"{at:04x}   {row[:8].hex(' '):<23}  {row[8:].hex(' '):<23}   {picture(row)}")


def words(data: bytes, offset: str) -> str:
    """Return *data* as hexdump and od -x print it on most machines: words with the low byte first."""

    def row(at: int, part: bytes) -> str:
        pairs = (part[two : two + 2].ljust(2, b"\0") for two in range(0, len(part), 2))
        return " ".join([offset.format(at), *(pair[::-1].hex() for pair in pairs)])

    return "\n".join([lines(data, row), offset.format(len(data))]) + "\n"


def xxd_i(data: bytes) -> str:
    listed = ", ".join(f"0x{each:02x}" for each in data)
    return f"unsigned char raw_bin[] = {{\n  {listed}\n}};\nunsigned int raw_bin_len = {len(data)};\n"


DRESSES: dict[str, Dress] = {
    "digits": lambda data: data.hex(),
    "capitals with spaces": lambda data: data.hex(" ").upper(),
    "colons": lambda data: data.hex(":"),
    "line ends": lambda data: data.hex("\n"),
    "words in lines": lambda data: lines(data, lambda _, row: pairs(row)),
    "0x": lambda data: ", ".join(f"0x{each:02x}" for each in data),
    "0x without leading zeros": lambda data: "{" + ", ".join(map(hex, data)) + "}",
    "escapes": lambda data: '"' + "".join(f"\\x{each:02x}" for each in data) + '"',
    "python": repr,
    "hexdump -C": hexdump_c,
    "xxd": lambda data: lines(data, lambda at, row: f"{at:08x}: {pairs(row):<39}  {picture(row)}"),
    "tcpdump -X": lambda data: lines(data, lambda at, row: f"\t0x{at:04x}:  {pairs(row):<39}  {picture(row)}"),
    "od -t x1": lambda data: lines(data, lambda at, row: f"{at:07o} {row.hex(' ')}") + f"\n{len(data):07o}\n",
    "od -A x -t x1z": lambda data: lines(data, lambda at, row: f"{at:06x} {row.hex(' '):<47}  >{picture(row)}<"),
    "hexdump": lambda data: words(data, "{:07x}"),
    "od -x": lambda data: words(data, "{:07o}"),
    "xxd -i": xxd_i,
    "wireshark": wireshark,
    "wireshark without text": lambda data: lines(data, lambda at, row: f"{at:04x}   {row.hex(' ')}"),
}


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize(
    "data",
    [
        b"0200",
        b"02007238000102C00004164761739001010010",  # its own text column is hexadecimal digits
        bytes.fromhex("0200703C04800CC09800"),
        bytes(range(256)),
        b"0" * 33,
        b"30" * 8,
    ],
    ids=["short", "ascii", "binary", "all", "zeros", "thirties"],
)
def test_every_dress_shows_the_same_bytes(dress: str, data: bytes) -> None:
    assert read_hex(DRESSES[dress](data)) == data


@given(data=st.binary(min_size=1, max_size=100), dress=st.sampled_from(sorted(DRESSES)))
def test_any_bytes_are_read_back(data: bytes, dress: str) -> None:
    # Bytes that begin with zeros are a dump's offset to who cannot see the whole; no message begins so.
    assert read_hex(DRESSES[dress](b"\x02" + data)) == b"\x02" + data


@given(st.binary(min_size=12, max_size=100))
def test_base64_is_read(data: bytes) -> None:
    text = base64.b64encode(data + b"\xff").decode()
    assert read_hex(text) == data + b"\xff"


def test_hex_with_a_slip_is_no_base64() -> None:
    with pytest.raises(ValueError, match="20 hexadecimal digits, then 'zz' at line 1, column 21"):
        read_hex("30323030C2303030A130zz30")


def test_the_alphabet_of_urls_is_read_too() -> None:
    data = bytes([0xFB, 0xFF]) * 8
    assert read_hex(base64.urlsafe_b64encode(data).decode().rstrip("=")) == data


def test_a_part_of_a_dump_may_begin_anywhere() -> None:
    data = bytes(range(40))
    assert read_hex(lines(data, lambda at, row: f"{at:04x}   {row.hex(' ')}", 0x36)) == data


@pytest.mark.parametrize("offset", ["{:08x}", "{:07o}"], ids=["hexdump", "od"])
def test_a_star_stands_for_equal_lines(offset: str) -> None:
    row = " 30" * 16
    text = f"{offset.format(0)} {row}\n*\n{offset.format(64)}  31 32\n{offset.format(66)}\n"
    assert read_hex(text) == b"0" * 64 + b"12"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("0200 7", "an odd number of hexadecimal digits, 5"),
        ("02 00\n72 3G", "line 2, column 5: no hexadecimal digit"),
        ("b'\\x0'", "no bytes literal"),
        ("0000  30 31\n0010  32 33", "line 2: offset 0010, 0002 expected; is a line missing?"),
        ("0000  30 31\n*\n", "line 2: '\\*' stands for lines"),
        ("0" * (4 * 1024 * 1024 + 1), "more than"),
    ],
)
def test_what_is_wrong_has_a_place(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_hex(text)


@given(st.text(max_size=80))
def test_any_text_gives_bytes_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(read_hex(text), bytes)
