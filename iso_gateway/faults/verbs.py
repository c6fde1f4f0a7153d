"""What an admin socket understands of faults: ``fault_add``, ``fault_list``, ``fault_clear``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from iso_gateway.errors import ConfigError, Problem
from iso_gateway.faults.standing import InForce

Add = Callable[[str, str, str], int]
"""Has a fault be in force, of its words, its conditions and the acquirer whose links are meant; returns its number."""


def fault_verbs(
    faults: InForce, add: Add, now: Callable[[], float]
) -> dict[str, Callable[[dict[str, Any]], dict[str, Any]]]:
    """Return the verbs; each answers with ``faults``, those in force then.

    Args:
        faults: those in force.
        add: as `Add` has it; what it raises is answered.
        now: gives monotonic seconds.
    """

    def added(arguments: dict[str, Any]) -> dict[str, Any]:
        number = add(*(_text(arguments, name) for name in ("fault", "match", "acquirer")))
        return {"number": number, "faults": faults.rows(now())}

    def listed(_arguments: dict[str, Any]) -> dict[str, Any]:
        return {"faults": faults.rows(now())}

    def cleared(arguments: dict[str, Any]) -> dict[str, Any]:
        numbers = arguments.get("numbers", [])
        if not isinstance(numbers, list) or not all(type(number) is int for number in numbers):
            raise ConfigError([Problem("numbers", "a list of numbers expected")])
        return {"cleared": faults.clear(numbers), "faults": faults.rows(now())}

    return {"fault_add": added, "fault_list": listed, "fault_clear": cleared}


def _text(arguments: dict[str, Any], name: str) -> str:
    value = arguments.get(name, "")
    if not isinstance(value, str):
        raise ConfigError([Problem(name, "text expected")])
    return value
