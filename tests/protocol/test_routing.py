"""Routes: the first whose every condition holds."""

from __future__ import annotations

import pytest

from iso_gateway.protocol.routing import Query, Route, in_range, named, route

QUERY = Query(pan="5413330089600119", message_class="2", terminal="TERM0042", currency="840", amount=1234)


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (Route("any"), True),
        (Route("mc", pan=(("51", "55"),)), True),
        (Route("visa", pan=(("4", "4"),)), False),
        (Route("one of two", pan=(("4", "4"), ("51", "55"))), True),
        (Route("class", message_class=("1", "2")), True),
        (Route("class", message_class=("1",)), False),
        (Route("terminal", terminal=("TERM0042",)), True),
        (Route("prefix", terminal=("TERM00*",)), True),
        (Route("prefix", terminal=("TERM01*",)), False),
        (Route("not a prefix", terminal=("TERM00",)), False),
        (Route("currency", currency=("978", "840")), True),
        (Route("currency", currency=("978",)), False),
        (Route("amount", amount=(1234, 1234)), True),
        (Route("amount", amount=(1235, 9999)), False),
        (Route("amount", amount=(0, 1233)), False),
        (Route("all", pan=(("5", "5"),), message_class=("2",), currency=("840",), amount=(0, 5000)), True),
        (Route("all but one", pan=(("5", "5"),), message_class=("2",), currency=("156",), amount=(0, 5000)), False),
    ],
)
def test_a_route_fits_when_every_condition_holds(rule: Route, fits: bool) -> None:  # noqa: FBT001
    assert rule.fits(QUERY) is fits


def test_the_first_route_that_fits_wins() -> None:
    rules = (Route("visa", pan=(("4", "4"),)), Route("first", currency=("840",)), Route("second"))
    assert route(rules, QUERY) == "first"


def test_without_a_route_there_is_none() -> None:
    assert route((Route("visa", pan=(("4", "4"),)),), QUERY) is None
    assert route((), QUERY) is None


def test_a_message_without_card_or_amount_fits_no_condition_on_them() -> None:
    nothing = Query(message_class="2")
    assert not Route("mc", pan=(("0", "9"),)).fits(nothing)
    assert not Route("amount", amount=(0, 10**12)).fits(nothing)


@pytest.mark.parametrize(
    ("pan", "low", "high", "inside"),
    [
        ("222100", "2221", "2720", True),
        ("272099", "2221", "2720", True),
        ("272100", "2221", "2720", False),
        ("222099", "2221", "2720", False),
        ("62", "62", "62", True),
        ("6", "62", "62", False),
        ("", "", "", False),
    ],
)
def test_a_range_of_prefixes_holds_both_its_ends(pan: str, low: str, high: str, inside: bool) -> None:  # noqa: FBT001
    assert in_range(pan, low, high) is inside


def test_a_star_alone_names_every_terminal() -> None:
    assert named("TERM0001", "*")
