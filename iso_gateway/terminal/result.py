"""What a terminal makes of an answer, or of none: approved, declined, or nobody knows."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from iso_gateway.codec.currency import find, format_amount
from iso_gateway.codec.message import Message
from iso_gateway.protocol.answering import mismatch
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.protocol.profile import CodeClass, Profile
from iso_gateway.terminal.records import Outcome, Reversal, Sent

_OUTCOMES: Final = {
    CodeClass.APPROVED: Outcome.APPROVED,
    CodeClass.PARTIAL: Outcome.APPROVED,
    CodeClass.DECLINED: Outcome.DECLINED,
    CodeClass.UNKNOWN: Outcome.UNKNOWN,
}


class Result(msgspec.Struct, frozen=True):
    """What became of one request."""

    kind: Kind
    outcome: Outcome
    meaning: str
    """The response code in words, or why there is none."""
    stan: str
    terminal: str
    mti: str = ""
    """Of the answer; empty where none came."""
    code: str = ""
    """DE 39 as it came."""
    rrn: str = ""
    approval: str = ""
    amount: int | None = None
    """In minor units: what was approved, or else asked for; None where the message has none."""
    currency: str = ""
    asked: int | None = None
    """What was asked for, where less was approved."""
    reversible: bool = True
    """Whether an unknown outcome is reversed in this dialect; otherwise it is repeated."""
    standing: str = ""
    """How the original stands, in the answer to a query."""
    distrusted: bool = False
    """Whether an answer came, and was not believed: its MAC is wrong or missing."""
    available: int | None = None
    """What a balance inquiry said is left on the card, in minor units; below zero where it is overdrawn."""

    @property
    def approved(self) -> bool:
        """Whether the host said yes, to all or to a part."""
        return self.outcome is Outcome.APPROVED

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data; what did not come is None, the amount is in minor units."""
        currency = find(self.currency)
        return {
            "kind": str(self.kind),
            "mti": self.mti or None,
            "response_code": self.code or None,
            "approved": self.approved,
            "outcome": str(self.outcome),
            "rrn": self.rrn or None,
            "stan": self.stan,
            "amount": self.amount,
            "currency": currency.code if currency else self.currency or None,
            "terminal": self.terminal,
            "meaning": self.meaning,
            **({} if self.kind is not Kind.BALANCE else {"available": self.available}),
            **({} if self.kind is not Kind.INQUIRY else {"standing": self.standing or None}),
        }

    def lines(self, reversing: str = "iso-gateway send reversal --original last") -> list[str]:
        """Return it as people read it: one line, and more of them where nobody knows the outcome.

        *reversing* is what a clerk may type to have it reversed.
        """
        pieces = [" ".join(part for part in (self.mti, self._verdict()) if part)]
        if self.standing:
            pieces.append(f"the original: {self.standing}")
        if self.amount is not None:
            of = "" if self.asked is None else f" of {format_amount(self.asked, self.currency)}"
            pieces.append(format_amount(self.amount, self.currency) + of)
        if self.available is not None:
            sign = "-" if self.available < 0 else ""
            pieces.append(f"available {sign}{format_amount(abs(self.available), self.currency)}")
        pieces += [f"{label} {value}" for label, value in (("RRN", self.rrn), ("approval", self.approval)) if value]
        pieces += [f"STAN {self.stan}", self.terminal]
        line = " · ".join(pieces)
        return [line, *self._advice(reversing)] if self.outcome is Outcome.UNKNOWN else [line]

    def _verdict(self) -> str:
        code = f" {self.code}".rstrip()
        match self.outcome:
            case Outcome.APPROVED:
                return self.meaning if self.meaning.startswith("approved") else f"approved, {self.meaning}"
            case Outcome.DECLINED:
                return f"declined{code}, {self.meaning}"
            case Outcome.NOT_SENT:
                return f"not sent: {self.meaning}"
            case Outcome.UNKNOWN:
                return f"unknown{code}, {self.meaning}" if self.code else self.meaning

    def _advice(self, reversing: str) -> list[str]:
        """Return what an unknown outcome means, and what is to be done."""
        if self.kind is Kind.REVERSAL:
            return ["outcome unknown: the original may still stand; send the reversal again until it is answered"]
        traits = TRAITS[self.kind]
        if not traits.financial:
            return [f"outcome unknown: the {str(self.kind).replace('_', '-')} was not answered; no money is concerned"]
        done = "money may have been given back" if traits.gives_back else "the card may have been charged"
        if not self.reversible:
            return [f"outcome unknown: {done}; a gateway repeats it until it is answered, and never reverses it"]
        return [
            f"outcome unknown: {done}; a reversal is owed",
            f"a gateway in between sends it by itself, a host does not; to be sure: {reversing}",
        ]


def of_answer(dialect: Dialect, kind: Kind, request: Message, answer: Message) -> Result:
    """Return what *answer* says of *request*.

    *dialect* is the terminal's, see `for_terminals`. An approval of something else than was asked for is no
    approval: its outcome is unknown.
    """
    verdict = dialect.verdict(answer)
    code = answer.text(39)
    outcome, meaning = _OUTCOMES[verdict], dialect.profile.meaning(code) if code else "an answer without DE 39"
    if outcome is Outcome.APPROVED:
        other = mismatch(request, answer, partial=verdict is CodeClass.PARTIAL)
        if other:
            outcome, meaning = Outcome.UNKNOWN, f"{meaning}, but {other} is not the one of the request"
    result = _unanswered(dialect, kind, request, outcome, meaning)
    changes: dict[str, Any] = {
        "mti": answer.mti,
        "code": code,
        "rrn": answer.text(37),
        "approval": answer.text(38),
    }
    if kind is Kind.BALANCE and outcome is Outcome.APPROVED:
        changes["available"] = _available(answer.text(54), request.text(49))
    if kind is Kind.INQUIRY and outcome is Outcome.APPROVED:
        changes["standing"] = answer.text(44)
        changes |= {"amount": answer.amount(4).minor, "currency": answer.text(49)} if 4 in answer else {}
    if verdict is CodeClass.PARTIAL and 4 in answer:
        changes |= {"amount": answer.amount(4).minor, "asked": result.amount}
    return msgspec.structs.replace(result, **changes)


def _available(additional_amounts: str, currency: str) -> int | None:
    """Return the available balance that DE 54 tells, the ledger's where it tells no other; None: neither.

    Each amount has 20 characters: account type 2, amount type 2 (02 available, 01 ledger), currency 3, sign, 12 digits.
    """
    found: dict[str, int] = {}
    for at in range(0, len(additional_amounts) - 19, 20):
        said = additional_amounts[at : at + 20]
        if said[8:].isdecimal() and said[4:7] == currency:
            found.setdefault(said[2:4], -int(said[8:]) if said[7] == "D" else int(said[8:]))
    return found.get("02", found.get("01"))


def of_doubt(dialect: Dialect, kind: Kind, request: Message, answer: Message, doubt: str) -> Result:
    """Return the result of a request whose *answer* is not believed: whatever it says, the outcome is unknown."""
    result = _unanswered(dialect, kind, request, Outcome.UNKNOWN, doubt)
    return msgspec.structs.replace(result, mti=answer.mti, code=answer.text(39), distrusted=True)


def of_silence(dialect: Dialect, kind: Kind, request: Message, why: str, *, sent: bool = True) -> Result:
    """Return the result of a request without an answer; *sent* is False only where not a byte of it left."""
    return _unanswered(dialect, kind, request, Outcome.UNKNOWN if sent else Outcome.NOT_SENT, why)


def _unanswered(dialect: Dialect, kind: Kind, request: Message, outcome: Outcome, meaning: str) -> Result:
    row = dialect.profile.row(kind)
    return Result(
        kind=kind,
        outcome=outcome,
        meaning=meaning,
        stan=request.text(11),
        terminal=request.text(41),
        amount=request.amount(4).minor if 4 in request and kind is not Kind.BALANCE else None,
        currency=request.text(49),
        reversible=row is None or row.reversible,
    )


def settled(sent: Sent, result: Result, *, again: bool = False) -> Sent:
    """Return the note *sent* with what became of it.

    With *again* it had been sent before: silence, or a code that says nothing, takes no knowledge back.
    """
    if again and result.outcome in (Outcome.UNKNOWN, Outcome.NOT_SENT):
        return sent
    return msgspec.structs.replace(
        sent,
        outcome=result.outcome,
        code=result.code,
        rrn=result.rrn,
        approval=result.approval,
        amount=result.amount,
        distrusted=result.distrusted,
    )


def reversed_by(original: Sent, result: Result) -> Sent:
    """Return the note *original* after its reversal ended as *result* says; without an answer it is owed as before."""
    match result.outcome:
        case Outcome.APPROVED:
            return msgspec.structs.replace(original, reversal=Reversal.DONE)
        case Outcome.DECLINED:
            return msgspec.structs.replace(original, reversal=Reversal.REFUSED)
        case _:
            return original


def for_terminals(dialect: Dialect) -> Dialect:
    """Return *dialect* as terminals hear it: 91 tells them that their request went nowhere.

    To the gateway the same code, from a host, may be an unknown outcome (ruling 18).
    """
    profile: Profile = msgspec.structs.replace(dialect.profile, after_send_91="final")
    return Dialect(dialect.spec, profile)
