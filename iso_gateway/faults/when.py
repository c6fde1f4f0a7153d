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
``response_code``   an element or part by its name in the spec, see `resolved`
``account.*``       of the card's account: ``account.available``, ``account.balance``, ``account.held`` in minor
                    units, ``account.tries`` (wrong PINs in a row)
``original``        how the original stands: ``approved``, ``voided``, ``reversed`` ...; ``absent``
``original.*``      of the original: ``original.kind``, ``original.amount``, ``original.code``
``nth``             which of those that fit: ``3``, ``3..5``, ``every 3``; counted for each terminal
``nth_of_all``      the same, counted for all terminals together
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
from iso_gateway.faults.elements import NAMED, field_of, path_of, unfit
from iso_gateway.faults.fault import Chance
from iso_gateway.faults.pattern import Pattern
from iso_gateway.protocol.kinds import Kind

KNOWN: Final = (
    *("account.available", "account.balance", "account.held", "account.tries"),
    *("original", "original.kind", "original.amount", "original.code"),
)
"""What is asked of the host, and stands in no message."""
SUBJECTS: Final = ("mti", "kind", "amount", *KNOWN, *NAMED)
"""Those that are not called as an element is."""
_KINDS: Final = tuple(str(kind) for kind in Kind)
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

    def __str__(self) -> str:
        if self.every:
            return f"every,{self.every}"
        return str(self.first) if self.first == self.last else f"{self.first}..{self.last}"

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
    """Of those of one terminal."""
    nth_of_all: Nth | None = None
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
    """What one rule counts: how often its conditions held, for each terminal and for all."""

    def __init__(self, when: When, chance: Chance) -> None:
        self.when = when
        self._chance = chance
        self._counts: dict[str, int] = {}
        self._count = 0

    def holds(self, occasion: Occasion) -> bool:
        """Say whether *occasion* is meant, and count it; chance is asked only where all else holds."""
        return not self.misses(occasion)

    def misses(self, occasion: Occasion) -> list[Miss]:
        """Return what does not hold, counting and chance too; where it is those alone, *occasion* was counted."""
        when = self.when
        if missed := when.misses(occasion):
            return missed
        if when.nth is not None and not when.nth.means(count := self._counted(occasion.message.text(41))):
            missed.append(Miss("nth", str(when.nth), str(count)))
        if when.nth_of_all is not None:
            self._count += 1
            if not when.nth_of_all.means(self._count):
                missed.append(Miss("nth_of_all", str(when.nth_of_all), str(self._count)))
        if not missed and when.probability < 1 and self._chance.random() >= when.probability:
            missed.append(Miss("probability", f"{when.probability:g}", None))
        return missed

    def _counted(self, terminal: str) -> int:
        """Return how many of *terminal* there were, with this one."""
        count = self._counts.pop(terminal, 0) + 1
        if len(self._counts) >= MOST_TERMINALS:
            del self._counts[next(iter(self._counts))]
        self._counts[terminal] = count
        return count


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
    if subject in KNOWN:
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
    counted: dict[str, Nth] = {}
    probability, conditions = 1.0, []
    for subject, text in pairs.items():
        try:
            if subject in {"nth", "nth_of_all"}:
                counted[subject] = _nth(text)
            elif subject == "probability":
                probability = _probability(text)
            else:
                conditions.append(Condition(subject, Pattern(text)))
        except ValueError as error:
            problems.append(Problem(f"{path}.{subject}", str(error)))
    if problems:
        raise ConfigError(problems)
    return When(tuple(conditions), counted.get("nth"), counted.get("nth_of_all"), probability)


def resolved(when: When, spec: Spec, path: str = "when") -> When:
    """Return *when* with elements and parts called by the numbers that *spec* gives them.

    Raises:
        ConfigError: with every subject that *spec* does not know, and every pattern that none of its values fits.
    """
    problems: list[Problem] = []
    found: list[Condition] = []
    for subject, pattern in when.conditions:
        try:
            resolved_to = subject if subject in SUBJECTS else path_of(spec, subject, SUBJECTS)
            _can_fit(spec, NAMED.get(resolved_to, resolved_to), pattern)
            found.append(Condition(resolved_to, pattern))
        except ValueError as error:
            problems.append(Problem(f"{path}.{subject}", str(error)))
    if problems:
        raise ConfigError(problems)
    return msgspec.structs.replace(when, conditions=tuple(found))


def _can_fit(spec: Spec, subject: str, pattern: Pattern) -> None:
    """Raise `ValueError` where no message of *spec* has under *subject* what *pattern* says in so many words."""
    field = field_of(spec, subject) if subject[0].isdecimal() else None
    for text in pattern.texts:
        why = ""
        if text[0] in "<>":
            why = f"a number is expected after {text[0]}, as in >5000"
        elif subject == "amount" and not text.isdecimal():
            why = "an amount is a number of minor units, or a range of them: 1234, >5000, 100..200"
        elif subject == "mti" and text not in spec.plan.mtis:
            why = f"{spec.name} has no such message type; four digits expected"
        elif subject in {"kind", "original.kind"} and text not in _KINDS:
            why = f"no kind of message{did_you_mean(text, _KINDS)}"
        elif field is not None:
            why = unfit(field, text)
        if why:
            raise ValueError(f"never fits: {why}")


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
