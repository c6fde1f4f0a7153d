"""The comparison of an answer with its request (ruling 9), and whose word stands in an answer."""

from __future__ import annotations

from typing import Any

import pytest

from iso_gateway.protocol.answering import mismatch
from iso_gateway.protocol.legs import FROM_THE_TERMINAL
from tests.support.desk import PAN, dialect

SPEC = dialect("iso87-ascii").spec
REQUEST = SPEC.message("0200", {2: PAN, 3: "000000", 4: "000000001234", 11: "000001", 41: "TERM0001", 49: "840"})


@pytest.mark.parametrize(
    ("changes", "partial", "said"),
    [
        ({}, False, ""),
        ({4: "000000001234", 3: "000000", 49: "840", 41: "TERM0001", 2: PAN}, False, ""),
        ({4: "000000001235"}, False, "DE 4"),
        ({4: "000000001233"}, False, "DE 4"),
        ({3: "200000"}, False, "DE 3"),
        ({49: "978"}, False, "DE 49"),
        ({41: "TERM0002"}, False, "DE 41"),
        ({2: "4111111111111111"}, False, "DE 2"),
        ({41: "        "}, False, ""),
        ({4: "000000001233"}, True, ""),
        ({4: "000000001234"}, True, ""),
        ({4: "000000001235"}, True, "DE 4"),
        ({4: "000000000001", 49: "978"}, True, "DE 49"),
        ({}, True, "DE 4"),  # approved in part, and nobody says for how much
    ],
)
def test_an_approval_is_compared_with_what_was_asked(
    changes: dict[int, Any],
    partial: bool,  # noqa: FBT001
    said: str,
) -> None:
    answer = SPEC.message("0210", {11: "000001", 39: "10" if partial else "00", **changes})
    assert mismatch(REQUEST, answer, partial=partial) == said


def test_the_terminal_knows_its_own_values_and_no_card_enters_the_journal() -> None:
    answer = SPEC.message(
        "0210",
        {2: PAN, 11: "000500", 34: "476173900101001000", 37: "632400000500", 38: "A00500", 39: "00", 42: "M", 54: "x"},
    )
    assert set(dialect("iso87-ascii").answer_facts(answer)) == {
        "retrieval_reference_number",
        "authorization_id_response",
        "additional_amounts",
    }
    assert {"primary_account_number", "track_2_data", "pin_data"} <= FROM_THE_TERMINAL
