"""What is wrong or doubtful in a spec, each with the id of a rule.

What makes a spec unusable (`error`) is found by the builder; here its problems get their ids. What a usable spec says
and hardly can mean (`warning`) is found here. `lint_rules` has the rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from iso_gateway.codec.field import Field
from iso_gateway.codec.mask import DEFAULTS
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import Problem
from iso_gateway.inspect.lint_rules import ERRORS, WARNINGS
from iso_gateway.inspect.spec_parts import Declared, declared, tables


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


_SECRET: Final = (2, 14, 35, 36, 45, 52, 53, 55, 64, 128)
_SECRET_NAMES: Final = re.compile(
    r"(^|_)(pan|card_number|primary_account_number|track_?[123]?(_data)?|cvv2?|cvc2?|cvn|pin(_data|_block)?"
    r"|cardholder_name|expiry(_date)?|expiration(_date)?|date_expiration)$"
)
"""What parts are called that hold a card, its holder, or what proves that it is theirs."""
_SECRET_TAGS: Final = frozenset({"57", "5A", "56", "5F20", "5F24", "99", "9F0B", "9F1F", "9F20", "9F6B"})
"""EMV's tags of the PAN, tracks and discretionary data, the cardholder's name, the expiry date and the PIN."""
_MACS: Final = (64, 128)
"""One element in two places."""
_STANDARD: Final = {
    2: 19, 3: 6, 4: 12, 11: 6, 37: 12, 38: 6, 41: 8, 42: 15, 49: 3, 52: 8, 90: 42,
}  # fmt: skip
"""Lengths of 1987 that dialects hardly ever change."""
_BYTES: Final = {52: 8, 64: 8, 96: 8, 128: 8}
"""Lengths of what is binary in all versions."""
_CURRENCIES: Final = {4: 49, 5: 50, 6: 51}
_FRAME: Final = 65_535
"""Bytes of a frame whose length has two."""


def of_errors(problems: list[Problem]) -> list[Finding]:
    """Return the builder's *problems* with the ids of their rules."""
    return [Finding(_rule(problem.message), Level.ERROR, problem) for problem in problems]


def _rule(message: str) -> str:
    return next(rule.id for rule in ERRORS if re.search(rule.said, message))


def of_spec(spec: Spec) -> list[Finding]:
    """Return what is doubtful in *spec*, element by element, what is inside one behind it; lines are not known here."""
    found = [_warning(*each) for number, field in spec.fields.items() for each in _element(spec, number, field)]
    return [*found, *(_warning(*each) for each in _whole(spec))]


def _warning(rule: str, path: str, more: str = "") -> Finding:
    return Finding(rule, Level.WARNING, Problem(path, WARNINGS[rule] + (f" ({more})" if more else "")))


Said = Iterator[tuple[str, str, str]]
"""Rule, path, and what else there is to say."""


def _element(spec: Spec, number: int, field: Field) -> Said:
    usual = _STANDARD if spec.version == "1987" else {}
    yield from _of_field(number, field, usual)
    for part in declared(spec, number):
        yield from _of_part(part)
    row = spec.source["fields"][str(number)]
    if field.length == "fixed":
        yield from _short(row.get("parts"), f"fields.{number}.parts", field.max)


def _of_field(number: int, field: Field, standard: Mapping[int, int]) -> Said:
    path = f"fields.{number}"
    named = _SECRET_NAMES.search(field.name) is not None
    if field.mask == "none" and (named or (number in _SECRET and DEFAULTS.get(number) != "none")):
        yield "secret-shown", f"{path}.mask", ""
    if field.format == "any":
        yield "unchecked", f"{path}.format", ""
    digits = field.binary and field.max == 2 * _BYTES.get(number, 0)
    if digits:
        yield "length-in-hex-digits", f"{path}.max", f"{field.max}, usually {field.max // 2}"
    usual = standard.get(number)
    if usual is not None and field.max != usual and field.format != "any" and not digits:
        yield "not-the-standard", f"{path}.max", f"{field.max}, usually {usual}"
    if number in _MACS and not field.binary and field.format != "any":
        yield "mac-not-bytes", f"{path}.format", field.format
    if field.max > _FRAME:
        yield "longer-than-a-frame", f"{path}.max", f"{field.max}"


def _of_part(part: Declared) -> Said:
    key = part.path.rpartition(".")[2]
    secret = _SECRET_NAMES.search(str(part.row.get("name", ""))) or (
        key in _SECRET_TAGS and part.table.endswith("tags")
    )
    if secret and part.row.get("mask") == "none":
        yield "secret-shown", f"{part.path}.mask", ""


def _short(parts: Any, path: str, size: int) -> Said:
    """Yield that parts which stand one after the other take less than the *size* of the fixed whole."""
    if not isinstance(parts, Mapping) or not parts or not all(key.isdecimal() for key in parts):
        return
    sizes = [str(part.get("size", "")) for part in parts.values()]
    if all(each.isdecimal() for each in sizes) and (total := sum(map(int, sizes))) < size:
        yield "parts-too-short", path, f"{total} of {size}"


def _whole(spec: Spec) -> Said:
    if not spec.profile:
        yield "no-profile", "profile", ""
    for number in (11, 41):
        if number in spec.fields and number not in spec.echo:
            yield "never-echoed", "echo", f"DE {number}"
    yield from _names("fields", {str(number): field.name for number, field in spec.fields.items()})
    for number in spec.fields:
        yield from _names_inside(spec.source["fields"][str(number)].get("parts"), f"fields.{number}.parts")
    last = max(spec.fields, default=0)
    if 128 in spec.fields and last > 128:
        yield "mac-not-last", "fields.128", f"DE {last} stands behind it"
    elif 64 in spec.fields and 128 not in spec.fields and last > 64:
        yield "mac-not-last", "fields.64", f"DE {last} stands behind it, and there is no DE 128"
    if spec.version in {"1987", "1993"}:  # later amounts have their currency with them
        for amount, currency in _CURRENCIES.items():
            if amount in spec.fields and currency not in spec.fields:
                yield "amount-without-currency", f"fields.{amount}", f"there is no DE {currency}"


def _names(path: str, names: Mapping[str, str]) -> Said:
    """Yield the names that two of one table have."""
    seen: dict[str, str] = {}
    for key, name in names.items():
        first = seen.setdefault(name, key)
        if first != key and (first, key) != tuple(map(str, _MACS)):
            yield "doubled-name", f"{path}.{key}.name", f"{'DE ' if path == 'fields' else ''}{first} has it too"


def _names_inside(parts: Any, path: str) -> Said:
    for table, rows in tables(parts, path):
        yield from _names(table, {key: str(row.get("name", "")) for key, row in rows.items()})
        for key, row in rows.items():
            yield from _names_inside(row.get("parts"), f"{table}.{key}.parts")
