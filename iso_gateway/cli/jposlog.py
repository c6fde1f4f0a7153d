"""The message that a jPOS log shows by its elements, ``<isomsg>``, as bytes of a spec."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from iso_gateway.cli.intake import NotHex

if TYPE_CHECKING:
    from iso_gateway.codec.spec import Spec
    from iso_gateway.compat.imports.xml_text import Element

_OPEN: Final = re.compile(r"<isomsg\b[^>]*?(/?)>|</isomsg\s*>")
_MASKED: Final = re.compile(r"___|\[WIPED\]|\*\*\*")
"""What jPOS writes where its log is protected."""
_WIPED: Final = "AA55AA55"
"""What it writes there for bytes."""
_CONTROL: Final = re.compile(r"\\u00([01][0-9a-f])")
"""How jPOS writes a control character."""


class Masked(NotHex):
    """Elements of a message are masked in the log; what the others come to stands before."""

    def __init__(self, paths: list[str], before: bytes) -> None:
        from iso_gateway.inspect.causes.suspicion import listed

        those = f"{'element' if len(paths) == 1 else 'elements'} {listed(paths)}"
        nobody = "it cannot be rebuilt" if len(paths) == 1 else "they cannot be rebuilt"
        super().__init__(
            f"{those} left out, as the jPOS log has them masked, and {nobody}: these are not the bytes that were sent",
            before,
        )
        self.paths = tuple(paths)


def read_isomsg(text: str, spec: Spec) -> bytes:
    """Return the one message in *text* as *spec* writes it; its header is left out.

    Raises:
        NotHex: there are several, it breaks off, or *spec* cannot carry it.
        Masked: elements of it are.
    """
    from iso_gateway.compat.imports.xml_text import read_xml
    from iso_gateway.errors import EncodeError, SpecError

    found = _messages(text)
    if len(found) != 1:
        raise NotHex(f"{len(found)} messages of a jPOS log: give one" if found else "the <isomsg> breaks off")
    try:
        masked: list[str] = []
        values = _values(read_xml(found[0]), "", masked)
    except SpecError as error:
        raise NotHex(f"no message of a jPOS log: {error}") from None
    mti = values.pop("0", "")
    try:
        data = spec.encode(spec.message(str(mti), {int(number): value for number, value in values.items()}))
    except EncodeError as error:
        raise NotHex(f"this message of a jPOS log is none of {spec.name}: {error}") from None
    if masked:
        raise Masked(masked, data)
    return data


def _messages(text: str) -> list[str]:
    """Return the outermost messages in *text*."""
    found: list[str] = []
    depth = start = 0
    for tag in _OPEN.finditer(text):
        if tag[0].startswith("</"):
            depth = max(0, depth - 1)
            if depth == 0:
                found.append(text[start : tag.end()])
        elif not tag[1]:
            start = tag.start() if depth == 0 else start
            depth += 1
    return found


def _values(message: Element, above: str, masked: list[str]) -> dict[str, Any]:
    """Return number -> value of the elements, those with parts as a mapping; what is masked is added to *masked*.

    Raises:
        NotHex: one has no number, or a value that is not read.
    """
    values: dict[str, Any] = {}
    for each in message.children:
        number = each.attributes.get("id", "")
        if each.name not in {"field", "isomsg"} or number == "-1":
            continue
        path = f"{above}{number}"
        if not number.isdecimal() or len(number) > 3:
            raise NotHex(f"line {each.line} of the <isomsg>: its id is no number")
        if each.name == "isomsg":
            values[number] = _values(each, f"{path}.", masked)
            continue
        value = each.attributes.get("value")
        if value is None:
            raise NotHex(f"element {path} has its value as CDATA, which is not read")
        binary = each.attributes.get("type") == "binary"
        if _MASKED.search(value) or (binary and value.upper() == _WIPED):
            masked.append(path)
            continue
        values[number] = _carried(value, binary=binary, path=path)
    return values


def _carried(value: str, *, binary: bool, path: str) -> str | bytes:
    if not binary:
        return _CONTROL.sub(lambda found: chr(int(found[1], 16)), value)
    try:
        return bytes.fromhex(value)
    except ValueError:
        raise NotHex(f"element {path} is binary, and no hexadecimal digits") from None
