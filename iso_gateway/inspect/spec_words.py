"""What a spec says of the wire, in words: ``n..19 in BCD``, ``length in 1 byte of BCD, counts digits``."""

from __future__ import annotations

from typing import Final

from iso_gateway.codec import lengths
from iso_gateway.codec.charsets import EBCDIC, ONE_BYTE
from iso_gateway.codec.field import Field
from iso_gateway.codec.parts.ber import BerTLV
from iso_gateway.codec.parts.bitmapped import Bitmapped, DatasetMap
from iso_gateway.codec.parts.part import Part
from iso_gateway.codec.parts.positional import Layouts, Positional, Repeated
from iso_gateway.codec.parts.structure import Structure
from iso_gateway.codec.parts.tagged import Figure, Tagged
from iso_gateway.codec.plan import FIELD, FOLLOWS
from iso_gateway.codec.spec import Spec

NO_LENGTH: Final = "no length"
_CODECS: Final = {"ascii": "ASCII", "bcd": "BCD", "hex": "hex", "hex-ebcdic": "hex in EBCDIC", "utf-8": "UTF-8"}
_KINDS: Final = {Positional: "one after the other", Repeated: "the same again and again", BerTLV: "BER-TLV"}


def codec(name: str) -> str:
    """Return what people call an encoding."""
    return _CODECS.get(name, name)


def digits_in(name: str) -> str:
    """Return what people call an encoding of digits, in which all of EBCDIC is alike."""
    return "EBCDIC" if name in EBCDIC else codec(name)


def mti(spec: Spec) -> str:
    """Say how a message type is written."""
    codec_name = spec.plan.mti_codec
    return "2 bytes of BCD" if codec_name == "bcd" else f"4 digits in {digits_in(codec_name)}"


def bitmap(spec: Spec) -> str:
    """Say how the bitmaps are written, and how many there are."""
    plan = spec.plan
    if plan.bitmap_fixed:
        return f"{codec(plan.bitmap_form)}, {plan.bitmap_fixed} bytes whatever bit 1 says"
    third = {FOLLOWS: ", a third one behind the second", FIELD: ", a third one as DE 65"}.get(plan.third, "")
    return f"{codec(plan.bitmap_form)}, as many as announced{third}"


def everything(field: Field, part: Part | None = None) -> str:
    """Say all of a field, or of a part."""
    said = length(field, part)
    return body(field, part) if said == NO_LENGTH else f"{body(field, part)}; {said}"


def body(field: Field, part: Part | None = None) -> str:
    """Say what a field is, and its encoding: ``n 6 in BCD``, ``b..999``; a part that lies in text has none."""
    if part is not None and part.rest:
        what = field.format
    else:
        what = f"{field.format} {field.max}" if field.length == "fixed" else f"{field.format}..{field.max}"
    if field.encoding == "binary" or (part is not None and not part.binary and not field.binary):
        return what
    return f"{what} in {codec(field.encoding)}"


def length(field: Field, part: Part | None = None) -> str:
    """Say how the length is written, and what it counts where that makes a difference."""
    if part is not None and part.rest:
        return "all that is left, or as its tag says"
    if field.length == "fixed":
        return NO_LENGTH
    width = prefix_width(field)
    many = "" if width == 1 else "s"
    written = {
        "bcd": f"{width} byte{many} of BCD",
        "binary": f"{width} binary byte{many}",
        "hex": f"{width} hex digit{many}",
    }.get(field.prefix, f"{width} {digits_in(field.prefix)} digit{many}")
    if part is not None and not part.binary:
        written = f"{width} digit{many}"
    counted = f", counts {field.counts}" if countable(field) else ""
    itself = ", itself too" if field.inclusive else ""
    return f"length in {written}{counted}{itself}"


def prefix_width(field: Field) -> int:
    """Return the bytes of the length."""
    return field.prefix_bytes or lengths.size(field.length, field.prefix)


def countable(field: Field) -> bool:
    """Return whether a value has not as many units as bytes, so that a length has to count one of them."""
    return field.encoding not in ONE_BYTE and field.encoding != "binary"


def pad(field: Field) -> str:
    """Say what fills a field."""
    return f"filled {field.pad_side} with {field.pad_with!r}" if field.pad_with else "not filled"


def least(field: Field) -> str:
    """Say the shortest that a field takes."""
    return f"{field.min} at least"


def kind(structure: Structure | None) -> str:
    """Say how something is cut, but for its parts."""
    if structure is None:
        return "none"
    if isinstance(structure, Layouts):
        return f"by its size: {', '.join(str(each.size) for each in structure.layouts)}"
    if isinstance(structure, Tagged):
        order = "length before tag" if structure.length_first else "tag before length"
        counted = ", the length counts both" if structure.counts_tag else ""
        return f"tags of {_figure(structure.tag)}, lengths of {_figure(structure.length)}, {order}{counted}"
    if isinstance(structure, DatasetMap):
        return f"a dataset bit map, numbers are {'bits' if structure.by_bit else 'elements'}"
    if isinstance(structure, Bitmapped):
        more = ", bit 1 announces another" if structure.chained else ""
        return f"a bitmap of {structure.size} bytes in {codec(structure.encoding)}{more}"
    return _KINDS.get(type(structure), type(structure).__name__)


def _figure(figure: Figure) -> str:
    return f"{figure.size} in {codec(figure.encoding)}" if figure.encoding else str(figure.size)
