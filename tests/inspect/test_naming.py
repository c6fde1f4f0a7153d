"""Paths of names: of elements and parts, at every depth of every shipped spec."""

from __future__ import annotations

from typing import Any

import pytest

from iso_gateway.catalog import load_spec
from iso_gateway.codec.build import build_spec
from iso_gateway.codec.emv import NAMES
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import ConfigError
from iso_gateway.inspect.naming import names_inside, numbered
from tests.support.shipped import SHIPPED_SPECS

ASCII = load_spec("iso87-ascii")


def one(spec: Spec, path: str) -> str:
    return next(iter(numbered(spec, [(path, "")])))


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("3", "3"),
        ("processing_code", "3"),
        ("icc_data", "55"),
        ("icc_data.9F02", "55.9F02"),
        ("icc_data.9f02", "55.9f02"),
        ("55.amount_authorized", "55.9F02"),
        ("icc_data.amount_authorized#2", "55.9F02#2"),
        ("55.70.amount_authorized", "55.70.9F02"),
        ("original_data_elements.stan", "90.2"),
        ("original_data_elements.2", "90.2"),
        ("300", "300"),  # the codec says what is wrong with a number
        ("55.9G02", None),
    ],
)
def test_a_path(path: str, number: str | None) -> None:
    if number is None:
        with pytest.raises(ConfigError, match="no part of 55 is called so"):
            one(ASCII, path)
    else:
        assert one(ASCII, path) == number


@pytest.mark.parametrize("name", SHIPPED_SPECS)
def test_every_name_of_every_spec_is_a_way_to_its_element_or_part(name: str) -> None:
    spec = load_spec(name)
    for number, field in spec.fields.items():
        if number not in {64, 128}:  # a message has one of them, and they have one name
            assert one(spec, field.name) == str(number)
        if field.inside is None:
            continue
        keys: dict[str, set[str]] = {}
        for part, key in names_inside(field.inside):
            keys.setdefault(part, set()).add(key)
        for part, some in keys.items():
            if len(some) == 1:
                assert one(spec, f"{number}.{part}") == f"{number}.{next(iter(some))}"


def test_emv_names_are_unambiguous() -> None:
    assert len(set(NAMES.values())) == len(NAMES)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("procesing_code", "no element of iso87-ascii is called so, did you mean 'processing_code'?"),
        ("amount_authorized", "no element of iso87-ascii is called so, did you mean 'icc_data.amount_authorized'?"),
        ("icc_data.amount_authorised", "no part of 55 is called so, did you mean 'amount_authorized'?"),
        ("message_authentication_code", "several are called so: say which, 64 or 128"),
        ("qqq", "no element of iso87-ascii is called so"),
    ],
)
def test_a_wrong_name_is_told_with_what_may_be_meant(path: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        one(ASCII, path)
    assert [(each.path, each.message) for each in caught.value.problems] == [(path, said)]


def test_all_that_is_wrong_is_told_at_once() -> None:
    given = [("amuont", 1), ("3", 1), ("processing_code", 2), ("stna", 3)]
    with pytest.raises(ConfigError) as caught:
        numbered(ASCII, given)
    assert [each.path for each in caught.value.problems] == ["amuont", "processing_code", "stna"]
    assert caught.value.problems[1].message == "is 3, which is given twice"


PART: dict[str, Any] = {"format": "ans", "mask": "none"}


def own(**row: Any) -> Spec:
    """Return a spec whose DE 48 is declared so."""
    data: dict[str, Any] = dict(ASCII.source)
    data["fields"] = {**ASCII.source["fields"], "48": {**ASCII.source["fields"]["48"], **row}}
    return build_spec(data)


def test_a_name_that_several_have_asks_which() -> None:
    spec = own(parts={1: {**PART, "name": "same", "size": 1}, 2: {**PART, "name": "same", "size": 1}})
    with pytest.raises(ConfigError, match="several are called so: say which, 1 or 2"):
        one(spec, "48.same")


def test_tags_of_characters_are_no_names() -> None:
    tagged = {"tag": {"size": 2}, "length": {"size": 2}, "tags": {"KD": {**PART, "name": "kind"}}}
    spec = own(parts={"tagged": tagged})
    assert one(spec, "48.kind") == one(spec, "48.KD") == "48.KD"
    assert one(spec, "48.zz") == "48.zz"
    with pytest.raises(ConfigError, match="did you mean 'kind'"):
        one(spec, "48.knd")
