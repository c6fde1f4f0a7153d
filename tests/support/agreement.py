"""One spec and one message: the three walks of ours, and pyiso8583, say the same of good bytes and of broken ones.

`agreed` holds the engine, the quick walker and the careful walk (`trace`) to each other, `survives` holds writing to
reading, `same_to_pyiso8583` holds pyiso8583 and its interface on our codec to both.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any, TypeVar

import iso8583
from hypothesis import strategies as st

from iso_gateway.codec import trace, walker
from iso_gateway.codec.message import Message
from iso_gateway.codec.plan import PACKED
from iso_gateway.codec.spec import Spec
from iso_gateway.compat import iso8583 as compat
from iso_gateway.errors import DecodeError


def agreed(spec: Spec, data: bytes, *, strict: bool = True) -> Message | None:
    """Return the message that all our walks find in *data*, or None where all refuse it alike."""
    quick = spec.engine.decode(data, spec, strict)
    slow = walker._walk(spec.plan, data, strict=strict)
    careful, refusal = tried(lambda: trace.decode(spec.plan, data, strict=strict))
    message, error = tried(lambda: spec.decode(data, strict=strict))
    assert quick is None or (quick.mti, dict(quick.items()), quick._kept) == careful
    # Only a third bitmap among the fields is always left to the careful walk.
    assert slow == careful or (slow is None and spec.source["bitmap"].get("third") == "field")
    assert message is None or (message.mti, dict(message.items()), message._kept) == careful
    if error is not None:
        assert refusal is not None
        assert (error.field, error.offset, error.expected) == (refusal.field, refusal.offset, refusal.expected)
        assert error.missing == refusal.missing
        assert 0 <= error.offset <= len(data)
        assert str(error)
        assert repr(error.partial)
    return message


def odd(spec: Spec, data: bytes) -> st.SearchStrategy[bytes]:
    """Return the message *data* with what a peer may write another way: pad nibbles, hexadecimal in lower case.

    That is one nibble changed, or the case of one letter, at either end of a field; pads first.
    """
    pads, ends = [], []
    message = spec.decode(data)
    for span in trace.spans(spec.plan, data):
        row = spec.plan.rows[int(span.field)] if span.field.isdecimal() else None
        if row is not None and row.op == PACKED and len(message[row.number]) % 2:
            pads += [(span.body, each << 4) if row.left else (span.end - 1, each) for each in range(1, 16)]
        elif span.end > span.body:
            ends += [(at, each) for at in (span.body, span.end - 1) for each in (0x20, 1, 0x10)]
    spots = st.sampled_from(pads) | st.sampled_from(ends) if pads else st.sampled_from(ends)
    return spots.map(lambda spot: data[: spot[0]] + bytes([data[spot[0]] ^ spot[1]]) + data[spot[0] + 1 :])


Found = TypeVar("Found")


def tried(work: Callable[[], Found]) -> tuple[Found | None, DecodeError | None]:
    """Return what *work* returns, or the error that it raises: there is one kind."""
    try:
        return work(), None
    except DecodeError as error:
        return None, error


def survives(message: Message, data: bytes) -> None:
    """Assert that *message*, which was read from *data*, is written as that again, by whom and however."""
    spec = message.spec
    assert spec is not None
    fields = dict(message.items())
    assert spec.encode(message) == data
    assert spec.engine.encode(message, spec) in {data, None}
    assert walker.encode(spec.plan, message.mti, fields, message._kept) == data
    assert spec.encode(pickle.loads(pickle.dumps(message))) == data  # noqa: TID251 -- our own bytes
    assert message.evolve({}) == message
    assert spec.encode(message.evolve(fields)) == data
    # Without what was kept it may be other bytes, which say the same.
    fresh = spec.encode(Message(message.mti, fields))
    assert spec.encode(spec.message(message.mti, fields)) == fresh
    assert dict(spec.decode(fresh).items()) == fields
    assert repr(message)


STRICTER = (
    "a length prefix that is not",
    "the spec has no such field",
    "third bitmap",
    "not four digits",
    "no message type",
    "not ",
    "at least",
    "odd number",
)
"""Why ours refuses what pyiso8583 takes: it looks at no content, knows no minimum, and takes what int() takes."""


def same_to_pyiso8583(spec: Spec, specification: dict[str, dict[str, Any]], data: bytes) -> None:
    """Assert that pyiso8583, and its interface on ours, say of *data* what *spec* says, but for what is stricter."""
    theirs = verdict(iso8583, specification, data)
    # What comes again goes another way, and in the end by the compiled engine.
    known = verdict(compat, specification, data)
    assert [verdict(compat, specification, data) for _ in range(5)] == [known] * 5
    if theirs is not None and theirs != known:
        # They take more, and may stumble later over what follows.
        assert known is not None
        assert known[0] in {
            "Failed to decode field length, non-numeric data",
            "Failed to decode field, non-hex data",
        }
    message, refusal = tried(lambda: spec.decode(data))
    read = theirs is not None and isinstance(theirs[0], dict)
    if message is None:
        assert refusal is not None
        assert not read or any(words in refusal.expected for words in STRICTER)
    elif theirs is not None and read:
        assert plain(spec, theirs[0]) == said(message)
        assert theirs[0]["t"] == message.mti
    else:
        # A pad nibble that is not the spec's: refused there, kept here.
        assert any(spec.plan.rows[number].op == PACKED for number in message)


def verdict(library: Any, specification: dict[str, dict[str, Any]], data: bytes) -> tuple[Any, ...] | None:
    """Return what *library* says of *data*: two dicts, or message, field and place; None for a bare KeyError."""
    try:
        return tuple(library.decode(data, specification))
    except library.DecodeError as error:
        return error.msg, error.field, error.pos, error.doc_dec, error.doc_enc
    except KeyError:
        return None


def said(message: Message) -> dict[str, str]:
    """Return the fields of *message* as pyiso8583 says them: bytes as hexadecimal text."""
    return {
        str(number): value.hex().upper() if isinstance(value, bytes) else value for number, value in message.items()
    }


def plain(spec: Spec, decoded: dict[str, str]) -> dict[str, str]:
    """Return what pyiso8583 decoded, without MTI and bitmaps; what is hexadecimal text there in upper case."""
    return {
        key: value.upper() if spec.fields[int(key)].binary else value
        for key, value in decoded.items()
        if key.isdecimal() and key not in {"1", "65"}
    }
