"""One message: its type and its data elements, as they were carried."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, TypeVar

from iso_gateway.codec import compose, engine, mask, storage
from iso_gateway.codec.mti import MTI
from iso_gateway.codec.parts import Parts, Structure, paths
from iso_gateway.codec.unreadable import Unreadable
from iso_gateway.errors import DecodeError, EncodeError

if TYPE_CHECKING:
    from iso_gateway.codec.parts.tree import Node
    from iso_gateway.codec.plan import Value
    from iso_gateway.codec.spec import Spec
    from iso_gateway.codec.storage import Storage
    from iso_gateway.codec.trace import Span
else:
    # The engine makes messages without a call of Python, so it brings what they are stored in.
    Storage = storage.Storage if engine.compiled is None else engine.compiled.Storage

Inside = TypeVar("Inside")

ECHO: Final = (2, 3, 4, 7, 11, 12, 13, 32, 33, 37, 41, 42, 49, 70)
"""What an answer takes over from its request where no spec says otherwise: what both sides match on."""
_OF_2003: Final = (4, 5, 6, 8)
"""The data elements whose currency is inside, in the edition of 2003: currency 3 digits, minor unit 1, value."""
_CURRENCY: Final = {5: 50, 6: 51, 8: 51}
"""The data element with the currency of an amount; of all others it is DE 49."""


class Amount(NamedTuple):
    """An amount of money."""

    minor: int
    """In minor units (cents); below zero for a debit of format x+n."""
    currency: str | None
    """As carried: ISO 4217 digits (``"840"``) or letters; None where the message says nothing."""


class Message(Storage):
    """One message. Nothing in it changes; `evolve` gives another one.

    ``message[4]`` is what DE 4 carries: `str` for text and digits, with leading zeros and trailing spaces, and
    `bytes` for binary. ``message["55.9F26"]`` and ``message["60.2"]`` read inside. Iteration gives the numbers
    of the data elements, ascending. `repr` shows what the masks of the spec allow.

    It is read as a mapping from numbers to values, and ``dict(message)`` is one, unmasked. It is no
    `collections.abc.Mapping`: reporters of errors open whatever is one, and would write card numbers down.

    Args:
        mti: four digits.
        fields: number -> value. A message made here is bound to no spec: nothing is checked before it is
            encoded, there are no parts, and it is masked by a table that shows little. See `Spec.message`.
    """

    __slots__ = ()

    def __new__(cls, mti: str, fields: Mapping[int, Value] | None = None) -> Self:
        """Return a message that is bound to no spec."""
        return cls._made(str(mti), compose.changed(None, {}, None, dict(fields or {}))[0], None, None, False)  # noqa: FBT003

    def _at(self, path: str) -> Any:
        number, inside = compose.path(path)
        if not inside:
            return self[number]
        return self._inside(number, lambda structure, value: structure.one(value, inside))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return self.mti == other.mti and self.items() == other.items()

    # Two specs may give equal messages; nobody keeps them in a set.
    __hash__ = None  # type: ignore[assignment]

    def parts(self, key: int | str) -> Parts:
        """Return what is inside a data element, or inside a part of one: ``parts(55)``, ``parts("55.70")``.

        It is empty where none of its layouts is for a value of that size.

        Raises:
            KeyError: the message has no such element or part, or the spec does not say what is inside.
            DecodeError: it is broken; the offset is that in the whole message.
        """
        number, inside = compose.path(key)
        steps = paths.steps(inside) if inside else ()
        items = self._inside(number, lambda structure, value: structure.read(value, steps))
        return Parts(items, self, str(key))

    def _inside(self, number: int, read: Callable[[Structure, Value], Inside]) -> Inside:
        """Return what *read* finds in data element *number*; raises what `parts` raises."""
        value = self[number]
        spec = self.spec
        field = None if spec is None else spec.fields.get(number)
        if spec is None or field is None or field.inside is None:
            raise KeyError(number)
        try:
            return read(field.inside, value)
        except Unreadable as error:
            del value  # reports of errors show what frames hold
            offset = spec.offset(self, number, error.at)
            raise DecodeError(paths.joined(number, error.key), offset, error.expected, self).bare() from None

    @property
    def spans(self) -> tuple[Span, ...]:
        """Where everything in it lies in the bytes that it came from; empty unless it was decoded with ``trace``."""
        return ()

    @property
    def doubted(self) -> frozenset[int]:
        """The elements of which nothing is to be seen, whatever their masks say: see `unsure`."""
        return frozenset()

    def sure(self, nodes: Iterator[Node]) -> Iterator[Node]:
        """Return *nodes*, the parts of an element, with those hidden that are not to be seen: see `unsure`."""
        return nodes

    def amount(self, number: int) -> Amount:
        """Return data element *number*, of format n or x+n, as money.

        Raises:
            KeyError: the message has no such element.
            ValueError: it is no amount.
        """
        text = self[number]
        if number in _OF_2003 and self.spec is not None and self.spec.version == "2003":
            return _amount_of_2003(number, text)
        currency = self.get(_CURRENCY.get(number, 49))
        if isinstance(text, str) and isinstance(currency, str | None) and text.isascii():
            sign, digits = (text[0], text[1:]) if text[:1] in {"C", "D"} else ("C", text)
            if digits.isdecimal():
                return Amount(-int(digits) if sign == "D" else int(digits), currency)
        raise ValueError(f"DE {number} is no amount")

    def evolve(self, changes: Mapping[Any, Any], mti: str | None = None) -> Message:
        """Return this message with *changes* applied; all that they do not name keeps its very bytes.

        Args:
            changes: number or path -> value, as `Spec.message` takes them; None takes the element out.
            mti: the new message type; None: the same.

        Raises:
            EncodeError: the spec cannot carry that.
        """
        spec = self.spec
        try:
            if spec is not None and (made := spec.engine.evolve(self, changes, mti, None)) is not None:
                return made
            fields, kept = compose.changed(spec, self._fields, self._kept, changes)
            return bound(self.mti if mti is None else checked_mti(spec, mti), fields, spec, kept, trusted=self._trusted)
        except EncodeError as error:
            del changes
            raise error.bare() from None

    def response_to(self, changes: Mapping[Any, Any]) -> Message:
        """Return the answer to this request: its type plus 10 and no repeat, the echoed elements, and *changes*.

        Raises:
            EncodeError: this is an answer itself, or the spec cannot carry a change.
        """
        mti = _answering(self.mti)
        spec = self.spec
        try:
            if spec is not None and (made := spec.engine.evolve(self, changes, mti, spec.echo)) is not None:
                return made
            fields, kept = self._echoed(changes)
        except EncodeError as error:
            del changes
            raise error.bare() from None
        return bound(mti, fields, spec, kept, trusted=self._trusted)

    def _echoed(self, changes: Mapping[Any, Any]) -> tuple[Mapping[int, Value], Mapping[int, bytes] | None]:
        spec, fields = self.spec, self._fields
        echo = ECHO if spec is None else spec.echo
        same = {number: fields[number] for number in echo if number in fields}
        kept = {number: raw for number, raw in self._kept.items() if number in same} if self._kept else None
        return compose.changed(spec, same, kept, changes)

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (self.mti, dict(self._fields), self.spec, self._kept, self._trusted)

    def __repr__(self) -> str:
        shown = (f"{number}={mask.shown(self, number)}" for number in self)
        return f"<Message {' '.join((self.mti, *shown))}>"


def _amount_of_2003(number: int, text: Any) -> Amount:
    """Return an amount with its currency inside; raises what `Message.amount` raises."""
    if isinstance(text, str) and len(text) > 4 and text.isascii() and text.isdecimal():
        return Amount(int(text[4:]), text[:3])
    raise ValueError(f"DE {number} is no amount")


@functools.lru_cache(maxsize=256)
def _answering(mti: str) -> str:
    """Return the message type that answers *mti*.

    Raises:
        EncodeError: *mti* is an answer itself.
    """
    try:
        return str(MTI(mti).response())
    except ValueError:
        raise EncodeError("mti", "not the type of a request") from None


def bound(
    mti: str,
    fields: Mapping[int, Value],
    spec: Spec | None,
    kept: Mapping[int, bytes] | None = None,
    *,
    trusted: bool = False,
) -> Message:
    """Return a message of checked parts, without looking at them again; *fields* belongs to it from now on.

    Args:
        mti: the message type.
        fields: number -> value as carried, ascending.
        spec: the spec that it belongs to.
        kept: bodies that differ from what the spec would write: see `walker`.
        trusted: whether every value came through this very spec, so that it is written without another look.
    """
    return Message._made(mti, fields, spec, kept, trusted)  # noqa: SLF001 -- its second constructor


def _unpickled(
    mti: str,
    fields: Mapping[int, Value],
    spec: Spec | None,
    kept: Mapping[int, bytes] | None,
    trusted: bool,  # noqa: FBT001 -- pickle passes them in order
) -> Message:
    """Return the message of a pickle, whichever engine wrote it."""
    return bound(mti, fields, spec, kept, trusted=trusted)


def checked_mti(spec: Spec | None, mti: str) -> str:
    """Return *mti* as plain text.

    Raises:
        EncodeError: it is no message type of *spec*.
    """
    mti = str(mti)
    if spec is not None and mti not in spec.plan.mtis:
        raise EncodeError("mti", "no message type of this spec")
    return mti
