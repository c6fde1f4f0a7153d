"""Bytes that somebody took for text on their way: what was binary among them became something else, or is lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from iso_gateway.codec.spec import Spec
from iso_gateway.codec.unreadable import many
from iso_gateway.errors import DecodeError
from iso_gateway.inspect.causes.suspicion import Suspicion, judged, read_so
from iso_gateway.inspect.doctor.sanity import NOTHING
from iso_gateway.inspect.told import Cause

_LOST: Final = "\ufffd".encode()
"""What stands for bytes that are no UTF-8."""
_FEW: Final = 2
"""So many of them hardly stand in a message by chance."""
_PRICE: Final = 0.05
_ALWAYS: Final = (0.0, 0)
"""What is lost makes no sense, and needs none."""
_REMEDY: Final = "take the bytes again, from where nobody has read them as text yet: a file opened as binary, a capture"


def suspicions(spec: Spec, data: bytes, others: Iterable[Spec]) -> Iterator[Suspicion]:
    """Yield that *data* went through text in UTF-8: then each byte over 7F is two, or is gone."""
    lost = data.count(_LOST)
    if lost >= _FEW:
        words = f"these bytes were read as text in UTF-8, and {many(lost, 'byte')} or more of them are lost"
        evidence = f"EF BF BD, which stands for what is no text, is there {lost} times"
        yield Suspicion(_PRICE, NOTHING, Cause("text", words, evidence, _REMEDY), _ALWAYS, about="text")
        return
    if data.isascii():
        return
    try:
        inner = data.decode("utf-8").encode("latin-1")
    except ValueError:
        return
    for each in (spec, *others):
        try:
            message = each.decode(inner)
        except DecodeError:
            continue
        words = f"these bytes were written as text in UTF-8, which makes two of {many(len(data) - len(inner), 'byte')}"
        also = "" if each is spec else f"; --spec {each.name}"
        evidence = read_so(message, len(inner), "with one byte for each pair")
        cause = Cause("text", words, evidence, f"write the message as bytes, not as characters{also}")
        yield Suspicion(_PRICE + 0.3 * (each is not spec), judged(message), cause, about="text")
