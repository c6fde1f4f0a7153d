"""Problems of the pure parts get the line of the nearest thing that stands in the file."""

from __future__ import annotations

from iso_gateway.catalog.lines import located
from iso_gateway.errors import Problem

LINES = {"fields": 3, "fields.2": 4, "fields.2.max": 5, "name": 1}


def test_a_problem_gets_the_line_of_the_longest_known_path() -> None:
    found = located(
        [
            Problem("fields.2.max", "a"),
            Problem("fields.2.mask", "b"),
            Problem("fields.22", "c"),
            Problem("title", "d"),
            Problem("name", "e", 9),
        ],
        LINES,
    )
    assert [(problem.message, problem.line) for problem in found] == [
        ("d", None),
        ("c", 3),
        ("b", 4),
        ("a", 5),
        ("e", 9),
    ]


def test_problems_of_one_line_stay_in_order() -> None:
    found = located([Problem("fields.2.b", "b"), Problem("fields.2.a", "a")], LINES)
    assert [problem.message for problem in found] == ["b", "a"]
