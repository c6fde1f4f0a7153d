"""What is expected of a terminal after something happened, as rules say it.

    - id: reversal-after-silence
      after:  {kind: sale, answered: silence}
      then:   {kind: reversal, names: it, same: [4, 41, 42], 39: "98"}
      before: {kind: money}
      within: 60s

Each of ``after``, ``then``, ``before`` and ``never`` is a table of conditions (see `faults.when`) and of these:

==============  ===========================================================================================
``kind``        may be ``money`` too: all that moves or holds money, but for reversals
``answered``    of ``after`` alone: ``approved``, ``declined``, ``unknown``, ``silence``, ``closed``, ``spoilt``,
                ``late``, ``balanced``, ``unbalanced``; several joined by ``|``
``code``        of ``after`` alone: the response code that it was given, in the codes of 1987
``same``        elements that are as in the message that came first: ``[11, 41]``
``names``       ``it``: the message has it as its original
``repeats``     ``it``: the message is its repeat, identical but for MTI, DE 7 and MAC
==============  ===========================================================================================

``then`` may be a list: one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from iso_gateway.codec.spec import Spec
from iso_gateway.errors import ConfigError, Problem
from iso_gateway.faults.grammar import seconds_of
from iso_gateway.faults.near import nearest
from iso_gateway.faults.pattern import Pattern
from iso_gateway.faults.when import Bare, When, resolved, when_of
from iso_gateway.host.judging.relations import key_of, names
from iso_gateway.host.judging.seen import MONEY, Answered, Seen
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.settings import read

Table = dict[str, Any]
Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$", description="lower case letters, digits and dashes")]


class ExpectationShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule as a file has it."""

    id: Name
    after: Table
    """What begins it."""
    text: str = ""
    """What a terminal is to do, in a sentence."""
    then: Table | list[Table] = []
    """What is to come, of the same terminal."""
    before: Table = {}
    """Until when: a message that this fits, before what is to come, is the finding."""
    within: str = ""
    """How soon after it: ``60s``; empty: the dialect sets no limit."""
    never: Table = {}
    """What is not to come until ``before`` does."""


class Wanted(msgspec.Struct, frozen=True):
    """What a message is to be like, by itself and beside the one that came first."""

    when: When
    said: str
    """As the rule has it, for people."""
    answered: frozenset[Answered] = frozenset()
    code: Pattern | None = None
    same: tuple[int, ...] = ()
    names: bool = False
    repeats: bool = False

    def begins(self, seen: Seen) -> bool:
        """Say whether *seen*, with how it was answered by now, is what begins a rule."""
        if seen.repeats is not None or self.when.misses(_bare(seen)):
            return False
        if self.code is not None and not self.code.fits(seen.code if seen.given else None):
            return False
        return not self.answered or bool(self.answered & seen.answered)

    def misses(self, seen: Seen, first: Seen, dialect: Dialect) -> list[str]:
        """Return why *seen* is not what is to come after *first*; empty: it is."""
        near = nearest([("", self.when)], _bare(seen))
        found = [] if near is None else [f"{miss.subject}" for miss in near.misses]
        found += [f"DE {de}, which is another one" for de in self.same if seen.message.get(de) != first.message.get(de)]
        if self.names and seen.undoes is not first and not names(dialect, seen, first):
            found.append("what it names")
        if self.repeats and not (seen.repeats is first or key_of(seen) == key_of(first)):
            found.append("it is no repeat")
        return found


class Expectation(msgspec.Struct, frozen=True):
    """One rule, read."""

    id: str
    text: str
    after: Wanted
    then: tuple[Wanted, ...] = ()
    before: Wanted | None = None
    within: float | None = None
    """Seconds; None: no limit."""
    never: Wanted | None = None


def _bare(seen: Seen) -> Bare:
    return Bare(seen.message, seen.kind)


_MONEY: Final = "|".join(sorted(MONEY))
_ONLY_AFTER: Final = ("answered", "code")
_RELATIONS: Final = ("same", "names", "repeats")


def expectations_of(
    data: object, spec: Spec, path: str = "expect", *, text: bool = True
) -> tuple[tuple[Expectation, ...], list[Problem]]:
    """Return the rules that a file's list *data* has, and every problem of them.

    Args:
        data: a list of tables.
        spec: whose elements the conditions name.
        path: where the list stands, for complaints.
        text: whether every scalar of it is text, as our reader of YAML gives it.
    """
    shapes, problems = read(list[ExpectationShape], data, text=text)
    if shapes is None:
        return (), [msgspec_at(problem, path) for problem in problems]
    found: list[Expectation] = []
    for number, shape in enumerate(shapes):
        expectation, wrong = expectation_of(shape, spec, f"{path}.{number}")
        problems += wrong
        if expectation is not None:
            found.append(expectation)
    return tuple(found), problems


def msgspec_at(problem: Problem, path: str) -> Problem:
    """Return *problem* below *path*."""
    below = f"{path}.{problem.path}" if problem.path and not problem.path.startswith("[") else path
    return Problem(below, problem.message, problem.line)


def expectation_of(shape: ExpectationShape, spec: Spec, path: str) -> tuple[Expectation | None, list[Problem]]:
    """Return the rule of *shape*, and its problems."""
    problems: list[Problem] = []
    steps = [shape.then] if isinstance(shape.then, Mapping) else shape.then
    after = _wanted(shape.after, spec, f"{path}.after", problems, first=True)
    then = [_wanted(step, spec, f"{path}.then", problems) for step in steps]
    before = _wanted(shape.before, spec, f"{path}.before", problems) if shape.before else None
    never = _wanted(shape.never, spec, f"{path}.never", problems) if shape.never else None
    within: float | None = None
    if shape.within:
        try:
            within = seconds_of(shape.within)
        except ValueError as error:
            problems.append(Problem(f"{path}.within", str(error)))
    if then and never is not None:
        problems.append(Problem(f"{path}.never", "does not go with then: write two rules"))
    if within is not None and not then:
        problems.append(Problem(f"{path}.within", "needs a then: what is to come so soon?"))
    if problems or after is None:
        return None, problems
    steps_read = tuple(step for step in then if step is not None)
    return Expectation(shape.id, shape.text, after, steps_read, before, within, never), []


def _wanted(table: Table, spec: Spec, path: str, problems: list[Problem], *, first: bool = False) -> Wanted | None:
    """Return what *table* says of a message, its problems added to *problems*."""
    before = len(problems)
    allowed = _ONLY_AFTER if first else _RELATIONS
    mine = {key: value for key, value in table.items() if key in (*_ONLY_AFTER, *_RELATIONS)}
    problems += [
        Problem(f"{path}.{key}", f"does not stand {'in' if first else 'outside'} after")
        for key in mine
        if key not in allowed
    ]
    conditions = {str(key): str(value) for key, value in table.items() if key not in mine}
    if conditions.get("kind"):
        conditions["kind"] = "|".join(_MONEY if each == "money" else each for each in conditions["kind"].split("|"))
    when = When()
    try:
        when = resolved(when_of(conditions, path), spec, path)
    except ConfigError as error:
        problems += error.problems
    answered = _answered(mine.get("answered", ""), f"{path}.answered", problems)
    same = _numbers(mine.get("same", []), spec, f"{path}.same", problems)
    for key in ("names", "repeats"):
        if mine.get(key, "it") != "it":
            problems.append(Problem(f"{path}.{key}", "'it' expected: the message that came first"))
    code = str(mine["code"]) if "code" in mine else ""
    if len(problems) > before:
        return None
    said = ", ".join(f"{key} {value}" for key, value in table.items())
    pattern = Pattern(code) if code else None
    return Wanted(when, said, answered, pattern, same, "names" in mine, "repeats" in mine)


def _answered(said: object, path: str, problems: list[Problem]) -> frozenset[Answered]:
    words = str(said).split("|") if said else []
    if unknown := [word for word in words if word not in set(Answered)]:
        problems.append(Problem(path, f"one or several of {'|'.join(Answered)} expected, not {unknown[0][:40]!r}"))
        return frozenset()
    return frozenset(Answered(word) for word in words)


def _numbers(said: object, spec: Spec, path: str, problems: list[Problem]) -> tuple[int, ...]:
    numbers = [str(each) for each in said] if isinstance(said, list | tuple) else [str(said)]
    if not all(number.isdecimal() and int(number) in spec.fields for number in numbers):
        problems.append(Problem(path, f"numbers of elements of {spec.name} expected, as in [11, 41]"))
        return ()
    return tuple(int(number) for number in numbers)
