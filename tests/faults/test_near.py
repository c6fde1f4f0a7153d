"""Which rule came nearest to a message, and what differed; nothing of a card is shown."""

from __future__ import annotations

import pytest

from iso_gateway import load_spec
from iso_gateway.faults.near import differences, in_words, nearest
from iso_gateway.faults.when import ANY, Bare, when_of
from iso_gateway.protocol.kinds import Kind

PAN = "4761739001010010"
SPEC = load_spec("iso87-ascii")
SALE = Bare(
    SPEC.message("0200", {2: PAN, 3: "000000", 4: 100, 11: "000123", 35: f"{PAN}D2512", 41: "TERM0001"}), Kind.SALE
)
RULES = [
    ("voids of large amounts", when_of("kind:void amount:>5000")),
    ("large sales", when_of("mti:0200 amount:>5000 terminal:TERM*")),
    ("large sales of one terminal", when_of("mti:0200 amount:>5000 terminal:TERM0002")),
    ("reversals", when_of("mti:0400")),
]


def test_the_nearest_is_of_the_same_kind_and_differs_in_least() -> None:
    near = nearest(RULES, SALE)
    assert near is not None
    assert (near.name, near.akin) == ("large sales", True)
    assert list(differences(near, SALE)) == [
        "  mti       0200",
        "- amount    >5000",
        "+ amount    100",
        "  terminal  TERM0001",
    ]
    assert in_words(near, SALE) == "large sales: amount expected >5000, found 100"


def test_of_another_kind_is_better_than_nothing() -> None:
    near = nearest(RULES[3:], SALE)
    assert near is not None
    assert not near.akin
    assert in_words(near, SALE) == "reversals: mti expected 0400, found 0200"


def test_without_rules_none_is_near_and_what_fits_differs_in_nothing() -> None:
    assert nearest([], SALE) is None
    near = nearest([("all", ANY)], SALE)
    assert near is not None
    assert near.misses == []
    assert list(differences(near, SALE)) == []


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ({"2": "4761739001010011"}, "2 expected something else, found 476173******0010"),
        ({"2": "absent"}, "2 expected absent, found 476173******0010"),
        ({"35": "4761739001010011D*"}, "35 expected something else, found *********************"),
        ({"52": "present"}, "52 expected present, found nothing"),
        ({"55.9F26": "present"}, "55.9F26 expected present, found nothing"),
        ({"41": "TERM\x1b9"}, "41 expected TERM?9, found TERM0001"),
        ({"account.available": "<1000"}, "account.available expected <1000, found nothing"),
    ],
)
def test_nothing_is_shown_that_the_spec_masks(conditions: dict[str, str], said: str) -> None:
    near = nearest([("it", when_of(conditions))], SALE)
    assert near is not None
    assert in_words(near, SALE) == f"it: {said}"
    assert not any(digits in "".join(differences(near, SALE)) for digits in (PAN, "4761739001010011"))
