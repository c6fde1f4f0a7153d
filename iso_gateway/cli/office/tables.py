"""What the back office says, as lines for people: at most 100 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from iso_gateway.codec.currency import format_amount
from iso_gateway.office.timeline import Step
from iso_gateway.office.views import Debt, Shown, Transaction

WIDTH: Final = 100
INDENT: Final = "    "


def columns(rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> Iterator[str]:
    """Yield *rows*, the first of which names the columns, each as wide as its widest; *right*: those of numbers."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        cells = (
            text.rjust(width) if place in right else text.ljust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()


def age(seconds: float) -> str:
    """Return *seconds* as people say it: ``12 s``, ``5 min``, ``3 h``, ``2 d``."""
    for size, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {name}"
    return f"{int(seconds)} s"


def debts(rows: Sequence[Debt]) -> Iterator[str]:
    """Yield two lines for each debt: what, and why and what next."""
    if not rows:
        return
    table = [("ID", "STATE", "AGE", "AMOUNT", "KIND", "TERMINAL", "TRIES")]
    table += [
        (row.id, row.state, age(row.age), row.amount_text, row.kind, row.terminal, str(row.attempts)) for row in rows
    ]
    yield from _with_more(columns(table, frozenset({2, 3, 6})), [(row.card, row.reason_text, row.next) for row in rows])


def _with_more(lines: Iterable[str], more: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield *lines*, the first of which is the head, each of the others followed by what is *more* to be said of it."""
    lines = iter(lines)
    yield next(lines)
    for line, texts in zip(lines, more, strict=True):
        yield line
        said = "; ".join(text for text in texts if text)
        yield from textwrap.wrap(said, WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)


def totals(sums: dict[str, dict[str, int]]) -> Iterator[str]:
    """Yield a line for each currency."""
    for currency, by_state in sums.items():
        parts = (f"{format_amount(amount, currency)} {state}" for state, amount in sorted(by_state.items()))
        yield f"total  {', '.join(parts)}"


def transactions(rows: Sequence[Transaction]) -> Iterator[str]:
    """Yield two lines for each transaction."""
    if not rows:
        return
    table = [("ID", "RECEIVED", "KIND", "STATE", "AMOUNT", "TERMINAL")]
    table += [(row.id, moment(row.received)[5:19], row.kind, row.state, row.amount_text, row.terminal) for row in rows]
    more = [
        (
            row.card,
            f"STAN {row.stan}",
            f"RRN {row.rrn}" if row.rrn else "",
            f"code {row.code}" if row.code else "",
            f"flagged: {', '.join(row.flags)}" if row.flags else "",
        )
        for row in rows
    ]
    yield from _with_more(columns(table, frozenset({4})), more)


def shown(it: Shown) -> Iterator[str]:
    """Yield the header and the timeline of one transaction."""
    yield from header(it)
    yield ""
    yield from steps(it.steps)
    if it.debt is not None:
        yield ""
        yield f"{it.debt.state}: {it.debt.next}"


def header(it: Shown) -> Iterator[str]:
    """Yield what identifies the transaction, and how it stands."""
    row = it.transaction
    host = f"{row.acquirer} {it.host_mti} STAN {it.host_stan} over {it.link}" if it.host_mti else "not reached"
    sums = (("returned", it.returned), ("reserved", it.reserved))
    since = [f"{format_amount(amount, row.currency)} {what}" for what, amount in sums if amount]
    lines = {
        "transaction": f"{row.id}  {row.kind}, {row.state}",
        "terminal": f"{row.terminal} of {row.merchant}, {it.mti} STAN {row.stan}"
        + (f", batch {row.batch}" if row.batch else ""),
        "amount": row.amount_text,
        "card": row.card,
        "host": host,
        "code": row.code + (f" (host: {it.own_code})" if it.own_code and it.own_code != row.code else ""),
        "RRN": row.rrn,
        "approval": row.approval,
        "business date": it.business_date,
        "verdict": it.verdict,
        "original": it.original,
        "named by": ", ".join(it.named_by),
        "since then": ", ".join([it.taken, *since] if it.taken else since),
        "replays": str(it.replays or ""),
        "attempts": str(it.attempts or ""),
        "flags": ", ".join(row.flags),
    }  # fmt: skip
    width = max(map(len, lines))
    for name, text in lines.items():
        if text:
            yield from textwrap.wrap(
                f"{name:<{width}}  {text}", WIDTH, subsequent_indent=" " * (width + 2), break_on_hyphens=False
            )


def steps(of: Iterable[Step]) -> Iterator[str]:
    """Yield a line for each step: when, how much later than the one before, who, and what."""
    day, before = "", None
    for step in of:
        if f"{step.at:%Y-%m-%d}" != day:
            day = f"{step.at:%Y-%m-%d}"
            yield f"{day} (UTC)"
        later = "" if before is None else f"+{round((step.at - before).total_seconds() * 1000)}"
        before = step.at
        who = f"{step.by} > {step.to}" if step.by != step.to else step.by
        text = f"{step.sentence}: {step.text}" if step.text else step.sentence
        left = (
            f"{moment(step.at)[11:]}  {later:>8} ms  {who:<18}  "
            if later
            else f"{moment(step.at)[11:]}  {'':>8}     {who:<18}  "
        )
        yield from textwrap.wrap(
            left + text, WIDTH, subsequent_indent=" " * len(left), drop_whitespace=True, break_on_hyphens=False
        )


def moment(at: datetime) -> str:
    """Return *at* to the millisecond, UTC."""
    return at.astimezone(UTC).isoformat(sep=" ", timespec="milliseconds")[:23]
