"""``iso-gateway send settle``: the totals of a terminal's batch, its records where they do not agree, and the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from iso_gateway.cli.output import complain, say, say_json
from iso_gateway.errors import NoAnswer, NoConnection

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from iso_gateway.cli.send import Asker
    from iso_gateway.codec.message import Message
    from iso_gateway.protocol.batch import Totals
    from iso_gateway.terminal.orders import Order
    from iso_gateway.terminal.scripts import Slip
    from iso_gateway.terminal.settling import Day

FINE, FINDING, NOT_SENT, UNKNOWN = 0, 1, 3, 4
_SAID: Final = {FINE: "balanced", FINDING: "not_balanced", NOT_SENT: "not_sent", UNKNOWN: "unknown"}


def settle(asker: Asker, order: Order, wall: datetime, *, as_json: bool) -> int:
    """Settle the open batch of *asker*'s terminal, and print what came of it; return the exit code."""
    from iso_gateway.terminal import state as memory
    from iso_gateway.terminal.orders import DEFAULT_PAN, refuse_surplus
    from iso_gateway.terminal.settling import day

    refuse_surplus(order)
    pan = order.pan or DEFAULT_PAN
    with memory.opened(asker.path) as notebook:
        ours = day(asker.dialect, notebook.memory(asker.till, wall))
    try:
        code, theirs = _conversation(asker, ours, pan, wall)
    except NoConnection as error:
        complain(f"{error}; the batch stays open")
        code, theirs = NOT_SENT, None
    except NoAnswer as error:
        complain(f"{error}; the batch stays open: settle again")
        code, theirs = UNKNOWN, None
    except _Refused as refused:
        complain(f"refused {refused.code}, {asker.dialect.profile.meaning(refused.code)}; the batch stays open")
        code, theirs = FINDING, None
    else:
        with memory.opened(asker.path) as notebook:
            notebook.memory(asker.till, wall).next_batch()
    if as_json:
        say_json(_as_json(asker, ours, theirs, code))
    else:
        for line in _lines(asker, ours, theirs, code):
            say(line)
    return code


class _Refused(Exception):  # noqa: N818 -- it leaves this module never
    """The other side did not take a message."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _conversation(asker: Asker, ours: Day, pan: str, wall: datetime) -> tuple[int, Totals | None]:
    """Tell totals, records and the end; return the exit code and the other side's totals."""
    from iso_gateway.protocol.kinds import Kind
    from iso_gateway.protocol.reconciling import Verdict, totals_said, verdict_said
    from iso_gateway.terminal import settling

    dialect = asker.dialect
    answer = _told(asker, wall, ours, lambda slip: settling.totals_message(dialect, slip, ours))
    verdict = verdict_said(dialect, answer)
    if verdict not in (Verdict.BALANCED, Verdict.NOT_BALANCED):
        if dialect.canonical(answer) in ("68", "98"):
            raise NoAnswer("nobody could say how the totals compare")
        raise _Refused(answer.text(39))
    balanced = verdict is Verdict.BALANCED
    if dialect.profile.row(Kind.UPLOAD_END) is not None:
        told = [] if balanced else list(settling.uploads(dialect, ours, pan))
        for records in told:
            _taken(dialect.canonical(_told(asker, wall, ours, _upload(asker, records))))
        count = 0 if balanced else len(ours.records)
        _taken(
            dialect.canonical(
                _told(asker, wall, ours, lambda slip: settling.end_message(dialect, slip, count, balanced=balanced))
            )
        )
    return (FINE if balanced else FINDING), totals_said(dialect, answer)


def _upload(asker: Asker, records: str) -> Callable[[Slip], Message]:
    from iso_gateway.terminal.settling import upload_message

    return lambda slip: upload_message(asker.dialect, slip, records)


def _taken(code: str) -> None:
    if code in ("68", "98"):
        raise NoAnswer("the records were not acknowledged")
    if code != "00":
        raise _Refused(code)


def _told(asker: Asker, wall: datetime, ours: Day, write: Callable[[Slip], Message]) -> Message:
    """Number a message, send it, and return its answer.

    Raises:
        NoConnection: not a byte of it was sent.
        NoAnswer: no answer came.
    """
    import msgspec

    from iso_gateway.terminal import state as memory
    from iso_gateway.terminal.scripts import Slip

    with memory.opened(asker.path) as notebook:
        stan = notebook.memory(asker.till, wall).next_stan()
    till = msgspec.structs.replace(asker.till, batch=ours.batch)
    told = asker.told(write(Slip(till, stan, wall.astimezone())))
    if told.doubt:
        raise NoAnswer(told.doubt)
    return told.answer


def _as_json(asker: Asker, ours: Day, theirs: Totals | None, code: int) -> dict[str, Any]:
    import msgspec

    return {
        "kind": "settlement",
        "outcome": _SAID[code],
        "terminal": asker.till.terminal,
        "batch": ours.batch,
        "ours": msgspec.to_builtins(ours.totals),
        "theirs": None if theirs is None else msgspec.to_builtins(theirs),
        "records": len(ours.records),
    }


def _lines(asker: Asker, ours: Day, theirs: Totals | None, code: int) -> list[str]:
    said = f"{_SAID[code].replace('_', ' ')} · batch {ours.batch} · {asker.till.terminal}"
    lines = [f"{said} · {_sums(ours.totals, ours.currency)}"]
    if code == FINDING and theirs is not None:
        lines.append(f"the other side has {_sums(theirs, ours.currency)}")
        lines.append("which records differ: iso-gateway batch show, at the gateway")
    return lines


def _sums(totals: Totals, currency: str) -> str:
    from iso_gateway.codec.currency import format_amount

    parts = (("debits", totals.debit_count, totals.debits), ("credits", totals.credit_count, totals.credits))
    return ", ".join(f"{what} {format_amount(amount, currency)} ({count})" for what, count, amount in parts)
