"""What a message holds, in plain Python: the base class of `Message` where the compiled engine does not run.

The compiled engine brings its own (``_engine.Storage``) with the same names, so that `Message` is one class over
either. Where a key is a path (``"55.9F26"``) both ask the method ``_at``, which `Message` brings.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, KeysView, Mapping
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from iso_gateway.codec.plan import Value
    from iso_gateway.codec.spec import Spec


class Storage:
    """A message type, the values of data elements in ascending order, and what it takes to write them again."""

    __slots__ = ("_fields", "_kept", "_mti", "_spec", "_trusted")

    _fields: Mapping[int, Value]
    """The values by data element."""
    _kept: Mapping[int, bytes] | None
    """Bodies that differ from what the spec would write: see `walker`."""
    _mti: str
    _spec: Spec | None
    _trusted: bool
    """Whether every value came through the spec, which then writes it without another look at its characters."""

    @classmethod
    def _made(
        cls,
        mti: str,
        fields: Mapping[int, Value],
        spec: Spec | None,
        kept: Mapping[int, bytes] | None,
        trusted: bool,  # noqa: FBT001 -- five values in a fixed order, as a pickle holds them
    ) -> Self:
        """Return a message of these parts, not looked at; *fields* and *kept* belong to it from now on."""
        made = object.__new__(cls)
        made._mti = mti
        made._fields = fields
        made._spec = spec
        made._kept = kept
        made._trusted = trusted
        return made

    @property
    def mti(self) -> str:
        """The message type, four digits; `MTI` knows what they mean."""
        return self._mti

    @property
    def spec(self) -> Spec | None:
        """The spec that it was decoded by or made for."""
        return self._spec

    def _at(self, path: str) -> Any:
        """Return what the message carries at *path*: `Message` brings this, and nothing else has this base."""
        raise NotImplementedError

    def __getitem__(self, key: int | str) -> Any:
        return self._fields[key] if isinstance(key, int) else self._at(key)

    def get(self, key: int | str, default: Any = None) -> Any:
        """Return what the message carries there, or *default*.

        Raises:
            DecodeError: the parts of the element are broken.
        """
        if isinstance(key, int):
            return self._fields.get(key, default)
        try:
            return self._at(key)
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

    def keys(self) -> KeysView[int]:
        """Return the numbers of the data elements, ascending; with it ``dict(message)`` is what they carry."""
        return self._fields.keys()

    def values(self) -> tuple[Value, ...]:
        """Return what the data elements carry, ascending by element."""
        return tuple(self._fields.values())

    def items(self) -> tuple[tuple[int, Value], ...]:
        """Return the data elements with their values, ascending."""
        return tuple(self._fields.items())

    def text(self, number: int) -> str:
        """Return data element *number* without padding spaces; empty where there is none, or a binary one."""
        value = self._fields.get(number)
        return value.strip() if isinstance(value, str) else ""

    def only(self, numbers: Container[int]) -> dict[int, Value]:
        """Return those data elements that are in *numbers*, with their values, ascending."""
        return {number: value for number, value in self._fields.items() if number in numbers}
