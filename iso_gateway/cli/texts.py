r"""Messages of dialects that are text, as they stand: on a line of their own, behind a header, in a line of a log.

    0200B2200000...TERM0001MERCHANT             the message itself
    ISO0260000500200B220...                     with what stood before it on the wire
    2026-11-23 10:00:01 INFO sent: 0200B220...  with what a log writes before it, maybe in quotes

Such a text begins as hex does, with a message type and a bitmap in digits, and goes on as no hex can.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from iso_gateway.cli.framed import reads
from iso_gateway.cli.intake import NotHex
from iso_gateway.errors import DecodeError

if TYPE_CHECKING:
    from iso_gateway.codec.spec import Spec

LONGEST_LINE: Final = 16 * 1024
"""Characters of a line that a message is looked for in."""
_BEHIND: Final = (b" ", b"\t", b'"', b"'", b")", b"]", b"}", b">", b",", b";")
"""What a log writes behind a message."""
_SURE: Final = 4
"""Letters that no hex has: fewer are a slip of the pen."""
_START: Final = r"[0-2][1-8][0-9]{2}[0-9A-Fa-f]{16}"
"""A message type and a bitmap in hexadecimal digits."""
_ALONE: Final = re.compile(rf"(?:ISO\d{{9}}|\d{{4}})?{_START}")
_AMONG: Final = re.compile(rf"(?:^|[\s:=>,|#(\[{{\"'<-])(?P<text>(?:ISO\d{{9}}|\d{{4}})?{_START}.*)$", re.MULTILINE)
"""A message that goes on to the end of its line."""
_CLOSING: Final = {'"': '"', "'": "'", "(": ")", "[": "]", "{": "}", "<": ">"}
_LETTER: Final = re.compile(r"[G-Zg-wyz]")
_DIALECTS: Final = "iso87-ascii", "iso93-ascii"
"""Specs whose messages are text, to tell of."""


def texts(text: str) -> list[str]:
    """Return what begins in *text* as the message of a dialect that is text, and goes on as no hex can."""
    return [each for each in _begun(text) if _LETTER.search(each)]


def _begun(text: str) -> list[str]:
    if not text.isascii() or any(len(line) > LONGEST_LINE for line in text.splitlines()):
        return []
    bare = text.strip("\r\n")
    if "\n" not in bare and _ALONE.match(bare):
        return [bare]
    return [_closed(text, each.start("text"), each["text"].rstrip("\r")) for each in _AMONG.finditer(text)]


def read_texts(text: str, spec: Spec) -> list[bytes]:
    """Return the messages of *spec* in *text* as they stand there, without what a log wrote behind them."""
    if not _is_text(spec):
        return []
    return [read for each in _begun(text) if (read := _read(each, spec)) is not None]


def text_given(text: str, spec: Spec) -> bytes | None:
    """Return the message of *spec* that *text*, which is no hex, shows as it stands, broken maybe; None: none.

    Raises:
        NotHex: there are several, or there is one, but those of *spec* are no text.
    """
    begun = texts(text)
    if not begun:
        return None
    dialect = spec.name if _is_text(spec) else _read_by(text)
    if not dialect and not any(len(_LETTER.findall(each)) >= _SURE for each in begun):
        return None
    if len(begun) > 1:
        raise NotHex(f"{len(begun)} messages that are text themselves: give the one meant")
    if not _is_text(spec):
        what = f"text as it stands, and {spec.name} is not written in characters"
        raise NotHex(f"{what}: try --spec {dialect or _DIALECTS[0]}, or 'iso-gateway doctor'")
    return begun[0].encode()


def _is_text(spec: Spec) -> bool:
    return spec.plan.mti_codec == "ascii" and spec.plan.bitmap_form == "hex"


def _read_by(text: str) -> str:
    """Return which dialect reads *text*; the empty text where none does."""
    from iso_gateway.catalog import load_spec

    return next((name for name in _DIALECTS if read_texts(text, load_spec(name))), "")


def _closed(text: str, start: int, found: str) -> str:
    """Return *found*, which begins at *start*, up to where the quotation mark or bracket before it is closed."""
    closing = _CLOSING.get(text[start - 1 : start], "")
    return found.partition(closing)[0] if closing else found


def _read(text: str, spec: Spec) -> bytes | None:
    """Return the message of *spec* that *text* begins with, where nothing follows it but what a log writes there."""
    data = text.encode()
    try:
        spec.decode(data)
    except DecodeError as error:
        end = error.offset
        behind = 0 < end < len(data) and data[end : end + 1] in _BEHIND
        return data[:end] if behind and reads(spec, data[:end]) else None
    return data
