"""Conditions: which messages a rule, a standing fault or an expectation is about.

In YAML a table, ``{mti: "0200", amount: ">5000", terminal: TERM*, nth: 3}``; on a command line the same in words,
``mti:0200 amount:>5000 terminal:TERM* nth:3``. All of them must hold. What a subject is called:

==================  ======================================================================================
``mti``             four digits as they came
``kind``            what it is for, whatever its bytes: sale, void, refund, reversal, sign_on ... (`Kind`)
``terminal``        DE 41
``merchant``        DE 42
``stan``            DE 11
``amount``          DE 4 in minor units, without leading zeros; ``*51`` is an ending
``35``, ``55.9F26`` an element or part of it, by number or path; binary values as hexadecimal
``response_code``   an element by its name in the spec, see `resolved`
``account.*``       of the card's account: ``account.available``, ``account.tries``
``original``        how the original stands: ``approved``, ``voided``, ``reversed`` ...; ``absent``
``nth``             which of those that fit: ``3``, ``3..5``, ``every 3``; counted for each terminal
``probability``     from 0, never, to 1
==================  ======================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

import msgspec

from iso_gateway.codec.message import Message
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import ConfigError, DecodeError, Problem, did_you_mean
from iso_gateway.faults.fault import Chance
from iso_gateway.faults.pattern import Pattern
from iso_gateway.protocol.kinds import Kind

NAMED: Final = {"terminal": "41", "merchant": "42", "stan": "11"}
"""Subjects with a short name, and the element that they are."""
SUBJECTS: Final = ("mti", "kind", "amount", "original", *NAMED)
"""Those that are no elements."""
MOST_TERMINALS: Final = 10_000
"""Terminals whose messages are counted apart; above, the oldest count begins anew."""


class Occasion(Protocol):
    """One message as conditions see it."""

    @property
    def message(self) -> Message:
        """As it came."""

    @property
    def kind(self) -> Kind | None:
        """What it is for; None where the dialect does not know."""

    def known(self, subject: str) -> str | None:
        """Return what is known beside the message: ``account.available``, ``original`` ...; None: nothing."""


class Bare(NamedTuple):
    """An occasion of which nothing is known but the message."""

    message: Message
    kind: Kind | None = None

    def known(self, subject: str) -> str | None:  # noqa: ARG002 -- nothing, whatever it is
        """Return None."""
        return None


class Nth(msgspec.Struct, frozen=True):
    """Which of the messages that fit are meant, from 1."""

    first: int
    last: int
    every: int = 0
    """Every so many; 0: *first* to *last*."""

    def means(self, count: int) -> bool:
        """Say whether the *count*-th is meant."""
        return count % self.every == 0 if self.every else self.first <= count <= self.last


class Condition(NamedTuple):
    """One subject, and what it must look like."""

    subject: str
    pattern: Pattern


class Miss(NamedTuple):
    """A condition that did not hold."""

    subject: str
    expected: str
    """The pattern's text."""
    found: str | None
    """As carried, not masked; None: nothing is there."""


class When(msgspec.Struct, frozen=True):
    """All conditions of one rule."""

    conditions: tuple[Condition, ...] = ()
    nth: Nth | None = None
    probability: float = 1.0

    def misses(self, occasion: Occasion) -> list[Miss]:
        """Return the conditions that do not hold for *occasion*, but for chance and counting; empty: it fits."""
        found: list[Miss] = []
        for subject, pattern in self.conditions:
            value = value_of(occasion, subject)
            if not pattern.fits(value):
                found.append(Miss(subject, pattern.text, value))
        return found


ANY: Final = When()


class Counting:
    """What one rule counts: how often its conditions held, for each terminal."""

    def __init__(self, when: When, chance: Chance) -> None:
        self.when = when
        self._chance = chance
        self._counts: dict[str, int] = {}

    def holds(self, occasion: Occasion) -> bool:
        """Say whether *occasion* is meant, and count it; chance is asked only where all else holds."""
        when = self.when
        if when.misses(occasion):
            return False
        if when.nth is not None:
            terminal = occasion.message.text(41)
            count = self._counts.pop(terminal, 0) + 1
            if len(self._counts) >= MOST_TERMINALS:
                del self._counts[next(iter(self._counts))]
            self._counts[terminal] = count
            if not when.nth.means(count):
                return False
        return when.probability >= 1 or self._chance.random() < when.probability


def value_of(occasion: Occasion, subject: str) -> str | None:
    """Return what *occasion* has under *subject*; None where nothing is there or it cannot be read."""
    message = occasion.message
    if subject == "mti":
        return message.mti
    if subject == "kind":
        return None if occasion.kind is None else str(occasion.kind)
    if subject == "amount":
        amount = message.text(4)
        return str(int(amount)) if amount.isdecimal() else None
    if subject == "original" or subject.startswith("account."):
        return occasion.known(subject)
    path = NAMED.get(subject, subject)
    try:
        value = message.get(int(path) if path.isdecimal() else path)
    except (DecodeError, KeyError, ValueError):
        return None
    return value.hex().upper() if isinstance(value, bytes) else value


def when_of(said: Mapping[str, str] | str, path: str = "when") -> When:
    """Return the conditions that *said* describes: a table, or the words of a command line.

    Raises:
        ConfigError: with every condition that cannot be one.
    """
    problems: list[Problem] = []
    pairs = _words(said, path, problems) if isinstance(said, str) else dict(said)
    nth, probability, conditions = None, 1.0, []
    for subject, text in pairs.items():
        try:
            if subject == "nth":
                nth = _nth(text)
            elif subject == "probability":
                probability = _probability(text)
            else:
                conditions.append(Condition(subject, Pattern(text)))
        except ValueError as error:
            problems.append(Problem(f"{path}.{subject}", str(error)))
    if problems:
        raise ConfigError(problems)
    return When(tuple(conditions), nth, probability)


def resolved(when: When, spec: Spec, path: str = "when") -> When:
    """Return *when* with names of elements turned into the numbers that *spec* gives them.

    Raises:
        ConfigError: with every subject that *spec* does not know.
    """
    numbers = {field.name: str(number) for number, field in spec.fields.items()}
    problems: list[Problem] = []
    found: list[Condition] = []
    for condition in when.conditions:
        name, dot, inside = condition.subject.partition(".")
        number = numbers.get(name, name)
        known = (
            condition.subject in SUBJECTS or name == "account" or (number.isdecimal() and int(number) in spec.fields)
        )
        if not known:
            near = did_you_mean(name, (*SUBJECTS, *numbers))
            problems.append(Problem(path, f"{spec.name} has no element {name[:40]!r}{near}"))
        found.append(Condition(number + dot + inside, condition.pattern))
    if problems:
        raise ConfigError(problems)
    return msgspec.structs.replace(when, conditions=tuple(found))


def _words(text: str, path: str, problems: list[Problem]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for word in text.split():
        subject, colon, pattern = word.partition(":")
        if not (subject and colon and pattern):
            problems.append(Problem(path, f"{word[:40]!r}: SUBJECT:PATTERN expected, as in mti:0200"))
        elif subject in pairs:
            problems.append(Problem(path, f"{subject} is said twice"))
        else:
            pairs[subject] = pattern
    return pairs


def _nth(text: str) -> Nth:
    every = text.startswith("every")
    first, dots, last = text.removeprefix("every").strip(" ,").partition("..")
    numbers = [first, last] if dots and not every else [first]
    if not all(number.isascii() and number.isdecimal() and 0 < int(number) < 10**9 for number in numbers):
        raise ValueError("a number, 3..5 or every,3 expected")
    if every:
        return Nth(0, 0, int(first))
    least, most = int(first), int(numbers[-1])
    if least > most:
        raise ValueError("the first number of a range is the smaller one")
    return Nth(least, most)


def _probability(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise ValueError("a number from 0 to 1 expected")
    return number
