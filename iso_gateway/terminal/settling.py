"""The end of a terminal's day: what its batch comes to by its own memory, and the messages that say so (flows 2.7)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Final, NamedTuple

from iso_gateway.codec import mask
from iso_gateway.codec.message import Message
from iso_gateway.errors import NoAnswer
from iso_gateway.protocol.batch import Totals
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.originals import Original, read_original
from iso_gateway.protocol.reconciling import (
    PER_UPLOAD,
    Block,
    Verdict,
    sign_of,
    totals_facts,
    totals_of,
    totals_said,
    verdict_said,
    written_blocks,
)
from iso_gateway.terminal import scripts
from iso_gateway.terminal.orders import DEFAULT_CURRENCY
from iso_gateway.terminal.records import Memory, Outcome, Reversal, Sent
from iso_gateway.terminal.scripts import Slip

_BALANCED, _NOT_BALANCED = "207", "202"


class Day(NamedTuple):
    """What a terminal has in its batch."""

    batch: str
    currency: str
    """DE 49."""
    totals: Totals
    records: tuple[Sent, ...]


def day(dialect: Dialect, memory: Memory) -> Day:
    """Return what counts in the open batch of *memory*: approved, and not reversed."""
    counted = [
        (sent, sign)
        for sent in memory.sent
        if sent.spec == dialect.spec.name
        and sent.batch == memory.batch
        and sent.outcome is Outcome.APPROVED
        and sent.reversal is not Reversal.DONE
        and (sign := sign_of(sent.kind, of_refund=_takes_back_a_refund(dialect, memory, sent)))
    ]
    return Day(
        memory.batch,
        counted[0][0].currency if counted else DEFAULT_CURRENCY,
        totals_of(sign * (sent.amount or 0) for sent, sign in counted),
        tuple(sent for sent, _ in counted),
    )


def _takes_back_a_refund(dialect: Dialect, memory: Memory, void: Sent) -> bool:
    if void.kind is not Kind.VOID:
        return False
    named: Original = read_original(dialect.profile.original, Message(void.mti, dict(void.fields)))
    return any(sent.kind is Kind.REFUND and sent.stan == named.stan for sent in memory.sent if named.stan)


class Refused(Exception):  # noqa: N818 -- no error: the other side said no
    """The other side did not take a message about the batch."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
        """DE 39 as it came."""


class Settled(NamedTuple):
    """How a batch ended."""

    balanced: bool
    theirs: Totals | None
    """What the other side has; None: it did not say."""


Writing = Callable[[Slip], Message]
"""Writes a message on the occasion that it is sent."""


def conversation(dialect: Dialect, ours: Day, pan: str) -> Generator[Writing, Message, Settled]:
    """Yield what is to be sent to settle *ours*, take the answers, and return how it ended (flows 2.7).

    Totals first; then, where the dialect has that, the records where they do not agree, and the end.

    Raises:
        NoAnswer: an answer says that nobody could tell.
        Refused: a message was not taken; the batch stays open.
    """
    answer = yield lambda slip: totals_message(dialect, slip, ours)
    verdict = verdict_said(dialect, answer)
    if verdict not in (Verdict.BALANCED, Verdict.NOT_BALANCED):
        if dialect.canonical(answer) in _NOBODY_KNOWS:
            raise NoAnswer("nobody could say how the totals compare")
        raise Refused(answer.text(39))
    balanced = verdict is Verdict.BALANCED
    theirs = totals_said(dialect, answer)
    if dialect.profile.row(Kind.UPLOAD_END) is not None:
        for records in () if balanced else uploads(dialect, ours, pan):
            _taken(dialect, (yield partial(_upload, dialect, records)))
        count = 0 if balanced else len(ours.records)
        _taken(dialect, (yield lambda slip: end_message(dialect, slip, count, balanced=balanced)))
    return Settled(balanced, theirs)


_NOBODY_KNOWS: Final = ("68", "98")


def _upload(dialect: Dialect, records: str, slip: Slip) -> Message:
    return upload_message(dialect, slip, records)


def _taken(dialect: Dialect, answer: Message) -> None:
    code = dialect.canonical(answer)
    if code in _NOBODY_KNOWS:
        raise NoAnswer("the records were not acknowledged")
    if code != "00":
        raise Refused(answer.text(39))


def totals_message(dialect: Dialect, slip: Slip, said: Day) -> Message:
    """Return the 0500 that tells *said*.

    Raises:
        CannotCarry: the dialect settles no batches.
        EncodeError: a value does not fit the spec.
    """
    return scripts.about_batch(dialect, slip, Kind.SETTLEMENT, totals_facts(dialect, said.totals), said.currency)


def uploads(dialect: Dialect, said: Day, pan: str) -> Iterator[str]:
    """Yield DE 48 of each message that tells the records of *said*.

    No card numbers are kept: a record has *pan* where that may be its card, and else zeros, which say nothing.
    """
    del dialect
    shown = mask.pan(pan)
    blocks = [Block("00", sent.stan, pan if sent.card == shown else "", sent.amount or 0) for sent in said.records]
    for at in range(0, len(blocks), PER_UPLOAD):
        yield written_blocks(blocks[at : at + PER_UPLOAD])


def upload_message(dialect: Dialect, slip: Slip, records: str) -> Message:
    """Return the 0320 that tells *records*, as `uploads` wrote them."""
    facts = {dialect.spec.fields[48].name: records}
    return scripts.about_batch(dialect, slip, Kind.UPLOAD, facts, "")


def end_message(dialect: Dialect, slip: Slip, count: int, *, balanced: bool) -> Message:
    """Return the 0320 that ends the upload of *count* records."""
    facts = {dialect.spec.fields[48].name: f"{count:04}"}
    message = scripts.about_batch(dialect, slip, Kind.UPLOAD_END, facts, "")
    network = _BALANCED if balanced else _NOT_BALANCED
    return message.evolve({60: message[60][:8] + network + message[60][11:]})
