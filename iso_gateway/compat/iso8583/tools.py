"""A dict of pyiso8583, printed a field a line."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from iso_gateway.compat.iso8583.rows import SpecDict

__all__ = ["pp"]


class Stream(Protocol):
    """What can be written to."""

    def write(self, text: str, /) -> object:
        """Take *text*."""


def pp(
    doc: Mapping[str, str] | Mapping[str, Mapping[str, bytes]],
    spec: SpecDict,
    desc_width: int = 30,
    stream: Stream | None = None,
    line_width: int = 80,
) -> None:
    """Print *doc*, either of the dicts that `decode` returns, a field a line.

    All of it is printed in clear, card numbers too, since that is what programs that use this expect.
    `iso_gateway.Message` is printed masked.

    Args:
        doc: what to print.
        spec: its specification, for the descriptions.
        desc_width: the characters of a description; 0: none.
        stream: where to write to; standard output where it is None.
        line_width: the characters of a line; longer values are broken.

    Examples:
        >>> from iso_gateway.compat import iso8583
        >>> from iso_gateway.compat.iso8583.specs import default_ascii as spec
        >>> decoded, encoded = iso8583.decode(b"0810002000000200000000000100", spec)
        >>> iso8583.pp(decoded, spec)
        t   Message Type                  : '0810'
        p   Bitmap, Primary               : '0020000002000000'
        11  System Trace Audit Number     : '000001'
        39  Response Code                 : '00'
    """
    out: Stream = sys.stdout if stream is None else stream
    for key in _keys(doc, spec):
        title = f"{key:3}"
        if int(desc_width) > 0:
            title += f" {_description(spec, key)[: int(desc_width)]:<{int(desc_width)}}"
        value: Any = doc[key]
        # A row begins with its key, three wide, then a colon and a space.
        indent = len("   : ") + (int(desc_width) + 1 if int(desc_width) > 0 else 0)
        head = ""
        if isinstance(value, dict):
            if len(value.get("len", b"")) > 0:
                head = f"{value.get('len')!r} "
            value = value.get("data", b"")
        lines = _lines(value, int(line_width) - indent - len(head))
        out.write(f"{title}: {head}" + ("\n" + " " * (indent + len(head))).join(lines) + "\n")


def _keys(doc: Mapping[str, Any], spec: SpecDict) -> list[str]:
    """Return the keys of *doc* that are printed, in the order of the message."""
    header = ["h"] if "h" in doc and spec.get("h", {}).get("max_len", 0) > 0 else []
    front = [key for key in ("t", "p") if key in doc]
    return header + front + sorted((key for key in doc if str(key).isdecimal()), key=int)


def _description(spec: SpecDict, key: str) -> str:
    return str(spec.get(key, {}).get("desc", ""))


def _lines(value: Any, width: int) -> Iterator[str]:
    """Yield the representation of *value* in pieces of at most *width* characters, where text or bytes allow."""
    whole = repr(value)
    if len(whole) <= width or not isinstance(value, str | bytes) or len(value) <= 1:
        yield whole
    elif isinstance(value, str):
        # The quotes take two. An escape may make a piece longer, as it does in pyiso8583.
        size = width - 2 if width > 3 else 1
        for at in range(0, len(value), size):
            yield repr(value[at : at + size])
    else:
        start = 0
        for end in range(1, len(value) + 1):
            if end - start > 1 and len(repr(value[start:end])) > width:
                yield repr(value[start : end - 1])
                start = end - 1
        yield repr(value[start:])
