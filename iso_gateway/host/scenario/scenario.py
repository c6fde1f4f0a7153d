"""Which rule a message gets: the first whose state and conditions hold. All chance comes from one seed.

States are those of a small machine, one for each terminal or one for the whole host: a rule is asked in certain states
(``in``), and the one that a message gets may change the state (``then``).
"""

from __future__ import annotations

import random  # noqa: TID251 -- seeded
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from iso_gateway.faults.near import Near, in_words
from iso_gateway.faults.when import MOST_TERMINALS, Counting, Miss, Occasion
from iso_gateway.host.books import SERIALS
from iso_gateway.host.judging.expectations import Expectation
from iso_gateway.host.scenario.rule import Rule

FIRST: Final = "start"
"""The state in which everything begins, unless a scenario says otherwise."""


class Ruling(NamedTuple):
    """What a scenario says of one message."""

    rule: Rule | None = None
    """None: the ordinary rules of the host."""
    closest: str = ""
    """Where no rule fitted, which came nearest and what differed: one line, masked."""


NO_RULING: Final = Ruling()


def seeded_serial(seed: int | str) -> int:
    """Return the number that the first RRN of a host with *seed* carries."""
    return random.Random(f"{seed}/rrn").randrange(SERIALS)  # noqa: S311 -- a run can be repeated


class _Live:
    """A rule and what it has counted."""

    def __init__(self, rule: Rule, chance: random.Random) -> None:
        self.rule = rule
        self._counting = Counting(rule.when, chance)

    def misses(self, occasion: Occasion, state: str) -> list[Miss]:
        """Return why the rule is not meant; out of its states it counts nothing."""
        states = self.rule.states
        if states and state not in states:
            return [Miss("in", "|".join(states), state), *self.rule.when.misses(occasion)]
        return self._counting.misses(occasion)


class Scenario:
    """Rules in their order, and the states that they have led to."""

    def __init__(
        self,
        rules: Iterable[Rule] = (),
        *,
        seed: int | str = 0,
        first: str = FIRST,
        of_terminals: bool = True,
        otherwise: Rule | None = None,
        expectations: tuple[Expectation, ...] = (),
    ) -> None:
        """Begin in the state *first*.

        Args:
            rules: in the order in which they are asked.
            seed: what all chance is made from.
            first: the first state.
            of_terminals: whether each terminal has a state of its own; else there is one.
            otherwise: what a message gets that fits none of the rules; None: what the host ordinarily does.
            expectations: what terminals are to do next; they are the judge's.
        """
        self.expectations = expectations
        self.seed = seed
        self.chance = random.Random(str(seed))  # noqa: S311 -- a run can be repeated
        """For what is not a condition: templates, delays, garbage."""
        self.on_unmatched: Callable[[Near, Occasion], None] | None = None
        """Is told of each message that fits none of the rules, and of the nearest."""
        self._first = first
        self._of_terminals = of_terminals
        self._otherwise = otherwise
        self._states: dict[str, str] = {}
        self._live: list[_Live] = []
        for rule in rules:
            self.add(rule)

    def __repr__(self) -> str:
        return f"<Scenario of {len(self._live)} rules, seed {self.seed}>"

    def __bool__(self) -> bool:
        return bool(self._live) or self._otherwise is not None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules, in their order."""
        return tuple(live.rule for live in self._live)

    def add(self, rule: Rule, *, first: bool = False) -> None:
        """Ask *rule* after all others, or with *first* before them; also while the host runs."""
        # A generator of its own, so that a rule more or less leaves the others' chance as it is.
        live = _Live(rule, random.Random(f"{self.seed}/{rule.name}"))  # noqa: S311 -- see `chance`
        self._live.insert(0 if first else len(self._live), live)

    def remove(self, rule: Rule) -> None:
        """Ask *rule* no more; raises `ValueError` where it is not among the rules."""
        index = next((place for place, live in enumerate(self._live) if live.rule is rule), None)
        if index is None:
            raise ValueError("no rule of this scenario")
        del self._live[index]

    def state(self, terminal: str = "") -> str:
        """Return the state of *terminal*, or that of the host."""
        return self._states.get(terminal if self._of_terminals else "", self._first)

    def judge(self, occasion: Occasion) -> Ruling:
        """Return what *occasion* gets, and take it in: counts, chance and state move on."""
        if not self._live:
            return NO_RULING if self._otherwise is None else Ruling(self._otherwise)
        terminal = occasion.message.text(41)
        state = self.state(terminal)
        missed: list[Near] = []
        for live in self._live:
            misses = live.misses(occasion, state)
            if not misses:
                if live.rule.then:
                    self._enter(terminal, live.rule.then)
                return Ruling(live.rule)
            missed.append(Near(live.rule.name, live.rule.when, misses))
        near = min(missed, key=lambda each: (not each.akin, len(each.misses)))
        if self.on_unmatched is not None:
            self.on_unmatched(near, occasion)
        return Ruling(self._otherwise, in_words(near, occasion))

    def _enter(self, terminal: str, state: str) -> None:
        key = terminal if self._of_terminals else ""
        self._states.pop(key, None)
        if len(self._states) >= MOST_TERMINALS:
            del self._states[next(iter(self._states))]
        self._states[key] = state
