"""Which engine walks the plans: the compiled one where it is there, else the Python walker.

The rest of the codec reads `compiled` once, when it is imported. `iso_gateway.engines`, the first import of `codec`,
runs before that and may take the extension away again: it knows the environment and the files, which this pure part
does not touch.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from iso_gateway.codec.message import Message
    from iso_gateway.codec.plan import Value
    from iso_gateway.codec.spec import Spec

compiled: ModuleType | None
"""The extension module, or None where the Python walker does all the work."""

try:
    from iso_gateway.codec import _engine

    compiled = _engine
except ImportError:
    compiled = None


class Engine(Protocol):
    """What walks one plan quickly.

    Each method answers, or gives None for whatever it does not know or like: it words no error. *spec* is the one
    whose plan it is, and is what the messages are bound to.
    """

    def decode(self, data: object, spec: Spec, strict: bool, /) -> Message | None:  # noqa: FBT001 -- a call costs
        """Return the message that *data* says."""

    def encode(self, message: Message, spec: Spec, /) -> bytes | None:
        """Return the bytes that say *message*."""

    def behind(self, message: Message, number: int, /) -> int | None:
        """Return how many bytes follow data element *number* of *message*, which is bound to this spec."""

    def message(
        self, mti: str, fields: Mapping[Any, Any], passed: Mapping[int, Value] | None, spec: Spec, /
    ) -> Message | None:
        """Return a message of *fields*, and of those *passed* that they do not name.

        Raises:
            EncodeError: the spec cannot carry one of them.
        """

    def evolve(
        self, message: Message, changes: Mapping[Any, Any], mti: str | None, echo: tuple[int, ...] | None, /
    ) -> Message | None:
        """Return *message*, which is bound to this spec, with *changes* applied to it, or to what *echo* leaves of it.

        Raises:
            EncodeError: the spec cannot carry one of them.
        """


class Refusing:
    """The engine where none is compiled: it refuses everything, so that the Python walker does all the work."""

    __slots__ = ()

    def decode(self, _data: object, _spec: Spec, _strict: bool, /) -> None:  # noqa: FBT001
        """Refuse."""

    def encode(self, _message: Message, _spec: Spec, /) -> None:
        """Refuse."""

    def behind(self, _message: Message, _number: int, /) -> None:
        """Refuse."""

    def message(
        self, _mti: str, _fields: Mapping[Any, Any], _passed: Mapping[int, Value] | None, _spec: Spec, /
    ) -> None:
        """Refuse."""

    def evolve(
        self, _message: Message, _changes: Mapping[Any, Any], _mti: str | None, _echo: tuple[int, ...] | None, /
    ) -> None:
        """Refuse."""
