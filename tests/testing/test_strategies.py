"""Messages of any spec, drawn for hypothesis."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from iso_gateway import Spec, load_spec
from iso_gateway.catalog import spec_names
from iso_gateway.codec.mask import luhn
from iso_gateway.testing import messages

SPEC = load_spec("iso87-ascii")


@pytest.mark.parametrize("name", spec_names())
@settings(max_examples=40)
@given(data=st.data())
def test_messages_come_back_from_their_bytes(name: str, data: st.DataObject) -> None:
    spec: Spec = load_spec(name)
    message = data.draw(messages(spec, having=[11], without=[2]))
    assert spec.decode(spec.encode(message)) == message
    assert 11 in message
    assert 2 not in message


@given(messages(SPEC, mti="0200", having=[2]))
def test_card_numbers_are_of_a_test_range(message: Any) -> None:
    assert message.mti == "0200"
    assert message[2].startswith("476173")
    assert luhn(message[2])


def test_an_element_that_the_spec_has_not_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="iso87-ascii has no DE 65"):
        messages(SPEC, having=[65])


def test_every_argument_is_told_of_and_no_other() -> None:
    told = re.findall(r"^        (\w+): ", messages.__doc__ or "", re.MULTILINE)
    assert told[:-1] == [*inspect.signature(messages).parameters]
    assert told[-1] == "ValueError"


@settings(max_examples=5)
@given(messages(SPEC, having=iter([11])))
def test_what_is_asked_for_may_be_read_once(message: Any) -> None:
    assert 11 in message


@pytest.mark.parametrize("name", spec_names())
@settings(max_examples=10)
@given(data=st.data())
def test_elements_with_parts_can_be_read_inside(name: str, data: st.DataObject) -> None:
    spec: Spec = load_spec(name)
    number = data.draw(st.sampled_from([number for number, field in spec.fields.items() if field.inside is not None]))
    message = data.draw(messages(spec, having=[number], most=0))
    assert spec.broken(message) == []
    inside = [node for node in spec.inside(message, number) if node.item is not None]
    assert inside, "and there is something to be read"
    assert spec.message(message.mti, dict(message.items())) == spec.decode(spec.encode(message))


def test_or_hold_anything_where_that_is_asked_for() -> None:
    found = find(messages(SPEC, having=[55], sound=False), lambda message: bool(SPEC.broken(message)))
    assert SPEC.decode(SPEC.encode(found)) == found
