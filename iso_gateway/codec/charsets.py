"""The character sets that text can be in: names of Python's codecs.

Not every codec of Python is here: some warn, some never fail, some take their time. One that Python lacks is
made here: cp1047, the EBCDIC of z/OS, which is cp037 but for six characters (IBM code page 1047, as glibc's
``iconv`` has it). It is registered with Python's `codecs`, so that ``"[".encode("cp1047")`` works everywhere; a
Python or a package that has a cp1047 of its own is asked first.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

EBCDIC: Final = ("cp037", "cp500", "cp1047", "cp1140")
"""IBM's: letters and digits are alike in all of them, brackets, ``!``, ``|`` and ``^`` are not."""
ONE_BYTE: Final = ("ascii", "latin-1", *EBCDIC)
"""A byte to the character, and but for ASCII a character to every byte."""
SEVERAL_BYTES: Final = ("gbk", "gb18030", "big5", "shift_jis", "euc_kr", "utf-8")
TEXTS: Final = (*ONE_BYTE, *SEVERAL_BYTES)

_CP1047: Final = (
    bytes(range(256)).decode("cp037").translate(str.maketrans("^\u00ac[]\u00dd\u00a8", "\u00ac^\u00dd\u00a8[]"))
)
_CP1047_BYTES: Final = {ord(each): at for at, each in enumerate(_CP1047)}


def _decode(raw: ReadableBuffer, errors: str = "strict") -> tuple[str, int]:
    return codecs.charmap_decode(raw, errors, _CP1047)


def _encode(text: str, errors: str = "strict") -> tuple[bytes, int]:
    return codecs.charmap_encode(text, errors, _CP1047_BYTES)


def _found(name: str) -> codecs.CodecInfo | None:
    return codecs.CodecInfo(name="cp1047", encode=_encode, decode=_decode) if name == "cp1047" else None


codecs.register(_found)
