"""How a message names the earlier transaction that it is about.

Three ways are in use, one function pair each, chosen by the profile's ``original``:

    de90   ISO 8583:1987, n42: MTI 4, STAN 6, DE 7 10, acquirer 11, forwarder 11, institutions right-justified
    de56   ISO 8583:1993, n..35: MTI 4, STAN 6, local date and time 12, acquirer with its own two-digit length
    f61    UnionPay POS, n..29: batch 6, STAN 6, date MMDD 4; zeros mean "not said"

DE 37 (RRN) and DE 38 (authorization code) name it too, in every dialect.
"""

from __future__ import annotations

from typing import Final

import msgspec

from iso_gateway.codec.message import Message


class Original(msgspec.Struct, frozen=True):
    """What a message says of the earlier transaction it is about; empty text where it says nothing."""

    mti: str = ""
    stan: str = ""
    transmitted: str = ""
    """DE 7 of the original, MMDDhhmmss."""
    local: str = ""
    """DE 12 of a 1993 original, YYMMDDhhmmss."""
    batch: str = ""
    date: str = ""
    """MMDD, local."""
    rrn: str = ""
    approval: str = ""
    """DE 38 of the original's answer."""
    acquirer: str = ""
    forwarder: str = ""

    @property
    def issued_by_host(self) -> bool:
        """Whether it names the original by something that the host knows: an RRN, a code, or the original's DE 7."""
        return bool(self.rrn or self.approval or self.transmitted or self.local)


NOT_NAMED: Final = Original()
"""What a message says that is about no other one."""

ELEMENT: Final = {"de90": 90, "de56": 56, "f61": 61}
"""The DE of each way."""


def read_original(style: str, message: Message) -> Original:
    """Return what *message* says of its original; a malformed element says nothing."""
    value = message.get(ELEMENT[style])
    digits = value if isinstance(value, str) and value.isdecimal() else ""
    named = _READ[style](digits) if digits else NOT_NAMED
    rrn, approval = message.text(37), message.text(38)
    return msgspec.structs.replace(named, rrn=rrn, approval=approval) if rrn or approval else named


def write_original(style: str, original: Original) -> str:
    """Return *original* as the element of *style* carries it; empty where it would say nothing."""
    return _WRITE[style](original)


def _said(digits: str) -> str:
    """Return *digits*, or nothing where they are all zeros: the filler for "not said"."""
    return digits if digits.strip("0") else ""


def _read_de90(text: str) -> Original:
    return Original(
        mti=_said(text[:4]),
        stan=_said(text[4:10]),
        transmitted=_said(text[10:20]),
        date=_said(text[10:14]),
        acquirer=text[20:31].lstrip("0"),
        forwarder=text[31:42].lstrip("0"),
    )


def _write_de90(original: Original) -> str:
    if not original.stan:
        return ""
    parts = (original.mti, original.stan, original.transmitted, original.acquirer, original.forwarder)
    return "".join(part.zfill(width)[-width:] for part, width in zip(parts, (4, 6, 10, 11, 11), strict=True))


def _read_de56(text: str) -> Original:
    local = _said(text[10:22])
    return Original(mti=_said(text[:4]), stan=_said(text[4:10]), local=local, date=local[2:6], acquirer=text[24:])


def _write_de56(original: Original) -> str:
    if not original.stan:
        return ""
    fixed = original.mti.zfill(4) + original.stan.zfill(6) + original.local.zfill(12)
    return fixed + f"{len(original.acquirer):02}" + original.acquirer


def _read_f61(text: str) -> Original:
    return Original(batch=_said(text[:6]), stan=_said(text[6:12]), date=_said(text[12:16]))


def _write_f61(original: Original) -> str:
    said = original.batch.zfill(6) + original.stan.zfill(6) + original.date
    return said if _said(said) else ""


_READ: Final = {"de90": _read_de90, "de56": _read_de56, "f61": _read_f61}
_WRITE: Final = {"de90": _write_de90, "de56": _write_de56, "f61": _write_f61}
