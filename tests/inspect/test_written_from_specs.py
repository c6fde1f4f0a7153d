"""What is written from a spec: typed classes, and strategies of messages."""

from __future__ import annotations

import types
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway import Spec, load_spec
from iso_gateway.catalog import spec_names
from iso_gateway.codec.mask import luhn
from iso_gateway.inspect import stubs
from iso_gateway.testing import messages

SPEC = load_spec("iso87-ascii")


@pytest.mark.parametrize("name", spec_names())
def test_the_classes_of_a_spec_say_what_its_messages_say(name: str) -> None:
    source = stubs.stubs(load_spec(name))
    module = types.ModuleType("stubs")
    exec(compile(source, "stubs", "exec"), module.__dict__)
    (kind,) = [each for each in vars(module).values() if isinstance(each, type) and each.__module__ == "stubs"]
    made: Any = kind
    mti = "1200" if "93" in name else "2200" if name == "iso2003" else "0200"
    field = load_spec(name).fields[11]
    stan = "0" * (field.max - 3) + "123"
    message = made.of(mti, **{field.name: stan})
    assert getattr(made.decode(message.encode()), field.name) == stan
    assert message.mti == mti
    assert getattr(message, load_spec(name).fields[2].name) is None


def test_money_has_its_currency() -> None:
    module = types.ModuleType("stubs")
    exec(compile(stubs.stubs(SPEC), "stubs", "exec"), module.__dict__)
    sale = module.Iso87Ascii.of("0200", amount_transaction=1234, currency_code_transaction="840")
    assert sale.amount_transaction_money == (1234, "840")
    assert sale.amount_settlement_money is None


@pytest.mark.parametrize("name", spec_names())
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


@given(data=st.data())
def test_an_element_that_the_spec_has_not_cannot_be_asked_for(data: st.DataObject) -> None:
    with pytest.raises(ValueError, match="iso87-ascii has no DE 65"):
        data.draw(messages(SPEC, having=[65]))
