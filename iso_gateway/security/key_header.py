"""The header of a key block (TR-31:2018, 4.2 and 4.3): what a key is for, in 16 characters and optional blocks.

    D 0112 P0 A E 00 E 00 00
    |  |   |  | | |  | |  +-- reserved
    |  |   |  | | |  | +----- how many optional blocks
    |  |   |  | | |  +------- exportability
    |  |   |  | | +---------- version number of the key, or blank-like: 00 none
    |  |   |  | +------------ mode of use
    |  |   |  +-------------- algorithm
    |  |   +----------------- usage
    |  +--------------------- characters of the whole block
    +------------------------ version of the block

An optional block is an identifier of two characters, its own length in two hexadecimal digits (or 00, then of how
many bytes the length is, two digits for each, and the length), and text; PB fills the header up to whole blocks.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from iso_gateway.errors import KeyBlockError

SIZE: Final = 16
"""Characters of a header without optional blocks."""
PADDING: Final = "PB"
MOST: Final = 32
"""Optional blocks."""


class Header(NamedTuple):
    """What a key block says of its key."""

    usage: str
    """Two characters: `Usage`."""
    algorithm: str
    """One: `KeyAlgorithm`."""
    mode: str
    """One: `Mode`."""
    exportability: str
    """One: `Exportability`."""
    key_version: str = "00"
    """Two; 00: the key has none. ``c`` in front: a component."""
    optional: tuple[tuple[str, str], ...] = ()
    """Optional blocks, identifier and text, without the one that only fills up."""
    version: str = ""
    """Of a block that was read: its letter."""
    size: int = SIZE
    """Of a block that was read: characters of the header, optional blocks and all."""

    def written(self, version: str, behind: int, block: int) -> bytes:
        """Return the header of a key block of *version* behind which *behind* characters stand.

        *block* is the block of the cipher in bytes, of which the header has whole ones.

        Raises:
            ValueError: a part of it has another length, or is not printable ASCII.
        """
        blocks = [_optional(name, text) for name, text in self.optional]
        if blocks and (short := -sum(map(len, blocks)) % block):
            # The filling block has four characters at least.
            blocks.append(_optional(PADDING, "0" * ((short - 4) % block)))
        size = SIZE + sum(map(len, blocks))
        said = (
            f"{version}{size + behind:04}{self.usage}{self.algorithm}{self.mode}{self.key_version}"
            f"{self.exportability}{len(blocks):02}00{''.join(blocks)}"
        )
        if len(said) != size or len(self.usage + self.key_version) != 4 or not _printable(said) or size + behind > 9999:
            raise ValueError("no header of a key block")
        return said.encode("ascii")


def header_of(block: bytes) -> Header:
    """Return the header of the key block *block*, of which nothing is proved yet.

    Raises:
        KeyBlockError: it has none.
    """
    try:
        text = block.decode("ascii")
    except UnicodeDecodeError:
        raise KeyBlockError from None
    if not _printable(text) or not _digits(text[1:5]) or int(text[1:5]) != len(text) or not _digits(text[12:14]):
        raise KeyBlockError
    count = int(text[12:14])
    if count > MOST:
        raise KeyBlockError
    optional: list[tuple[str, str]] = []
    at = SIZE
    for _ in range(count):
        name, said, at = _read_optional(text, at)
        if name != PADDING:
            optional.append((name, said))
    return Header(text[5:7], text[7], text[8], text[11], text[9:11], tuple(optional), text[0], at)


def _optional(name: str, text: str) -> str:
    length = 4 + len(text)
    if length <= 0xFF:
        return f"{name}{length:02X}{text}"
    return f"{name}0002{len(text) + 10:04X}{text}"


def _read_optional(text: str, at: int) -> tuple[str, str, int]:
    """Return identifier and text of the optional block at *at*, and where the next one is.

    Raises:
        KeyBlockError: there is none.
    """
    name, length = text[at : at + 2], _hexadecimal(text[at + 2 : at + 4])
    start = at + 4
    if length == 0:
        digits = 2 * _hexadecimal(text[start : start + 2])
        if not 2 <= digits <= 4:
            raise KeyBlockError
        length = _hexadecimal(text[start + 2 : start + 2 + digits])
        start += 2 + digits
    end = at + length
    if end < start or end > len(text) or len(name) != 2:
        raise KeyBlockError
    return name, text[start:end], end


def _hexadecimal(text: str) -> int:
    if not text or not set(text) <= set("0123456789ABCDEFabcdef"):
        raise KeyBlockError
    return int(text, 16)


def _digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _printable(text: str) -> bool:
    return all(" " <= character <= "~" for character in text)
