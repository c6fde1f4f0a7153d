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


@given(messages(SPEC), messages(SPEC))
def test_any_two_messages(left: Message, right: Message) -> None:
    there = {each.path: each for each in compare(left, right)}
    back = {each.path: each for each in compare(right, left)}
    assert there.keys() == back.keys()
    for path, each in there.items():
        assert (each.left, each.right) == (back[path].right, back[path].left)
        assert (each.how is How.SAME) == (back[path].how is How.SAME)
