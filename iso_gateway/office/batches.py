"""The batches of terminals, as people and scripts see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from iso_gateway.errors import AdminError
from iso_gateway.office.views import letters
from iso_gateway.protocol.batch import Batch, Totals

MOST: Final = 1000

Batches = Callable[[str, int], list[Batch]]
"""The batches of a terminal, or of all for an empty text, the newest first, as many as are wanted."""


class BatchesAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `batch.show` takes."""

    terminal: Annotated[str, Meta(max_length=64)] = ""
    limit: Annotated[int, Meta(ge=1, le=MOST)] = 20


class Differing(msgspec.Struct, frozen=True):
    """One record on which not all agree; amounts in minor units, what was given back is negative."""

    what: str
    stan: str
    row: str
    pos: int | None
    ours: int | None
    host: int | None
    card: str
    """Masked."""
    proposal: str


class Shown(msgspec.Struct, frozen=True):
    """One batch."""

    merchant: str
    terminal: str
    number: str
    state: str
    opened: datetime
    closed: datetime | None
    currency: str
    balanced: bool | None
    """What the terminal was told; None: nothing yet."""
    settled_by: str
    """Whose host was asked; empty: the gateway settled it itself."""
    pos: Totals | None
    ours: Totals | None
    host: Totals | None
    uploaded: int
    """How many records the terminal told."""
    differences: tuple[Differing, ...]


def shown(batch: Batch) -> Shown:
    """Return *batch* as it may be seen."""
    return Shown(
        merchant=batch.merchant,
        terminal=batch.terminal,
        number=batch.number,
        state=str(batch.state),
        opened=batch.opened,
        closed=batch.closed,
        currency=letters(batch.currency) or batch.currency,
        balanced=batch.balanced,
        settled_by=batch.acquirer,
        pos=batch.pos,
        ours=batch.ours,
        host=batch.host,
        uploaded=len(batch.details),
        differences=tuple(
            Differing(str(each.what), each.stan, each.row, each.pos, each.ours, each.host, each.card, each.proposal)
            for each in batch.differences
        ),
    )


def asked(arguments: Mapping[str, Any]) -> BatchesAsked:
    """Return *arguments* as what `batch.show` takes.

    Raises:
        AdminError: they are not; it says where and what was expected, and never a value.
    """
    try:
        return msgspec.convert(dict(arguments), BatchesAsked)
    except msgspec.ValidationError as error:
        raise AdminError(str(error)) from None
