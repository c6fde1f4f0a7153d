"""What a new process takes up from the journal that the last one left."""

from __future__ import annotations

from typing import Final

from iso_gateway.protocol.node import Node
from iso_gateway.protocol.records import Change, RowState
from iso_gateway.store.journal import JournalStore

LEFT_OPEN: Final = frozenset({RowState.SENDING, RowState.ANSWERED, RowState.OWES_REVERSAL, RowState.OWES_REPEAT})


def recover(node: Node, journal: JournalStore) -> None:
    """Owe what the last process had sent, and ask about what it had answered (ruling 2)."""
    for row in journal.in_states(LEFT_OPEN):
        if row.state is RowState.ANSWERED:
            journal.commit([(Change(row.id, set={"state": RowState.UNCONFIRMED}),)])
        elif row.state is RowState.SENDING:
            owed = RowState.OWES_REVERSAL if row.reversible else RowState.OWES_REPEAT
            journal.commit([(Change(row.id, set={"state": owed, "reason": "98"}),)])
    for row in journal.in_states(frozenset({RowState.OWES_REVERSAL, RowState.OWES_REPEAT})):
        node.owing.open(row, None)
