"""A message specification: what each data element is, and how it lies on the wire."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from iso_gateway.codec import body, compose, lowering, trace, walker
from iso_gateway.codec.engine import Engine
from iso_gateway.codec.message import Message, bound, checked_mti
from iso_gateway.codec.parts import tree
from iso_gateway.codec.plan import Plan, Value
from iso_gateway.errors import DecodeError, EncodeError, IncompleteError

if TYPE_CHECKING:
    from iso_gateway.codec.field import Field
    from iso_gateway.codec.presence import Rule, Violation


class Spec:
    """One message specification; nothing in it changes. `build_spec` makes one from data.

    Two specs are equal when they were made from the same data. A pickled spec carries that data.
    """

    __slots__ = ("_rules", "echo", "engine", "fields", "name", "plan", "profile", "source", "title", "version")

    def __init__(
        self,
        *,
        name: str,
        title: str,
        version: str,
        profile: str,
        fields: Mapping[int, Field],
        echo: tuple[int, ...],
        plan: Plan,
        source: Mapping[str, Any],
        presence: Mapping[str, Rule] | None = None,
    ) -> None:
        self.name = name
        self.title = title
        self.version = version
        """``1987``, ``1993``, ``2003``; ``any`` where the data came from pyiso8583, which does not say."""
        self.profile = profile
        """The name of the dialect's profile; empty where the data names none."""
        self.fields = fields
        """The data elements by number, ascending."""
        self.echo = echo
        """The data elements that an answer takes over from its request."""
        self.plan = plan
        self.engine: Engine = lowering.engine_for(plan, Message, compose.carried)
        """What walks the plan quickly, or says None."""
        self.source = source
        """The data that it was made from, plain mappings, lists and scalars."""
        self._rules = presence

    @property
    def presence(self) -> Mapping[str, Rule]:
        """What a message must have and must not have, by the id of the rule; `load_spec` takes it from the profile."""
        if self._rules is None:
            # Of a pressed spec they are read when they are first asked for: to decode, nobody does.
            from iso_gateway.codec.presence import rules_of  # noqa: PLC0415

            self._rules = rules_of(self.source)
        return self._rules

    def decode(self, data: bytes | bytearray | memoryview, *, strict: bool = True, trace: bool = False) -> Message:
        """Return the message that *data* says, from its MTI to its last byte.

        Encoding the result gives *data* again. Where not *strict*, the characters of a field are not held against
        its format: text in ASCII is read as Latin-1, digits may be any nibbles. Lengths, bitmaps and the message
        type are always looked at. With *trace*, which takes its time, the message's `spans` tell where everything
        lies, parts and tags too.

        Raises:
            IncompleteError: it ends before the message does; ``missing`` is how many bytes more are needed at least.
            DecodeError: it is no message of this spec, and no further bytes would make it one; what was read before
                the fault is in ``partial``.
        """
        try:
            if trace:
                return self._traced(bytes(data), strict=strict)
            message = self.engine.decode(data, self, strict)
            return self._walked(bytes(data), strict=strict) if message is None else message
        except DecodeError as error:
            del data
            raise error.bare() from None

    def _walked(self, data: bytes, *, strict: bool) -> Message:
        """Return the message that *data* says, as the Python walker reads it."""
        try:
            mti, values, kept = walker.decode(self.plan, data, strict=strict)
        except DecodeError as error:
            raise self._owned(error, data) from None
        return bound(mti, values, self, kept, trusted=True)

    def _traced(self, data: bytes, *, strict: bool) -> Message:
        """Return the message that *data* says, with the place of everything."""
        from iso_gateway.codec.traced import traced  # noqa: PLC0415 -- rarely asked for

        return traced(self._walked(data, strict=strict), trace.spans(self.plan, data, strict=strict))

    def _owned(self, error: DecodeError, data: bytes) -> DecodeError:
        """Return *error* with its partial message bound to this spec, so that its masks hold."""
        from iso_gateway.codec.unsure import unsure  # noqa: PLC0415 -- most bytes are messages

        partial = None if error.partial is None else unsure(error.partial, self, data)
        if isinstance(error, IncompleteError):
            return IncompleteError(error.field, error.offset, error.expected, partial, error.missing)
        return DecodeError(error.field, error.offset, error.expected, partial)

    def encode(self, message: Message) -> bytes:
        """Return the bytes that say *message*; it may come from another spec.

        Raises:
            EncodeError: this spec cannot say that.
        """
        try:
            data = self.engine.encode(message, self)
            return self._written(message) if data is None else data
        except EncodeError as error:
            raise error.bare() from None

    def _written(self, message: Message) -> bytes:
        """Return the bytes of *message*, as the Python walker writes it."""
        ours = message.spec == self
        # What another spec read or kept says nothing here.
        kept = message._kept if ours else None  # noqa: SLF001
        trusted = ours and message._trusted  # noqa: SLF001
        return walker.encode(self.plan, message.mti, message._fields, kept, trusted=trusted)

    def message(self, mti: str, fields: Mapping[Any, Any], passed: Mapping[int, Value] | None = None) -> Message:
        """Return a message of this spec.

        Args:
            mti: four digits.
            fields: number or path (``"55.9F26"``) -> value. Text and bytes are carried as they are, a short fixed
                field is filled; an int is written with leading zeros (format n); hexadecimal text stands for bytes
                (format b); a mapping or a list of pairs makes the parts of an element. None is left out.
            passed: number -> value, ascending, of which it is known that this spec carries them as they are, and
                which are looked at only by `encode`; *fields* count before them.

        Raises:
            EncodeError: the spec cannot carry one of them.
        """
        try:
            message = self.engine.message(mti, fields, passed, self)
            if message is not None:
                return message
            mti = checked_mti(self, mti)
            return bound(mti, compose.changed(self, passed or {}, None, fields)[0], self, trusted=not passed)
        except EncodeError as error:
            del fields, passed
            raise error.bare() from None

    def carry(self, number: int, value: object) -> Value:
        """Return *value* as data element *number* carries it: see `message`.

        Raises:
            EncodeError: the element cannot hold that.
        """
        try:
            return compose.carried(self, number, value)
        except EncodeError as error:
            del value
            raise error.bare() from None

    def check(self, message: Message) -> list[Violation]:
        """Return everything that is wrong with *message* and that decoding lets pass, none of it with a value.

        Elements that are broken inside come first (rule ``parts``), then the rows of `presence` that it breaks.
        """
        from iso_gateway.codec.presence import Violation, violations  # noqa: PLC0415 -- rarely asked for

        mine = bound(message.mti, dict(message.items()), self)
        broken = [Violation(error.field, "parts", error.expected) for error in self.broken(message)]
        return broken + violations(self.presence, mine)

    def broken(self, message: Message) -> list[DecodeError]:
        """Return what is broken inside the data elements of *message*, at any depth, each fault with its byte."""
        mine = message
        if message.spec is not self:
            mine = bound(message.mti, {each: value for each, value in message.items() if each in self.fields}, self)
        return [
            DecodeError(f"{number}.{node.path}".rstrip("."), node.end // 2, node.fault, mine)
            for number in mine
            for node in self.inside(mine, number)
            if node.fault
        ]

    def inside(self, message: Message, number: int) -> Iterator[tree.Node]:
        """Yield everything that is inside data element *number* of *message*, which is of this spec, faults too."""
        field = self.fields.get(number)
        value = message[number]
        if field is None or field.inside is None or field.inside.binary != isinstance(value, bytes):
            return iter(())
        start = trace.body_offset(self.plan, message._fields, message._kept or {}, number)  # noqa: SLF001
        return message.sure(tree.nodes(field.inside, self.plan.rows[number], value, 2 * start))

    def offset(self, message: Message, number: int, at: int = 0) -> int:
        """Return the byte of the encoded *message* that holds unit *at* of the value of data element *number*."""
        kept = message._kept or {}  # noqa: SLF001
        start = trace.body_offset(self.plan, message._fields, kept, number)
        return start + body.place(self.plan.rows[number], message[number], at)

    def behind(self, message: Message, number: int) -> int:
        """Return how many bytes follow data element *number* once *message*, which is of this spec, is encoded."""
        count = self.engine.behind(message, number)
        if count is not None:
            return count
        return trace.behind(self.plan, message._fields, message._kept or {}, number)  # noqa: SLF001

    def extents(self, message: Message) -> Iterator[trace.Extent]:
        """Yield where each data element of *message*, which is of this spec, lies once it is encoded."""
        return trace.extents(self.plan, message._fields, message._kept or {})  # noqa: SLF001

    def to_pyiso8583(self) -> dict[str, dict[str, Any]]:
        """Return this spec as a pyiso8583 specification.

        Raises:
            SpecError: fields that cannot be expressed there, all of them.
        """
        from iso_gateway.codec import pyiso8583  # noqa: PLC0415 -- rarely asked for

        return pyiso8583.exported(self)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Spec) and self.source == other.source)

    def __hash__(self) -> int:
        return hash((self.name, len(self.fields)))

    def __repr__(self) -> str:
        return f"<Spec {self.name}, {len(self.fields)} fields>"

    def __reduce__(self) -> tuple[Any, ...]:
        import msgspec  # noqa: PLC0415 -- as above

        return _rebuilt, (msgspec.json.encode(self.source),)


@functools.lru_cache(maxsize=64)
def _rebuilt(source: bytes) -> Spec:
    """Return the spec of the packed data *source*, one object for all that are unpickled in this process."""
    import msgspec  # noqa: PLC0415 -- as above

    from iso_gateway.codec.build import build_spec  # noqa: PLC0415 -- build needs Spec

    return build_spec(msgspec.json.decode(source))
