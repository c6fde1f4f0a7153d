"""Three ledgers side by side, by transaction: the terminals' receipts, the gateway's journal, the host's books.

Amounts name a transaction in the terminals' and the host's ledger: a terminal asks for each but once in each kind. So
what was sent twice to the host shows, whatever the gateway's journal says of it.

Rule 1: what the host booked is on a receipt, or stuck with an operator, or a question: one of these. A receipt
decides a question; without one it counts as owed (ruling 2). Rule 2: what is on a receipt the host booked, once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import APPROVED, OPEN_DEBT, Row, RowState

RECEIPT: Final = "approved"
UNBOOKED: Final = frozenset({"declined", "reversed"})
"""The states of the host's transactions that move no money."""
ASKED: Final = frozenset({RowState.STUCK, RowState.UNCONFIRMED})
"""The states of the journal's rows that wait for an operator."""
LEFT: Final = (OPEN_DEBT - ASKED) | {RowState.SENDING}
"""The states that no row may have any more when all that was owed is settled: nobody looks after it."""
DELIVERED: Final = APPROVED | {RowState.NOTED}
"""The states that a row may have of which there is a receipt."""

Name = tuple[str, str, int]
"""Terminal, kind, amount in minor units."""


class Slip(msgspec.Struct, frozen=True):
    """What a terminal knows of one of its transactions."""

    terminal: str
    kind: Kind
    stan: str
    amount: int
    outcome: str
    """approved, which is printed; declined; reversed, where the terminal took it back; unknown, where it cannot."""
    rrn: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """What the comparison found."""

    lost: tuple[str, ...]
    """Money of which nobody knows, or a receipt without money; each in words."""
    doubled: tuple[str, ...]
    """Money that was moved twice, or is on a receipt and to be taken back."""
    owed: tuple[str, ...]
    """What the journal lists for an operator."""

    @property
    def holds(self) -> bool:
        """Whether nothing is lost and nothing doubled."""
        return not self.lost and not self.doubled


def compare(slips: Sequence[Slip], rows: Sequence[Row], booked: Sequence[Mapping[str, Any]]) -> Verdict:
    """Compare the terminals' *slips*, the journal's *rows* and the transactions that the host has *booked*."""
    journal = {(row.terminal, _family(row.kind), row.stan): row for row in rows if row.kind is not Kind.REVERSAL}
    at_host: dict[Name, list[Mapping[str, Any]]] = defaultdict(list)
    for entry in booked:
        if entry["kind"] != Kind.REVERSAL and entry["state"] not in UNBOOKED:
            at_host[entry["terminal"], _family(entry["kind"]), entry["amount"]].append(entry)
    found: dict[str, list[str]] = {"lost": [], "doubled": [], "owed": []}
    for slip in slips:
        family = _family(slip.kind)
        row = journal.get((slip.terminal, family, slip.stan))
        standing = at_host.pop((slip.terminal, family, slip.amount), [])
        for where, why in _judge(slip, row, standing):
            state = row.state if row is not None else "not in the journal"
            found[where].append(f"{slip.kind} {slip.terminal} {slip.stan} over {slip.amount}: {why} (row: {state})")
    found["lost"] += [f"{' '.join(map(str, name))}: booked, and no terminal asked for it" for name in at_host]
    return Verdict(**{where: tuple(said) for where, said in found.items()})


def _judge(slip: Slip, row: Row | None, standing: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return what is wrong or open with one transaction: lost, doubled or owed, and in words."""
    said = [("doubled", f"booked {len(standing)} times")] if len(standing) > 1 else []
    if row is not None and row.state in LEFT:
        return [*said, ("lost", f"{slip.outcome}, booked {len(standing)} times, and nobody settles it")]
    if slip.outcome != RECEIPT:
        if not standing:
            return said
        open_ = row is not None and row.state in ASKED
        return [*said, ("owed", f"{slip.outcome}, booked") if open_ else ("lost", f"{slip.outcome}, yet booked")]
    if not standing:
        return [*said, ("lost", "a receipt, and not booked")]
    if row is None or row.state not in DELIVERED:
        return [*said, ("doubled" if row is not None and row.state in ASKED else "lost", "a receipt, and booked")]
    if any(rrn != slip.rrn for rrn in (row.rrn, *(entry["rrn"] for entry in standing))):
        return [*said, ("lost", f"RRN {slip.rrn} on the receipt, {row.rrn} in the journal")]
    return said


def _family(kind: str) -> str:
    """Return *kind* as both sides of the gateway call it: a completion is an advice to some hosts."""
    return str(Kind.COMPLETION) if kind == Kind.COMPLETION_ADVICE else str(kind)
