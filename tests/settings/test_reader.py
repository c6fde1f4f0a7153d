"""Settings read against a declared shape: every fault is told, with its path, and nothing of the value."""

from __future__ import annotations

import difflib
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta

from iso_gateway.errors import HINTED, LONGEST_WORD, ConfigError, Problem
from iso_gateway.settings import read


class Flow(StrEnum):
    SALE = "sale"
    VOID = "void"


class Link(msgspec.Struct, frozen=True):
    host: str
    port: Annotated[int, Meta(ge=1, le=65535)]
    timeout: Annotated[float, Meta(gt=0)] = 30.0
    flows: tuple[Flow, ...] = (Flow.SALE,)
    mode: Literal["multiplexed", "one-at-a-time"] = "multiplexed"
    zone: Annotated[str, Meta(pattern=r"^\w+/\w+$", description="a time zone such as Europe/Berlin")] = "Etc/UTC"
    floor: int | None = 5
    live: bool = True


class Plan(msgspec.Struct, frozen=True):
    links: Annotated[list[Link], Meta(min_length=1, max_length=3)]
    rows: dict[int, str] = {}
    least: int = msgspec.field(name="min", default=0)
    most: int = msgspec.field(name="max", default=9)
    parts: Literal["ber-tlv"] | Link | None = None

    def __post_init__(self) -> None:
        if self.least > self.most:
            raise ValueError("min is over max")
        if len(self.rows) > 2:
            raise ConfigError([Problem("rows", "more than two rows"), Problem("", "and that here")])


LINK = {"host": "acme", "port": 9000}


def problems(kind: Any, data: object, *, text: bool = False, told: int = 0) -> list[tuple[str, str]]:
    value, found = read(kind, data, text=text, told=told)
    assert (value is None) == bool(found)
    return [(problem.path, problem.message) for problem in found]


def test_what_is_left_out_takes_its_default() -> None:
    plan, found = read(Plan, {"links": [LINK]})
    assert found == []
    assert plan == Plan(links=[Link(host="acme", port=9000)])


def test_text_becomes_what_is_declared() -> None:
    link = {"host": "0100", "port": "08583", "timeout": "2.5", "flows": ["void", "sale"], "floor": "", "live": "false"}
    plan, found = read(Plan, {"links": [link], "rows": {"2": "007"}, "min": "-1"}, text=True)
    assert found == []
    assert plan is not None
    assert plan.links[0] == Link("0100", 8583, 2.5, (Flow.VOID, Flow.SALE), floor=None, live=False)
    assert plan.rows == {2: "007"}
    assert plan.least == -1


def test_a_line_end_after_what_a_pattern_asks_for_is_none_of_it() -> None:
    assert problems(Link, {**LINK, "zone": "Europe/Vienna\n"}) == [
        ("zone", "expected a time zone such as Europe/Berlin")
    ]


def test_a_key_with_nothing_after_it_takes_its_default() -> None:
    link, found = read(Link, {**LINK, "port": "1", "timeout": "", "flows": ""}, text=True)
    assert found == []
    assert link == Link("acme", 1)


def test_whole_numbers_are_numbers_too() -> None:
    link, found = read(Link, {**LINK, "timeout": 3})
    assert found == []
    assert link is not None
    assert isinstance(link.timeout, float)


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        ({"prot": 1}, "prot", "unknown key"),
        ({"timout": 1}, "timout", "unknown key, did you mean 'timeout'?"),
        ({"port": 0}, "port", "expected a whole number from 1 to 65535"),
        ({"port": "9000"}, "port", "expected a whole number from 1 to 65535"),
        ({"port": True}, "port", "expected a whole number from 1 to 65535"),
        ({"port": 1.0}, "port", "expected a whole number from 1 to 65535"),
        ({"timeout": 0}, "timeout", "expected a number over 0"),
        ({"timeout": float("nan")}, "timeout", "expected a number over 0"),
        ({"timeout": float("inf")}, "timeout", "expected a number over 0"),
        ({"host": 1}, "host", "expected text"),
        ({"live": 1}, "live", "expected true or false"),
        ({"live": "true"}, "live", "expected true or false"),
        ({"floor": "much"}, "floor", "expected a whole number"),
        ({"zone": "Mars"}, "zone", "expected a time zone such as Europe/Berlin"),
        ({"mode": "multiplex"}, "mode", "expected one of multiplexed, one-at-a-time, did you mean 'multiplexed'?"),
        ({"flows": "sale"}, "flows", "expected a list of items, each one of sale, void"),
        ({"flows": ["sale", "viod"]}, "flows.1", "expected one of sale, void, did you mean 'void'?"),
    ],
)
def test_a_wrong_value_is_told_with_its_place(change: dict[str, object], path: str, message: str) -> None:
    assert problems(Link, {**LINK, **change}) == [(path, message)]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("port", "1e3"),
        ("port", "1_0"),
        ("port", "x"),
        ("port", "٣"),
        ("port", "9" * 5000),
        ("timeout", "nan"),
        ("live", "yes"),
    ],
)
def test_text_that_stands_for_nothing_is_refused(key: str, value: str) -> None:
    assert [path for path, _ in problems(Link, {**LINK, "port": "1", key: value}, text=True)] == [key]


def test_all_faults_are_told_at_once_in_the_order_of_the_data() -> None:
    data = {
        "rows": {"two": "x", "3": 4},
        "links": [{"port": 99999}, "link", {"host": "a", "port": 1, "tls": {}}],
        "mim": 3,
    }
    assert problems(Plan, data) == [
        ("rows.two", "a key here is a whole number"),
        ("rows.3", "expected text"),
        ("links.0.port", "expected a whole number from 1 to 65535"),
        ("links.0.host", "is missing, expected text"),
        ("links.1", "expected a table of keys"),
        ("links.2.tls", "unknown key"),
        ("mim", "unknown key, did you mean 'min'?"),
    ]


def test_a_list_has_its_bounds() -> None:
    words = "expected a list of 1 to 3 items, each a table of keys"
    assert problems(Plan, {"links": []}) == [("links", words)]
    assert problems(Plan, {"links": [LINK] * 4}) == [("links", words)]


def test_of_alternatives_the_one_that_was_meant_is_judged() -> None:
    words = "expected ber-tlv or a table of keys"
    assert problems(Plan, {"links": [LINK], "parts": {"host": "a", "port": 0}}) == [
        ("parts.port", "expected a whole number from 1 to 65535"),
    ]
    assert problems(Plan, {"links": [LINK], "parts": 7}) == [("parts", words)]
    assert problems(Plan, {"links": [LINK], "parts": "ber-tvl"}) == [("parts", f"{words}, did you mean 'ber-tlv'?")]
    assert problems(Plan, {"links": [LINK], "parts": None}) == []


def test_near_words_are_looked_for_in_the_first_faults_only(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    look = difflib.get_close_matches

    def counted(word: str, known: list[str], n: int) -> list[str]:
        looks.append(word)
        return look(word, known, n=n)

    monkeypatch.setattr(difflib, "get_close_matches", counted)
    data = {"links": [LINK], "parts": {f"hots{each}": 1 for each in range(999)} | {"hots" * 9999: 1}, "mim": 1}
    found = [message for path, message in problems(Plan, data) if path.startswith("parts.hots")]
    assert found[:3] == ["unknown key, did you mean 'host'?"] * 3
    assert found[-1] == "unknown key"
    assert len(found) == 1000
    assert 3 < len(looks) <= HINTED
    assert problems(Link, {**LINK, "hots" * 9999: 1}) == [("hots" * 9999, "unknown key")]
    assert max(map(len, looks)) <= LONGEST_WORD
    assert problems(Link, {**LINK, "prot": 1}, told=HINTED) == [("prot", "unknown key")]


def test_two_ways_to_write_a_key_are_one_key() -> None:
    assert problems(dict[int, str], {"2": "a", "02": "b"}, text=True) == [
        ("02", "the same key as one above, written in another way"),
    ]


def test_what_the_struct_itself_refuses_is_a_problem_of_its_place() -> None:
    wrong = {"links": [LINK], "min": 10}
    assert problems(Plan, wrong) == [("", "min is over max")]
    assert problems(dict[str, Plan], {"day": wrong}) == [("day", "min is over max")]
    many = {"links": [LINK], "rows": {"1": "a", "2": "b", "3": "c"}}
    assert problems(dict[str, Plan], {"day": many}) == [("day.rows", "more than two rows"), ("day", "and that here")]


def test_a_struct_is_not_made_of_what_is_already_wrong() -> None:
    assert problems(Plan, {"links": [LINK], "min": "x", "max": -1}) == [("min", "expected a whole number")]


def test_pairs_have_their_length() -> None:
    assert read(tuple[int, str], [1, "a"]) == ((1, "a"), [])
    assert problems(tuple[int, str], [1]) == [("", "expected a list of 2 items: a whole number, text")]
    assert problems(tuple[int, str], ["a", "b"]) == [("0", "expected a whole number")]


def test_a_shape_that_no_file_can_have_is_a_bug_of_the_caller() -> None:
    with pytest.raises(TypeError, match="BytesType"):
        read(bytes, b"")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(max_size=6) | st.sampled_from(["links", "rows", "min", "host", "port"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@settings(max_examples=100)
@given(data=JSON, text=st.booleans())
def test_any_data_gives_a_value_or_problems(data: object, *, text: bool) -> None:
    value, found = read(Plan, data, text=text)
    assert (value is None) == bool(found)


@settings(max_examples=50)
@given(secret=st.from_regex(r"[0-9]{13,19}", fullmatch=True))
def test_no_problem_tells_the_value(secret: str) -> None:
    data = {"links": [{"host": [secret], "port": secret, "mode": secret, "zone": secret}], "rows": {"1": [secret]}}
    found = problems(Plan, data)
    assert len(found) == 5
    assert secret not in str(found)
