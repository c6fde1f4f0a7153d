"""The terminals' ledger compared with the host's.

A gateway between them gives STANs of its own, so that a transaction is known by its terminal with the RRN, or the
approval code; the STAN is what is left where nobody has said either. What is reversed on both sides agrees, and so
does what the host has never seen and the terminal does not believe in.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.terminal.fleet.tally import Entry

Row = Mapping[str, Any]
"""A transaction as the host's ledger has it: terminal, stan, rrn, approval, kind, state, amount ..."""

NOT_STANDING: Final = frozenset({"declined", "reversed"})
SHOWN: Final = 20
"""Differences that are told one by one."""


class Difference(NamedTuple):
    """One transaction on which terminal and host do not agree."""

    terminal: str
    stan: str
    rrn: str
    ours: str
    """How it stands at the terminal, in words."""
    host: str

    def line(self) -> str:
        """Return it as people read it."""
        numbers = " ".join(f"{name} {value}" for name, value in (("STAN", self.stan), ("RRN", self.rrn)) if value)
        return f"{self.terminal} {numbers}: {self.ours} at the terminal, {self.host} at the host"


class Agreement(NamedTuple):
    """How the two ledgers compare."""

    matched: int
    """Transactions on which both agree."""
    differences: int
    owed: int
    """Unknown outcomes whose reversal is not answered yet: they agree when it is."""
    shown: tuple[Difference, ...]
    """The first of the differences."""
    not_compared: int = 0
    """Transactions that are too old: their terminals, or the host, do not remember them."""


def compare(entries: Iterable[Entry], rows: Iterable[Row], *, forgotten: int = 0) -> Agreement:
    """Return how the terminals' *entries* compare with the host's *rows* of the same run.

    Rows of terminals that have no entry are not looked at: others use the host too.

    Args:
        entries: the terminals' ledger.
        rows: the host's.
        forgotten: how many older transactions either side remembers no more: what one side lacks may be of those,
            and is not counted as a difference then.
    """
    ours = list(entries)
    host = _Host(rows, {entry.terminal for entry in ours})
    differences: list[Difference] = []
    matched = missing = 0
    owed: Counter[tuple[str, int]] = Counter()
    # Who knows an RRN chooses first; what never had an answer takes what is left.
    for entry in sorted(ours, key=lambda each: not each.rrn):
        row = host.taken(entry)
        stands = row is not None and _stands(row)
        if entry.owed:
            owed[entry.terminal, 0 if row is not None else entry.amount] += 1
        elif row is None and entry.stands and forgotten:
            missing += 1
        elif stands != entry.stands or (stands and row is not None and row["amount"] != entry.amount):
            differences.append(_difference(entry, row))
        else:
            matched += 1
    for row in host.left():
        known = row["terminal"], row["amount"]
        if owed[known]:
            owed[known] -= 1  # behind a gateway it has another STAN
            owed[row["terminal"], 0] += 1
        elif forgotten:
            missing += 1
        else:
            differences.append(Difference(row["terminal"], row["stan"], row["rrn"], "nothing is known", _said(row)))
    return Agreement(matched, len(differences), owed.total(), tuple(differences[:SHOWN]), missing)


def _stands(row: Row) -> bool:
    return row["state"] not in NOT_STANDING


def _said(row: Row | None) -> str:
    return "nothing is known" if row is None else f"{row['kind']} {row['state']}, {row['amount']} minor units"


def _difference(entry: Entry, row: Row | None) -> Difference:
    ours = "reversal refused" if entry.refused else "reversed" if entry.reversal else str(entry.outcome)
    said = f"{entry.kind} {ours}, {entry.amount} minor units"
    return Difference(entry.terminal, entry.stan, entry.rrn, said, _said(row))


class _Host:
    """The host's rows that no entry has taken yet."""

    def __init__(self, rows: Iterable[Row], terminals: set[str]) -> None:
        self._rows = [
            row
            for row in rows
            if row["terminal"] in terminals
            and row["kind"] in set(Kind)
            and TRAITS[Kind(row["kind"])].financial
            and row["kind"] != Kind.REVERSAL
        ]
        self._taken: Counter[int] = Counter()
        self._by: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        for at, row in enumerate(self._rows):
            for what in ("rrn", "approval", "stan"):
                if row[what]:
                    self._by[what, row["terminal"], row[what]].append(at)

    def taken(self, entry: Entry) -> Row | None:
        """Return the row of *entry*, and take it out; None: there is none."""
        numbers = {"rrn": entry.rrn, "approval": entry.approval, "stan": entry.stan}
        found = [at for what, number in numbers.items() if number for at in self._free(what, entry.terminal, number)]
        # A void that was declined has the RRN of its sale; and behind a gateway a STAN may be another's by chance.
        fitting = [at for at in found if self._rows[at]["kind"] == entry.kind] or (found if entry.stands else [])
        if not (entry.rrn or entry.approval):
            fitting = [at for at in fitting if self._rows[at]["amount"] == entry.amount]
        if not fitting:
            return None
        best = min(
            fitting, key=lambda at: (self._rows[at]["amount"] != entry.amount, _stands(self._rows[at]) != entry.stands)
        )
        self._taken[best] += 1
        return self._rows[best]

    def _free(self, what: str, terminal: str, number: str) -> list[int]:
        return [at for at in self._by.get((what, terminal, number), ()) if not self._taken[at]]

    def left(self) -> Iterable[Row]:
        """Yield the rows that stand and that no entry has taken."""
        return (row for at, row in enumerate(self._rows) if not self._taken[at] and _stands(row))
