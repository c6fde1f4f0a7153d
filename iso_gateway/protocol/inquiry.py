"""What became of a transaction, and what follows for whoever believed otherwise (ruling 8, flows 2.6).

On the wire: 0600/0610 (1600/1610) that names its original as a void would (DE 90, DE 56, F61, DE 37). DE 39 of the
answer is the inquiry's own result; DE 44 says how the original stands, in the words of `Standing`; DE 4, 37 and 38 are
the original's.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from iso_gateway.protocol.dialect import Facts
from iso_gateway.protocol.records import Row, RowState


class Standing(StrEnum):
    """What an inquiry finds, as DE 44 says it."""

    APPROVED = "approved"
    DECLINED = "declined"
    NONE = "none"
    """Nobody knows of it: it never reached a host."""
    IN_FLIGHT = "in flight"
    BEING_REVERSED = "being reversed"
    REVERSED = "reversed"


_BY_STATE: Final = {
    RowState.SENDING: Standing.IN_FLIGHT,
    RowState.ANSWERED: Standing.APPROVED,
    RowState.DONE: Standing.APPROVED,
    RowState.UNCONFIRMED: Standing.APPROVED,
    RowState.DECLINED: Standing.DECLINED,
    RowState.NOT_SENT: Standing.NONE,
    RowState.TOMBSTONE: Standing.NONE,
    RowState.OWES_REVERSAL: Standing.BEING_REVERSED,
    RowState.OWES_REPEAT: Standing.IN_FLIGHT,
    RowState.REVERSED: Standing.REVERSED,
}


def standing_of(row: Row | None) -> Standing:
    """Return how *row*, the journal's, stands; a debt that only an operator can settle is under way still."""
    if row is None:
        return Standing.NONE
    if row.state is RowState.NOTED:
        return Standing.APPROVED if row.approved else Standing.DECLINED
    known = _BY_STATE.get(row.state)
    if known is not None:
        return known
    return Standing.BEING_REVERSED if row.reversible else Standing.IN_FLIGHT  # stuck, or written off


def answer_facts(standing: Standing, amount: int, currency: str = "", rrn: str = "", approval: str = "") -> Facts:
    """Return what the answer to an inquiry says; *amount* in minor units."""
    facts: Facts = {"additional_response_data": str(standing)}
    if standing is not Standing.NONE:
        facts["amount_transaction"] = f"{amount:012}"
    if currency:
        facts["currency_code_transaction"] = currency
    if rrn:
        facts["retrieval_reference_number"] = rrn
    if approval:
        facts["authorization_id_response"] = approval
    return facts


class Action(StrEnum):
    """What is done about a transaction on which terminal and host do not agree."""

    NOTHING = "nothing"
    WAIT = "wait"
    SUBMIT = "submit"
    """Tell the host of it, by an advice; only with an authorization code, once per original."""
    VOID = "void"
    OPERATOR = "operator"


ACTIONS: Final[dict[tuple[bool, Standing], Action]] = {
    (True, Standing.APPROVED): Action.NOTHING,
    (True, Standing.NONE): Action.SUBMIT,
    (True, Standing.DECLINED): Action.OPERATOR,
    (True, Standing.REVERSED): Action.OPERATOR,
    (False, Standing.APPROVED): Action.VOID,
    (False, Standing.NONE): Action.NOTHING,
    (False, Standing.DECLINED): Action.NOTHING,
    (False, Standing.REVERSED): Action.NOTHING,
    **{(believed, Standing.IN_FLIGHT): Action.WAIT for believed in (True, False)},
    **{(believed, Standing.BEING_REVERSED): Action.WAIT for believed in (True, False)},
}
"""By whether the terminal believes it approved, and by what the inquiry found: the list of Elavon's stand-in, and
ruling 8 for what it does not have."""

_TEXTS: Final = {
    Action.NOTHING: "nothing: both sides agree",
    Action.WAIT: "wait: its outcome is being settled; ask again",
    Action.SUBMIT: "submit it: tell the host by an advice with its authorization code",
    Action.VOID: "void it: the host has charged the card, and the terminal says that it was declined",
    Action.OPERATOR: "ask an operator: the terminal's receipt stands against the host's word",
}


_NO_CODE: Final = "ask an operator: without an authorization code it cannot be submitted"


def action(*, believed: bool, standing: Standing, approval: str) -> Action:
    """Return what to do about a transaction that the terminal *believed* approved, or not.

    Args:
        believed: Whether the terminal has a receipt.
        standing: What the inquiry found.
        approval: The authorization code on the receipt; empty where there is none.
    """
    found = ACTIONS[believed, standing]
    return Action.OPERATOR if found is Action.SUBMIT and not approval else found


def proposal(*, believed: bool, standing: Standing, approval: str) -> str:
    """Return the same in words."""
    if ACTIONS[believed, standing] is Action.SUBMIT and not approval:
        return _NO_CODE
    return _TEXTS[action(believed=believed, standing=standing, approval=approval)]
