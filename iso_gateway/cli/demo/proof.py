"""Three ledgers side by side: what the terminals printed, what the gateway journaled, what the host booked.

For each transaction there is one right combination of the three; anything else is a difference. The nets, per terminal,
are added up independently in each ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.protocol.records import APPROVED, Row, RowState


class Slip(msgspec.Struct):
    """What a terminal knows of one of its transactions."""

    terminal: str
    kind: Kind
    stan: str
    amount: int
    outcome: str
    """approved, declined, unknown; or reversed, where the terminal itself took it back."""
    rrn: str = ""


AGREE: Final[dict[str, tuple[frozenset[str], frozenset[str]]]] = {
    "approved": (
        frozenset({*(str(state) for state in APPROVED), str(RowState.NOTED)}),
        frozenset({"approved", "voided", "cancelled", "completed", "part refunded", "refunded"}),
    ),
    "declined": (frozenset({str(RowState.DECLINED), "none"}), frozenset({"declined", "none"})),
    "unknown": (frozenset({str(RowState.REVERSED)}), frozenset({"reversed", "none"})),
    "reversed": (frozenset({str(RowState.REVERSED)}), frozenset({"reversed"})),
}
"""A terminal's outcome, and the states that the gateway's row and the host's may have beside it."""


BOOKED: Final = frozenset(
    {
        *(Kind.SALE, Kind.ADVICE, Kind.COMPLETION, Kind.COMPLETION_ADVICE),
        *(Kind.VOID, Kind.REFUND, Kind.COMPLETION_CANCEL),
    }
)
"""What moves money. A preauth and its cancel only hold it; a reversal takes another one's line out."""


ABOUT_OTHERS: Final = frozenset({Kind.REVERSAL, Kind.INQUIRY, Kind.SETTLEMENT, Kind.UPLOAD, Kind.UPLOAD_END})
"""What is no transaction of its own, but about others."""


class Line(msgspec.Struct, frozen=True):
    """One transaction in three ledgers."""

    terminal: str
    stan: str
    kind: str
    amount: int
    at_terminal: str
    at_gateway: str
    at_host: str
    agrees: bool


class Proof(msgspec.Struct, frozen=True):
    """The comparison, and whether it holds."""

    lines: tuple[Line, ...]
    nets: dict[str, tuple[int, int, int]]
    """Per terminal: net of its slips, of the gateway's rows, of the host's totals; minor units."""
    strays: tuple[str, ...]
    """What one ledger has and the others do not know of."""

    @property
    def holds(self) -> bool:
        """Whether all three agree on everything."""
        equal = all(len(set(nets)) == 1 for nets in self.nets.values())
        return equal and not self.strays and all(line.agrees for line in self.lines)


def compare(slips: Sequence[Slip], rows: Sequence[Row], host: Mapping[str, Any]) -> Proof:
    """Return the comparison of *slips*, the gateway's *rows*, and the ledger that the mock *host* gives."""
    journal: dict[tuple[str, str, Kind], Row] = {
        (row.terminal, row.stan, row.kind): row for row in rows if row.kind not in ABOUT_OTHERS
    }
    booked = {
        (row["terminal"], row["stan"], _at_host(row["kind"])): row
        for row in host["transactions"]
        if row["kind"] not in ABOUT_OTHERS
    }
    lines = []
    for slip in slips:
        row = journal.pop((slip.terminal, slip.stan, slip.kind), None)
        there = booked.pop((row.terminal, row.host.stan, _at_host(row.kind)), None) if row and row.host else None
        lines.append(_line(slip, row, there))
    strays = [f"gateway: {row.kind} {row.terminal} {row.stan}" for row in journal.values()]
    strays += [f"host: {row['kind']} {row['terminal']} {row['stan']}" for row in booked.values()]
    return Proof(tuple(lines), _nets(slips, rows, host), tuple(strays))


def _at_host(kind: str) -> str:
    """Return *kind* as the host may have it: where its dialect cannot be asked for a completion, it is told of one."""
    return str(Kind.COMPLETION_ADVICE) if kind == Kind.COMPLETION else str(kind)


def _line(slip: Slip, row: Row | None, there: Mapping[str, Any] | None) -> Line:
    at_gateway = str(row.state) if row is not None else "none"
    at_host = str(there["state"]) if there is not None else "none"
    gateway_may_be, host_may_be = AGREE[slip.outcome]
    agrees = at_gateway in gateway_may_be and at_host in host_may_be
    if slip.outcome == "approved" and row is not None and there is not None:
        agrees = agrees and slip.rrn == row.rrn == there["rrn"] and slip.amount == row.amount == there["amount"]
    return Line(slip.terminal, slip.stan, str(slip.kind), slip.amount, slip.outcome, at_gateway, at_host, agrees)


def _nets(slips: Sequence[Slip], rows: Sequence[Row], host: Mapping[str, Any]) -> dict[str, tuple[int, int, int]]:
    printed = [(slip.terminal, slip.kind, slip.amount) for slip in slips if slip.outcome == "approved"]
    journaled = [(row.terminal, row.kind, row.amount) for row in rows if str(row.state) in AGREE["approved"][0]]
    totals = {row["terminal"]: row["net"] for row in host["totals"]}
    return {
        terminal: (_net(terminal, printed), _net(terminal, journaled), totals.get(terminal, 0))
        for terminal in sorted({slip.terminal for slip in slips} | totals.keys())
    }


def _net(terminal: str, entries: Sequence[tuple[str, Kind, int]]) -> int:
    """Return what the merchant is owed for *entries* of *terminal*: sales less what was given back."""
    return sum(
        -amount if TRAITS[kind].gives_back else amount
        for name, kind, amount in entries
        if name == terminal and kind in BOOKED
    )
