"""The character sets of the formats, and that a quick check never allows what the expression refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from iso_gateway.codec import content

TABLE = [
    # format, encoding, text, matches
    ("n", "ascii", "0123456789", True),
    ("n", "ascii", "12a", False),
    ("n", "ascii", "１２", False),
    ("n", "gbk", "１２", False),
    ("n", "ascii", "", True),
    ("a", "ascii", "ABc d", True),
    ("a", "ascii", "A1", False),
    ("an", "ascii", "A1 z", True),
    ("an", "ascii", "A-1", False),
    ("ns", "ascii", "1-2 #", True),
    ("ns", "ascii", "1A", False),
    ("ans", "ascii", "A1 ~!", True),
    ("ans", "ascii", "A\n", False),
    ("ans", "ascii", "\x7f", False),
    ("ans", "gbk", "中文", True),
    ("ans", "gbk", "中\x1b", False),
    ("z", "ascii", "4761=2512D?", True),
    ("z", "ascii", "%B4761", False),
    ("z", "bcd", "4761D25F", True),
    ("xn", "ascii", "C00000150", True),
    ("xn", "ascii", "X00000150", False),
    ("xn", "ascii", "C0000015D", False),
    ("any", "ascii", "\x00\x7f", True),
    ("any", "latin-1", "\xff\n", True),
    ("nibbles", "bcd", "09AF", True),
    ("nibbles", "bcd", "09AG", False),
]


@pytest.mark.parametrize(("kind", "encoding", "text", "good"), TABLE)
def test_the_characters_of_a_format(*, kind: str, encoding: str, text: str, good: bool) -> None:
    assert (content.pattern(kind, encoding).fullmatch(text) is not None) is good


@pytest.mark.parametrize("kind", ["n", "an", "anp", "ans"])
def test_a_quick_check_allows_nothing_that_the_expression_refuses(kind: str) -> None:
    quick: Callable[[str], bool] = {
        content.DIGITS: lambda text: text.isdecimal(),
        content.PRINTABLE: lambda text: text.isprintable() and text.isascii(),
        content.ALPHANUMERIC: lambda text: text.isalnum() and text.isascii(),
    }[content.check(kind, "ascii")]
    pattern = content.pattern(kind, "ascii")
    wrong = [each for each in map(chr, range(256)) if quick(each) and not pattern.fullmatch(each)]
    assert wrong == []


def test_every_format_has_a_word() -> None:
    assert all(content.words(kind) for kind in content.FORMATS)
