"""What the gateway promises, checked while the day runs and when it has come to rest.

====  ==================================================================================================
I1    each approval of a host is delivered (its receipt stands), reversed or owed: exactly one of these
I2    one request to a host for each request of a terminal, the repeats of a debt aside
I3    for each card, what the host booked is what receipts say and what is owed
I4    not a byte leaves before its commit
I5    nothing that names an original overtakes that original's open debt
I6    the totals of a batch agree, or the difference is listed
====  ==================================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from iso_gateway.host.transaction import Transaction
from iso_gateway.protocol.batch import Totals
from iso_gateway.protocol.debt import Debt
from iso_gateway.protocol.debts import DebtState
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import OPEN_DEBT, Row, RowState
from iso_gateway.simulation.clerk import Ask
from iso_gateway.simulation.heap import Heap
from iso_gateway.store.memory import MemoryJournal

NAMES: Final = ("I1", "I2", "I3", "I4", "I5", "I6")
REST: Final = "rest"
"""Not an invariant of money: the day did not come to rest, or somebody raised."""

STUCK: Final = frozenset({RowState.STUCK})
EVERY: Final = frozenset(RowState)
OWED: Final = OPEN_DEBT | {RowState.WRITTEN_OFF}
_MONEYLESS: Final = frozenset({Kind.REVERSAL, Kind.BALANCE, Kind.SETTLEMENT})


class Broken(Exception):  # noqa: N818 -- what happened
    """An invariant does not hold."""

    def __init__(self, invariant: str, about: Sequence[str], cause: str, mono: float) -> None:
        super().__init__(f"{invariant}: {cause}")
        self.invariant = invariant
        self.about = tuple(about)
        """The rows and ``TERMINAL/STAN`` that it is about."""
        self.cause = cause
        self.mono = mono


class Decided(NamedTuple):
    """One transaction in a host's ledger, and the row for which it was asked."""

    row: str
    host: str
    transaction: Transaction


class Watch:
    """Looks on, counts and compares."""

    def __init__(self, heap: Heap) -> None:
        self._heap = heap
        self.checks = dict.fromkeys(NAMES, 0)
        self.reversals = self.joins = self.late_approvals = self.stuck = self.replays = self.debt_repeats = 0
        self.decisions: dict[str, Decided] = {}
        """What hosts recorded, by row; reversals aside."""
        self._requests: dict[str, int] = {}
        self._keys: dict[tuple[str, ...], str] = {}
        self._paying: dict[tuple[str, str, str], str] = {}
        """The row whose debt was sent last, by acquirer, merchant and terminal."""
        self._attempts: dict[tuple[str, RowState], int] = {}

    def breaks(self, invariant: str, about: Sequence[str], cause: str) -> Broken:
        """Return the break of *invariant*, to be raised."""
        return Broken(invariant, about, cause, self._heap.mono)

    # While the day runs

    def started(self) -> None:
        """Take in that a new process has begun, which pays what is owed in an order of its own."""
        self._paying.clear()

    def sent(self, tag: str, journal: MemoryJournal, debts: Mapping[str, Debt]) -> None:
        """Take in that bytes go to a host for *tag*, what is durable at this instant, and what the process owes.

        Raises:
            Broken: they should not have.
        """
        if tag.startswith("link "):
            return
        row_id, _, debt = tag.partition("/")
        row = journal.get(row_id)
        self.checks["I4"] += 1
        if row is None:
            raise self.breaks("I4", [row_id], f"{tag} is sent, and the journal has no such row")
        if debt:
            self._debt_sent(row, debts)
        else:
            self._request_sent(row)
        if row.original:
            self.checks["I5"] += 1
            original = journal.get(row.original)
            if original is not None and original.state in OPEN_DEBT:
                cause = f"{row.kind} {tag} is sent while {original.kind} {original.id} is {original.state}"
                raise self.breaks("I5", _about(row, original), cause)

    def _request_sent(self, row: Row) -> None:
        if row.state is not RowState.SENDING:
            raise self.breaks("I4", _about(row), f"{row.id} is sent while the journal says {row.state}")
        self.checks["I2"] += 1
        key = (row.merchant, row.terminal, row.batch, row.stan, str(row.kind))
        first = self._keys.setdefault(key, row.id)
        again = self._requests.get(row.id, 0)
        self._requests[row.id] = again + 1
        if first != row.id or again:
            raise self.breaks("I2", [*_about(row), first], f"a second request to the host for {'/'.join(key)}")

    def _debt_sent(self, row: Row, debts: Mapping[str, Debt]) -> None:
        if row.state not in OPEN_DEBT:
            raise self.breaks("I4", _about(row), f"a debt of {row.id} is sent while the journal says {row.state}")
        what = (row.id, row.state)  # a reversal that takes a repeat's place is another message, and counted anew
        attempts = self._attempts[what] = self._attempts.get(what, 0) + 1
        if row.attempts < attempts:
            cause = f"attempt {attempts} on {row.id} is sent while the journal says {row.attempts}"
            raise self.breaks("I4", _about(row), cause)
        self._in_order(row, debts)
        if row.state is RowState.OWES_REVERSAL:
            self.reversals += 1
        if attempts > 1:
            self.debt_repeats += 1

    def _in_order(self, row: Row, debts: Mapping[str, Debt]) -> None:
        """Look whether the debt of *row* overtakes another one of its terminal, maybe about the same original."""
        self.checks["I5"] += 1
        whose = (row.host.acquirer if row.host is not None else "", row.merchant, row.terminal)
        before = self._paying.get(whose, row.id)
        self._paying[whose] = row.id
        other = debts.get(f"{before}/debt")
        if before != row.id and other is not None and other.state not in (DebtState.SETTLED, DebtState.STUCK):
            raise self.breaks("I5", [*_about(row), before], f"the debt of {row.id} overtakes that of {before}")

    def decided(self, tag: str, host: str, transaction: Transaction) -> None:
        """Take in that *host* recorded *transaction* for *tag*.

        Raises:
            Broken: it has recorded one for the same request before.
        """
        if transaction.kind in _MONEYLESS:
            return
        row_id = tag.partition("/")[0]
        self.checks["I2"] += 1
        if row_id in self.decisions:
            raise self.breaks("I2", [row_id], f"{host} has a second transaction for {row_id}")
        self.decisions[row_id] = Decided(row_id, host, transaction)

    def unreadable(self, tag: str, cause: str) -> None:
        """Take in that a host could not read what it got.

        Raises:
            Broken: always.
        """
        raise self.breaks(REST, [tag.partition("/")[0]], f"the host cannot read {tag}: {cause}")

    def logged(self, event: str, fields: Mapping[str, Any]) -> None:
        """Take in a line of the gateway's log."""
        if event == "joined":
            self.joins += 1
        elif event == "stuck":
            self.stuck += 1
        elif event == "reopened" or (event == "late answer" and fields.get("means") in ("approved", "partial")):
            self.late_approvals += 1
        elif event == "txn" and fields.get("replay"):
            self.replays += 1

    # At rest

    def settle(
        self, journal: MemoryJournal, asks: Mapping[tuple[str, str, bool], Ask], cards: Mapping[str, dict[bytes, str]]
    ) -> None:
        """Compare the three ledgers.

        Args:
            journal: the gateway's.
            asks: the terminals', by terminal, STAN and whether it is a reversal.
            cards: for each host, what stands there for a card -> the card.

        Raises:
            Broken: they do not agree.
        """
        nets: dict[str, int] = {}
        for decided in self.decisions.values():
            transaction = decided.transaction
            if not transaction.approved:
                continue
            row = journal.get(decided.row)
            if row is None:
                raise self.breaks("I1", [decided.row], f"{decided.host} approved {decided.row}, and no row is there")
            ask = asks.get((row.terminal, row.stan, False))
            delivered = ask is not None and ask.receipt is not None
            is_owed = row.state in OWED or (row.state is RowState.UNCONFIRMED and not delivered)
            ways = {"delivered": delivered, "reversed": transaction.reversed, "owed": is_owed}
            self.checks["I1"] += 1
            if sum(ways.values()) != 1:
                said = (
                    " and ".join(way for way, holds in ways.items() if holds) or "neither delivered, reversed nor owed"
                )
                cause = f"{decided.host} approved {row.kind} {row.id} ({row.state}), which is {said}"
                raise self.breaks("I1", _about(row), cause)
            card = cards[decided.host].get(transaction.card, "")
            if not transaction.reversed:
                nets[card] = nets.get(card, 0) + transaction.effect.booked
                if is_owed:
                    nets[card] -= transaction.effect.booked
        self._compare_originals(journal)
        receipts: dict[str, int] = {}
        for ask in asks.values():
            if ask.receipt is not None:
                receipts[ask.card] = receipts.get(ask.card, 0) + ask.receipt
        for card in dict.fromkeys([*nets, *receipts]):
            self.checks["I3"] += 1
            if nets.get(card, 0) != receipts.get(card, 0):
                cause = (
                    f"the hosts booked {nets.get(card, 0):+} on card {card[:6]}..., owed ones aside, and the "
                    f"receipts say {receipts.get(card, 0):+}"
                )
                raise self.breaks("I3", self._differing(journal, asks), cause)

    def _compare_originals(self, journal: MemoryJournal) -> None:
        """Compare what journal and hosts say of each transaction that others named, where nothing of these is open."""
        later: dict[str, list[Row]] = {}
        for row in journal.in_states(EVERY):
            for name in dict.fromkeys((row.original, row.behind)):
                if name:
                    later.setdefault(name, []).append(row)
        for name, rows in later.items():
            original, decided = journal.get(name), self.decisions.get(name)
            if original is None or decided is None or any(row.state in OPEN_DEBT for row in rows):
                continue
            self.checks["I3"] += 1
            transaction = decided.transaction
            ours = (bool(original.taken), original.returned, original.reserved)
            theirs = (transaction.taken_by is not None, transaction.returned, 0)
            if ours != theirs and transaction.stands:
                cause = f"of {original.kind} {name} the journal says {_of(*ours)}, and {decided.host} {_of(*theirs)}"
                raise self.breaks("I3", _about(original, *rows), cause)

    def settled(self, journal: MemoryJournal, merchant: str, terminal: str, pos: Totals, net: int) -> None:
        """Look at the batch of *terminal*, which told *pos*, where the hosts have *net* for it, minor units.

        Raises:
            Broken: they differ and nothing is listed, or a debt that is stuck is not listed.
        """
        self.checks["I6"] += 1
        stuck = [row for row in journal.in_states(STUCK) if row.terminal == terminal]
        about = [each for row in stuck for each in _about(row)]
        batch = journal.batch(merchant, terminal)
        if batch is None or batch.pos != pos:
            raise self.breaks("I6", about, f"{terminal} told its totals, and the journal has no such batch")
        if pos.debits - pos.credits != net and not batch.differences:
            cause = f"{terminal} says {pos.debits - pos.credits:+}, the hosts {net:+}, and no difference is listed"
            raise self.breaks("I6", about, cause)
        if batch.balanced != (pos == batch.ours):
            raise self.breaks("I6", about, f"the batch of {terminal} is balanced: {batch.balanced}, and should not be")
        unlisted = [row.id for row in stuck if row.id not in {each.row for each in batch.differences}]
        if unlisted:
            raise self.breaks("I6", about, f"{', '.join(unlisted)} of {terminal} is stuck, and not listed")

    def _differing(self, journal: MemoryJournal, asks: Mapping[tuple[str, str, bool], Ask]) -> list[str]:
        """Return the rows and requests whose receipt is not what the host booked for them."""
        found: list[str] = []
        told = dict(asks)
        for decided in self.decisions.values():
            row = journal.get(decided.row)
            transaction = decided.transaction
            if row is None:
                continue
            ask = told.pop((row.terminal, row.stan, False), None)
            booked = transaction.effect.booked if transaction.stands else 0
            if ask is not None and ask.receipt is not None and ask.receipt != booked:
                found += _about(row)
        found += [f"{key[0]}/{key[1]}" for key, ask in told.items() if ask.receipt]
        return found


def _of(taken: bool, returned: int, reserved: int) -> str:  # noqa: FBT001 -- as it is compared
    return f"{'taken' if taken else 'not taken'}, {returned} returned, {reserved} reserved"


def _about(*rows: Row) -> list[str]:
    """Return what a story about *rows* has to tell of."""
    return [each for row in rows for each in (row.id, f"{row.terminal}/{row.stan}")]
