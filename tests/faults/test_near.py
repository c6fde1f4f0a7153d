"""Which rule came nearest to a message, and what differed; nothing of a card is shown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso_gateway import load_spec
from iso_gateway.faults.near import differences, in_words, nearest
from iso_gateway.faults.when import ANY, Bare, resolved, value_of, when_of
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
        ({"amount": "20000..50000"}, "amount expected 20000..50000, found 100"),
        ({"account.available": "<1000"}, "account.available expected <1000, found nothing"),
    ],
)
def test_nothing_is_shown_that_the_spec_masks(conditions: dict[str, str], said: str) -> None:
    near = nearest([("it", when_of(conditions))], SALE)
    assert near is not None
    assert in_words(near, SALE) == f"it: {said}"
    assert not any(digits in "".join(differences(near, SALE)) for digits in (PAN, "4761739001010011"))


SUBJECTS = ("mti", "kind", "amount", "terminal", "stan", "3", "transmission_date_time", "55.9F26", "35")
WHOLE = Bare(SALE.message.evolve({7: "1123043000", 55: "9F26080102030405060708"}), Kind.SALE)


def own(subject: str) -> str:
    """Return the value that the message has under *subject*."""
    (condition,) = resolved(when_of({subject: "*"}), SPEC).conditions
    found = value_of(WHOLE, condition.subject)
    assert found is not None
    return found


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(SUBJECTS), st.sampled_from(["exact", "shape", "there", "other", "absent"])))
def test_what_fits_differs_in_nothing_and_what_does_not_in_just_that(wanted: dict[str, str]) -> None:
    patterns = {
        subject: {
            "exact": own(subject),
            "shape": f"{own(subject)[:2]}*",
            "there": "present",
            "other": f"!{own(subject)}",
            "absent": "absent",
        }[how]
        for subject, how in wanted.items()
    }
    near = nearest([("it", resolved(when_of(patterns), SPEC))], WHOLE)
    assert near is not None
    missed = [subject for subject, how in wanted.items() if how in {"other", "absent"}]
    assert len(near.misses) == len(missed)
    assert sum(line.startswith("- ") for line in differences(near, WHOLE)) == len(missed)
    assert PAN not in "".join(differences(near, WHOLE)) + in_words(near, WHOLE)
