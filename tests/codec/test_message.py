"""Messages: reading, changing, answering, and what their repr gives away."""

from __future__ import annotations

import pickle
from collections.abc import Mapping

import pytest

from iso_gateway.catalog import load_spec
from iso_gateway.codec.message import Amount, Message
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import EncodeError

PAN = "4761739001010010"


@pytest.fixture
def sale(chars: Spec) -> Message:
    return chars.message("0200", {11: 123, 2: PAN, 4: 1234, 3: 0, 49: "840", 41: "TERM0001"})


def test_a_message_reads_like_a_mapping(sale: Message) -> None:
    assert sale.mti == "0200"
    assert list(sale) == [2, 3, 4, 11, 41, 49]
    assert len(sale) == 6
    assert sale[4] == "000000001234"
    assert sale["4"] == "000000001234"
    assert sale.get(4) == "000000001234"
    assert sale.get(39) is None
    assert sale.get(39, "00") == "00"
    assert sale.get("39", "00") == "00"
    assert sale.get("4.1") is None
    assert 4 in sale
    assert "4" in sale
    assert 39 not in sale
    assert None not in sale
    assert dict(sale.items())[11] == "000123"
    for absent in (39, "39", "4.1", "x", ""):
        with pytest.raises(KeyError):
            sale[absent]


def test_nobody_changes_a_message(sale: Message) -> None:
    with pytest.raises(TypeError):
        sale[4] = "1"  # type: ignore[index]
    with pytest.raises(AttributeError):
        sale.mti = "0210"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        sale.note = "x"  # type: ignore[attr-defined]


def test_the_fields_given_stay_the_callers(chars: Spec) -> None:
    given: dict[int, str | bytes] = {3: "000000"}
    message, unbound = chars.message("0200", given), Message("0200", given)
    given[4] = "000000001234"
    assert list(message) == list(unbound) == [3]


def test_messages_are_equal_by_what_they_say(chars: Spec, packed: Spec, sale: Message) -> None:
    assert sale == chars.message("0200", dict(sale.items()))
    assert chars.message("0200", {3: 0}) == packed.message("0200", {3: 0}) == Message("0200", {3: "000000"})
    assert sale != sale.evolve({}, mti="0201")
    assert sale != "0200"


@pytest.mark.parametrize(
    ("fields", "number", "amount"),
    [
        ({4: 1234, 49: "840"}, 4, Amount(1234, "840")),
        ({4: 0}, 4, Amount(0, None)),
        ({28: "D00000150", 49: "978"}, 28, Amount(-150, "978")),
        ({28: "C00000150"}, 28, Amount(150, None)),
    ],
)
def test_an_amount_is_minor_units_and_a_currency(
    chars: Spec, fields: dict[int, object], number: int, amount: Amount
) -> None:
    assert chars.message("0200", fields).amount(number) == amount


def test_an_amount_of_2003_has_its_currency_inside() -> None:
    spec = load_spec("iso2003")
    message = spec.message("2200", {4: "8402000000001234", 8: "392000000012", 30: "8402000000001234" * 2})
    assert message.amount(4) == Amount(1234, "840")
    assert message.amount(8) == Amount(12, "392")


def test_what_is_no_amount_says_so(sale: Message) -> None:
    with pytest.raises(ValueError, match="DE 41 is no amount"):
        sale.amount(41)
    with pytest.raises(KeyError):
        sale.amount(28)
    with pytest.raises(ValueError, match="no amount"):
        Message("0200", {4: b"\x00"}).amount(4)
    assert Message("0200", {6: "12", 51: "978", 49: "840"}).amount(6) == Amount(12, "978")


def test_evolve_gives_another_message(sale: Message) -> None:
    other = sale.evolve({4: 99, 39: "00", 49: None}, mti="0210")
    assert other.mti == "0210"
    assert list(other) == [2, 3, 4, 11, 39, 41]
    assert other[4] == "000000000099"
    assert sale[4] == "000000001234"
    assert other.spec is sale.spec


@pytest.mark.parametrize(
    ("changes", "mti", "field"), [({39: "000"}, None, "39"), ({5: "1"}, None, "5"), ({}, "9999", "mti")]
)
def test_evolve_refuses_what_the_spec_cannot_carry(
    sale: Message, changes: dict[int, object], mti: str | None, field: str
) -> None:
    with pytest.raises(EncodeError) as caught:
        sale.evolve(changes, mti)
    assert caught.value.field == field


def test_an_answer_takes_over_what_the_spec_says(sale: Message) -> None:
    answer = sale.evolve({}, mti="0201").response_to({39: "00", 38: "A1B2C3"})
    assert answer.mti == "0210"
    assert list(answer) == [2, 3, 4, 11, 38, 39]
    assert answer.spec is sale.spec
    assert list(sale.response_to({2: None})) == [3, 4, 11]


def test_an_answer_keeps_the_bytes_of_what_it_takes_over(packed: Spec) -> None:
    odd = bytes.fromhex("0200400000000000000013F4761739001010")
    assert packed.encode(packed.decode(odd).response_to({})) == b"\x02\x10" + odd[2:]


def test_an_answer_is_not_answered(sale: Message) -> None:
    with pytest.raises(EncodeError, match="MTI: not the type of a request"):
        sale.response_to({}).response_to({})


def test_a_message_without_a_spec_is_masked_by_a_table_that_shows_little() -> None:
    message = Message("0200", {2: PAN, 14: "2712", 35: PAN + "=2712", 48: "secret", 41: "TERM0001", 127: b"\1\2"})
    assert repr(message) == (
        "<Message 0200 2=476173******0010 14=**** 35=********************* 41=TERM0001 48=****** 127=<2 bytes>>"
    )
    assert list(message.response_to({39: "00"})) == [2, 39, 41]
    with pytest.raises(KeyError):
        message.parts(48)
    with pytest.raises(EncodeError, match="without a spec holds text or bytes"):
        message.evolve({4: 1})
    with pytest.raises(EncodeError, match="no such part"):
        message.evolve({"55.9F26": b"1"})


def test_repr_shows_what_the_masks_allow(sale: Message) -> None:
    assert PAN not in repr(sale)
    assert "4=000000001234" in repr(sale)


def test_repr_stays_on_one_line() -> None:
    assert "\n" not in repr(Message("0200", {41: "A\nB\x1b[2J"}))


def test_a_message_survives_pickling_with_its_spec(packed: Spec) -> None:
    odd = bytes.fromhex("0200400000000000000013F4761739001010")
    one, two = pickle.loads(pickle.dumps([packed.decode(odd), packed.decode(odd)]))  # noqa: TID251 -- it is ours
    assert one == two == packed.decode(odd)
    assert one.spec is two.spec
    assert one.spec == packed
    assert packed.encode(one) == odd
    assert one.spec.encode(one) == odd


def test_the_keys_of_an_unbound_message_are_data_elements() -> None:
    assert list(Message("0200", {11: "1", 2: "2"})) == [2, 11]
    for number in (-1, 0, 193):
        with pytest.raises(EncodeError):
            Message("0200", {number: "1"})


def test_a_message_is_read_as_a_mapping_that_nobody_opens_unasked() -> None:
    message = load_spec("iso87-ascii").message("0200", {2: "4761739001010010", 4: 1234})
    assert dict(message) == {2: "4761739001010010", 4: "000000001234"}
    assert [*message.keys()] == [2, 4]
    assert message.keys() & {2, 3} == {2}
    assert list(zip(message.keys(), message.values(), strict=True)) == list(message.items())
    # What reports errors writes out the mappings among the locals of a frame.
    assert not issubclass(Message, Mapping)
    assert "4761739001010010" not in f"{message!r} {message} {message.keys()!r}"
