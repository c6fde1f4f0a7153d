"""Random specs and messages of theirs, for whoever has to hold for all of them.

`spec_data` draws the data of a spec: every format, encoding, length, prefix, counting, padding, MTI and bitmap that a
spec can say, all of it valid. `messages` draws a message of any spec, and `broken` spoils its bytes.

    @given(drawn=st.data())
    def test_something(drawn):
        spec = build_spec(drawn.draw(spec_data()))
        data = spec.encode(drawn.draw(messages(spec)))
"""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

from iso_gateway.codec import lengths
from iso_gateway.codec.build import build_spec
from iso_gateway.codec.charsets import EBCDIC, ONE_BYTE, SEVERAL_BYTES, TEXTS
from iso_gateway.codec.content import FORMATS, PACKABLE
from iso_gateway.codec.field import Field
from iso_gateway.codec.message import Message
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import SpecError

LONGEST: Final = 40
"""Units of the longest value drawn, but where a field must be longer."""

_HEX: Final = ("hex", "hex-ebcdic")
_ALPHABETS: Final = {
    "n": "0189",
    "a": "AZaxz ",
    "an": "AZaz09 ",
    "anp": "AZaz09 ",
    "ns": "09 !@[~",
    "ans": "AZaz09 !@[]^|~",
    "z": "0189D=",
    "any": "AZaz09 !@[]^|~\x00\n",
    "nibbles": "0189ABCDEF",
}
_PADS: Final = {
    "n": ("", "left 0", "right 0", "right 9", "none"),
    "z": ("", "left 0", "right 0", "none"),
    "a": ("", "left space", "right x", "none"),
    "b": ("", "right 00", "left ff", "none"),
    "xn": ("",),
}
_TEXT_PADS: Final = ("", "left 0", "right 0", "left space", "right space", "none")
_PACKED_PADS: Final = ("", "left 0", "left F", "right 0", "right F", "right 7")


@st.composite
def spec_data(draw: st.DrawFn, *, expressible: bool = False) -> dict[str, Any]:
    """Return the data of a spec.

    Args:
        draw: of hypothesis.
        expressible: only what pyiso8583 can say as well.
    """
    third = draw(st.sampled_from(["none", "none", "follows", *([] if expressible else ["field"])]))
    fixed = "" if expressible or third != "none" else draw(st.sampled_from(["", "", "8", "16", "24"]))
    numbers = [each for each in range(2, 193 if third != "none" else 129) if each != 65]
    if fixed:
        numbers = list(range(1, 8 * int(fixed) + 1))
    some = draw(st.sets(st.sampled_from(numbers), min_size=1, max_size=8))
    data: dict[str, Any] = {
        "name": "random",
        "version": draw(st.sampled_from(["1987", "1993", "2003", "any"])),
        "mti": {"encoding": draw(st.sampled_from(["ascii", "bcd", *EBCDIC]))},
        "bitmap": {"encoding": draw(st.sampled_from(["binary", "hex", "hex-ebcdic"])), "third": third},
        "fields": {str(number): draw(field_data(expressible=expressible)) for number in sorted(some)},
        "echo": [],
    }
    if fixed:
        data["bitmap"]["fixed"] = fixed
    return data


@st.composite
def field_data(draw: st.DrawFn, *, expressible: bool = False) -> dict[str, str]:
    """Return the data of one field: see `spec_data`."""
    kind = draw(st.sampled_from(FORMATS))
    length = draw(st.sampled_from(lengths.LENGTHS))
    encodings: tuple[str, ...] = TEXTS
    if kind == "b":
        encodings = ("binary", *_HEX)
    elif kind == "nibbles":
        encodings = ("bcd",)
    elif kind in PACKABLE and not (kind == "xn" and (expressible or length != "fixed")):
        encodings = ("bcd", "bcd", *TEXTS)
    encoding = draw(st.sampled_from(encodings))
    made = {"name": "x", "format": kind, "length": length, "encoding": encoding, "mask": "none"}
    counts = draw(st.sampled_from(_counts(kind, encoding, length, expressible=expressible)))
    if counts:
        made["counts"] = counts
    if length == "fixed":
        most = draw(st.integers(1, 20))
    else:
        made |= draw(
            _prefix(length, self_counting=not expressible and not (encoding in _HEX and counts != "characters"))
        )
        most = draw(_most(made, encoding, counts))
        if draw(st.booleans()):
            made["min"] = str(draw(st.integers(0, min(most, 10))))
    made["max"] = str(most)
    pads = _PACKED_PADS if encoding == "bcd" else _PADS.get(kind, _TEXT_PADS)
    pad = draw(st.sampled_from(pads))
    return {**made, "pad": pad} if pad else made


def _counts(kind: str, encoding: str, length: str, *, expressible: bool) -> tuple[str, ...]:
    """Return what a length can count in such a field; empty is the default."""
    if encoding in SEVERAL_BYTES:
        return ("",) if expressible else ("", "bytes", "characters")
    if length == "fixed":
        return ("",)
    if encoding == "bcd":
        return ("", "digits", "bytes")
    if encoding in _HEX:
        return ("characters",) if expressible else ("", "bytes", "characters")
    if encoding in ONE_BYTE:
        return ("", "bytes", "characters", "digits") if kind == "n" else ("", "bytes", "characters")
    return ("",)


@st.composite
def _prefix(draw: st.DrawFn, length: str, *, self_counting: bool) -> dict[str, str]:
    prefix = draw(st.sampled_from([each for each in lengths.PREFIXES if self_counting or each != "hex"]))
    made = {"prefix": prefix}
    if prefix in lengths.PACKED and draw(st.booleans()):
        least = lengths.size(length, prefix) if prefix == "bcd" else 1
        made["prefix_bytes"] = str(draw(st.integers(least, 4)))
    if self_counting and length != "LVAR" and draw(st.booleans()):
        made["inclusive"] = "true"
    return made


def _most(made: dict[str, str], encoding: str, counts: str) -> st.SearchStrategy[int]:
    """Return the greatest length of a field with such a prefix, in its own units."""
    prefix = made["prefix"]
    width = int(made.get("prefix_bytes", lengths.size(made["length"], prefix)))
    limit = lengths.limit(made["length"], prefix, width)
    if "inclusive" in made:
        limit -= 2 * width if encoding == "bcd" and counts != "bytes" else width
    if encoding in _HEX and counts == "characters":
        limit //= 2
    # A spec stops at 999999, here in characters.
    most = min(limit, 499_999)
    # Some are so long that their prefixes are worked out, not looked up.
    return st.integers(1, min(most, LONGEST)) | st.integers(1, min(most, 3000)) | st.just(most)


def values(field: Field) -> st.SearchStrategy[str | bytes]:
    """Return what *field* can carry, and of a fixed one that is filled up also what is too short."""
    high = max(min(field.max, LONGEST), field.min)
    # Some pads are none of the format: a track in text has no space, digits have no F.
    legal = field.binary or field.pad_with in _ALPHABETS.get(field.format, "")
    short = field.length == "fixed" and bool(field.pad_with) and legal
    low = 1 if short else field.min
    if field.binary:
        return st.binary(min_size=low, max_size=high)
    if field.format == "xn":
        digits = st.text("0189", max_size=high)
        made = st.tuples(st.sampled_from("CD"), digits).map("".join)
        made = made if field.min else made | st.just("")
        return made.map(lambda text: _fitted(field, text, field.min if text or field.min else 0))
    alphabet = _ALPHABETS[field.format]
    if field.encoding == "bcd" and field.format == "z":
        alphabet = _ALPHABETS["nibbles"]
    elif field.format in {"ans", "any"} and field.encoding in SEVERAL_BYTES:
        alphabet += "上海"
    elif field.format in {"ans", "any"} and field.encoding != "ascii":
        alphabet += "\xe9\xdd\xa3\xac"
        alphabet = "".join(each for each in alphabet if each.encode(field.encoding, "ignore"))
    return st.text(alphabet, max_size=high).map(lambda text: _fitted(field, text, low))


def _fitted(field: Field, text: str, low: int) -> str:
    """Return *text* cut and filled to what the field can carry."""
    while _units(field, text) > field.max:
        text = text[:-1]
    text += {"a": "A", "ns": "!"}.get(field.format, "0") * (low - _units(field, text))
    if field.encoding == "bcd" and field.counts == "bytes" and field.length != "fixed" and len(text) % 2:
        # The prefix says whole bytes.
        text = text[:-1] if len(text) > field.min else text + "0"
    return text


def _units(field: Field, text: str) -> int:
    if field.encoding in SEVERAL_BYTES and field.counts == "bytes":
        return len(text.encode(field.encoding))
    return len(text)


@st.composite
def messages(draw: st.DrawFn, spec: Spec) -> Message:
    """Return any message of *spec*, of at most 8 fields."""
    numbers = draw(st.sets(st.sampled_from(sorted(spec.fields)), max_size=8))
    mti = draw(st.sampled_from(["200", "210", "421", "800"]))
    version = {"1993": "1", "2003": "2"}.get(spec.version, "0")
    return spec.message(version + mti, {number: draw(values(spec.fields[number])) for number in sorted(numbers)})


def broken(data: bytes) -> st.SearchStrategy[bytes]:
    """Return *data* cut short, with bytes changed, or with bytes put in."""
    at = st.integers(0, len(data))
    return st.one_of(
        at.map(lambda end: data[:end]),
        st.tuples(at, st.binary(max_size=3), st.integers(0, 3)).map(
            lambda change: data[: change[0]] + change[1] + data[change[0] + change[2] :]
        ),
    )


def valid(data: dict[str, Any]) -> Spec:
    """Return the spec that drawn *data* describes, with the data in the error where it is none."""
    try:
        return build_spec(data)
    except SpecError as error:
        raise AssertionError(f"{error}\n{data}") from None
