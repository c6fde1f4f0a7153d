"""A host for measuring: answers one link as fast as Python can, and counts what it was asked.

It approves everything. Answers are cut out of their requests: the place of every element is looked up once for each
shape of message (type, bitmap, length), after that an answer is a few slices. Prints its port, takes one link, and
when that link ends prints as JSON how many sales came, how many different ones, and what else.

With ``--mac KEY`` (hexadecimal) it looks at the MAC of every message that has one, X9.19 in DE 64, and makes that of
its answer; with ``--pin-block BLOCK`` every sale has to carry that PIN block. What is wrong counts among what else
came.
"""

from __future__ import annotations

import argparse
import json
import socket
from collections import Counter
from typing import NamedTuple

from iso_gateway import load_spec
from iso_gateway.security.keys import KeyAlgorithm, MacAlgorithm, MacMethod
from iso_gateway.security.macs import MacKey

SPEC = load_spec("iso87-ascii")
ECHOED = (2, 3, 4, 7, 11, 12, 13, 32, 41, 42, 49, 70)
HEAD = 20
"""Characters of MTI and hexadecimal bitmap."""
METHOD = MacMethod(MacAlgorithm.X9_19)
SPREAD = 618_033
"""Each code of approval is anywhere among the million that there are, as those of real hosts: the journal's index of
them makes it felt."""
MAC = 16
"""Characters of a MAC."""


class Shape(NamedTuple):
    """How requests of one shape are answered."""

    head: bytes
    before: tuple[slice, ...]
    """What is echoed from before DE 37."""
    after: tuple[slice, ...]
    """What is echoed from behind DE 39."""
    key: tuple[slice, ...]
    """Terminal and STAN."""
    pin: slice
    """The PIN block."""
    signed: bool
    """Whether it has a MAC."""


def shape_of(request: bytes) -> Shape:
    """Return how *request* and all like it are answered."""
    spans = {span.field: slice(span.start, span.end) for span in SPEC.decode(request, trace=True).spans}
    echoed = [de for de in ECHOED if str(de) in spans]
    added = (37, 38, 39) if request.startswith(b"02") else (39,)
    bits = sum(1 << (64 - de) for de in (*echoed, *added) if de <= 64) + ("64" in spans)
    second = sum(1 << (128 - de) for de in echoed if de > 64)
    bitmap = f"{bits | (bool(second) << 63):016X}" + (f"{second:016X}" if second else "")
    return Shape(
        head=b"%s1%s" % (request[:2], request[3:4]) + bitmap.encode(),
        before=tuple(spans[str(de)] for de in echoed if de < 37),
        after=tuple(spans[str(de)] for de in echoed if de > 39),
        key=tuple(spans[path] for path in ("41", "11") if path in spans),
        pin=spans.get("52", slice(0)),
        signed="64" in spans,
    )


class Host:
    """Answers requests and counts them."""

    def __init__(self, mac: str = "", block: str = "") -> None:
        """Use the MAC key *mac*, and expect the PIN *block*, both hexadecimal; empty: neither."""
        self.mac = MacKey(METHOD.algorithm, KeyAlgorithm.TDES, bytes.fromhex(mac)) if mac else None
        self.block = block.encode()
        self.shapes: dict[tuple[bytes, int], Shape] = {}
        self.sales: Counter[bytes] = Counter()
        """By terminal and STAN: more than one of a key is a sale asked for twice."""
        self.others: Counter[str] = Counter()

    def answer(self, request: bytes) -> bytes:
        """Return the approval of *request*."""
        known = request[:HEAD], len(request)
        shape = self.shapes.get(known)
        if shape is None:
            shape = self.shapes[known] = shape_of(request)
        if shape.signed and not self.genuine(request):
            self.others["a wrong MAC"] += 1
        pieces = [shape.head, *(request[span] for span in shape.before)]
        if known[0].startswith(b"0200"):
            self.sales[b"".join(request[span] for span in shape.key)] += 1
            pieces.append(b"%012d%06d" % (len(self.sales), len(self.sales) * SPREAD % 1_000_000))
            if self.block != request[shape.pin]:
                self.others["another PIN block"] += 1
            if self.mac is not None and not shape.signed:
                self.others["no MAC"] += 1
        else:
            self.others[request[:4].decode()] += 1
        pieces.append(b"00")
        pieces += (request[span] for span in shape.after)
        answer = b"".join(pieces)
        if shape.signed and self.mac is not None:
            answer += self.mac.make(METHOD, answer).hex().upper().encode()
        return answer

    def genuine(self, request: bytes) -> bool:
        """Return whether the MAC of *request* is right."""
        made = self.mac.make(METHOD, request[:-MAC]) if self.mac is not None else b""
        return made.hex().upper().encode() == request[-MAC:]

    def report(self) -> dict[str, object]:
        """Return what was counted."""
        return {"sales": sum(self.sales.values()), "different": len(self.sales), "others": dict(self.others)}


def carry(link: socket.socket, host: Host) -> None:
    """Answer everything on *link* until it ends."""
    buffer = b""
    while data := link.recv(65536):
        buffer += data
        answers = []
        pos = 0
        while len(buffer) >= pos + 2 and len(buffer) >= pos + 2 + (size := int.from_bytes(buffer[pos : pos + 2])):
            answer = host.answer(buffer[pos + 2 : pos + 2 + size])
            answers.append(len(answer).to_bytes(2) + answer)
            pos += 2 + size
        buffer = buffer[pos:]
        link.sendall(b"".join(answers))


def main() -> None:
    """Serve one link."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mac", default="", metavar="KEY")
    parser.add_argument("--pin-block", default="", metavar="BLOCK")
    given = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        link, _ = listener.accept()
    host = Host(given.mac, given.pin_block)
    with link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        carry(link, host)
    print(json.dumps(host.report()), flush=True)


if __name__ == "__main__":
    main()
