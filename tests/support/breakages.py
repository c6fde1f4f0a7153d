"""True messages that were broken in a known way, and whether a cause that is told is the true one."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any, Final, NamedTuple

from iso_gateway import DecodeError, EncodeError, Spec, SpecError, load_spec
from iso_gateway.catalog import read_yaml
from iso_gateway.codec import lengths
from iso_gateway.codec.message import Message
from iso_gateway.framing import Framing
from iso_gateway.inspect.doctor.edits import Edit
from iso_gateway.inspect.doctor.search import edited
from iso_gateway.inspect.told import Cause

EBCDIC: Final = "cp500"
PADS: Final = ("left 0", "right 0", "right F")
PREFIXES: Final = ("ascii", "bcd", "binary")
OTHERS: Final = {"n": ("ascii", "bcd"), "z": ("ascii", "bcd"), "an": ("ascii", EBCDIC), "ans": ("ascii", EBCDIC)}

OF_ONE_ELEMENT: Final = frozenset({
    "an element is missing", "a bit is off", "a byte of a value is wrong", "a value of spaces", "a length is wrong",
})  # fmt: skip
"""The breakages of which every element has one; which of several alike it is, the bytes may not tell."""


class Broken(NamedTuple):
    """Bytes that a spec cannot read, and how to know the true cause."""

    what: str
    """The kind of breakage."""
    data: bytes
    is_true: Callable[[Cause], bool]


def breakages(spec: Spec, message: Message, raw: bytes) -> Iterator[Broken]:
    """Yield the ways in which *message*, whose bytes are *raw*, may be broken, where *spec* cannot read it then."""
    otherwise = (_lengths_otherwise, _content_otherwise, _begun_otherwise)
    ways = (*otherwise, _dressed, _wrapped, _ended, _of_bits, _of_elements, _of_values, _miscounted)
    for each in (broken for way in ways for broken in way(spec, message, raw)):
        try:
            spec.decode(each.data)
        except DecodeError:
            yield each


def _few(whole: Spec, message: Message) -> tuple[Spec, dict[int, Any]]:
    """Return *whole* with the elements of *message* alone, which is soon edited, and the elements."""
    present = {str(each): whole.source["fields"][str(each)] for each in message}
    spec = load_spec({**whole.source, "fields": present, "presence": {}, "echo": []})
    return spec, {number: spec.source["fields"][str(number)] for number in message}


def _lengths_otherwise(whole: Spec, message: Message, _: bytes) -> Iterator[Broken]:
    spec, fields = _few(whole, message)
    variable = [number for number, data in fields.items() if data["length"] != "fixed"]
    for prefix in PREFIXES:
        others = [number for number in variable if fields[number]["prefix"] != prefix]
        for some in [[number] for number in others[:2]] + ([others] if len(others) > 2 else []):
            what = f"length in {prefix}" if len(some) == 1 else f"all lengths in {prefix}"
            yield from _edited(spec, message, what, [_edit(each, fields, prefix=prefix) for each in some])
    for number in variable[:2]:
        more, less = {"LLVAR": ("LLLVAR", ""), "LLLVAR": ("", "LLVAR")}.get(fields[number]["length"], ("", ""))
        most = fields[number]["max"]
        if more:
            yield from _edited(spec, message, "a digit of length more", [_edit(number, fields, length=more, max=most)])
        if less:
            top = str(min(int(most), 99))
            yield from _edited(spec, message, "a digit of length less", [_edit(number, fields, length=less, max=top)])
    for number in [each for each in variable if fields[each].get("encoding") == "bcd"][:2]:
        counts = "digits" if fields[number].get("counts") == "bytes" else "bytes"
        # Where it counts bytes, the pad comes out as a digit too: then it does not read quite the same.
        said = f"DE {number}: its length counts {counts}"
        for each in _edited(spec, message, f"length counts {counts}", [_edit(number, fields, counts=counts)]):
            yield each._replace(is_true=partial(_tells, said, each.is_true))


def _content_otherwise(whole: Spec, message: Message, _: bytes) -> Iterator[Broken]:
    spec, fields = _few(whole, message)
    for number, data in fields.items():
        if data.get("encoding") == "bcd":
            for pad in PADS:
                if pad != data.get("pad"):
                    yield from _edited(spec, message, "odd digit padded otherwise", [_edit(number, fields, pad=pad)])
    for number in (4, 42):
        data = fields.get(number, {"format": ""})
        for encoding in OTHERS.get(data["format"], ()):
            if encoding != data.get("encoding", "ascii"):
                yield from _edited(spec, message, f"content in {encoding}", [_edit(number, fields, encoding=encoding)])
    for encoding in ("ascii", "bcd"):
        digits = [n for n, data in fields.items() if data["format"] == "n" and data.get("encoding") != encoding]
        yield from _edited(
            spec, message, f"all numbers in {encoding}", [_edit(each, fields, encoding=encoding) for each in digits]
        )


def _begun_otherwise(whole: Spec, message: Message, _: bytes) -> Iterator[Broken]:
    spec, _fields = _few(whole, message)
    for form in ("binary", "hex"):
        if spec.source["bitmap"]["encoding"] != form:
            yield from _edited(spec, message, f"bitmap {form}", [Edit("bitmap", (("encoding", form),), "")])
    for encoding in ("ascii", "bcd", EBCDIC):
        if spec.source["mti"]["encoding"] != encoding:
            change = Edit("mti", (("encoding", encoding),), "")
            yield from _edited(spec, message, f"message type in {encoding}", [change])


def _edit(number: int, fields: dict[int, Any], **changes: str) -> Edit:
    gone = ("pad", "counts") if "encoding" in changes else ("counts",) if "prefix" in changes else ()
    kept = [(key, None) for key in (*gone, "parts") if key in fields[number] and key not in changes]
    return Edit(f"fields.{number}", (*changes.items(), *kept), "")


def _edited(spec: Spec, message: Message, what: str, changes: list[Edit]) -> Iterator[Broken]:
    """Yield *message* as another spec writes it; the true cause tells a spec that reads the same out of it."""
    if not changes:
        return
    try:
        data = edited(spec, changes).encode(message)
    except (SpecError, EncodeError):
        return  # no such spec, or it has no such message

    yield Broken(what, data, partial(_reads, message, data))


def _reads(message: Message, data: bytes, cause: Cause) -> bool:
    """Return whether by the spec that *cause* tells *data* says what *message* says."""
    if cause.kind == "spec":
        spec = load_spec(cause.remedy.rpartition(" ")[2])
    elif cause.yaml:
        source, _ = read_yaml(cause.yaml, "told.yaml")
        spec = load_spec(source)
    else:
        return False
    return dict(spec.decode(data).items()) == dict(message.items())


def _tells(said: str, otherwise: Callable[[Cause], bool], cause: Cause) -> bool:
    return said in cause.words or otherwise(cause)


def _dressed(spec: Spec, message: Message, raw: bytes) -> Iterator[Broken]:
    """Yield the message as text: in hex, in base64, and all of it in EBCDIC."""
    yield Broken("hex twice", raw.hex().upper().encode(), lambda cause: "in hex" in cause.words)
    yield Broken("base64 as bytes", b64encode(raw), lambda cause: "in base64" in cause.words)
    if not raw.isascii():
        yield Broken(
            "written as UTF-8", raw.decode("latin-1").encode(), partial(_follows, "these bytes were written as te")
        )
        read = raw.decode("utf-8", "replace").encode()
        if read.count("\ufffd".encode()) > 1:
            yield Broken("read as UTF-8", read, partial(_follows, "these bytes were read as text"))
    if all(data.get("encoding", "ascii") in {"ascii", "hex"} for data in _present(spec, message)) and raw.isascii():
        data = raw.decode("ascii").encode(EBCDIC)
        yield Broken("all of it in EBCDIC", data, partial(_reads, message, data))


def _present(spec: Spec, message: Message) -> Iterator[dict[str, Any]]:
    return (spec.source["fields"][str(each)] for each in message)


def _wrapped(_: Spec, __: Message, raw: bytes) -> Iterator[Broken]:
    def left_on(what: str, size: int, data: bytes) -> Broken:
        said = f"leave the first {size} bytes out"
        return Broken(what, data, lambda cause: cause.remedy.startswith(said))

    yield left_on("TPDU left on", 5, bytes.fromhex("6000010002") + raw)
    yield left_on("length left on", 2, Framing.parse("2be").frame(raw))
    yield left_on("length and TPDU left on", 7, Framing.parse("2be+tpdu").frame(raw))
    yield left_on("header of 12 bytes left on", 12, b"ISO016000055" + raw)


def _ended(_: Spec, __: Message, raw: bytes) -> Iterator[Broken]:
    for count in (1, 5, len(raw) // 2):
        yield Broken("cut", raw[: len(raw) - count], partial(_says, count))
    for tail in (b"\r\n", b"\xde\xad", raw):
        yield Broken("trailing", raw + tail, partial(_follows, f"{len(tail)} bytes follow the message"))


def _follows(said: str, cause: Cause) -> bool:
    return cause.words.startswith(said)


def _says(count: int, cause: Cause) -> bool:
    """Return whether *cause* says that *count* bytes are missing, or fewer or more."""
    if cause.kind != "cut":
        return False
    said = int(cause.words.split()[4])
    return said == count or (said <= count and "or more" in cause.words)


def _of_bits(spec: Spec, message: Message, raw: bytes) -> Iterator[Broken]:
    plan = spec.plan
    start, size = plan.mti_size, plan.bitmap_size
    if max(message, default=0) <= 64 or plan.bitmap_fixed:
        return
    yield Broken(
        "second bitmap cut", raw[: start + size] + raw[start + 2 * size :], lambda cause: "second bitmap" in cause.words
    )
    digit = raw[start : start + 1]
    off = {b"A": b"2", b"B": b"3", b"C": b"4", b"D": b"5", b"E": b"6", b"F": b"7", b"8": b"0", b"9": b"1"}
    cleared = off[digit] if plan.bitmap_form == "hex" else bytes([digit[0] & 0x7F])
    if plan.bitmap_form != "hex-ebcdic":
        yield Broken("bit 1 off", raw[:start] + cleared + raw[start + 1 :], lambda cause: "bit 1 " in cause.words)


def _of_elements(spec: Spec, message: Message, raw: bytes) -> Iterator[Broken]:
    """Yield the message without an element whose bit is on, and with one whose bit is off."""
    plan = spec.plan
    if plan.bitmap_fixed:
        return
    spots = {span.field: span for span in spec.decode(raw, trace=True).spans}
    for number in [each for each in message if each not in {1, 65} and each <= 128]:
        span = spots[str(number)]
        without = raw[: span.start] + raw[span.end :]
        yield Broken("an element is missing", without, partial(_follows, f"bit {number} of the bitmap is on"))
        at, bit = divmod(number - 1, 4 if plan.bitmap_hex else 8)
        if plan.bitmap_form == "hex-ebcdic":
            continue
        here = plan.mti_size + at
        if plan.bitmap_hex:
            digit = f"{int(raw[here : here + 1], 16) & ~(8 >> bit):X}".encode()
        else:
            digit = bytes([raw[here] & ~(0x80 >> bit)])
        cleared = raw[:here] + digit + raw[here + 1 :]
        yield Broken("a bit is off", cleared, partial(_follows, f"bit {number} of the bitmap is off"))


def _of_values(spec: Spec, _: Message, raw: bytes) -> Iterator[Broken]:
    """Yield the message with one byte of a value changed, and with a value of spaces."""
    for span in spec.decode(raw, trace=True).spans:
        if span.field.isdecimal() and spec.fields[int(span.field)].encoding != "binary":
            is_true = partial(_follows, f"only the value of DE {span.field} is wrong")
            yield Broken("a byte of a value is wrong", raw[: span.body] + b"\xaa" + raw[span.body + 1 :], is_true)
            blank = b"\x20" * (span.end - span.body)
            yield Broken("a value of spaces", raw[: span.body] + blank + raw[span.end :], is_true)


def _miscounted(spec: Spec, message: Message, raw: bytes) -> Iterator[Broken]:
    """Yield the message with a length, not the last element's, that says a little more or less than follows it."""
    spots = {span.field: span for span in spec.decode(raw, trace=True).spans}
    for number, off in product([each for each in message if each != max(message)], (1, -2, 10)):
        row, span = spec.plan.rows[number], spots[str(number)]
        said = lengths.count(raw[span.start : span.start + row.width], row.prefix) if row.width else None
        if said is None:
            continue
        other = row.heads.get((said + off - row.extra) * row.step)
        if other is not None:
            data = raw[: span.start] + other + raw[span.start + row.width :]
            yield Broken("a length is wrong", data, partial(_follows, f"the length of DE {number} says {said + off},"))
