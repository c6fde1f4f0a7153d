"""The cryptogram of a chip (DE 55, tag 9F26), and the issuer's answer to it (tag 91), for Visa's versions 10 and 18.

The version stands in the issuer's application data (9F10): length, key index, version, then the card's results. Version
10 uses the card's master key itself, and the response code in its answer (ARPC method 1); version 18 a session key of
the transaction counter, and a card status update (method 2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from iso_gateway.codec.tlv import made, objects
from iso_gateway.codec.unreadable import Unreadable
from iso_gateway.security.issuer.application_cryptograms import (
    arpc_method_1,
    arpc_method_2,
    icc_master_key,
    session_key,
    verify_arqc,
)

if TYPE_CHECKING:
    from iso_gateway.codec.message import Message

SIGNED: Final = ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36")
"""What a cryptogram is of, in this order; the card's results, or all of 9F10, follow."""
_CRYPTOGRAM, _APPLICATION_DATA, _COUNTER, _SEQUENCE = "9F26", "9F10", "9F36", "5F34"
_VERSION_10, _VERSION_18 = 10, 18
_RESULTS: Final = slice(3, 7)
_STATUS_UPDATE: Final = {True: bytes.fromhex("00820000"), False: bytes.fromhex("00800000")}
"""By whether the issuer approves: the card status update of version 18."""


class Cryptogram(msgspec.Struct, frozen=True):
    """A cryptogram that was right, and what its answer is made with."""

    key: bytes
    arqc: bytes
    version: int

    def __repr__(self) -> str:
        return f"<Cryptogram, version {self.version}>"

    def answer(self, code: str) -> bytes:
        """Return tag 91 for an answer with the response code *code*, two characters."""
        if self.version == _VERSION_10:
            said = code.encode("ascii").ljust(2, b"0")[:2]
            value = arpc_method_1(self.key, self.arqc, said) + said
        else:
            status = _STATUS_UPDATE[code == "00"]
            value = arpc_method_2(self.key, self.arqc, status) + status
        item = made("91", value)
        return item.header + item.value


def cryptogram_of(message: Message, pan: str, issuer: bytes) -> Cryptogram | str | None:
    """Return the cryptogram of *message*, checked with the issuer's master key.

    Returns:
        None where it has none; the reason, in words, where it has one and that is not right.
    """
    data = message.get(55)
    if not isinstance(data, bytes):
        return None
    try:
        tags = {each.tag: each.value for each in objects(data)}
    except Unreadable:
        return "DE 55 cannot be read"
    if _CRYPTOGRAM not in tags:
        return None
    about = tags.get(_APPLICATION_DATA, b"")
    if any(tag not in tags for tag in SIGNED) or len(about) < _RESULTS.stop:
        return "the cryptogram lacks some of what it is of"
    version = about[2]
    if version not in (_VERSION_10, _VERSION_18):
        return f"cryptograms of version {version} are not known"
    sequence = tags[_SEQUENCE].hex() if _SEQUENCE in tags else message.text(23)[-2:] or "00"
    if len(tags[_COUNTER]) != 2 or len(tags[_CRYPTOGRAM]) != 8 or not (sequence.isdecimal() and len(sequence) == 2):
        return "a counter, a cryptogram or a sequence number of another length"
    key = icc_master_key(issuer, pan, sequence)
    tail, padding = about[_RESULTS], 1
    if version == _VERSION_18:
        key, tail, padding = session_key(key, tags[_COUNTER]), about, 2
    arqc = tags[_CRYPTOGRAM]
    if not verify_arqc(key, b"".join(tags[tag] for tag in SIGNED) + tail, arqc, padding):
        return "the cryptogram is wrong"
    return Cryptogram(bytes(key), arqc, version)
