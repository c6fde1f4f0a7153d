"""The parts of an element or of a composite in it, as people get them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from iso_gateway.codec.plan import Value

if TYPE_CHECKING:
    from iso_gateway.codec.message import Message


class Item(NamedTuple):
    """One part."""

    key: str
    """The tag (``"9F26"``) or the number (``"2"``)."""
    value: Value
    name: str = ""
    """What the spec calls it."""
    mask: str = "all"
    """What may be seen of it."""
    composite: bool = False
    """Whether there are parts in it."""


class Parts:
    """The parts of one element or composite, in their order.

    ``parts["9F26"]`` is the value of the first part of that key, as carried; `parts` are the parts in a composite
    one. Iteration gives each key once, `items` every part.
    """

    __slots__ = ("_items", "_message", "_path")

    def __init__(self, items: tuple[Item, ...] = (), message: Message | None = None, path: str = "") -> None:
        self._items = items
        self._message = message
        self._path = path

    def __getitem__(self, key: str) -> Value:
        for item in self._items:
            if item.key in {key, key.upper()}:
                return item.value
        raise KeyError(key)

    def get(self, key: str, default: Value | None = None) -> Value | None:
        """Return the first part of that key, or *default*."""
        return next((item.value for item in self._items if item.key in {key, key.upper()}), default)

    def all(self, key: str) -> list[Value]:
        """Return every part of that key, in order."""
        return [item.value for item in self._items if item.key in {key, key.upper()}]

    def parts(self, key: str) -> Parts:
        """Return what is inside the first part of that key; ``57#2`` is the second.

        Raises:
            KeyError: there is none, or nobody knows what is inside.
            DecodeError: it is broken; the offset is that in the whole message.
        """
        if self._message is None:
            raise KeyError(key)
        return self._message.parts(f"{self._path}.{key}")

    def items(self) -> list[tuple[str, Value]]:
        """Return every part with its key, repeats too, in order."""
        return [(item.key, item.value) for item in self._items]

    def paths(self) -> Iterator[tuple[Item, str]]:
        """Yield every part and what its path ends with: its key, and which one it is where the key comes again."""
        seen: dict[str, int] = {}
        for item in self._items:
            nth = seen[item.key] = seen.get(item.key, 0) + 1
            yield item, item.key if nth == 1 else f"{item.key}#{nth}"

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(item.key for item in self._items))

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.get(key) is not None

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Parts) and self.items() == other.items()

    # Values compare, nobody keeps them in a set.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        # Values may be card data, and parts alone do not know what may be shown.
        return f"<Parts {' '.join(item.key for item in self._items)}>"
