"""Which request an answer belongs to.

The key is acquirer, message class and gateway STAN; configured fields are compared besides, only where the answer has
them, since hosts leave out DE 41 or DE 7 as they please. A busy key is refused and never overwritten: silently
replacing a request in flight is how answers reach the wrong terminal. A key stays known for a while after its request
was given up, so that a late answer is recognised as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from iso_gateway.codec.message import Message

Owner = TypeVar("Owner")
WireKey = tuple[str, str]
"""Message class and STAN."""


class Expected(Generic[Owner]):
    """One request whose answer is awaited, or has been given up not long ago."""

    __slots__ = ("owner", "request")

    def __init__(self, owner: Owner, request: Message) -> None:
        self.owner = owner
        self.request = request


class Matching(Generic[Owner]):
    """The requests of one acquirer that may still be answered."""

    def __init__(self, compared: Sequence[int] = (41,)) -> None:
        """Compare the DEs *compared* besides the key, where the answer has them."""
        self._compared = tuple(compared)
        self._expected: dict[WireKey, Expected[Owner]] = {}
        self._stans: dict[str, int] = {}
        """How many keys have each STAN."""

    def __len__(self) -> int:
        return len(self._expected)

    def busy(self, stan: str) -> bool:
        """Return whether *stan* still means something, in any message class."""
        return stan in self._stans

    def expect(self, request: Message, owner: Owner) -> bool:
        """Await the answer to *request* for *owner*; return False, and change nothing, where the key is busy.

        The repeat of a request shares its key: expecting it again for the same owner is no conflict.
        """
        key = key_of(request)
        known = self._expected.get(key)
        if known is not None and known.owner != owner:
            return False
        self._expected[key] = Expected(owner, request)
        if known is None:
            self._stans[key[1]] = self._stans.get(key[1], 0) + 1
        return True

    def forget(self, request: Message) -> None:
        """Let the key of *request* go."""
        key = key_of(request)
        if self._expected.pop(key, None) is not None:
            self._stans[key[1]] -= 1
            if not self._stans[key[1]]:
                del self._stans[key[1]]

    def find(self, answer: Message) -> Owner | None:
        """Return the owner of the request that *answer* answers, or None."""
        known = self._expected.get(key_of(answer))
        if known is None or self.differing(known.request, answer):
            return None
        return known.owner

    def why_not(self, answer: Message) -> str:
        """Return in words why nothing matched *answer*: no such key, or the nearest request and what differs."""
        known = self._expected.get(key_of(answer))
        if known is None:
            return "no request with this message class and STAN is awaited"
        fields = ", ".join(f"DE {de}" for de in self.differing(known.request, answer))
        return f"a request with this STAN is awaited, but {fields} differs"

    def differing(self, request: Message, answer: Message) -> list[int]:
        """Return those compared DEs that the answer has and that are not the request's."""
        return [
            de
            for de in self._compared
            if (carried := answer.get(de)) is not None
            and (sent := request.get(de)) is not None
            and carried != sent
            and _unpadded(carried) != _unpadded(sent)
        ]


def _unpadded(value: str | bytes) -> str | bytes:
    return value.rstrip(" ") if isinstance(value, str) else value


def key_of(message: Message) -> WireKey:
    """Return the message class and STAN, equal in a request, its repeats and its answer."""
    stan = message.get(11)
    return message.mti[1], stan if isinstance(stan, str) else ""
