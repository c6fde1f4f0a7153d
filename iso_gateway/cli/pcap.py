"""``iso-gateway pcap``: a capture of traffic, decoded, paired and measured."""

from __future__ import annotations

import sys
from bisect import insort
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from iso_gateway import page
from iso_gateway.catalog import load_profile, load_spec, spec_names
from iso_gateway.cli.options import framing_option, json_option, spec_option, unsafe_option
from iso_gateway.cli.output import complain, say, say_json
from iso_gateway.cli.paint import show
from iso_gateway.codec.describe import table, to_json
from iso_gateway.resources import folder

if TYPE_CHECKING:
    from iso_gateway.protocol.profile import Profile
    from iso_gateway.traffic.captures import Source
    from iso_gateway.traffic.conversations import Paired, Row
    from iso_gateway.traffic.overhearing import Finding, Overhearing

STDIN: Final = "-"
MOST_LISTED: Final = 10_000
"""Messages in JSON, and findings, that are written out; the rest is counted."""
_MICRO: Final = 1000


@click.command()
@click.argument("file", metavar="FILE|-")
@click.option("--port", required=True, type=click.IntRange(1, 65535), help="The TCP port that the host listens at.")
@spec_option
@framing_option
@click.option("--fields", is_flag=True, help="Show what is in each message, not only what it is.")
@json_option
@unsafe_option
def pcap(*, file: str, port: int, spec_name: str, framing_name: str, fields: bool, as_json: bool, unsafe: bool) -> int:
    """Read a capture: what both sides said on one port.

    FILE is what tcpdump, tshark and Wireshark write (pcap or pcapng), - for stdin, or the name of a capture that comes
    with the package (counter). Streams of TCP are put together,
    messages decoded, answers paired with requests. A line for each message, then how long answers took for each kind of
    request, then everything that was not understood, with the packet's number as Wireshark shows it and the byte of the
    stream. Card numbers and the like are masked; the capture itself holds them in clear.

    Exits 1 where there are findings: bytes that are no message, a message broken inside, a request that nobody
    answered, an answer that nobody asked for or that came twice; and where there is no message at all. Exits 2 where
    FILE is no capture.
    """
    from iso_gateway.framing import Framing
    from iso_gateway.traffic.overhearing import Overhearing

    spec = load_spec(spec_name)
    profile = load_profile(spec.profile) if spec.profile else None
    heard = Overhearing(spec, Framing.parse(framing_name), port, profile)
    report = _Report(profile, as_json=as_json, fields=fields, unsafe=unsafe)
    with _opened(file) as source:
        for each in heard.read(source):
            report.take(each)
    report.end(heard, file, port)
    return 1 if report.findings or not heard.understood else 0


@contextmanager
def _opened(file: str) -> Iterator[Source]:
    if file == STDIN:
        yield sys.stdin.buffer
        return
    try:
        path = Path(file)
        shipped = file.isalnum() and not path.exists()
        place = folder("fixtures") / "captures" / f"{file}.pcap" if shipped else path
        with place.open("rb") as source:
            yield source
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "no name of a file").lower()
        raise click.UsageError(f"{file}: {reason}") from None


class _Report:
    """What is told of a capture while it is read, and at its end."""

    def __init__(self, profile: Profile | None, *, as_json: bool, fields: bool, unsafe: bool) -> None:
        self._profile = profile
        self._as_json = as_json
        self._fields = fields
        self._unsafe = unsafe
        self._listed: list[dict[str, Any]] = []
        self._told: list[Finding] = []
        self.findings = 0

    def take(self, each: Paired | Finding) -> None:
        """Take in what was said, or what is wrong."""
        from iso_gateway.traffic.overhearing import Finding

        if isinstance(each, Finding):
            self.findings += 1
            if len(self._told) < MOST_LISTED:
                insort(self._told, each, key=lambda found: (found.number, found.offset or 0))
        elif not self._as_json:
            say(_line(each, self._profile))
            if self._fields:
                show([*table(each.told.message, unsafe=self._unsafe), page.EMPTY])
        elif len(self._listed) < MOST_LISTED:
            self._listed.append(_message(each, unsafe=self._unsafe))

    def end(self, heard: Overhearing, file: str, port: int) -> None:
        """Tell the rest."""
        rows = [heard.conversations.rows[key] for key in sorted(heard.conversations.rows)]
        if self._as_json:
            say_json(self._summed(heard, file, port, rows))
            return
        blocks = [_latencies(rows), self._findings(), _notes(heard), self._sums(heard, port)]
        text = "\n\n".join("\n".join(block) for block in blocks if block)
        say(f"\n{text}" if heard.messages else text)
        if not heard.understood:
            complain(_hint(heard, port))

    def _sums(self, heard: Overhearing, port: int) -> list[str]:
        since = "" if heard.first is None else f", since {_date(heard.first)}"
        said = [_many(heard.messages, "message"), _many(self.findings, "finding")]
        if heard.keepalives:
            said.insert(1, _many(heard.keepalives, "keep-alive"))
        if heard.repeated:
            said.append(f"{_many(heard.repeated, 'segment')} sent again")
        packets = _many(heard.packets, "packet")
        return [f"{packets}{since}; {_many(heard.connections, 'connection')} on port {port}", ", ".join(said)]

    def _findings(self) -> list[str]:
        lines = [f"  {_place(each)}: {each.text}" for each in self._told]
        if self.findings > len(self._told):
            lines.append(f"  and {self.findings - len(self._told)} more")
        return ["findings", *lines] if lines else []

    def _summed(self, heard: Overhearing, file: str, port: int, rows: list[Row]) -> dict[str, Any]:
        counted = {
            "packets": heard.packets,
            "connections": heard.connections,
            "decoded": heard.messages,
            "keepalives": heard.keepalives,
            "repeated_segments": heard.repeated,
        }
        latency = [
            {
                "mti": row.mti,
                "kind": row.kind or None,
                "count": row.count,
                "repeats": row.repeats,
                "answered": row.answered,
                "p50_ms": _ms(row.percentile(0.5)),
                "p99_ms": _ms(row.percentile(0.99)),
                "max_ms": _ms(row.percentile(1)),
            }
            for row in rows
        ]
        findings = [
            {"rule": each.rule, "packet": each.number, "offset": each.offset, "where": each.where, "text": each.text}
            for each in self._told
        ]
        notes = [{"text": text, "count": count, "packet": first} for text, (count, first) in heard.notes.items()]
        return {
            "file": file,
            "port": port,
            **counted,
            "messages": self._listed,
            "latency": latency,
            "findings": findings,
            "found": self.findings,
            "notes": notes,
        }


def _line(each: Paired, profile: Profile | None) -> str:
    """Return one message as a line."""
    from iso_gateway.inspect.explaining import one_line

    told = each.told
    client, _, server = repr(told.direction).partition(" > ")
    way = f"{client} >" if told.direction.upstream else f"{server} <"
    line = f"{_clock(told.time)} {f'#{told.number}':>7}  {way}  {one_line(told.message, profile)}"
    words = {
        "repeat": f"repeats #{each.exchange.sent[0][1] if each.exchange else 0}",
        "answer": f"answers #{each.partner} after {_time(each.after)}",
        "again": f"answers #{each.partner} again",
        "alone": "answers nothing that was seen",
    }
    word = words.get(each.word) or (f"answered by #{each.partner} after {_time(each.after)}" if each.partner else "")
    if each.elsewhere:
        word += ", over another connection"
    return f"{line}  [{word}]" if word else line


def _message(each: Paired, *, unsafe: bool) -> dict[str, Any]:
    """Return one message as data."""
    told = each.told
    source, _, target = repr(told.direction).partition(" > ")
    return {
        "packet": told.number,
        "time": told.time / 10**9,
        "from": source,
        "to": target,
        "is": each.word,
        "partner": each.partner or None,
        "after_ms": _ms(each.after) if each.partner else None,
        "kind": told.kind or None,
        **to_json(told.message, unsafe=unsafe),
    }


def _latencies(rows: list[Row]) -> list[str]:
    """Return the table of how long answers took."""
    if not rows:
        return []
    table: list[tuple[str, ...]] = [("request", "count", "repeats", "answered", "p50", "p99", "max")]
    table += [
        (
            f"{row.mti} {row.kind}".rstrip(),
            *(str(each) for each in (row.count, row.repeats, row.answered)),
            *(_time(row.percentile(share)) for share in (0.5, 0.99, 1)),
        )
        for row in rows
    ]
    first = max(len(line[0]) for line in table)
    return [f"{line[0]:<{first}}" + "".join(f"{cell:>11}" for cell in line[1:]) for line in table]


def _notes(heard: Overhearing) -> list[str]:
    notes = [
        f"  {text}: {_many(count, 'time')}, first in packet #{first}" for text, (count, first) in heard.notes.items()
    ]
    return ["passed over", *notes] if notes else []


def _place(finding: Finding) -> str:
    at = "" if finding.offset is None else f", byte {finding.offset}"
    return f"#{finding.number}{at} of {finding.where}"


def _hint(heard: Overhearing, port: int) -> str:
    """Return why nothing was understood, as far as that can be told."""
    from iso_gateway.cli.doctor import FIRST
    from iso_gateway.traffic.guessing import guess, is_tls

    if not heard.packets:
        return "there is no packet in it"
    if not heard.connections:
        return f"no packet of TCP with port {port} in it: is --port the one that the host listens at?"
    if is_tls(heard.sample):
        return "this is TLS, which nobody reads in a capture: capture behind it"
    found = guess(heard.sample, [load_spec(name) for name in dict.fromkeys((*FIRST, *spec_names()))])
    if found is None:
        return "no message was understood: are --framing and --spec those of this port? 'iso-gateway doctor' tries more"
    return f"no message was understood: this looks like --framing {found.framing} --spec {found.spec}"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _date(time: int) -> str:
    return f"{datetime.fromtimestamp(time // 10**9, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _clock(time: int) -> str:
    seconds, nanoseconds = divmod(time, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S}.{nanoseconds // _MICRO:06}"


def _ms(time: int | None) -> float | None:
    return None if time is None else round(time / 10**6, 3)


def _time(time: int | None) -> str:
    """Return nanoseconds as people say them."""
    if time is None:
        return "-"
    return f"{time / 10**9:.3g} s" if time >= 10**9 else f"{time / 10**6:.3g} ms"
