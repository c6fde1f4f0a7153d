"""The message type identifier: four digits that say version, class, function and origin.

ISO 8583:1987 has the first two functions of each kind; notifications with an acknowledgement and instructions
came with the 2003 edition. Reserved digits are refused: what they mean, nobody has said yet.
"""

from __future__ import annotations

from enum import IntEnum
from itertools import product
from typing import Final, Self


class Version(IntEnum):
    """The edition of the standard: the first digit."""

    ISO_1987 = 0
    """``0xxx``"""
    ISO_1993 = 1
    """``1xxx``"""
    ISO_2003 = 2
    """``2xxx``"""
    NATIONAL = 8
    """``8xxx``"""
    PRIVATE = 9
    """``9xxx``"""


class MessageClass(IntEnum):
    """What the message is about: the second digit."""

    AUTHORIZATION = 1
    """``x1xx``"""
    FINANCIAL = 2
    """``x2xx``"""
    FILE_ACTION = 3
    """``x3xx``"""
    REVERSAL = 4
    """``x4xx``"""
    RECONCILIATION = 5
    """``x5xx``"""
    ADMINISTRATIVE = 6
    """``x6xx``"""
    FEE_COLLECTION = 7
    """``x7xx``"""
    NETWORK_MANAGEMENT = 8
    """``x8xx``"""


class Function(IntEnum):
    """What the message does in its exchange: the third digit. Even ones open it, odd ones answer."""

    REQUEST = 0
    """``xx0x``: may it be done?"""
    REQUEST_RESPONSE = 1
    """``xx1x``"""
    ADVICE = 2
    """``xx2x``: it was done"""
    ADVICE_RESPONSE = 3
    """``xx3x``"""
    NOTIFICATION = 4
    """``xx4x``"""
    NOTIFICATION_ACKNOWLEDGEMENT = 5
    """``xx5x``"""
    INSTRUCTION = 6
    """``xx6x``"""
    INSTRUCTION_ACKNOWLEDGEMENT = 7
    """``xx7x``"""


class Origin(IntEnum):
    """Who sent it first: the fourth digit. Odd ones are repeats."""

    ACQUIRER = 0
    """``xxx0``"""
    ACQUIRER_REPEAT = 1
    """``xxx1``"""
    ISSUER = 2
    """``xxx2``"""
    ISSUER_REPEAT = 3
    """``xxx3``"""
    OTHER = 4
    """``xxx4``"""
    OTHER_REPEAT = 5
    """``xxx5``"""


def _known(versions: str) -> frozenset[str]:
    digits = ("".join(str(int(each)) for each in kind) for kind in (MessageClass, Function, Origin))
    return frozenset(map("".join, product(versions, *digits)))


KNOWN: Final[dict[str, frozenset[str]]] = {
    "1987": _known("0"),
    "1993": _known("1"),
    "2003": _known("2"),
    "any": _known("01289"),
}
"""Every message type of each edition; ``any`` takes them all, national and private ones too."""


def is_request(mti: str) -> bool:
    """Return whether *mti* opens an exchange: a request, advice, notification or instruction."""
    return mti[2] in "0246"


def is_repeat(mti: str) -> bool:
    """Return whether *mti* says that the message was sent before."""
    return mti[3] in "135"


def original(mti: str) -> str:
    """Return *mti* without its repeat mark: 0201 is 0200, 1805 is 1804."""
    return mti[:3] + str(int(mti[3]) & ~1)


def repeat(mti: str) -> str:
    """Return *mti* with a repeat mark: 0200 is 0201."""
    return mti[:3] + str(int(mti[3]) | 1)


class MTI(str):
    """One message type, a ``str`` of four digits that knows what they mean.

    Raises:
        ValueError: not four digits, or one of them is reserved.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Return the message type that *text* writes."""
        if text not in KNOWN["any"]:
            raise ValueError("no message type: four digits, none of them reserved")
        return super().__new__(cls, text)

    @property
    def version(self) -> Version:
        """The edition of the standard."""
        return Version(int(self[0]))

    @property
    def message_class(self) -> MessageClass:
        """What the message is about."""
        return MessageClass(int(self[1]))

    @property
    def function(self) -> Function:
        """What the message does in its exchange."""
        return Function(int(self[2]))

    @property
    def origin(self) -> Origin:
        """Who sent it first."""
        return Origin(int(self[3]))

    @property
    def is_request(self) -> bool:
        """Whether it opens an exchange: a request, advice, notification or instruction."""
        return is_request(self)

    @property
    def is_repeat(self) -> bool:
        """Whether the sender says that it sent it before."""
        return is_repeat(self)

    def response(self) -> MTI:
        """Return the type of the answer: function plus one, the repeat mark cleared; ``0201`` -> ``0210``.

        Raises:
            ValueError: this is an answer already.
        """
        if not self.is_request:
            raise ValueError(f"{self} is an answer, and has none")
        return MTI(f"{self[:2]}{int(self[2]) + 1}{int(self[3]) & ~1}")

    def repeat(self) -> MTI:
        """Return the type of the same message sent again; ``0200`` -> ``0201``."""
        return MTI(repeat(self))

    def original(self) -> MTI:
        """Return the type of the same message as it was sent first; ``0421`` -> ``0420``."""
        return MTI(original(self))
