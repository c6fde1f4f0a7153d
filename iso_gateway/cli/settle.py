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
    from iso_gateway.terminal.settling import Refused, day

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
    except Refused as refused:
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


def _conversation(asker: Asker, ours: Day, pan: str, wall: datetime) -> tuple[int, Totals | None]:
    """Tell totals, records and the end; return the exit code and the other side's totals."""
    from iso_gateway.terminal import settling

    talk = settling.conversation(asker.dialect, ours, pan)
    write = next(talk)
    while True:
        answer = _told(asker, wall, ours, write)
        try:
            write = talk.send(answer)
        except StopIteration as end:
            settled: settling.Settled = end.value
            return (FINE if settled.balanced else FINDING), settled.theirs


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
