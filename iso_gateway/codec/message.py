"""One message: its type and its data elements, as they were carried."""

from __future__ import annotations

import functools
from collections.abc import Callable, ItemsView, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from iso_gateway.codec import compose, mask, parts
from iso_gateway.codec.mti import MTI
from iso_gateway.codec.parts import Parts
from iso_gateway.codec.unreadable import Unreadable
from iso_gateway.errors import DecodeError, EncodeError

if TYPE_CHECKING:
    from iso_gateway.codec.field import Field
    from iso_gateway.codec.plan import Value
    from iso_gateway.codec.spec import Spec

Inside = TypeVar("Inside")

ECHO: Final = (2, 3, 4, 7, 11, 12, 13, 32, 33, 37, 41, 42, 49, 70)
"""What an answer takes over from its request where no spec says otherwise: what both sides match on."""
_CURRENCY: Final = {5: 50, 6: 51, 8: 51}
"""The data element with the currency of an amount; of all others it is DE 49."""


class Amount(NamedTuple):
    """An amount of money."""

    minor: int
    """In minor units (cents); below zero for a debit of format x+n."""
    currency: str | None
    """As carried: ISO 4217 digits (``"840"``) or letters; None where the message says nothing."""


class Message:
    """One message. Nothing in it changes; `evolve` gives another one.

    ``message[4]`` is what DE 4 carries: `str` for text and digits, with leading zeros and trailing spaces, and
    `bytes` for binary. ``message["55.9F26"]`` and ``message["60.2"]`` read inside. Iteration gives the numbers
    of the data elements, ascending. `repr` shows what the masks of the spec allow.

    Args:
        mti: four digits.
        fields: number -> value. A message made here is bound to no spec: nothing is checked before it is
            encoded, there are no parts, and it is masked by a table that shows little. See `Spec.message`.
    """

    __slots__ = ("_fields", "_kept", "_mti", "_spec")

    _fields: dict[int, Value]
    _kept: dict[int, bytes] | None
    _mti: str
    _spec: Spec | None

    def __init__(self, mti: str, fields: Mapping[int, Value] | None = None) -> None:
        self._mti = str(mti)
        self._fields = compose.changed(None, {}, None, dict(fields or {}))[0]
        self._spec = None
        self._kept = None

    @property
    def mti(self) -> str:
        """The message type, four digits; `MTI` knows what they mean."""
        return self._mti

    @property
    def spec(self) -> Spec | None:
        """The spec that it was decoded by or made for."""
        return self._spec

    def __getitem__(self, key: int | str) -> Any:
        if isinstance(key, int):
            return self._fields[key]
        number, inside = compose.path(key)
        if not inside:
            return self._fields[number]
        return self._inside(number, lambda field, value: parts.one(field, value, inside))

    def get(self, key: int | str, default: Any = None) -> Any:
        """Return what the message carries there, or *default*.

        Raises:
            DecodeError: the parts of the element are broken.
        """
        if isinstance(key, int):
            return self._fields.get(key, default)
        try:
            return self[key]
        except KeyError:
            return default

    def __contains__(self, key: object) -> bool:
        if isinstance(key, int):
            return key in self._fields
        return isinstance(key, str) and self.get(key) is not None

    def __iter__(self) -> Iterator[int]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def items(self) -> ItemsView[int, Value]:
        """Return the data elements with their values, ascending."""
        return self._fields.items()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return self._mti == other._mti and self._fields == other._fields

    # Two specs may give equal messages; nobody keeps them in a set.
    __hash__ = None  # type: ignore[assignment]

    def parts(self, number: int) -> Parts:
        """Return what is inside data element *number*; empty where none of its layouts is for a value of that size.

        Raises:
            KeyError: the message has no such element, or the spec does not say what is inside.
            DecodeError: it is broken; the offset is that in the whole message.
        """
        return self._inside(number, parts.read)

    def _inside(self, number: int, read: Callable[[Field, Value], Inside]) -> Inside:
        """Return what *read* finds in data element *number*; raises what `parts` raises."""
        value = self._fields[number]
        field = None if self._spec is None else self._spec.fields.get(number)
        if self._spec is None or field is None or not field.has_parts:
            raise KeyError(number)
        try:
            return read(field, value)
        except Unreadable as error:
            offset = self._spec.offset(self, number, error.at)
            raise DecodeError(f"{number}.{error.key}".rstrip("."), offset, error.expected, self) from None

    def amount(self, number: int) -> Amount:
        """Return data element *number*, of format n or x+n, as money.

        Raises:
            KeyError: the message has no such element.
            ValueError: it is no amount.
        """
        text = self._fields[number]
        currency = self._fields.get(_CURRENCY.get(number, 49))
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
        fields, kept = compose.changed(self._spec, self._fields, self._kept, changes)
        return bound(self._mti if mti is None else checked_mti(self._spec, mti), fields, self._spec, kept)

    def response_to(self, changes: Mapping[Any, Any]) -> Message:
        """Return the answer to this request: its type plus 10 and no repeat, the echoed elements, and *changes*.

        Raises:
            EncodeError: this is an answer itself, or the spec cannot carry a change.
        """
        mti = _answering(self._mti)
        echo = ECHO if self._spec is None else self._spec.echo
        same = {number: self._fields[number] for number in echo if number in self._fields}
        kept = {number: raw for number, raw in self._kept.items() if number in same} if self._kept else None
        fields, kept = compose.changed(self._spec, same, kept, changes)
        return bound(mti, fields, self._spec, kept)

    def __reduce__(self) -> tuple[Any, ...]:
        return bound, (self._mti, self._fields, self._spec, self._kept)

    def __repr__(self) -> str:
        shown = (f"{number}={mask.shown(self, number)}" for number in self._fields)
        return f"<Message {' '.join((self._mti, *shown))}>"


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


def bound(mti: str, fields: dict[int, Value], spec: Spec | None, kept: dict[int, bytes] | None = None) -> Message:
    """Return a message of checked parts, without looking at them again; *fields* belongs to it from now on.

    Args:
        mti: the message type.
        fields: number -> value as carried, ascending.
        spec: the spec that they were checked by.
        kept: bodies that differ from what the spec would write: see `walker`.
    """
    message = Message.__new__(Message)
    message._mti = mti  # noqa: SLF001 -- this is its second constructor
    message._fields = fields
    message._spec = spec  # noqa: SLF001
    message._kept = kept  # noqa: SLF001
    return message


def checked_mti(spec: Spec | None, mti: str) -> str:
    """Return *mti* as plain text.

    Raises:
        EncodeError: it is no message type of *spec*.
    """
    mti = str(mti)
    if spec is not None and mti not in spec.plan.mtis:
        raise EncodeError("mti", "no message type of this spec")
    return mti
