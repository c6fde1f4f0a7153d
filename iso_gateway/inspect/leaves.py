"""A message as a flat list: each element and, where it can be read inside, each of its parts, with its path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from iso_gateway.codec import mask
from iso_gateway.codec.message import Message
from iso_gateway.codec.parts.tree import Node
from iso_gateway.codec.plan import Value


class Leaf(NamedTuple):
    """One value of a message."""

    path: str
    """``mti``, ``4``, ``55.9F26``, ``55.9F26#2`` where it comes again."""
    name: str
    """What the spec calls it; may be empty."""
    value: Value
    """As carried, not masked."""
    shown: str
    """As people may see it."""


def leaves(message: Message, *, unsafe: bool = False) -> Iterator[Leaf]:
    """Yield MTI, elements and parts in their order; of an element or composite that was read inside, its parts alone.

    Args:
        message: any message.
        unsafe: have nothing masked.
    """
    yield Leaf("mti", "message_type", message.mti, message.mti)
    for number in message:
        nodes = [] if message.spec is None else list(message.spec.inside(message, number))
        if nodes and not any(node.fault for node in nodes):
            yield from _parts(number, nodes, unsafe=unsafe)
            continue
        field = None if message.spec is None else message.spec.fields.get(number)
        value = message[number]
        shown = mask.printable(as_text(value)) if unsafe else mask.shown(message, number)
        yield Leaf(str(number), field.name if field else "", value, shown)


def _parts(number: int, nodes: list[Node], *, unsafe: bool) -> Iterator[Leaf]:
    parents = {node.parent for node in nodes}
    for node in nodes:
        if node.item is not None and node.path not in parents:
            shown = mask.printable(as_text(node.item.value)) if unsafe else mask.part(node.item)
            yield Leaf(f"{number}.{node.path}", node.item.name, node.item.value, shown)


def as_text(value: Value) -> str:
    """Return a value as text: bytes as upper-case hexadecimal."""
    return value.hex().upper() if isinstance(value, bytes) else value
