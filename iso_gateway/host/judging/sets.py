"""Certification sets: the cases that a terminal is put through, read from YAML."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from iso_gateway.catalog.bases import Stack, stacked
from iso_gateway.catalog.shelf import Shelf
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import ConfigError, Problem, SpecError
from iso_gateway.host.judging.checks import CHECKS
from iso_gateway.host.judging.expectations import Expectation, ExpectationShape, Name, expectation_of
from iso_gateway.settings import read

SETS: Final = Shelf("certification set", ("certification",))


class CaseShape(ExpectationShape, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One case as a file has it: a rule, and how a tester brings it about."""

    source: str
    """Where it is said: a section of flows, a ruling, a clause."""
    do: str
    """What a tester does."""
    needs: Literal["", "mac", "exchange"] = ""
    """What a host must have for it: MACs, or keys that are exchanged; otherwise the case is not asked for."""


class SetShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One set as a file has it."""

    name: Name
    title: str
    profile: str
    """The dialect that it is for."""
    spec: str
    """The shipped spec that is meant where none is named."""
    cases: list[CaseShape]
    checks: list[str] = []
    """Of the checks that only some hosts ask for, those that this one does."""


class Case(msgspec.Struct, frozen=True):
    """One case, read."""

    rule: Expectation
    source: str
    do: str
    needs: str

    @property
    def id(self) -> str:
        """What it is called, once in its set."""
        return self.rule.id


class CertificationSet(msgspec.Struct, frozen=True):
    """What a terminal of one dialect is put through."""

    name: str
    title: str
    cases: tuple[Case, ...]
    checks: tuple[str, ...]
    """The ids of the checks that are made beside."""


NO_CASES: Final = CertificationSet("", "What terminals did", (), ())
"""What holds terminals against the checks of every message alone."""


def set_names() -> list[str]:
    """Return the names of the shipped sets, sorted."""
    return SETS.names()


def shape_of(name: str) -> tuple[SetShape, Stack]:
    """Return the set that is shipped as *name*, or that the file *name* holds, as it stands there.

    Raises:
        ConfigError: there is none, or it is none, with every fault and its line.
    """
    try:
        stack = stacked(SETS.find(name, Path()), SETS.find)
    except SpecError as error:
        raise ConfigError(error.problems, error.source) from None
    shape, problems = read(SetShape, stack.data, text=True)
    if shape is None:
        raise ConfigError(stack.located(problems), name)
    return shape, stack


def with_expectations(chosen: CertificationSet, rules: Iterable[Expectation], source: str) -> CertificationSet:
    """Return *chosen* with a case for each of the *rules*, which are of *source*."""
    return msgspec.structs.replace(chosen, cases=chosen.cases + tuple(Case(rule, source, "", "") for rule in rules))


def certification_set(name: str, spec: Spec) -> CertificationSet:
    """Return the set *name* for a host that speaks *spec*.

    Raises:
        ConfigError: with every fault of it, each with its line; or it is for another dialect.
    """
    shape, stack = shape_of(name)
    problems: list[Problem] = []
    if shape.profile != Path(spec.profile).stem:
        problems.append(Problem("profile", f"this set is for {shape.profile}, and {spec.name} is {spec.profile}"))
    known = {check.id for check in CHECKS}
    problems += [Problem("checks", f"no check is called {each[:60]!r}") for each in shape.checks if each not in known]
    cases: list[Case] = []
    for number, each in enumerate(shape.cases):
        where = f"cases.{number}"
        if each.id in {before.id for before in shape.cases[:number]}:
            problems.append(Problem(f"{where}.id", f"{each.id} stands twice"))
        plain: dict[str, Any] = {field: getattr(each, field) for field in ExpectationShape.__struct_fields__}
        rule, wrong = expectation_of(ExpectationShape(**plain), spec, where)
        problems += wrong
        if rule is not None:
            cases.append(Case(rule, each.source, each.do, each.needs))
    if problems:
        raise ConfigError(stack.located(problems), name)
    return CertificationSet(shape.name, shape.title, tuple(cases), tuple(shape.checks))
