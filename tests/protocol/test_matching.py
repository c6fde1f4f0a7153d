"""Which request an answer belongs to (ruling 15)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway import Message
from iso_gateway.protocol.matching import Matching, key_of


def request(stan: str = "000001", mti: str = "0200", **more: str) -> Message:
    """Return a request of TERM0001 with *stan*."""
    return Message(mti, {11: stan, 41: "TERM0001", **{int(de[2:]): value for de, value in more.items()}})


def answer(stan: str = "000001", mti: str = "0210", **more: str) -> Message:
    """Return an answer with *stan*, and no more than is given."""
    return Message(mti, {11: stan, **{int(de[2:]): value for de, value in more.items()}})


@pytest.fixture
def matching() -> Matching[str]:
    """One request awaited, of "sale"."""
    matching: Matching[str] = Matching((41, 7))
    assert matching.expect(request(de7="1120120000"), "sale")
    return matching


def test_an_answer_finds_its_request(matching: Matching[str]) -> None:
    assert matching.find(answer()) == "sale"
    assert matching.find(answer(mti="0230")) == "sale"
    assert matching.find(answer("000002")) is None
    assert matching.find(answer(mti="0410")) is None


@pytest.mark.parametrize(
    ("said", "owner"),
    [
        ({}, "sale"),
        ({"de41": "TERM0001"}, "sale"),
        ({"de41": "TERM0002"}, None),
        ({"de7": "1120120000"}, "sale"),
        ({"de7": "1120120001"}, None),
        ({"de41": "TERM0001", "de7": "1120120001"}, None),
        ({"de42": "SOMEBODY ELSE"}, "sale"),
    ],
)
def test_fields_are_compared_only_where_the_answer_has_them(
    matching: Matching[str], said: dict[str, str], owner: str | None
) -> None:
    assert matching.find(answer(**said)) == owner


def test_padding_makes_no_difference(matching: Matching[str]) -> None:
    assert matching.expect(Message("0200", {11: "000009", 41: "T1"}), "short")
    assert matching.find(answer("000009", de41="T1      ")) == "short"


def test_a_busy_key_is_refused_and_not_overwritten(matching: Matching[str]) -> None:
    assert not matching.expect(request(de2="other"), "another")
    assert matching.find(answer()) == "sale"


def test_a_repeat_shares_the_key_of_its_first(matching: Matching[str]) -> None:
    assert matching.expect(request(mti="0201", de7="1120120100"), "sale")
    assert len(matching) == 1
    assert matching.find(answer(de7="1120120100")) == "sale"


def test_a_stan_is_busy_in_whatever_message_class(matching: Matching[str]) -> None:
    assert matching.busy("000001")
    assert not matching.busy("000002")
    assert matching.expect(request(mti="0400"), "its reversal")
    matching.forget(request())
    assert matching.busy("000001")
    matching.forget(request(mti="0400"))
    assert not matching.busy("000001")


def test_forgetting_what_was_never_awaited_is_no_error(matching: Matching[str]) -> None:
    matching.forget(request("000099"))
    assert len(matching) == 1


def test_it_says_why_nothing_matched(matching: Matching[str]) -> None:
    assert "no request" in matching.why_not(answer("000002"))
    why = matching.why_not(answer(de41="TERM0002"))
    assert "DE 41 differs" in why
    assert "TERM0002" not in why


def test_a_request_has_one_key_with_its_repeat_and_its_answer() -> None:
    assert {key_of(request()), key_of(request(mti="0201")), key_of(answer())} == {("2", "000001")}


@given(st.lists(st.tuples(st.sampled_from("124"), st.integers(1, 30), st.sampled_from("abc"), st.booleans())))
def test_what_is_awaited_is_found_by_nobody_else(story: list[tuple[str, int, str, bool]]) -> None:
    """Against a plain dict: first come, first served, until it is forgotten."""
    matching: Matching[str] = Matching()
    model: dict[tuple[str, str], str] = {}
    for digit, number, owner, forget in story:
        message = request(f"{number:06}", f"0{digit}00")
        key = (digit, f"{number:06}")
        if forget:
            matching.forget(message)
            model.pop(key, None)
        else:
            assert matching.expect(message, owner) is (model.get(key, owner) == owner)
            model.setdefault(key, owner)
        for (known_digit, stan), holder in model.items():
            assert matching.find(answer(stan, f"0{known_digit}10")) == holder
