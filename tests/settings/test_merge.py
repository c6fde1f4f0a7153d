"""Settings laid over others: key by key, lists and what is said to be whole replaced, ``absent`` taken out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.settings import merged

BASE = {
    "echo": ["2", "3"],
    "fields": {"48": {"max": "999", "mask": "all", "parts": {"1": {"size": "3"}, "2": {"size": "9"}}}, "49": {}},
}


@pytest.mark.parametrize(
    ("child", "path", "value"),
    [
        ({"fields": {"48": {"max": "500"}}}, ["fields", "48", "max"], "500"),
        ({"fields": {"48": {"max": "500"}}}, ["fields", "48", "mask"], "all"),
        ({"fields": {"48": {"parts": {"1": {}}}}}, ["fields", "48", "parts"], {"1": {}}),
        ({"fields": {"48": "ber"}}, ["fields", "48"], "ber"),
        ({"echo": ["11"]}, ["echo"], ["11"]),
        ({"echo": {"a": "b"}}, ["echo"], {"a": "b"}),
        ({"fields": {"50": {"parts": "absent"}}}, ["fields", "50"], {"parts": "absent"}),
    ],
)
def test_what_the_upper_one_says_counts_and_all_else_stays(child: Any, path: list[str], value: object) -> None:
    data: Any = merged(BASE, child, whole=["parts"]).data
    for key in path:
        data = data[key]
    assert data == value


def test_absent_takes_a_key_out() -> None:
    result = merged(BASE, {"echo": "absent", "fields": {"48": {"parts": "absent", "max": "9"}, "49": "absent"}})
    assert result.data == {"fields": {"48": {"max": "9", "mask": "all"}}}
    assert result.replaced == {"echo", "fields.48.parts", "fields.48.max", "fields.49"}
    assert result.problems == []


def test_what_the_base_does_not_have_cannot_be_taken_out() -> None:
    result = merged(BASE, {"fields": {"48": {"part": "absent"}, "480": "absent"}})
    assert [(each.path, each.message) for each in result.problems] == [
        ("fields.48.part", "is to be left out, but no base has such a key, did you mean 'parts'?"),
        ("fields.480", "is to be left out, but no base has such a key, did you mean '48'?"),
    ]


TABLES: st.SearchStrategy[Any] = st.recursive(
    st.text(alphabet="abc", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
TABLE: st.SearchStrategy[dict[str, Any]] = st.dictionaries(st.sampled_from("abc"), TABLES, max_size=3)


@given(base=TABLE, child=TABLE)
def test_laying_over_is_plain_where_one_of_them_says_nothing(base: dict[str, Any], child: dict[str, Any]) -> None:
    assert merged(base, {}).data == base
    assert merged({}, child).data == child
    assert merged(merged(base, child).data, child).data == merged(base, child).data
