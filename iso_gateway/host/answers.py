"""What becomes of a message, and the writing of its answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from iso_gateway.codec.message import Message
from iso_gateway.errors import CannotCarry, EncodeError
from iso_gateway.faults.fault import NO_FAULT, Fault, Wrong
from iso_gateway.host.asked import Asked
from iso_gateway.host.guard import NOBODY, Under
from iso_gateway.host.scenario.sending import Unasked
from iso_gateway.protocol.dialect import Dialect


class Decision(msgspec.Struct, frozen=True):
    """What becomes of one message."""

    event: str
    """For the log: ``transaction``, ``settlement``, ``inquiry``, ``network``, ``undecodable``, ``ignored``."""
    note: Mapping[str, Any] = {}
    """For the log: what happened, masked."""
    answer: Message | None = None
    """None: silence."""
    under: Under = NOBODY
    """Whose keys its request came under, and its answer goes under."""
    fault: Fault = NO_FAULT
    """What goes wrong on purpose: by a fault that stands, by a rule, by the amount."""
    sends: tuple[Unasked, ...] = ()
    """What the host says of its own accord afterwards, on the same link."""

    @property
    def spoilt(self) -> bool:
        """Whether something is done on purpose to the MAC that the answer would have."""
        return bool(self.under.mac_key) and (self.fault.without_mac or Wrong.MAC in self.fault.wrong)


def balance_element(account_type: str, currency: str, amount: int) -> str:
    """Return DE 54 with one amount: account type 2, amount type 2 (02, available), currency 3, sign, 12 digits."""
    sign = "D" if amount < 0 else "C"
    return f"{account_type or '00'}02{currency}{sign}{min(abs(amount), 10**12 - 1):012}"


def written(
    dialect: Dialect, request: Message, code: str, facts: Mapping[str, str | bytes], today: date
) -> tuple[Message | None, str]:
    """Return the answer to *request* with the canonical *code*, and why it says less than *facts*, if it does.

    An answer that the dialect cannot carry whole still tells the code; None where not even that can be written.
    """
    cause = ""
    for said in (facts, {}):
        try:
            return dialect.answer(request, code, said, today), cause
        except (CannotCarry, EncodeError) as error:
            cause = str(error)
    return None, cause


def noted(asked: Asked, code: str, end: str = "", cause: str = "") -> dict[str, Any]:
    """Return what the log says of *asked*, masked."""
    note = {
        "kind": str(asked.kind),
        "mti": asked.message.mti,
        "merchant": asked.merchant,
        "terminal": asked.terminal,
        "stan": asked.stan,
        "amount": asked.amount,
        "currency": asked.currency,
        "pan": asked.masked_pan,
        "code": code,
    }
    said = {"end": end, "cause": cause}
    return note | {key: value for key, value in said.items() if value}
