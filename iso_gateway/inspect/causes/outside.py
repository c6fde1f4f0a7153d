"""What lies around a message and was left on, and other specs that read it."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final

from iso_gateway.codec.message import Message
from iso_gateway.codec.spec import Spec
from iso_gateway.codec.unreadable import many
from iso_gateway.errors import DecodeError
from iso_gateway.framing.headers import CUP_HEADER_SIZE, HEADERS
from iso_gateway.inspect.causes.suspicion import BY_ITSELF, USUAL, Suspicion, judged, read_so
from iso_gateway.inspect.doctor.wraps import Wrap, wraps
from iso_gateway.inspect.told import Cause

_TPDU: Final = HEADERS["tpdu"].size
_LENGTHS: Final = {
    "2be": "a length of 2 bytes",
    "2le": "a length of 2 bytes (the low one first)",
    "2bcd": "a length of 2 bytes in BCD",
    "4be": "a length of 4 bytes",
    "4ascii": "a length of 4 digits",
}
_HEADERS: Final = {"tpdu": "a TPDU", "cup": "a UnionPay header"}

_SURE: Final = 0.1
"""The price up to which what was left on is no accident."""


def suspicions(spec: Spec, data: bytes, others: Iterable[Spec]) -> Iterator[Suspicion]:
    """Yield the ways in which *data* comes out exactly by *spec*, or by one of *others*, as they are."""
    known = list(others)
    for wrap in wraps(data):
        for each in [spec, *known]:
            if each is spec and not wrap.framing and not wrap.skipped:
                continue
            message = _read(wrap, each)
            if message is not None:
                yield _suspicion(wrap, each, message, own=each is spec, data=data)


def as_text(spec: Spec, data: bytes, others: Iterable[Spec]) -> Iterator[Suspicion]:
    """Yield that *data* is a message written as text: in hexadecimal digits, or in base64."""
    known = [spec, *others]
    for what, inner in _undressed(data):
        for wrap, each in product(wraps(inner), known):
            message = _read(wrap, each)
            if message is None:
                continue
            size = len(wrap.payloads[0])
            words = f"these bytes are text: a message in {what}, {len(inner)} bytes in {len(data)} characters"
            also = [] if each is spec else [f"--spec {each.name}"]
            also += [f'in a configuration: framing = "{wrap.framing}"'] if wrap.framing else []
            remedy = "; ".join([f"turn the {what} into bytes first: it was written so once too often", *also])
            cause = Cause("text", words, read_so(message, size, "decoded"), remedy)
            yield Suspicion(0.05 + wrap.skipped / 16 + 0.3 * (each is not spec), judged(message), cause, about="text")


def _undressed(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what *data* says, if it is text that shows bytes, and how it shows them."""
    text = data.strip()
    with contextlib.suppress(ValueError):
        yield "hex", bytes.fromhex(text.decode("ascii"))
    with contextlib.suppress(ValueError):
        yield "base64", base64.b64decode(text, validate=True)


def _read(wrap: Wrap, spec: Spec) -> Message | None:
    """Return the first message in *wrap*, where all of them can be read."""
    try:
        return next(iter([spec.decode(payload) for payload in wrap.payloads]), None)
    except DecodeError:
        return None


def _suspicion(wrap: Wrap, spec: Spec, message: Message, *, own: bool, data: bytes) -> Suspicion:
    size = len(wrap.payloads[0])
    other = "" if own else f", and --spec {spec.name}"
    found = judged(message)
    if not wrap.framing and not wrap.skipped:
        words = f"it is a message of {spec.name}"
        return Suspicion(0.2, found, Cause("spec", words, read_so(message, size), f"--spec {spec.name}"))
    before = many(len(data) - size, "byte")
    away = f"leave the first {before} out{other}"
    if wrap.skipped and not wrap.framing:
        tpdu = wrap.headers.startswith("tpdu")
        what = f"looks like a TPDU, {data[:_TPDU].hex().upper()}" if tpdu else "is no part of it"
        what += ", and a UnionPay header" if wrap.headers == "tpdu+cup" else ""
        words = f"a header was left on: what stands in the {before} before the message type {what}"
        price = 0.1 if tpdu else 1.1 + wrap.skipped / 32
        cause = Cause("header", words, read_so(message, size, "behind it"), away)
    elif wrap.total > 1:
        words = f"these are {wrap.total} messages in frames, each framed: before it {_frame(wrap, data)}"
        price = 0.0
        cause = Cause("frame", words, read_so(message, size, "of the first"), f"read one at a time{other}")
    else:
        words = f"the frame was left on: before the message {_frame(wrap, data)}"
        price = wrap.skipped / 16
        remedy = f'{away}; in a configuration: framing = "{wrap.framing}"'
        cause = Cause("frame", words, read_so(message, size, f"behind these {before}"), remedy)
    needs = BY_ITSELF if own and price <= _SURE else USUAL
    return Suspicion(price + (0.0 if own else 0.3), found, cause, needs, f"{before} before")


def _frame(wrap: Wrap, data: bytes) -> str:
    """Return what a frame consists of, in words."""
    length, *rest = wrap.framing.split("+")
    said = [_LENGTHS[length.removesuffix("-inclusive")] + (" that counts itself" if "-" in length else "")]
    at = 4 if length.startswith("4") else 2
    for each in rest:
        size = _TPDU if each == "tpdu" else CUP_HEADER_SIZE
        said.append(_HEADERS[each] + (f" {data[at : at + size].hex().upper()}" if each == "tpdu" else ""))
        at += size
    said += [f"a header of {many(wrap.skipped, 'byte')}"] if wrap.skipped else []
    return f"{'stand' if len(said) > 1 else 'stands'} {' and '.join(said)}"
