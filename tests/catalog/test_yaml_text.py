"""YAML in which every scalar is text, with the line of each path, and nothing read that a spec doesn't need."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso_gateway.catalog import yaml_text
from iso_gateway.catalog.yaml_text import read_yaml
from iso_gateway.errors import SpecError

SPEC = """\
mti: 0100
# a comment takes a line
fields:
  2: {max: 036, mask: no}
  3:
    max: 6
parts:
  - one
  - name: ~
    size: >
      folded
"""


def refused(text: str) -> str:
    with pytest.raises(SpecError) as caught:
        read_yaml(text, "own.yaml")
    return str(caught.value)


def test_every_scalar_is_what_stands_in_the_file() -> None:
    data, _ = read_yaml(SPEC)
    assert data == {
        "mti": "0100",
        "fields": {"2": {"max": "036", "mask": "no"}, "3": {"max": "6"}},
        "parts": ["one", {"name": "~", "size": "folded\n"}],
    }


def test_every_path_has_its_line() -> None:
    _, lines = read_yaml(SPEC)
    assert lines == {
        "mti": 1,
        "fields": 3,
        "fields.2": 4,
        "fields.2.max": 4,
        "fields.2.mask": 4,
        "fields.3": 5,
        "fields.3.max": 6,
        "parts": 7,
        "parts.0": 8,
        "parts.1": 9,
        "parts.1.name": 9,
        "parts.1.size": 10,
    }


def test_an_empty_file_is_an_empty_table() -> None:
    assert read_yaml("") == ({}, {})
    assert read_yaml("# nothing yet\n") == ({}, {})


ALIAS = "anchors and aliases are not read, write it out; text with * or & before it stands in quotes"
TAG = "tags are not read, every scalar is text; text with ! before it stands in quotes"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1\nb: 2", "own.yaml:2: no YAML: did not find expected ',' or ']'"),
        ("a: 'x", "own.yaml:1: no YAML: found unexpected end of stream"),
        ("a: \x00", "own.yaml: no YAML: a character that YAML does not allow"),
        ("a:\n  b: &x 1", "own.yaml:2: a.b: " + ALIAS),
        ("a: *x", "own.yaml:1: a: " + ALIAS),
        ("a: !!int 1", "own.yaml:1: a: " + TAG),
        ("a: !!python/object:os.system {}", "own.yaml:1: a: " + TAG),
        ("a: 1\n--- \nb: 2", "own.yaml:2: a second document in one file"),
        ("? [a]\n: 1", "own.yaml:1: a key that is no plain text"),
        ("a:\n  " + "b" * 511 + ": 1", "own.yaml:2: a: a key below that makes a path of over 512 characters"),
        ("a: " + "[" * 500, "own.yaml:1: a" + ".0" * 31 + ": nested deeper than 32"),
    ],
)
def test_what_a_spec_does_not_need_is_refused_by_place(text: str, said: str) -> None:
    assert refused(text) == said


def test_all_doubled_keys_are_told() -> None:
    assert refused("a: 1\nb: {c: 1, c: 2}\na: 3") == (
        "own.yaml:2: b.c: stands twice, first in line 2\nown.yaml:3: a: stands twice, first in line 1"
    )


def test_a_file_has_its_bound() -> None:
    assert "longer than 1048576 characters" in refused("#" * (yaml_text.MAX_CHARACTERS + 1))


@settings(max_examples=100)
@given(st.text(alphabet=st.sampled_from("ab01:-?[]{},&*!|>'\"#%@ \n\t~"), max_size=40) | st.text(max_size=20))
def test_any_text_gives_data_or_a_spec_error(text: str) -> None:
    try:
        _, lines = read_yaml(text)
    except SpecError:
        return
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())
