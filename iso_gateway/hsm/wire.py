"""What passes between the gateway and a module in its own process: numbered frames of MessagePack.

A frame is the length of its body and its number, four bytes each, big-endian, then the body: a `Batch` one way,
`Results` with the same number the other way. Number 0 is the module's first word, `Ready` or `CannotStart`. Both ends
refuse what is longer than its bound before they read it, and take a peer that breaks a rule for broken: it is left.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

import msgspec

from iso_gateway.security import commands as c

HEADER: Final = struct.Struct(">II")
"""Length of the body, number."""

LARGEST_BATCH: Final = 1024 * 1024
"""Bytes of a batch; one transaction's has some hundred."""
LARGEST_RESULTS: Final = 32 * 1024 * 1024
"""Bytes of its answer: a list of 100,000 keys."""
MOST_COMMANDS: Final = 1024
"""Commands of one batch."""


class BrokenPeer(Exception):  # noqa: N818 -- the name says it; never seen outside this folder
    """The other end sent what no frame can be; the text says what, and nothing of it."""


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The module works."""

    health: c.Health
    pid: int


class CannotStart(msgspec.Struct, frozen=True, tag=True):
    """The module ends at once, and why."""

    reason: str


Hello = Ready | CannotStart

ANSWERS: Final[dict[type[c.Command], type[c.Result]]] = {
    c.VerifyMac: c.Matched,
    c.TranslatePin: c.Translated,
    c.Protect: c.Protected,
    c.SealCard: c.Sealed,
    c.UnsealCard: c.Unsealed,
    c.Fingerprint: c.Fingerprinted,
    c.EncryptData: c.Transformed,
    c.DecryptData: c.Transformed,
    c.GenerateKey: c.Generated,
    c.ImportKey: c.Imported,
    c.SetState: c.Settled,
    c.Change: c.Changed,
    c.ExportKey: c.Exported,
    c.CheckValue: c.Checked,
    c.DeriveInitial: c.Exported,
    c.ListKeys: c.Listed,
    c.Reread: c.Health,
    c.AskHealth: c.Health,
}
"""What each command is answered with, where it is not `Refused`."""

_encode = msgspec.msgpack.Encoder().encode
_decode_batch = msgspec.msgpack.Decoder(c.Batch).decode
_decode_results = msgspec.msgpack.Decoder(c.Results).decode
_decode_hello = msgspec.msgpack.Decoder(Hello).decode


def add_frame(out: bytearray, number: int, body: c.Batch | c.Results | Hello, largest: int) -> bool:
    """Append *body* to *out* as a frame; False, and nothing is appended, where it is longer than *largest*."""
    encoded = _encode(body)
    if len(encoded) > largest:
        return False
    out += HEADER.pack(len(encoded), number)
    out += encoded
    return True


class Frames:
    """The frames in a stream of bytes, as they come."""

    def __init__(self, largest: int) -> None:
        """Refuse bodies of more than *largest* bytes."""
        self._largest = largest
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Take in *data*; yield number and body of each frame that is whole now.

        Raises:
            BrokenPeer: a frame would be longer than the bound.
        """
        held = self._data
        held += data
        start = 0
        while len(held) - start >= HEADER.size:
            length, number = HEADER.unpack_from(held, start)
            if length > self._largest:
                raise BrokenPeer(f"a frame of {length} bytes; {self._largest} are the most")
            end = start + HEADER.size + length
            if len(held) < end:
                break
            yield number, bytes(held[start + HEADER.size : end])
            start = end
        del held[:start]


def batch_in(body: bytes) -> c.Batch:
    """Return the batch in *body*.

    Raises:
        BrokenPeer: there is none.
    """
    try:
        batch = _decode_batch(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BrokenPeer("a frame that is no batch") from None
    if len(batch) > MOST_COMMANDS:
        raise BrokenPeer(f"a batch of {len(batch)} commands; {MOST_COMMANDS} are the most")
    return batch


def results_in(body: bytes, batch: c.Batch) -> c.Results:
    """Return the results in *body*, which answer *batch* one by one.

    Raises:
        BrokenPeer: they do not.
    """
    try:
        results = _decode_results(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BrokenPeer("a frame that is no answer") from None
    if len(results) != len(batch) or not all(map(_answers, batch, results)):
        raise BrokenPeer("an answer to something else")
    return results


def hello_in(body: bytes) -> Hello:
    """Return the module's first word.

    Raises:
        BrokenPeer: it is none.
    """
    try:
        hello: Hello = _decode_hello(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BrokenPeer("a first frame that is no first word") from None
    return hello


def _answers(command: c.Command, result: c.Result) -> bool:
    kind = type(result)
    if kind is c.Refused:
        return True
    if isinstance(command, c.VerifyMac) and isinstance(result, c.Matched):
        return result.which is None or 0 <= result.which < len(command.keys)
    return kind is ANSWERS[type(command)]
