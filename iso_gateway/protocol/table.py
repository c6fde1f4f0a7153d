"""The one kind of transition table: what is not in it cannot happen."""

from __future__ import annotations

from enum import StrEnum
from typing import NoReturn, TypeVar

from iso_gateway.errors import LocalProtocolError

State = TypeVar("State", bound=StrEnum)
Step = TypeVar("Step", bound=StrEnum)


class Table(dict[tuple[State, Step], State]):
    """A state and what happens in it -> the state that this leads to."""

    def __missing__(self, key: tuple[State, Step]) -> NoReturn:
        """Refuse what has no row.

        Raises:
            LocalProtocolError: always: a bug of ours, never the peer's.
        """
        state, step = key
        raise LocalProtocolError(f"{step} in state {state}")
