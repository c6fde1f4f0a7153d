"""Moves that many stories make: a reversal by the terminal, a time-out and its reversal."""

from __future__ import annotations

from typing import Any

import pytest

from iso_gateway import Message
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import Row
from tests.support.desk import Desk

BOTH = pytest.mark.parametrize("terminal", ["iso87-ascii", "cup-pos", "iso93-ascii"])
"""Every way of naming an original."""


def named(desk: Desk, sale: Message, answer: Message | None = None, **more: Any) -> Message:
    """Return the terminal's reversal of *sale*, also for a dialect that names it by local time."""
    message = desk.reversal(sale, answer, **more)
    if desk.terminal_dialect.profile.original == "de56":
        element = sale.mti + sale[11] + sale[12] + "00"
        return message.evolve({56: element})
    return message


def row_of(desk: Desk, kind: Kind) -> Row:
    """Return the only row of *kind*."""
    (row,) = [row for row in desk.rows() if row.kind is kind]
    return row


def timed_out(desk: Desk, **more: Any) -> tuple[Message, Message, Message]:
    """Let a sale time out; return it as the terminal sent it, as the host got it, and its reversal."""
    request = desk.request(**more)
    desk.send(request)
    desk.pass_time(30)
    sale, reversal = desk.host_got()
    desk.answer()
    return request, sale, reversal


def reverse(desk: Desk, reversal: Message, code: str, changes: dict[int | str, Any] | None = None) -> None:
    """Have the host answer *reversal*."""
    desk.host_sends(desk.answer_to(reversal, code, changes))
