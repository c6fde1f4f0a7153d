"""What holds for any bytes: they decode to a message or raise DecodeError, framing cuts them the same in any pieces,
a capture of them is read or refused.

Each `Target` takes bytes and says what went wrong that may not, in words, or nothing.
"""

from __future__ import annotations

import functools
import io
import itertools
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from iso_gateway.catalog import load_spec, read_yaml, spec_names
from iso_gateway.codec import walker
from iso_gateway.codec.message import Message
from iso_gateway.codec.parts import tree
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import CaptureError, DecodeError, FramingError
from iso_gateway.framing import Framing
from iso_gateway.resources import folder
from iso_gateway.traffic.overhearing import Finding, Overhearing

FRAMINGS: Final = ("2be", "2le-inclusive", "2bcd+tpdu", "4be", "4ascii", "2be+tpdu+cup")

DEEP: Final = 24
"""How many parts of an element are changed one by one; each takes time for all of the element."""


class Target(NamedTuple):
    """Something that takes bytes from outside."""

    name: str
    fault: Callable[[bytes], str]
    """Returns what went wrong, or the empty string; what it raises went wrong as well."""


def targets() -> list[Target]:
    """Return every shipped spec and the framings, always in the same order."""
    specs = [Target(name, functools.partial(message_fault, load_spec(name))) for name in spec_names()]
    framings = [Target(text, functools.partial(framing_fault, Framing.parse(text))) for text in FRAMINGS]
    capture = (folder("fixtures") / "captures" / "counter.pcap").read_bytes()
    return [*specs, *framings, Target("captures", functools.partial(capture_fault, capture))]


def fixtures() -> list[bytes]:
    """Return the bytes of every shipped message."""
    found: list[bytes] = []
    for entry in sorted((folder("fixtures") / "messages").iterdir(), key=lambda entry: entry.name):
        data, _ = read_yaml(entry.read_text("utf-8"), entry.name)
        found += [bytes.fromhex(message["hex"]) for message in data["messages"]]
    return found


def finding(target: Target, raw: bytes) -> str:
    """Return what *target* does with *raw* that may not be, as a line to be printed, or the empty string."""
    try:
        wrong = target.fault(raw)
    except Exception as error:  # noqa: BLE001 -- what this looks for
        at = error.__traceback__
        while at is not None and at.tb_next is not None:
            at = at.tb_next
        wrong = f"{type(error).__name__} at {at.tb_frame.f_code.co_name}:{at.tb_lineno}" if at else ""
    return f"{target.name}: {wrong}: {raw.hex()}" if wrong else ""


def message_fault(spec: Spec, raw: bytes) -> str:
    """Return what goes wrong in decoding *raw*, in reading what was decoded, and in encoding it again."""
    if wrong := engine_fault(spec, raw, strict=True) or engine_fault(spec, raw, strict=False):
        return wrong
    try:
        message = spec.decode(raw)
    except DecodeError as error:
        if not 0 <= error.offset <= len(raw):
            return f"the offset {error.offset} lies outside of {len(raw)} bytes"
        if not refuses_traced(spec, raw):
            return "what is refused is decoded with its trace"
        return "" if str(error) and repr(error.partial) else "an error without words"
    if wrong := trace_fault(spec, message, raw):
        return wrong
    for number in message:
        if wrong := parts_fault(message, number, len(raw)) or depths_fault(spec, message, number):
            return wrong
    spec.check(message)
    repr(message)
    return "" if spec.encode(message) == raw else "decoded and encoded it is other bytes"


def engine_fault(spec: Spec, raw: bytes, *, strict: bool) -> str:
    """Return where the engine and the Python walker differ; the engine may always leave it to the walker."""
    quick = spec.engine.decode(raw, spec, strict)
    if quick is None:
        return ""
    try:
        mti, values, kept = walker.decode(spec.plan, raw, strict=strict)
    except DecodeError:
        return "the engine takes what the walker refuses"
    if (quick.mti, dict(quick.items()), quick._kept) != (mti, values, kept):  # noqa: SLF001 -- what is to be equal
        return "the engine reads other values than the walker"
    if spec.engine.encode(quick, spec) not in {raw, None}:
        return "the engine writes other bytes than it read"
    return ""


def refuses_traced(spec: Spec, raw: bytes) -> bool:
    """Say whether the walker that traces refuses *raw* as well."""
    try:
        spec.decode(raw, trace=True)
    except DecodeError:
        return True
    return False


def trace_fault(spec: Spec, message: Message, raw: bytes) -> str:
    """Return what is wrong with where everything lies: the elements fill *raw* without a gap, the parts lie inside."""
    traced = spec.decode(raw, trace=True)
    if traced != message:
        return "decoded with its trace it is another message"
    at = 0
    for span in traced.spans:
        if not 0 <= span.start <= span.body <= span.end <= len(raw):
            return f"{span.field} lies outside of {len(raw)} bytes"
        if "." not in span.field and not span.fault:  # a fault stands where it is, inside its element
            if span.start != at:
                return f"{span.field} begins at {span.start}, what is before it ends at {at}"
            at = span.end
    return "" if at == len(raw) else f"the last element ends at {at} of {len(raw)} bytes"


def parts_fault(message: Message, number: int, length: int) -> str:
    """Return what went wrong inside a field: broken parts raise DecodeError at the access, and nothing else."""
    try:
        parts = message.parts(number)
    except DecodeError as error:
        if message.get(number) is not None and not refused(message, f"{number}.9F26"):
            return f"a tag is found in DE {number}, whose parts are broken"
        return "" if 0 <= error.offset <= length else f"the offset {error.offset} lies outside of {length} bytes"
    except KeyError:
        return ""  # the field has no parts
    for key in parts:
        if message[f"{number}.{key}"] != parts[key]:
            return f"DE {number}.{key} is another alone than among the parts"
    return ""


def depths_fault(spec: Spec, message: Message, number: int) -> str:
    """Return what goes wrong deeper inside: what is told of a part is what its path gives, and may be set to itself."""
    nodes = list(spec.inside(message, number))
    hidden = tree.hidden(nodes)
    for node in nodes[:DEEP]:
        path = f"{number}.{node.path}"
        if node.item is None or node.parent in hidden:
            continue
        if message[path] != node.item.value:
            return f"DE {path} is another alone than in the walk over all"
        if message.evolve({path: node.item.value}) != message:
            return f"DE {path} set to what it is changes the message"
    return ""


def refused(message: Message, path: str) -> bool:
    """Say whether what is at *path* cannot be read, or is not there to be read."""
    try:
        return message.get(path) is None
    except DecodeError:
        return True


def framing_fault(framing: Framing, raw: bytes) -> str:
    """Return what goes wrong in cutting a stream: any pieces give the same frames and the same fault."""
    whole = frames(framing, [raw])
    middle = len(raw) // 2
    if frames(framing, (raw[:middle], raw[middle:])) != whole:
        return "two pieces are cut in another way than the whole"
    if frames(framing, (raw[at : at + 1] for at in range(len(raw)))) != whole:
        return "single bytes are cut in another way than the whole"
    for header, payload in whole[0]:
        if frames(framing, [framing.frame(payload, header)])[0] != [(header, payload)]:
            return "a frame that was read is written in another way"
    return ""


def frames(framing: Framing, pieces: Iterable[bytes]) -> tuple[list[tuple[bytes, bytes]], str]:
    """Return the frames in *pieces* of a stream, and the fault that ends it."""
    framer = framing.framer(512)
    found: list[tuple[bytes, bytes]] = []
    try:
        for piece in itertools.chain(pieces, [b""]):
            found += [(frame.header, frame.payload) for frame in framer.receive(piece)]
        framer.eof()
    except FramingError as fault:
        return found, f"{type(fault).__name__} {fault}"
    return found, ""


def capture_fault(capture: bytes, raw: bytes) -> str:
    """Return what goes wrong in reading a *capture* with *raw* in it, at the place that its first two bytes say.

    A capture of its own is *raw* as well.
    """
    at = int.from_bytes(raw[:2], "big") % len(capture)
    return heard_fault(raw) or heard_fault(capture[:at] + raw[2:] + capture[at + len(raw) :])


def heard_fault(data: bytes) -> str:
    """Return what goes wrong in reading a file: it is a capture, all of whose findings lie in it, or it is none."""
    heard = Overhearing(load_spec("iso87-ascii"), Framing.parse("2be"), 5000)
    try:
        told = list(heard.read(io.BytesIO(data)))
    except CaptureError as error:
        return "" if str(error) else "an error without words"
    for each in told:
        number = each.number if isinstance(each, Finding) else each.told.number
        if not 1 <= number <= heard.packets + 1:
            return f"packet {number} of {heard.packets}"
        if isinstance(each, Finding) and not (each.text and each.where and (each.offset or 0) >= 0):
            return "a finding without words or place"
    return ""
