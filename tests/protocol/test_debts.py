"""What an answer to a debt means: ruling 1, a row for each of its sentences."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from iso_gateway.errors import LocalProtocolError
from iso_gateway.protocol.debts import (
    DEBT_TRANSITIONS,
    Circumstances,
    DebtState,
    DebtStep,
    pause,
    read_repeat_answer,
    read_reversal_answer,
)

ORDINARY = Circumstances(
    own_stan=True, repeated=False, early=False, approval_seen=False, same_day=True, not_found_is_00=False
)
"""A reversal after the host's time-out, first attempt, same day, nothing heard of the original."""


@pytest.mark.parametrize(
    ("code", "changes", "step"),
    [
        # 00 settles, whatever else.
        ("00", {}, DebtStep.SETTLED),
        ("00", {"early": True}, DebtStep.SETTLED),
        ("00", {"approval_seen": True, "same_day": False}, DebtStep.SETTLED),
        # Not-found answered with 00: an early one is asked again, after the host's time-out.
        ("00", {"not_found_is_00": True}, DebtStep.SETTLED),
        ("00", {"not_found_is_00": True, "early": True}, DebtStep.AGAIN),
        ("00", {"not_found_is_00": True, "early": True, "repeated": True}, DebtStep.AGAIN),
        # 25 is asked again after the host's time-out ...
        ("25", {"early": True}, DebtStep.AGAIN),
        ("25", {"early": True, "approval_seen": True}, DebtStep.AGAIN),
        # ... and then settles only if no approval was seen and the business date is unchanged.
        ("25", {}, DebtStep.SETTLED),
        ("25", {"repeated": True}, DebtStep.SETTLED),
        ("25", {"approval_seen": True}, DebtStep.REFUSED),
        ("25", {"same_day": False}, DebtStep.REFUSED),
        # 12 and 40 mean "not done".
        ("12", {}, DebtStep.REFUSED),
        ("40", {}, DebtStep.REFUSED),
        # 94 on a repeat: done only where reversals carry a STAN of their own.
        ("94", {"repeated": True}, DebtStep.SETTLED),
        ("94", {}, DebtStep.REFUSED),
        ("94", {"repeated": True, "own_stan": False}, DebtStep.REFUSED),
        # 30, 13, 64: stuck; so is every other clear refusal.
        ("30", {}, DebtStep.REFUSED),
        ("13", {}, DebtStep.REFUSED),
        ("64", {}, DebtStep.REFUSED),
        ("05", {}, DebtStep.REFUSED),
        ("14", {}, DebtStep.REFUSED),
        # No decision: again. A0 and 77 after a new MAC (ruling 12).
        ("68", {}, DebtStep.AGAIN),
        ("91", {}, DebtStep.AGAIN),
        ("96", {}, DebtStep.AGAIN),
        ("98", {}, DebtStep.AGAIN),
        ("90", {}, DebtStep.AGAIN),
        ("A0", {}, DebtStep.AGAIN),
        ("77", {}, DebtStep.AGAIN),
    ],
)
def test_what_a_code_does_to_an_owed_reversal(code: str, changes: dict[str, bool], step: DebtStep) -> None:
    assert read_reversal_answer(code, replace(ORDINARY, **changes)) is step


@given(
    st.sampled_from(["00", "10", "11", "25", "94", "12", "05", "68", "A0", "ZZ"]),
    st.builds(Circumstances, *(st.booleans(),) * 6),
)
def test_25_never_settles_what_may_stand(code: str, at: Circumstances) -> None:
    step = read_reversal_answer(code, at)
    assert step in {DebtStep.SETTLED, DebtStep.AGAIN, DebtStep.REFUSED}
    if code == "25" and step is DebtStep.SETTLED:
        assert not at.early
        assert not at.approval_seen
        assert at.same_day


@pytest.mark.parametrize(
    ("code", "unknown", "step"),
    [
        ("00", False, DebtStep.SETTLED),
        ("05", False, DebtStep.SETTLED),
        ("25", False, DebtStep.SETTLED),
        ("91", True, DebtStep.AGAIN),
        ("68", True, DebtStep.AGAIN),
        ("ZZ", True, DebtStep.AGAIN),
        ("A0", False, DebtStep.AGAIN),
        ("77", False, DebtStep.AGAIN),
        ("90", False, DebtStep.AGAIN),
        # The host has the advice already and will not say what it decided: booked or not, an operator must look.
        ("94", False, DebtStep.REFUSED),
    ],
)
def test_what_a_code_does_to_an_owed_advice(code: str, unknown: bool, step: DebtStep) -> None:  # noqa: FBT001
    assert read_repeat_answer(code, unknown=unknown) is step


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (1000, 60)])
def test_pauses_double_up_to_the_longest(attempt: int, seconds: float) -> None:
    assert pause(attempt, 1.0, 60.0, 1.0) == seconds


@given(st.integers(1, 10_000), st.floats(0.1, 10), st.floats(10, 1000), st.floats(0, 1))
def test_a_pause_is_at_least_half_and_never_over_the_longest(
    attempt: int, first: float, longest: float, jitter: float
) -> None:
    assert first / 2 <= pause(attempt, first, longest, jitter) <= longest


# The table, as a whole.
LEADS: dict[DebtState, dict[DebtStep, DebtState]] = {
    DebtState.OWED: {
        DebtStep.CARD_WANTED: DebtState.OPENING,
        DebtStep.DUE: DebtState.SENDING,
        DebtStep.SETTLED: DebtState.SETTLED,
        DebtStep.REFUSED: DebtState.STUCK,
        DebtStep.GIVEN_UP: DebtState.STUCK,
    },
    DebtState.OPENING: {
        DebtStep.DUE: DebtState.SENDING,
        DebtStep.CARD_UNKNOWN: DebtState.BACKING_OFF,
        DebtStep.SETTLED: DebtState.SETTLED,
        DebtStep.REFUSED: DebtState.STUCK,
        DebtStep.GIVEN_UP: DebtState.STUCK,
    },
    DebtState.SECURING: {
        DebtStep.SECURED: DebtState.AWAITING,
        DebtStep.NOT_SECURED: DebtState.BACKING_OFF,
        DebtStep.SETTLED: DebtState.SETTLED,
        DebtStep.REFUSED: DebtState.STUCK,
    },
    DebtState.SENDING: {
        DebtStep.TO_SECURE: DebtState.SECURING,
        DebtStep.JOURNALED: DebtState.AWAITING,
        DebtStep.JOURNAL_FAILED: DebtState.BACKING_OFF,
        DebtStep.SETTLED: DebtState.SETTLED,
        DebtStep.REFUSED: DebtState.STUCK,
    },
    DebtState.AWAITING: {
        DebtStep.NOT_SENT: DebtState.BACKING_OFF,
        DebtStep.TIMED_OUT: DebtState.BACKING_OFF,
        DebtStep.AGAIN: DebtState.BACKING_OFF,
        DebtStep.SETTLED: DebtState.SETTLED,
        DebtStep.REFUSED: DebtState.STUCK,
    },
    DebtState.BACKING_OFF: {
        DebtStep.CARD_WANTED: DebtState.OPENING,
        DebtStep.DUE: DebtState.SENDING,
        DebtStep.SETTLED: DebtState.SETTLED,
        DebtStep.REFUSED: DebtState.STUCK,
        DebtStep.GIVEN_UP: DebtState.STUCK,
    },
    DebtState.SETTLED: {DebtStep.REOPENED: DebtState.OWED},
    DebtState.STUCK: {DebtStep.RESENT: DebtState.OWED},
}


@pytest.mark.parametrize(("state", "step"), list(product(DebtState, DebtStep)))
def test_every_step_in_every_state_leads_on_or_cannot_happen(state: DebtState, step: DebtStep) -> None:
    if step in LEADS[state]:
        assert DEBT_TRANSITIONS[state, step] is LEADS[state][step]
    else:
        with pytest.raises(LocalProtocolError):
            DEBT_TRANSITIONS[state, step]
