"""A decoded message that knows where everything in it came from: see `Spec.decode`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from iso_gateway.codec.message import Message
from iso_gateway.codec.plan import PACKED
from iso_gateway.codec.trace import Span

if TYPE_CHECKING:
    from iso_gateway.codec.parts.tree import Node
    from iso_gateway.codec.plan import Value
    from iso_gateway.codec.spec import Spec


class TracedMessage(Message):
    """A message with its `spans`. What `evolve` and `response_to` make of it has none: it came from no bytes."""

    __slots__ = ("_spans",)

    _spans: tuple[Span, ...]

    @property
    def spans(self) -> tuple[Span, ...]:
        """Where everything lies in the bytes that it came from, parents before what is in them."""
        return self._spans

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (super().__reduce__(), self._spans)


def traced(message: Message, spans: list[Span]) -> TracedMessage:
    """Return *message* with where everything in it lies.

    Args:
        message: as it was decoded.
        spans: where its data elements lie, in order.
    """
    some = (message.mti, dict(message.items()), message.spec, message._kept, message._trusted)  # noqa: SLF001
    made = TracedMessage._made(*some)  # noqa: SLF001 -- this is its second constructor
    made._spans = tuple(_all(message, spans))  # noqa: SLF001
    return made


def _again(made: tuple[Callable[..., Message], tuple[Any, ...]], spans: tuple[Span, ...]) -> TracedMessage:
    message = traced(made[0](*made[1]), [])
    message._spans = spans  # noqa: SLF001
    return message


def _all(message: Message, spans: list[Span]) -> Iterator[Span]:
    spec = message.spec
    assert spec is not None, "a message is decoded by a spec"
    for span in spans:
        if not span.field.isdecimal():
            yield span
            continue
        number = int(span.field)
        yield span._replace(nibbles=_nibbles(spec, number, message[number], span))
        for node in spec.inside(message, number):
            yield _of(span.field, node)


def _nibbles(spec: Spec, number: int, value: Value, span: Span) -> tuple[int, int] | None:
    """Return the half bytes of an odd number of packed digits, without the pad."""
    row = spec.plan.rows[number]
    if row.op != PACKED or len(value) % 2 == 0:
        return None
    start = 2 * span.body + row.left
    return start, start + len(value)


def _of(field: str, node: Node) -> Span:
    """Return the span of one part: whole bytes, and half bytes where it does not begin and end with one."""
    whole = node.body % 2 == 0 and node.end % 2 == 0
    path = f"{field}.{node.path}".rstrip(".")
    nibbles = None if whole else (node.body, node.end)
    return Span(path, node.start // 2, node.body // 2, (node.end + 1) // 2, nibbles, node.fault)
