"""Recordings, written down as they are told: one line per message."""

from __future__ import annotations

from pathlib import Path

from iso_gateway import load_spec
from iso_gateway.catalog import load_profile
from iso_gateway.codec.message import Message
from iso_gateway.framing import Framing
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.traffic.recorded import (
    AnyLine,
    Ended,
    Entry,
    Header,
    Opened,
    Recording,
    Side,
    Spoken,
    as_line,
    created,
)

SPEC = load_spec("iso87-ascii")
DIALECT = Dialect(SPEC, load_profile("iso87"))
PAN = "4761739001010010"
C, S = Side.CLIENT, Side.SERVER

Told = tuple[float, Side, Message | str]


def sale(stan: int, amount: int = 1234, mti: str = "0200", **more: str) -> Message:
    """Return a sale of TERM0001; *more* are elements by number: ``de37="..."``."""
    fields: dict[int | str, object] = {
        2: PAN, 3: "000000", 4: amount, 7: "1123100000", 11: stan, 12: "100000", 13: "1123", 41: "TERM0001",
        42: "MERCHANT0000001", 49: "840",
    }  # fmt: skip
    return SPEC.message(mti, fields | {int(key[2:]): value for key, value in more.items()})


def void(stan: int, rrn: str, approval: str, amount: int = 1234) -> Message:
    """Return the void of the sale with that RRN and approval code, whose STAN is 1."""
    named = f"0200000001{'1123100000'}{'0' * 22}"
    return sale(stan, amount, de3="020000", de37=rrn, de38=approval, de90=named)


def approved(request: Message, rrn: str = "632700000001", approval: str = "A00001", **more: str) -> Message:
    """Return an approval of *request*."""
    return request.response_to({37: rrn, 38: approval, 39: "00"} | {int(key[2:]): value for key, value in more.items()})


def recording(*told: Told, redacted: bool = True) -> Recording:
    """Return the recording of one connection; texts are how a side ended."""
    lines: list[AnyLine] = [Opened(0.0, 1, "127.0.0.1:50000")]
    messages: list[Message | None] = [None]
    for at, side, what in told:
        if isinstance(what, Message):
            lines.append(Spoken(at, 1, side, SPEC.encode(what).hex()))
            messages.append(SPEC.decode(SPEC.encode(what)))
        else:
            lines.append(Ended(at, 1, side, what))
            messages.append(None)
    entries = tuple(
        Entry(number, line, message) for number, (line, message) in enumerate(zip(lines, messages, strict=True), 2)
    )
    return Recording("x.jsonl", Header(1, SPEC.name, "2be", "", redacted), SPEC, Framing.parse("2be"), entries)


def written(path: Path, told: Recording) -> Path:
    """Write the recording *told* to a new file, and return its path."""
    with created(path, told.header) as file:
        for entry in told.entries:
            file.write(as_line(entry.line))
    return path
