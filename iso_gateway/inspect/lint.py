"""What is wrong or doubtful in a spec, each with the id of a rule.

What makes a spec unusable (`error`) is found by the builder; here its problems get their ids. What a usable spec says
and hardly can mean (`warning`) is found here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from iso_gateway.codec.field import Field
from iso_gateway.codec.mask import DEFAULTS
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import Problem


class Level(StrEnum):
    """How bad it is."""

    ERROR = "error"
    WARNING = "warning"


class Finding(NamedTuple):
    """One thing that a spec should not say."""

    rule: str
    """Its id: ``prefix-too-narrow``."""
    level: Level
    problem: Problem


ERRORS: Final[tuple[tuple[str, str], ...]] = (
    ("prefix-too-narrow", r"do not fit an L*VAR length"),
    ("parts-do-not-sum", r"the parts take |parts of \d+ do not fill"),
    ("text-in-bcd", r"no encoding for format"),
    ("odd-digits-without-pad", r"an odd number of packed digits"),
    ("third-bitmap", r"bit 65 announces|in a third bitmap|announces no other"),
    ("out-of-reach", r"ends at data element|bit 1 announces|the bitmap has \d+ bits"),
    ("unknown-key", r"unknown key"),
    ("missing-key", r"is missing"),
    ("mask-too-weak", r"shows what is masked|may hold what nobody declared"),
    ("length-of-fixed", r"a fixed field "),
    ("wrong-value", r""),
)
"""Rule, and what the builder's problem says; the first row that fits counts."""

WARNINGS: Final[dict[str, str]] = {
    "secret-shown": "an element that is secret by the standard is not masked",
    "unchecked": "format any takes whatever comes: a letter in an amount is not noticed",
    "prefix-too-wide": "a shorter length would do",
    "parts-too-short": "it is fixed, and its parts do not sum to its length: what is behind them cannot be read",
    "not-the-standard": "its length is another one than the standard's",
    "never-echoed": "an answer without it cannot be matched with its request",
    "no-profile": "nobody knows what its messages mean: kinds, response codes, rules",
    "doubled-name": "two elements have one name, so that a name finds only one of them",
}
"""Rule, and why."""

_SECRET: Final = (2, 14, 35, 36, 45, 52, 53, 55, 64, 128)
_MACS: Final = (64, 128)
"""One element in two places."""
_STANDARD: Final = {
    2: 19, 3: 6, 4: 12, 11: 6, 37: 12, 38: 6, 41: 8, 42: 15, 49: 3, 52: 8, 64: 8, 90: 42,
}  # fmt: skip
"""Lengths of 1987 that dialects hardly ever change."""


def of_errors(problems: list[Problem]) -> list[Finding]:
    """Return the builder's *problems* with the ids of their rules."""
    return [Finding(_rule(problem.message), Level.ERROR, problem) for problem in problems]


def _rule(message: str) -> str:
    return next(rule for rule, pattern in ERRORS if re.search(pattern, message))


def of_spec(spec: Spec) -> list[Finding]:
    """Return what is doubtful in *spec*, in the order of its elements; lines are not known here."""
    usual = _STANDARD if spec.version == "1987" else {}
    found = [_warning(*each) for number, field in spec.fields.items() for each in _of_field(number, field, usual)]
    if not spec.profile:
        found.append(_warning("no-profile", "profile", ""))
    unmatched = [number for number in (11, 41) if number in spec.fields and number not in spec.echo]
    found += [_warning("parts-too-short", f"fields.{number}.parts", more) for number, more in _short(spec)]
    found += [_warning("never-echoed", "echo", f"DE {number}") for number in unmatched]
    names: dict[str, int] = {}
    for number, field in spec.fields.items():
        if names.setdefault(field.name, number) != number and (names[field.name], number) != _MACS:
            found.append(_warning("doubled-name", f"fields.{number}.name", f"DE {names[field.name]} has it too"))
    return found


def _short(spec: Spec) -> Iterator[tuple[int, str]]:
    """Yield the fixed elements whose parts, one after the other, take less than they have."""
    for number, field in spec.fields.items():
        parts = spec.source["fields"][str(number)].get("parts")
        if field.length != "fixed" or not isinstance(parts, dict) or not all(key.isdecimal() for key in parts):
            continue
        sizes = [str(part.get("size", "")) for part in parts.values()]
        if all(size.isdecimal() for size in sizes) and (total := sum(map(int, sizes))) < field.max:
            yield number, f"{total} of {field.max}"


def _of_field(number: int, field: Field, standard: Mapping[int, int]) -> Iterator[tuple[str, str, str]]:
    path = f"fields.{number}"
    if number in _SECRET and field.mask == "none" and DEFAULTS.get(number) != "none":
        yield "secret-shown", f"{path}.mask", ""
    if field.format == "any":
        yield "unchecked", f"{path}.format", ""
    letters = field.length.count("L")
    if letters > 2 and field.max < 10 ** (letters - 1) and field.prefix in {"ascii", "cp037", "cp500", "cp1047"}:
        yield "prefix-too-wide", f"{path}.length", f"{field.length} for at most {field.max}"
    usual = standard.get(number)
    if usual is not None and field.max != usual and field.format != "any":
        yield "not-the-standard", f"{path}.max", f"{field.max}, usually {usual}"


def _warning(rule: str, path: str, more: str) -> Finding:
    return Finding(rule, Level.WARNING, Problem(path, WARNINGS[rule] + (f" ({more})" if more else "")))
