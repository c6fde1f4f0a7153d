"""Messages of any spec, for hypothesis.

from hypothesis import given
from iso_gateway import load_spec
from iso_gateway.testing import messages

SPEC = load_spec("iso87-ascii")

@given(messages(SPEC, mti="0200", having=[4, 11]))
def test_our_host_takes_any_sale(message): ...
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from iso_gateway.codec.message import Message
from iso_gateway.codec.plan import Value
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import EncodeError
from iso_gateway.testing.inside import parts
from iso_gateway.testing.values import values


def messages(
    spec: Spec,
    *,
    mti: str | None = None,
    having: Iterable[int] = (),
    without: Iterable[int] = (),
    most: int = 12,
    longest: int = 60,
    sound: bool = True,
) -> st.SearchStrategy[Message]:
    """Return a strategy of messages that *spec* encodes and reads back equal.

    Args:
        spec: whose messages.
        mti: the message type; None: any that the spec knows.
        having: data elements that each message has.
        without: those that none has.
        most: how many others a message may have.
        longest: characters or bytes of a value, where its element has not to be longer.
        sound: whether elements that have parts can be read inside; else they hold anything.

    Raises:
        ValueError: the spec has not one of *having*.
    """
    needed, barred = sorted(set(having)), set(without)
    if unknown := [number for number in needed if number not in spec.fields]:
        raise ValueError(f"{spec.name} has no DE {unknown[0]}")
    others = [number for number in spec.fields if number not in barred and number not in needed]
    mtis = sorted(spec.plan.mtis) if mti is None else [mti]
    return _messages(spec, st.sampled_from(mtis), needed, others, most, longest, sound)


@st.composite
def _messages(  # noqa: PLR0917 -- hypothesis passes them on
    draw: st.DrawFn,
    spec: Spec,
    mtis: st.SearchStrategy[str],
    needed: list[int],
    others: list[int],
    most: int,
    longest: int,
    sound: bool,  # noqa: FBT001 -- likewise
) -> Message:
    """Draw a message with the elements *needed*, and some of the *others*."""
    chosen = draw(st.lists(st.sampled_from(others), max_size=most, unique=True)) if others else []
    found: dict[int, Value] = {}
    for number in sorted([*needed, *chosen]):
        element = _element(spec, number, longest, sound=sound)
        value = draw(element.filter(lambda each: each is not None) if number in needed else element)
        if value is not None:
            found[number] = value
    return spec.message(draw(mtis), found)


@st.composite
def _element(draw: st.DrawFn, spec: Spec, number: int, longest: int, *, sound: bool) -> Value | None:
    """Return a strategy of values of one element, as it carries them; None is one that it cannot carry."""
    field = spec.fields[number]
    drawn: Any
    if field.inside is None or not sound:
        drawn = draw(values(field, longest))
    else:
        drawn = draw(parts(field.inside, every=field.length == "fixed"))
    try:
        value = spec.carry(number, drawn)
    except EncodeError:
        return None
    if sound and field.inside is not None and spec.broken(spec.message(min(spec.plan.mtis), {number: value})):
        return None
    return value
