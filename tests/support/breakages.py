"""True messages that were broken in a known way, and whether a cause that is told is the true one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, NamedTuple

from iso_gateway import DecodeError, EncodeError, Spec, SpecError, load_spec
from iso_gateway.catalog import read_yaml
from iso_gateway.codec.message import Message
from iso_gateway.framing import Framing
from iso_gateway.inspect.doctor.edits import Edit
from iso_gateway.inspect.doctor.search import edited
from iso_gateway.inspect.told import Cause

EBCDIC: Final = "cp500"
PREFIXES: Final = ("ascii", "bcd", "binary")
OTHERS: Final = {"n": ("ascii", "bcd"), "z": ("ascii", "bcd"), "an": ("ascii", EBCDIC), "ans": ("ascii", EBCDIC)}


class Broken(NamedTuple):
    """Bytes that a spec cannot read, and how to know the true cause."""

    what: str
    """The kind of breakage."""
    data: bytes
    is_true: Callable[[Cause], bool]


def breakages(spec: Spec, message: Message, raw: bytes) -> Iterator[Broken]:
    """Yield the ways in which *message*, whose bytes are *raw*, may be broken, where *spec* cannot read it then."""
    for each in (*_written_otherwise(spec, message), *_wrapped(raw), *_ended(raw), *_of_bits(spec, message, raw)):
        try:
            spec.decode(each.data)
        except DecodeError:
            yield each


def _written_otherwise(whole: Spec, message: Message) -> Iterator[Broken]:
    present = {str(each): whole.source["fields"][str(each)] for each in message}
    spec = load_spec({**whole.source, "fields": present, "presence": {}, "echo": []})  # of few elements: soon edited
    fields = {number: spec.source["fields"][str(number)] for number in message}
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
    for form in ("binary", "hex"):
        if spec.source["bitmap"]["encoding"] != form:
            yield from _edited(spec, message, f"bitmap {form}", [Edit("bitmap", (("encoding", form),), "")])
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


def _edit(number: int, fields: dict[int, Any], **changes: str) -> Edit:
    gone = ("pad", "counts") if "encoding" in changes else ("counts",) if "prefix" in changes else ()
    kept = [(key, None) for key in (*gone, "parts") if key in fields[number]]
    return Edit(f"fields.{number}", (*changes.items(), *kept), "")


def _edited(spec: Spec, message: Message, what: str, changes: list[Edit]) -> Iterator[Broken]:
    """Yield *message* as another spec writes it; the true cause tells a spec that reads the same out of it."""
    if not changes:
        return
    try:
        data = edited(spec, changes).encode(message)
    except (SpecError, EncodeError):
        return  # no such spec, or it has no such message

    def is_true(cause: Cause) -> bool:
        if cause.kind == "spec":
            return dict(load_spec(cause.remedy.rpartition(" ")[2]).decode(data).items()) == dict(message.items())
        if not cause.yaml:
            return False
        source, _ = read_yaml(cause.yaml, "told.yaml")
        return dict(load_spec(source).decode(data).items()) == dict(message.items())

    yield Broken(what, data, is_true)


def _wrapped(raw: bytes) -> Iterator[Broken]:
    def left_on(what: str, size: int, data: bytes) -> Broken:
        said = f"leave the first {size} bytes out"
        return Broken(what, data, lambda cause: cause.remedy.startswith(said))

    yield left_on("TPDU left on", 5, bytes.fromhex("6000010002") + raw)
    yield left_on("length left on", 2, Framing.parse("2be").frame(raw))
    yield left_on("length and TPDU left on", 7, Framing.parse("2be+tpdu").frame(raw))
    yield left_on("header of 12 bytes left on", 12, b"ISO016000055" + raw)


def _ended(raw: bytes) -> Iterator[Broken]:
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
