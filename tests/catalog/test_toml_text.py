"""TOML with the line of every key, also in tables in tables and over several lines."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso_gateway.catalog.toml_text import MAX_CHARACTERS, read_toml
from iso_gateway.errors import ConfigError

GATEWAY = '''\
name = "a # ] b"   # said once
limits.open = 3

[[acquirer]]
hosts = ["one", # the first
  {port = 1, "tls key" = """
] = [
"""},
  1979-05-27 07:32:00]
[acquirer.sign.on]
at = '\\'
[[acquirer]]
[[acquirer.link]]
[[acquirer.link]]
"q.r" . s = [[1, 2], [3]]
'''


def test_every_path_has_its_line() -> None:
    data, lines = read_toml(GATEWAY)
    assert data["acquirer"][1]["link"][1]["q.r"]["s"] == [[1, 2], [3]]
    assert lines == {
        "name": 1,
        "limits": 2,
        "limits.open": 2,
        "acquirer": 4,
        "acquirer.0": 4,
        "acquirer.0.hosts": 5,
        "acquirer.0.hosts.0": 5,
        "acquirer.0.hosts.1": 6,
        "acquirer.0.hosts.1.port": 6,
        "acquirer.0.hosts.1.tls key": 6,
        "acquirer.0.hosts.2": 9,
        "acquirer.0.sign": 10,
        "acquirer.0.sign.on": 10,
        "acquirer.0.sign.on.at": 11,
        "acquirer.1": 12,
        "acquirer.1.link": 13,
        "acquirer.1.link.0": 13,
        "acquirer.1.link.1": 14,
        "acquirer.1.link.1.q.r": 15,
        "acquirer.1.link.1.q.r.s": 15,
        "acquirer.1.link.1.q.r.s.0": 15,
        "acquirer.1.link.1.q.r.s.0.0": 15,
        "acquirer.1.link.1.q.r.s.0.1": 15,
        "acquirer.1.link.1.q.r.s.1": 15,
        "acquirer.1.link.1.q.r.s.1.0": 15,
    }


def test_the_lines_are_the_same_with_carriage_returns() -> None:
    assert read_toml(GATEWAY.replace("\n", "\r\n")) == read_toml(GATEWAY)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = 1\nb = ", "own.toml:2: no TOML: invalid value"),
        ("a = 1\na = 2\nb = 3", "own.toml:2: no TOML: cannot overwrite a value"),
        ("a", "own.toml:1: no TOML: expected '=' after a key in a key/value pair"),
        ("a = " + "[" * 100_000, "own.toml: nested too deeply"),
        ("a = 1\nb = " + "9" * 5000, "own.toml:2: no TOML: a number with too many digits"),
        ("a = 1\n" + "a." * 200_000 + "b = 1", "own.toml:2: a key of more than 32 parts"),
        ("a = 1\n[" + "a . " * 200_000 + "b]", "own.toml:2: a key of more than 32 parts"),
        ("a = 1\nb = {" + "a." * 200_000 + "b = 1}", "own.toml:2: a key of more than 32 parts"),
        ("#" * (MAX_CHARACTERS + 1), f"own.toml: longer than {MAX_CHARACTERS} characters"),
    ],
    ids=lambda value: value[:30],
)
def test_what_is_no_toml_is_told_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_toml(text, "own.toml")
    assert str(caught.value) == said


def paths(data: Any, path: str = "") -> set[str]:
    """Return every path in *data*."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    below = {f"{path}.{key}" if path else str(key): item for key, item in items}
    return set(below).union(*(paths(item, key) for key, item in below.items()))


# Keys with dots in them, quoted strings full of marks, and no two keys that quoting alone tells apart.
KEYS = st.text(alphabet="ab ]#=", min_size=1, max_size=3)
TEXTS = st.text(alphabet="ab[]{}#=,\"'\\", max_size=6)
VALUES = st.recursive(
    st.integers(-9, 9).map(str) | TEXTS.map(json.dumps),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: "[" + ",\n ".join(items) + "]"),
    max_leaves=6,
)


@settings(max_examples=100)
@given(st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES, max_size=3), max_size=3))
def test_no_path_is_without_a_line(tables: dict[str, dict[str, str]]) -> None:
    text = ""
    for name, rows in tables.items():
        text += f"[{json.dumps(name)}]\n" + "".join(f"{json.dumps(key)} = {row}\n" for key, row in rows.items())
    data, lines = read_toml(text)
    assert paths(data) == set(lines)
