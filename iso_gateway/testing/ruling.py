"""``host.after(...)``: what a test says is to come after a message, as rules of expectations have it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from iso_gateway.testing.expecting import conditions_of

Conditions = Mapping[str, str] | str
"""A table, ``{"amount": ">5000"}``, or the words of a command line, ``"mti:0200 amount:>5000"``."""
AddRule = Callable[[dict[str, Any]], None]


class Following:
    """What is to come after the messages that a test means, of the same terminal."""

    def __init__(self, after: Mapping[str, Any], add: AddRule) -> None:
        self._after = dict(after)
        self._add = add

    def __repr__(self) -> str:
        return f"<Following {words(self._after)}>"

    def expect(self, then: Conditions = "", /, *, before: Conditions = "", within: str = "", **more: Any) -> None:
        """Expect that it comes, or fail the test.

        Args:
            then: what it is to look like; beside the conditions of rules ``names="it"``, ``repeats="it"`` and
                ``same=[11, 41]``.
            before: what may not come before it.
            within: how soon: ``60s``; empty: until the test ends.
            more: further conditions of *then*.

        Raises:
            ConfigError: with everything that is wrong.
        """
        self._add({"after": self._after, "then": table(then, more), **_limits(before, within)})

    def never(self, never: Conditions = "", /, *, before: Conditions = "", **more: Any) -> None:
        """Expect that it does not come until what is *before* does, or fail the test.

        Raises:
            ConfigError: with everything that is wrong.
        """
        self._add({"after": self._after, "never": table(never, more), **_limits(before, "")})


def table(said: Conditions, more: Mapping[str, Any]) -> dict[str, Any]:
    """Return conditions of expectations: those of rules, and lists of elements (``same``).

    Raises:
        ConfigError: something is said twice, or is neither text nor a number.
    """
    lists = {key: value for key, value in more.items() if isinstance(value, list | tuple)}
    return conditions_of(said, {key: value for key, value in more.items() if key not in lists}) | lists


def words(said: Mapping[str, Any]) -> str:
    """Return conditions as a command line has them."""
    return " ".join(f"{key}:{value}" for key, value in said.items())


def _limits(before: Conditions, within: str) -> dict[str, Any]:
    limits: dict[str, Any] = {"before": table(before, {}), "within": within}
    return {key: value for key, value in limits.items() if value}
