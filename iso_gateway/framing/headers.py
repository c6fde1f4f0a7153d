"""The network headers that may stand between the length and the message.

The code here runs for every frame, so it knows the layouts as positions; `iso_gateway.framing.network` declares
the same layouts in full, and a test holds both together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from iso_gateway.framing.lengths import BCD_VALUE

if TYPE_CHECKING:
    from collections.abc import Callable

TPDU_ID: Final = 0x60
"""The first byte of a TPDU that carries a transaction (ISO 8583 over X.25 and dial-up NACs)."""

CUP_HEADER_SIZE: Final = 6
"""Bytes of the UnionPay POS header: twelve BCD digits."""


class Header(NamedTuple):
    """One kind of network header."""

    size: int
    """How many bytes it takes."""
    default: bytes
    """What is sent where nobody says otherwise."""
    wrong: Callable[[bytes, int], int]
    """The position of the first byte that cannot stand in the header at a position, or -1."""
    expected: str
    """What the byte named by *wrong* should have been."""
    answered: Callable[[bytes], bytes]
    """The header of the answer to a request with this header."""


def wrong_in_tpdu(data: bytes, at: int) -> int:
    """Return *at* where no TPDU starts there, else -1."""
    return -1 if data[at] == TPDU_ID else at


def answered_tpdu(header: bytes) -> bytes:
    """Return *header* on its way back: the destination (bytes 1 and 2) and the source (3 and 4) change places."""
    return header[:1] + header[3:5] + header[1:3]


def wrong_in_cup(data: bytes, at: int) -> int:
    """Return the position of the first byte from *at* that is not two BCD digits, or -1."""
    for place in range(at, at + CUP_HEADER_SIZE):
        if BCD_VALUE[data[place]] < 0:
            return place
    return -1


def answered_cup(header: bytes) -> bytes:
    """Return *header* as it is: the terminal's state and versions are echoed to it."""
    return header


HEADERS: Final[dict[str, Header]] = {
    "tpdu": Header(5, bytes.fromhex("6000000000"), wrong_in_tpdu, "a TPDU starts with the id 60", answered_tpdu),
    # Application class 60 (payment by card), software version 31: what UnionPay's POS documents print as sample.
    "cup": Header(
        CUP_HEADER_SIZE,
        bytes.fromhex("603100000000"),
        wrong_in_cup,
        "a UnionPay header is twelve BCD digits",
        answered_cup,
    ),
}
"""The words for a header in the framing grammar."""
