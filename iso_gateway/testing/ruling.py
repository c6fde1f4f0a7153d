"""``host.when(...)`` and ``host.after(...)``: what a test says becomes of messages, and is to come after them.

They are rules as scenario files and sets of expectations have them, written in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from iso_gateway.testing.expecting import conditions_of

Conditions = Mapping[str, str] | str
"""A table, ``{"amount": ">5000"}``, or the words of a command line, ``"mti:0200 amount:>5000"``."""
AddRule = Callable[[dict[str, Any]], None]


class Ruling:
    """What becomes of the messages that a test means."""

    def __init__(self, when: Mapping[str, str], add: AddRule) -> None:
        """Make rules about what *when* describes, and *add* them."""
        self.said = words(when)
        self.made = 0
        """How many rules were made of it: without one, nothing becomes of them."""
        self._when = dict(when)
        self._add = add

    def __repr__(self) -> str:
        return f"<Ruling {self.said}>"

    def respond(
        self,
        code: str = "",
        *,
        approve: str = "",
        set: Mapping[str, str] | None = None,  # noqa: A002 -- as scenario files have it
        copy: list[str] | Mapping[str, str] | None = None,
        template: Mapping[str, str] | None = None,
        balance: str = "",
        emv: Mapping[str, str] | None = None,
        record: bool = True,
        fault: str = "",
    ) -> None:
        """Answer them so. What is not said is as the host would have it.

        Args:
            code: of 1987 or of the dialect: ``51``; ``00`` approves whatever the ordinary rules say.
            approve: how much of it, with code 10: ``50%``, minor units, or ``available``.
            set: what elements and parts of the answer say; ``absent`` takes one out.
            copy: elements copied: a list of the request's, or for each where from (``original.37``).
            template: text with places in it: ``{request.11}``, ``{digits:6}``.
            balance: what DE 54 says is available: minor units, or ``available``.
            emv: the issuer's data in DE 55, by tag: 91, 71, 72, 8A.
            record: whether the ledger hears of it.
            fault: what goes wrong with the answer as well: ``delay=2s``, ``wrong=mac twice``.

        Raises:
            ConfigError: with everything that is wrong.
        """
        said = {
            "code": code,
            "approve": approve,
            "set": set,
            "copy": copy,
            "template": template,
            "balance": balance,
            "emv": emv,
        }
        respond = {key: value for key, value in said.items() if value} | ({} if record else {"record": False})
        self._rule({"respond": respond, "fault": fault})

    def fail(self, fault: str) -> None:
        """Let that go wrong with their answers: ``silence``, ``late``, ``truncate=3 reset`` ...; all else is as ever.

        Raises:
            ConfigError: with every word that is no fault.
        """
        self._rule({"fault": fault})

    def _rule(self, answering: dict[str, Any]) -> None:
        self.made += 1
        self._add({"name": self.said[:80], "when": self._when, **answering})


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
