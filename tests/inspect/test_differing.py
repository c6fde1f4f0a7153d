"""What differs between two messages, and what an answer made of its request."""

from __future__ import annotations

import pytest
from hypothesis import given

from iso_gateway import Message, load_spec
from iso_gateway.inspect.differing import VOLATILE, Difference, How, Made, answered, compare
from tests.support.drawn_messages import messages

SPEC = load_spec("iso87-ascii")
PAN = "4761739001010010"
SALE = SPEC.message(
    "0200",
    {2: PAN, 3: 0, 4: 1234, 7: "1123040506", 11: 123, 41: "TERM0001", 42: "MERCHANT0000001", 49: "840",
     55: bytes.fromhex("9F360200019F3704AABBCCDD")},
)  # fmt: skip


def test_a_message_differs_from_itself_in_nothing() -> None:
    assert {each.how for each in compare(SALE, SALE)} == {How.SAME}


def test_what_differs_is_told_down_to_the_tag() -> None:
    other = SALE.evolve({4: 1300, 11: 124, 32: "000001", 49: None, 55: bytes.fromhex("9F360200029F3704AABBCCDD")})
    told = [each for each in compare(SALE, other, VOLATILE) if each.how is not How.SAME]
    assert told == [
        Difference("4", "amount_transaction", How.CHANGED, "000000001234", "000000001300"),
        Difference("32", "acquiring_institution_id", How.ONLY_RIGHT, "", "000001"),
        Difference("49", "currency_code_transaction", How.ONLY_LEFT, "840", ""),
        Difference("55.9F36", "application_transaction_counter", How.CHANGED, "0001", "0002"),
    ]


def test_card_numbers_that_differ_are_told_and_not_shown() -> None:
    (told,) = [each for each in compare(SALE, SALE.evolve({2: "4761739001010119"})) if each.how is not How.SAME]
    assert told.path == "2"
    assert PAN not in told.left + told.right
    assert compare(SALE, SALE, unsafe=True)[1].left == PAN


def test_an_element_that_is_broken_inside_is_compared_whole() -> None:
    broken = SALE.evolve({55: bytes.fromhex("9F3602")})
    told = [each for each in compare(SALE, broken) if each.how is not How.SAME]
    assert {each.path for each in told} == {"55", "55.9F36", "55.9F37"}


def test_an_answer() -> None:
    answer = SALE.response_to({37: "632741735058", 39: "00"}).evolve({42: None, 41: "TERM0002"})
    made = {each.difference.path: (each.made, each.wrong) for each in answered(SALE, answer)}
    assert made["mti"] == (Made.CHANGED, False)
    assert made["11"] == (Made.ECHOED, False)
    assert made["39"] == (Made.ADDED, False)
    assert made["41"] == (Made.CHANGED, True)
    assert made["42"] == (Made.MISSING, True)
    assert made["55.9F36"] == (Made.LEFT_OUT, False)


@pytest.mark.parametrize(("code", "wrong"), [("00", True), ("10", False)])
def test_another_amount_is_right_in_a_partial_approval_alone(code: str, wrong: bool) -> None:  # noqa: FBT001
    answer = SALE.response_to({39: code}).evolve({4: 617})
    assert {each.difference.path: each.wrong for each in answered(SALE, answer)}["4"] is wrong


def test_an_answer_of_another_type_is_wrong() -> None:
    assert answered(SALE, SALE.evolve({39: "00"}, mti="0410"))[0].wrong


def test_parts_in_another_order_and_repeated_tags() -> None:
    one = SALE.evolve({55: bytes.fromhex("9F3602000171059F1802AABB71059F1802CCDD9F3704AABBCCDD")})
    other = SALE.evolve({55: bytes.fromhex("9F3704AABBCCDD9F3602000171059F1802AABB71059F1802CCEE")})
    told = [each for each in compare(one, other, wire=True) if each.how is not How.SAME]
    assert [(each.path, each.how) for each in told] == [("55.71#2.9F18", How.CHANGED), ("55", How.ORDER)]
    assert told[1].left == "9F36 71.9F18 71#2.9F18 9F37"
    assert [each.how for each in compare(one, one, wire=True) if each.how is not How.SAME] == []


def test_the_same_value_in_other_bytes() -> None:
    spec = load_spec("iso87-binary")
    data = spec.encode(spec.message("0800", {3: 0, 22: "051"}))
    odd = data[:-2] + bytes([data[-2] | 0xF0]) + data[-1:]
    told = [each for each in compare(spec.decode(data), spec.decode(odd), wire=True) if each.how is not How.SAME]
    assert [(each.path, each.how) for each in told] == [("22", How.WRITTEN)]
    assert all(each.how is How.SAME for each in compare(spec.decode(data), spec.decode(odd)))


def test_a_rule_of_the_profile_is_held_against_an_answer() -> None:
    answer = SALE.response_to({39: "00"})
    told = {each.difference.path: each for each in answered(SALE, answer)}
    assert (told["38"].made, told["38"].wrong) == (Made.MISSING, True)
    assert told["38"].why.endswith("[approval]")
    assert not any(each.wrong for each in answered(SALE, SALE.response_to({38: "123456", 39: "00"})))


@given(messages(SPEC), messages(SPEC))
def test_any_two_messages(left: Message, right: Message) -> None:
    assert all(each.path for each in compare(left, right, wire=True))
    there = {each.path: each for each in compare(left, right)}
    back = {each.path: each for each in compare(right, left)}
    assert there.keys() == back.keys()
    for path, each in there.items():
        assert (each.left, each.right) == (back[path].right, back[path].left)
        assert (each.how is How.SAME) == (back[path].how is How.SAME)
