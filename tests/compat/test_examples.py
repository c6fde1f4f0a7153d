"""pyiso8583's documented examples, run with nothing but the import replaced.

They are those of its docstrings and README, as installed, and of its page "How-To" (pyiso8583/howto.rst beside this
file, from https://github.com/knovichikhin/pyiso8583 at 4.0.1, MIT license: pyiso8583/LICENSE.md).

Some of them print the dict that was encoded, into which pyiso8583 has written the bitmaps. Ours leaves it as it
was, which is the one difference that shows.
"""

from __future__ import annotations

import copy
import doctest
import importlib.metadata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import iso8583
import iso8583.specs
import iso8583.tools
import pytest

from iso_gateway.compat import iso8583 as ours
from iso_gateway.compat.iso8583 import specs

DOCUMENTS = {
    "README": str(importlib.metadata.metadata("pyiso8583").json["description"]),
    "the package": str(iso8583.__doc__),
    "decode": str(iso8583.decode.__doc__),
    "encode": str(iso8583.encode.__doc__),
    "pp": str(iso8583.tools.pp.__doc__),
    "How-To": (Path(__file__).parent / "pyiso8583" / "howto.rst").read_text("utf-8"),
}
PRINTS_ITS_ARGUMENT = {"README": 1, "the package": 1, "How-To": 7}
"""How many examples print the dict after it was encoded, and show the bitmaps in it."""


class Runner(doctest.DocTestRunner):
    """Runs examples, and keeps those whose output was another."""

    def __init__(self) -> None:
        super().__init__(verbose=False)
        self.differences: list[tuple[str, str, str]] = []

    def report_failure(self, _out: object, _test: object, example: doctest.Example, got: str) -> None:
        self.differences.append((example.source.strip(), example.want, got))

    def report_unexpected_exception(self, _out: object, _test: object, example: doctest.Example, error: Any) -> None:
        raise AssertionError(example.source) from error[1]


@pytest.fixture(autouse=True)
def _specs_as_they_were() -> Iterator[None]:
    """Put back what the examples change in the specifications "on the fly"."""
    changed = specs.default_ascii, iso8583.specs.default_ascii
    before = copy.deepcopy(changed)
    yield
    for now, then in zip(changed, before, strict=True):
        now.update(then)


def run(text: str, library: str = "iso_gateway.compat.iso8583") -> tuple[int, list[tuple[str, str, str]]]:
    """Return how many examples *text* has, and those that went otherwise: source, expected, got."""
    text = text.replace("import iso8583\n", f"import {library} as iso8583\n")
    text = text.replace("from iso8583.specs import", f"from {library}.specs import")
    test = doctest.DocTestParser().get_doctest(text, {}, "pyiso8583", None, None)
    runner = Runner()
    runner.run(test, out=lambda _: None)
    return len(test.examples), runner.differences


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_documented_examples_pass(name: str) -> None:
    examples, differences = run(DOCUMENTS[name])
    assert examples >= 5
    # One example of the How-To is wrong: its length is binary, and 15 is written as if it were BCD.
    wrong = run(DOCUMENTS[name], "iso8583")[1]
    assert len(wrong) == (name == "How-To")
    assert [each for each in differences if each in wrong] == wrong
    shown = [each for each in differences if each not in wrong]
    assert len(shown) == PRINTS_ITS_ARGUMENT.get(name, 0)
    for source, want, got in shown:
        assert source in {"pprint.pp(decoded)", "pprint.pprint(decoded)"}
        theirs, printed = eval(want), eval(got)
        assert {**printed, "p": "", "1": ""} == {**theirs, "p": "", "1": ""}


def test_an_example_that_fails_is_seen() -> None:
    text = DOCUMENTS["encode"]
    assert run(text)[1] == []
    assert len(run(text.replace("11111105", "11111106"))[1]) == 1


def test_the_specifications_are_theirs() -> None:
    assert specs.default == iso8583.specs.default
    assert specs.default_ascii == iso8583.specs.default_ascii
    assert list(specs.default) == list(iso8583.specs.default)


def test_the_public_names_are_theirs() -> None:
    assert set(ours.__all__) == set(iso8583.__all__)
    assert ours.__version__ == iso8583.__version__
