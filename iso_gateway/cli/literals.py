r"""Bytes as programs write and print them: what a language means by a list of numbers or a text with escapes.

    b'02\x00'   "02\x00"   \x30\x32                 Python, C, Go; Wireshark's "Escaped String"
    {0x30, 0x32}   [48, 50, -128]                   arrays without a word of what they are
    new byte[] {(byte) 0xF0, 0x32}                  Java, C#
    []byte{0x30, 0x32}   bytes([48, 50])            Go, Python
    static const unsigned char pkt[2] = {0x30, ...  C, xxd -i, Wireshark's "C Array"
    <Buffer 30 32>                                  Node.js
    %30%32   0200%82                                URLs
    X'3032'                                         SQL

Each reader returns None for what is not its dress. In code a number without 0x is decimal. Where there is no code
around it, and each number has two digits, nobody knows, and it is not guessed.
"""

from __future__ import annotations

import ast
import re
from typing import Final
from urllib.parse import unquote_to_bytes

from iso_gateway.cli.intake import NotHex

_LONGEST_HEAD: Final = 200
"""Characters before the brace of an array."""
_TAIL: Final = re.compile(r"[\s;,)]{0,20}(?:unsigned int \w{1,99} = \d+;\s*)?")
"""What may follow an array: xxd -i tells its length."""
_CAST: Final = re.compile(r"\(\s*(?:byte|char|unsigned char|uint8_t|u?int8)\s*\)\s*", re.IGNORECASE)
_COMMENT: Final = re.compile(r"/\*.*\*/|//.*$", re.MULTILINE)
_NUMBER: Final = re.compile(r"0[xX][0-9A-Fa-f]{1,2}[uU]?|-?[0-9]{1,3}[uU]?|[0-9A-Fa-f]{2}")
_LITERAL: Final = re.compile(r"(?:bytearray\()?(b'(?:[^'\\]|\\.)*'|b\"(?:[^\"\\]|\\.)*\")\)?", re.DOTALL)
_BUFFER: Final = re.compile(r"<Buffer ([0-9A-Fa-f ]*)(?P<more>\.\.\. \d+ more bytes?)?>")
_SQL: Final = re.compile(r"[xXhH](['\"])((?:[0-9A-Fa-f]{2})*)\1")
_URL: Final = re.compile(r"(?:[!-$&-~]|%[0-9A-Fa-f]{2})*")
_ONLY_ESCAPES: Final = re.compile(r"(?:\\x[0-9A-Fa-f]{2}|[\s\"',;]|\\$)*", re.MULTILINE)
_ESCAPE: Final = re.compile(r"\\x[0-9A-Fa-f]{2}(?![0-9A-Fa-f]{4})")
"""Not the one with which PostgreSQL begins a row of digits."""


def sql(text: str) -> bytes | None:
    """Return what a binary literal of SQL says."""
    found = _SQL.fullmatch(text)
    return bytes.fromhex(found[2]) if found else None


def buffer(text: str) -> bytes | None:
    """Return what Node.js prints of a buffer.

    Raises:
        NotHex: it was too long to be printed whole.
    """
    found = _BUFFER.fullmatch(text)
    if found is None:
        return None
    read = bytes.fromhex(found[1])
    if found["more"]:
        raise NotHex("the buffer was printed in part only: print buffer.toString('hex')", read)
    return read


def url(text: str) -> bytes | None:
    """Return what percent signs mean in a URL."""
    return unquote_to_bytes(text) if "%" in text and _URL.fullmatch(text) else None


def python(text: str) -> bytes | None:
    """Return what a bytes literal of Python says.

    Raises:
        NotHex: an escape of it is none.
    """
    found = _LITERAL.fullmatch(text)
    return _evaluated(found[1]) if found else None


def escaped(text: str) -> bytes | None:
    r"""Return what a text means in which bytes are ``\x02``, all of them or some.

    Raises:
        NotHex: an escape is none.
    """
    if not _ESCAPE.search(text):
        return None
    if _ONLY_ESCAPES.fullmatch(text):
        return bytes.fromhex("".join(re.findall(r"\\x([0-9A-Fa-f]{2})", text)))
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    if "\n" in text or not text.isascii() or (" " in text and not quoted):
        return None
    bare = text[1:-1] if quoted else text
    return _evaluated("b'" + re.sub(r"(\\.)|'", lambda found: found[1] or r"\'", bare) + "'")


def _evaluated(literal: str) -> bytes:
    try:
        value = ast.literal_eval(literal)
    except (ValueError, SyntaxError):
        raise NotHex("no bytes literal of Python") from None
    assert isinstance(value, bytes)
    return value


def array(text: str) -> bytes | None:
    """Return what an array of a program says.

    Raises:
        NotHex: a number is no byte, or each may be meant either way.
    """
    opened = text.find("{") if "{" in text else text.find("[")
    closed = text.find("}" if "{" in text else "]", opened)
    if not 0 <= opened < closed or opened > _LONGEST_HEAD or not _TAIL.fullmatch(text, closed + 1):
        return None
    head, body = _COMMENT.sub("", text[:opened]), _CAST.sub("", _COMMENT.sub("", text[opened + 1 : closed]))
    words = body.replace(",", " ").split()
    if not words or not all(map(_NUMBER.fullmatch, words)):
        return None
    bare = [word for word in words if word[:2] not in {"0x", "0X"}]
    in_code = re.search("[A-Za-z]", head) is not None or len(bare) < len(words)
    if any(re.search("[A-Fa-f]", word) for word in bare):
        return bytes.fromhex("".join(bare)) if not in_code and all(len(word) == 2 for word in bare) else None
    if not in_code and all(len(word) == 2 and word.isdecimal() for word in bare):
        either = f"{len(words)} numbers that may be decimal or hexadecimal"
        raise NotHex(f"{either}: leave the brackets out where they are hexadecimal, or write bytes([...])")
    return bytes(map(_byte, words))


def _byte(word: str) -> int:
    """Return the byte that a number is; Java's are from -128 to 127.

    Raises:
        NotHex: it is none.
    """
    number = int(word.rstrip("uU"), 16 if word[:2] in {"0x", "0X"} else 10)
    if not -128 <= number <= 255:
        raise NotHex("a number of the array is no byte")
    return number & 0xFF
