"""Declared types in words, as a person reads them behind "expected"."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, inspect

from iso_gateway.settings.words import expected, near


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (str, "text"),
        (Annotated[str, Meta(min_length=8, max_length=8)], "text of 8 characters"),
        (Annotated[str, Meta(max_length=1)], "text of at most 1 character"),
        (Annotated[str, Meta(min_length=1)], "text, at least 1 character"),
        (Annotated[str, Meta(pattern="^[0-9]+$")], "text of the form ^[0-9]+$"),
        (Annotated[str, Meta(description="a PAN prefix")], "a PAN prefix"),
        (int, "a whole number"),
        (Annotated[int, Meta(ge=0)], "a whole number of at least 0"),
        (Annotated[int, Meta(gt=0, lt=9)], "a whole number over 0, under 9"),
        (Annotated[int, Meta(ge=0, le=90, multiple_of=15)], "a whole number from 0 to 90, in steps of 15"),
        (float | None, "a number"),
        (bool, "true or false"),
        (Literal["left"], "left"),
        (Literal["left", "right"], "one of left, right"),
        (list[int], "a list of items, each a whole number"),
        (Annotated[list[int], Meta(min_length=1)], "a list of at least 1 item, each a whole number"),
        (dict[str, int], "a table of rows, each a whole number"),
        (Annotated[dict[str, int], Meta(max_length=2)], "a table of at most 2 rows, each a whole number"),
        (tuple[str, int], "a list of 2 items: text, a whole number"),
        (str | list[str], "text or a list of items, each text"),
        (None, "nothing"),
        (Any, "a value"),
    ],
)
def test_a_type_in_words(kind: Any, words: str) -> None:
    assert expected(inspect.type_info(kind)) == words


def test_the_nearest_word_is_offered_and_only_to_text() -> None:
    kind = inspect.type_info(Literal["ascii", "bcd"] | None)
    assert near(kind, "asci") == ", did you mean 'ascii'?"
    assert near(kind, "ascii") == ""
    assert near(kind, "4761739001010010") == ""
    assert near(kind, 7) == ""
