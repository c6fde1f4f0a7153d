"""The rules of the house that no linter knows: sizes, docstrings, published card numbers, pinned versions."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from iso_gateway.catalog import read_yaml

ROOT = Path(__file__).resolve().parent.parent
CODE = sorted(
    path
    for name in ("iso_gateway", "tests", "scripts", "bench", "fuzz", "crash", "leaks", "examples")
    for path in (ROOT / name).rglob("*.py")
)
PUBLIC = sorted(
    path
    for name in ("fixtures/README.md", "examples", "docs", "specs", "README.md", "CHANGELOG.md", "SECURITY.md")
    for path in ([ROOT / name] if (ROOT / name).is_file() else (ROOT / name).rglob("*"))
    if path.is_file() and "__pycache__" not in path.parts
)

PUBLISHED = {
    *("4761739001010010", "4111111111111111", "4012888888881881"),
    *("5413330089600119", "5555555555554444"),
    *("6250941006528599", "378282246310005", "6011000990139424", "3530111333300000"),
}
"""Card numbers that schemes and acquirers publish for tests; no card has them."""

REDACTED = {"4761730000000011"}
"""What `redact` puts in place of the first Visa card; nothing pays with it."""

MOST_LINES = 450
"""A file is one idea: 100 to 300 lines is usual, and here it is certainly two."""


def name_of(path: Path) -> str:
    """Return the path as it reads from the top of the checkout."""
    return str(path.relative_to(ROOT))


def is_card_number(digits: str) -> bool:
    """Say whether *digits* pass the Luhn check, as every card number does and one in ten others."""
    twice = [sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2]]
    return (sum(map(int, digits[-1::-2])) + sum(twice)) % 10 == 0 and len(set(digits)) > 1


def card_numbers(text: str) -> Iterator[str]:
    """Yield what reads as a card number in *text*: alone, or before a track's separator."""
    for match in re.finditer(r"(?<![0-9A-Za-z.])([0-9]{13,19})(?:[=D^][0-9]{4}|(?![0-9A-Za-z]))", text):
        if is_card_number(match[1]):
            yield match[1]


def card_numbers_of(message: Mapping[str, Any]) -> Iterator[str]:
    """Yield what stands where a card number belongs in a fixture, Luhn or not: fields 2, 34 to 36, 45, tags 5A, 57."""
    fields = message["fields"]
    for number in ("2", "34", "35", "36", "45"):
        yield from re.findall(r"[0-9]{13,}", fields.get(number, ""))[:1]
    for number in ("48", "55"):
        yield from re.findall(r"5A(?:07|08|09|0A)([0-9]{13,20})", fields.get(number, ""))
        yield from re.findall(r"57(?:0[0-9A-F]|1[0-3])([0-9]{13,19})D[0-9]{4}", fields.get(number, ""))


def test_there_is_something_to_look_at() -> None:
    assert len(CODE) > 20
    assert len(PUBLIC) > 5


def test_a_file_is_one_idea() -> None:
    lengths = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in CODE}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def test_a_module_says_what_it_is_for() -> None:
    assert [name_of(path) for path in CODE if not ast.get_docstring(ast.parse(path.read_bytes()))] == []


def test_yaml_is_read_as_text() -> None:
    """Whoever calls PyYAML's load reads 0100 as 64; catalog.read_yaml does not. Editors do, and one test is of them."""
    found = [name_of(path) for path in CODE if any(map(is_yaml_load, ast.walk(ast.parse(path.read_bytes()))))]
    assert found == ["tests/catalog/test_schema.py"]


def is_yaml_load(node: ast.AST) -> bool:
    """Say whether *node* is ``yaml.load`` or one of its like."""
    match node:
        case ast.Attribute(value=ast.Name(id="yaml"), attr=name):
            return "load" in name
        case ast.ImportFrom(module="yaml", names=names):
            return any("load" in alias.name for alias in names)
        case _:
            return False


@pytest.mark.parametrize("source", ["yaml.safe_load(text)", "from yaml import safe_load", "yaml.load_all(text)"])
def test_a_yaml_load_is_seen(source: str) -> None:
    assert any(map(is_yaml_load, ast.walk(ast.parse(source))))


def test_only_published_card_numbers_are_shown() -> None:
    strangers = {name_of(path): set(card_numbers(path.read_text("utf-8"))) - PUBLISHED - REDACTED for path in PUBLIC}
    assert {name: found for name, found in strangers.items() if found} == {}


@pytest.mark.parametrize("path", sorted((ROOT / "fixtures" / "messages").glob("*.yaml")), ids=name_of)
def test_only_published_cards_pay_in_fixtures(path: Path) -> None:
    data, _ = read_yaml(path.read_text("utf-8"), name_of(path))
    for message in data["messages"]:
        for number in card_numbers_of(message):
            # DE 34 has two digits (59) and a country before the number.
            assert number.endswith(tuple(PUBLISHED)), message["name"]


@pytest.mark.parametrize("number", sorted(PUBLISHED))
def test_the_published_numbers_are_card_numbers(number: str) -> None:
    assert is_card_number(number)


@pytest.mark.parametrize(
    "text", ["pan: 4000056655665556", "'4000056655665556=2512'", "4000056655665556D2512", "(4000056655665556)"]
)
def test_a_card_number_of_someone_is_seen(text: str) -> None:
    assert list(card_numbers(text)) == ["4000056655665556"]


@pytest.mark.parametrize(
    "fields",
    [
        {"2": "4000056655665557"},
        {"35": "4000056655665557D2512"},
        {"45": "B4000056655665557^A/B^2512"},
        {"55": "9F02060000000012345A084000056655665557"},
        {"55": "57114000056655665557D25122011143804400F"},
    ],
)
def test_a_number_where_a_card_belongs_is_seen(fields: dict[str, str]) -> None:
    assert list(card_numbers_of({"fields": fields})) == ["4000056655665557"]


def pinned(path: Path) -> dict[str, str]:
    """Return the versions that a requirements file pins, by name in small letters."""
    rows = [line for line in path.read_text("utf-8").splitlines() if not line.startswith(("#", "-r "))]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", row) for row in rows), "name==version, nothing else"
    return {name.lower(): version for name, _, version in (row.partition("==") for row in rows)}


def numbers(version: str) -> list[int]:
    """Return the numbers of a version, for comparing."""
    return [int(part) for part in re.findall(r"\d+", version)]


def test_every_dependency_is_pinned_at_or_over_its_bound() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    run = pinned(ROOT / "requirements.txt")
    tests = pinned(ROOT / "requirements-dev.txt")
    for wanted, versions in ((project["dependencies"], run), (project["optional-dependencies"]["pytest"], tests)):
        for requirement in wanted:
            name, _, bound = requirement.lower().partition(">=")
            assert numbers(versions[name]) >= numbers(bound), requirement
    assert not run.keys() & tests.keys()
