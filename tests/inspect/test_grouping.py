"""What is wrong with many elements in one way is told in one line, and nothing of it is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.errors import Problem
from iso_gateway.inspect.grouping import grouped, ranges


def told(*problems: tuple[str, str, int, str]) -> list[str]:
    found = grouped((Problem(path, message, line), rule) for path, message, line, rule in problems)
    return [f"{problem.at('a.yaml')} [{rule}]" for problem, rule in found]


def test_one_line_for_a_rule_with_its_elements() -> None:
    assert told(
        ("fields.2.format", "unchecked", 9, "any"),
        ("profile", "none", 1, "no-profile"),
        ("fields.4.format", "unchecked", 11, "any"),
        ("fields.5.format", "unchecked", 12, "any"),
        ("fields.6.format", "unchecked", 13, "any"),
        ("fields.90.format", "unchecked", 70, "any"),
    ) == [
        "a.yaml:9: DE 2, 4-6, 90: format: unchecked [any]",
        "a.yaml:1: profile: none [no-profile]",
    ]


def test_what_says_something_else_stands_alone() -> None:
    rows = [
        ("fields.2.format", "one", 1, "r"),
        ("fields.3.format", "other", 2, "r"),
        ("fields.4.name", "one", 3, "r"),
        ("fields.5.format", "one", 4, "s"),
        ("fields.6.parts.1.format", "one", 5, "r"),
        ("echo.1", "one", 6, "r"),
        ("echo.2", "one", 7, "r"),
    ]
    assert told(*rows) == [f"a.yaml:{line}: {path}: {message} [{rule}]" for path, message, line, rule in rows]


def test_elements_without_a_key_and_those_of_importers() -> None:
    assert told(("fields.4", "its parts", 0, ""), ("fields.5", "its parts", 0, ""))[0].startswith(
        "a.yaml:0: DE 4, 5: its"
    )
    assert told(("35", "left out", 3, ""), ("36", "left out", 4, "")) == ["a.yaml:3: DE 35, 36: left out []"]


@pytest.mark.parametrize(
    ("numbers", "text"),
    [([2], "2"), ([3, 2], "2, 3"), ([2, 3, 4], "2-4"), ([90, 2, 4, 5, 6, 8, 9], "2, 4-6, 8, 9, 90"), ([], "")],
)
def test_ranges(numbers: list[int], text: str) -> None:
    assert ranges(numbers) == text


@given(st.sets(st.integers(1, 192)))
def test_ranges_lose_no_number(numbers: set[int]) -> None:
    found: set[int] = set()
    for each in filter(None, ranges(numbers).split(", ")):
        first, _, last = each.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    assert found == numbers
