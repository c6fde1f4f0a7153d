"""The one reading of every transition table: what is not in it cannot happen."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from iso_gateway.errors import LocalProtocolError

State = TypeVar("State", bound=StrEnum)
Step = TypeVar("Step", bound=StrEnum)


def led_to(table: Mapping[tuple[State, Step], State], state: State, step: Step) -> State:
    """Return the state that *step* leads to from *state*.

    Raises:
        LocalProtocolError: *table* has no such row: a bug of ours, never the peer's.
    """
    try:
        return table[state, step]
    except KeyError:
        raise LocalProtocolError(f"{step} in state {state}") from None
