"""What a process asked of the system, as strace wrote it down: which bytes were durable before which were sent.

strace -f -yy -xx -s 65536 -e trace=pwrite64,write,fdatasync,fsync,sendto,sendmsg
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

TRACED: Final = "pwrite64,write,fdatasync,fsync,sendto,sendmsg,send"
OPTIONS: Final = ("-f", "-yy", "-xx", "-s", "65536", "-e", f"trace={TRACED}")

_LINE: Final = re.compile(r"(?P<thread>\d+) +(?:<\.\.\. (?P<resumed>\w+) resumed>|(?P<name>\w+)\()(?P<rest>.*)")
_RESULT: Final = re.compile(r"\) += (?P<result>-?\d+)(?: .*)?$")
_TARGET: Final = re.compile(r"\d+<(?P<target>(?:->|[^<>])*)>")
_BYTES: Final = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_UNFINISHED: Final = " <unfinished ...>"


class Call(msgspec.Struct):
    """One call of the system."""

    name: str
    target: str
    """The file's path, or ``TCP:[from->to]``."""
    data: bytes
    """What was given to it."""
    start: int
    """The line in which it began, and the one in which it returned."""
    end: int
    result: int


def read(lines: Iterable[str]) -> list[Call]:
    """Return the calls in *lines*, in the order in which they began; one that never returned is left out."""
    calls: list[Call] = []
    under_way: dict[str, Call] = {}
    for number, line in enumerate(lines):
        found = _LINE.match(line)
        if found is None:
            continue  # a signal, the end of a thread
        thread, rest = found["thread"], found["rest"]
        if found["name"]:
            target = _TARGET.match(rest)
            data = b"".join(map(_plain, _BYTES.findall(rest)))
            call = Call(found["name"], _named(target["target"]) if target else "", data, number, number, -1)
            calls.append(call)
            if rest.endswith(_UNFINISHED):
                under_way[thread] = call
                continue
        else:
            call = under_way.pop(thread)
        result = _RESULT.search(rest)
        call.end, call.result = number, int(result["result"]) if result else -1
    return [call for call in calls if call.result >= 0]


def _plain(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))


def _named(target: str) -> str:
    """Return *target* as people write it: with -xx the paths of files are in hex too."""
    return _plain(target).decode() if target.startswith("\\x") else target


def sent_too_soon(
    calls: Sequence[Call], journal: str, peer: str, marks: Callable[[bytes], Sequence[bytes]]
) -> tuple[list[bytes], list[bytes]]:
    """Return the marks of all that was sent to *peer*, and of what was sent before its commit was durable.

    Durable is what was written to the files *journal*... and then followed by a sync of that file, which returned
    before the send began.

    Args:
        calls: What the process asked of the system.
        journal: How the journal's files begin.
        peer: How the sockets end to which it matters: ``->127.0.0.1:9000]``.
        marks: What of the bytes sent is to be found in the bytes written.
    """
    sends = [call for call in calls if call.name.startswith("send") and call.target.endswith(peer)]
    writes = [call for call in calls if call.name in ("pwrite64", "write") and call.target.startswith(journal)]
    syncs = [call for call in calls if call.name in ("fsync", "fdatasync") and call.target.startswith(journal)]
    sent, too_soon = [], []
    for send in sends:
        for mark in marks(send.data):
            sent.append(mark)
            durable = any(
                mark in write.data and write.end < sync.start and sync.target == write.target and sync.end < send.start
                for write in writes
                for sync in syncs
            )
            if not durable:
                too_soon.append(mark)
    return sent, too_soon
