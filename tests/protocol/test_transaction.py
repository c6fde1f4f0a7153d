"""The two tables of states, tried as a whole: whatever they do not list is refused."""

from __future__ import annotations

import itertools

import pytest

from iso_gateway.errors import LocalProtocolError
from iso_gateway.protocol.debt import Debt
from iso_gateway.protocol.debts import DEBT_TRANSITIONS, DebtState, DebtStep
from iso_gateway.protocol.request import Request
from iso_gateway.protocol.transaction import TRANSITIONS, State, Step


@pytest.mark.parametrize("state", State)
def test_a_request_goes_where_the_table_says_and_nowhere_else(state: State) -> None:
    for step in Step:
        request = Request.__new__(Request)
        request.state = state
        if (state, step) in TRANSITIONS:
            request.step(step)
            assert request.state is TRANSITIONS[state, step]
        else:
            with pytest.raises(LocalProtocolError, match=f"{step} in state {state}"):
                request.step(step)
            assert request.state is state


@pytest.mark.parametrize("state", DebtState)
def test_a_debt_goes_where_the_table_says_and_nowhere_else(state: DebtState) -> None:
    for step in DebtStep:
        debt = Debt.__new__(Debt)
        debt.state = state
        if (state, step) in DEBT_TRANSITIONS:
            debt.step(step)
            assert debt.state is DEBT_TRANSITIONS[state, step]
        else:
            with pytest.raises(LocalProtocolError, match=f"{step} in state {state}"):
                debt.step(step)
            assert debt.state is state


def test_nothing_is_sent_that_was_not_journaled() -> None:
    ways = {(before, step) for (before, step), to in TRANSITIONS.items() if to is State.SENT}
    assert ways == {(State.JOURNALING, Step.JOURNALED), (State.SECURING_ANEW, Step.JOURNALED)}
    assert {before for (before, _), to in TRANSITIONS.items() if to is State.SECURING_ANEW} == {State.JOURNALING}


def test_nothing_is_delivered_between_sending_and_recording() -> None:
    """From SENT on, every way to the terminal passes through a commit of the outcome."""
    for (before, _step), to in TRANSITIONS.items():
        if before in {State.SENT, State.CHECKING}:
            assert to in {State.CHECKING, State.RECORDING}


def test_a_closed_request_and_a_stuck_debt_stay_as_they_are() -> None:
    assert not [before for before, _ in TRANSITIONS if before is State.CLOSED]
    assert [step for before, step in DEBT_TRANSITIONS if before is DebtState.STUCK] == [DebtStep.RESENT]


def test_every_state_is_reached_and_every_request_can_end() -> None:
    assert set(TRANSITIONS.values()) == set(State) - {State.VERIFYING}
    ending = {State.CLOSED}
    for _ in State:
        ending |= {before for (before, _step), to in TRANSITIONS.items() if to in ending}
    assert ending == set(State)


def test_every_debt_can_be_settled_or_get_stuck() -> None:
    for end in (DebtState.SETTLED, DebtState.STUCK):
        ways = {end}
        for _ in DebtState:
            ways |= {before for (before, _step), to in DEBT_TRANSITIONS.items() if to in ways}
        assert ways >= set(DebtState) - {DebtState.SETTLED, DebtState.STUCK}


def test_the_tables_name_only_what_exists() -> None:
    assert set(TRANSITIONS) <= set(itertools.product(State, Step))
    assert set(DEBT_TRANSITIONS) <= set(itertools.product(DebtState, DebtStep))
