"""What a rule makes of an answer: elements set, copied, taken out; and what the log says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from iso_gateway.codec.tlv import objects
from iso_gateway.codec.unreadable import Unreadable
from iso_gateway.faults.fault import NO_FAULT, Fault
from iso_gateway.faults.grammar import joined, text_of
from iso_gateway.host.answers import Decision, balance_element, noted
from iso_gateway.host.magic import Ending
from iso_gateway.host.scenario.rule import ORDINARY, Respond
from iso_gateway.host.scenario.sending import unasked_of
from iso_gateway.host.scenario.values import Situation, overlaid

if TYPE_CHECKING:
    from iso_gateway.codec.message import Message
    from iso_gateway.host.scenario.heard import Heard
    from iso_gateway.host.scenario.scenario import Ruling

_CHIP: Final = 55
_BALANCES: Final = "additional_amounts"


def ending_of(respond: Respond) -> Ending:
    """Return how a transaction ends by a rule that says what becomes of the money."""
    approves = respond.approves or respond.approve is not None or not (respond.code or respond.record)
    return Ending("by a rule", code=respond.code, approves=approves, booked=respond.record, share=respond.approve)


def unheard(heard: Heard) -> Decision:
    """Return that a message gets no answer, as if it had never come."""
    note = {"mti": heard.message.mti, "terminal": heard.message.text(41), "stan": heard.message.text(11)}
    return Decision("transaction", (note if heard.asked is None else noted(heard.asked, "")) | {"end": "never came"})


def ruled(decision: Decision, ruling: Ruling, heard: Heard, situation: Situation) -> Decision:
    """Return *decision* with what the rule of *ruling* makes of its answer, its fault, and what it sends afterwards.

    The answer of a transaction stays the same when it is asked for again; then only the fault is the rule's.
    """
    rule, note, answer = ruling.rule, dict(decision.note), decision.answer
    if ruling.closest:
        note["closest"] = ruling.closest
    if rule is None:
        return msgspec.structs.replace(decision, note=note)
    note["rule"] = rule.name
    asked = heard.asked
    if answer is not None and not (asked is not None and asked.repeats) and rule.respond != ORDINARY:
        changes = _changes(rule.respond, answer, heard, situation)
        answer, left_out = overlaid(answer, changes)
        if left_out:
            note["cannot_carry"] = f"DE {', '.join(left_out)} of the rule"
        if asked is not None and asked.booked is not None:
            asked.booked.changes = {path: value for path, value in changes.items() if path not in left_out}
    sends = tuple(unasked_of(send, situation) for send in rule.sends)
    return msgspec.structs.replace(decision, note=note, answer=answer, sends=sends)


def struck(decision: Decision, fault: Fault) -> Decision:
    """Return *decision* with *fault* done to its answer, beside what its amount asks for where both go together."""
    own = decision.fault
    if fault is NO_FAULT and own is NO_FAULT:
        return decision
    both = joined(fault, own) or fault
    note = decision.note if fault == NO_FAULT else {**decision.note, "fault": text_of(both)}
    return msgspec.structs.replace(decision, note=note, answer=decision.answer if both.answers else None, fault=both)


def _changes(respond: Respond, answer: Message, heard: Heard, situation: Situation) -> dict[str, str | None]:
    """Return what *respond* makes the answer say, by path; None takes out."""
    changes: dict[str, str | None] = {"39": respond.raw} if respond.raw else {}
    if respond.balance is not None or respond.balance_available:
        changes |= _balance(respond, heard)
    if respond.emv:
        changes[str(_CHIP)] = _chip_data(respond, answer.get(_CHIP)).hex().upper()
    for fill in respond.fills:
        value = fill.value(situation)
        if fill.pieces is None or value is not None:
            changes[fill.path] = value
    return changes


def _balance(respond: Respond, heard: Heard) -> dict[str, str | None]:
    number, account, asked = heard.number(_BALANCES), heard.account, heard.asked
    amount = respond.balance if account is None or not respond.balance_available else account.available
    if number is None or amount is None or asked is None:
        return {}
    return {str(number): balance_element(heard.message.text(3)[2:4], asked.currency, amount)}


def _chip_data(respond: Respond, before: object) -> bytes:
    """Return DE 55 with the issuer's data objects in place of those of the same tags."""
    tags = {tag for tag, _ in respond.emv}
    kept = b""
    if isinstance(before, bytes):
        try:
            kept = b"".join(each.header + each.value for each in objects(before) if each.tag not in tags)
        except Unreadable:
            kept = b""
    return kept + b"".join(item for _, item in respond.emv)
