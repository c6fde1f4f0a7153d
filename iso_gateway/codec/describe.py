"""A message as people and scripts read it, masked unless they say that they may see everything."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final

from iso_gateway import page
from iso_gateway.codec import mask
from iso_gateway.codec.currency import format_amount
from iso_gateway.codec.message import Message
from iso_gateway.codec.mti import MTI, is_request
from iso_gateway.codec.parts import tree
from iso_gateway.codec.parts.tree import Node
from iso_gateway.codec.plan import Value

APPROVED: Final = frozenset({"00", "000", "08", "10", "11", "16"})
"""The response codes of an approval: in 1987 also with identification, partial, VIP, and track 3 to be updated."""
ACCEPTED: Final = frozenset({"400", "480", "500", "600", "700", "800", "4000", "5000", "6000", "7000", "8000"})
"""The codes with which 1993 and 2003 say yes to what is no purchase: a reversal, totals, a network message."""
_SHORT: Final = 2
"""Characters of a code of 1987; those of 1993 and 2003 are longer, and such that begin with 0 approve."""


def describe(message: Message, *, unsafe: bool = False) -> str:
    """Return a table of the message for people, at most 80 columns wide, parts indented under their element.

    Args:
        message: any message.
        unsafe: show everything.
    """
    return page.plain(table(message, unsafe=unsafe))


def table(message: Message, *, unsafe: bool = False) -> Iterator[page.Line]:
    """Yield what `describe` returns, as lines of a page."""
    yield page.line(page.Piece(_title(message), page.Style.TITLE))
    for number in message:
        field = None if message.spec is None else message.spec.fields.get(number)
        shown = _shown(message, number, unsafe=unsafe)
        yield from page.row(str(number), field.name if field else "", shown, style=_style(message[number], shown))
        yield from _inside(message, number, unsafe=unsafe)


def _style(value: Value, shown: str) -> page.Style:
    """Return how a value is shown, by whether all of it is."""
    return page.Style.VALUE if shown == mask.printable(_text(value)) else page.Style.HIDDEN


def _title(message: Message) -> str:
    try:
        mti = MTI(message.mti)
        words = f"{message.mti} {mti.message_class.name} {mti.function.name}".replace("_", " ").lower()
    except ValueError:
        words = message.mti
    return words + (", repeat" if message.mti[3:4] in {"1", "3", "5"} else "")


def _inside(message: Message, number: int, *, unsafe: bool) -> Iterator[page.Line]:
    """Yield the rows of what is inside an element."""
    nodes = _nodes(message, number)
    hidden = tree.hidden(nodes)
    for node in nodes:
        depth = node.depth + 1
        if node.item is None:
            yield from page.row(node.key, "(cannot be read)", node.fault, depth, style=page.Style.BAD)
        else:
            shown = _part(node, hidden, unsafe=unsafe)
            yield from page.row(node.item.key, node.item.name, shown, depth, style=_style(node.item.value, shown))


def _nodes(message: Message, number: int) -> list[Node]:
    return [] if message.spec is None else list(message.spec.inside(message, number))


def _shown(message: Message, number: int, *, unsafe: bool) -> str:
    return mask.printable(_text(message[number])) if unsafe else mask.shown(message, number)


def _part(node: Node, hidden: set[str], *, unsafe: bool) -> str:
    assert node.item is not None
    if unsafe:
        return mask.printable(_text(node.item.value))
    return mask.part(node.item._replace(mask="all") if node.parent in hidden else node.item)


def _text(value: Value) -> str:
    return value.hex().upper() if isinstance(value, bytes) else value


def to_json(message: Message, *, unsafe: bool = False) -> dict[str, Any]:
    """Return the message as plain data: ``mti``, ``fields`` by number, and ``parts`` where an element has some.

    Bytes are upper-case hexadecimal text. A part that occurs several times has a list of values, a composite one an
    object; nothing is told of an element that is broken inside. With *unsafe*,
    `Spec.message` makes the same message of ``mti`` and ``fields`` (of the keys as numbers).
    """
    made: dict[str, Any] = {"mti": message.mti, "fields": {}}
    inside: dict[str, Any] = {}
    for number in message:
        made["fields"][str(number)] = _text(message[number]) if unsafe else mask.shown(message, number)
        nodes = _nodes(message, number)
        if nodes and "" not in tree.hidden(nodes):
            inside[str(number)] = _gathered(nodes, unsafe=unsafe)
    return made | ({"parts": inside} if inside else {})


def _gathered(nodes: list[Node], *, unsafe: bool) -> dict[str, Any]:
    """Return the parts as nested objects: of a composite that can be read, its parts take the place of its value."""
    hidden = tree.hidden(nodes)
    parents = {node.parent for node in nodes} - hidden
    tables: dict[str, dict[str, list[Any]]] = {"": {}}
    for node in nodes:
        if node.item is None or node.parent not in tables:
            continue
        shown: Any = _text(node.item.value) if unsafe else _part(node, hidden, unsafe=False)
        if node.path in parents:
            shown = tables[node.path] = {}
        tables[node.parent].setdefault(node.item.key, []).append(shown)
    return {key: _unlisted(values) for key, values in tables[""].items()}


def _unlisted(values: list[Any]) -> Any:
    """Return a list of one as that one, in nested objects too."""
    plain = [
        {key: _unlisted(some) for key, some in each.items()} if isinstance(each, dict) else each for each in values
    ]
    return plain[0] if len(plain) == 1 else plain


def summary(message: Message, kind: str = "", meaning: str = "", outcome: str | None = None) -> str:
    """Return one line that says what happened: ``0210 approved 00 · USD 12.34 · STAN 000123 · RRN ... · TERM0001``.

    What the masks of the spec hide is not in it.

    Args:
        message: any message.
        kind: what it is, in a word or two, where somebody knows: ``void``.
        meaning: of its response code, where that says more than whether it was approved.
        outcome: what its response code says in a word, where somebody knows the dialect; None: by the standard.
    """
    pieces = [f"{message.mti} {kind}".rstrip()]
    code = _seen(message, 39)
    if code:
        # In a request DE 39 says why it is made (a reversal), and nothing of how it went.
        said = "" if is_request(message.mti) else verdict(code) if outcome is None else outcome
        pieces[0] += f" {said} {code}" if said else f" {code}"
        pieces[0] += f", {meaning}" if meaning else ""
    with contextlib.suppress(KeyError, ValueError):
        pieces += [format_amount(*message.amount(4))] if _seen(message, 4) == message.text(4) else []
    pieces += [f"{label}{seen}" for label, number in _SUMMED if (seen := _seen(message, number))]
    return " · ".join(pieces)


_SUMMED: Final = (("STAN ", 11), ("RRN ", 37), ("", 41))


def _seen(message: Message, number: int) -> str:
    return mask.shown(message, number).strip() if number in message else ""


def verdict(code: str) -> str:
    """Return what a response code says in one word: ``approved``, ``accepted`` or ``declined``."""
    if code in APPROVED or (len(code) > _SHORT and code.startswith("0")):
        return "approved"
    return "accepted" if code in ACCEPTED else "declined"
