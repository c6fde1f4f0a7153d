"""A spec -> a dissector for Wireshark and tshark, in Lua.

The Lua of ``lua/`` walks the same plan as our own decoder does; what is written here are its tables: rows, parts,
character sets, response codes. A test holds what tshark makes of captures against our own decode, for every shipped
spec.

What a spec masks is masked in the dissection too. The packet's bytes that Wireshark shows beside it are what they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

from iso_gateway.codec import content, emv
from iso_gateway.codec.charsets import ONE_BYTE, SEVERAL_BYTES
from iso_gateway.codec.field import Field
from iso_gateway.codec.mti import KNOWN, Function, MessageClass
from iso_gateway.codec.parts.ber import BerTLV
from iso_gateway.codec.parts.bitmapped import Bitmapped, DatasetMap
from iso_gateway.codec.parts.part import Part
from iso_gateway.codec.parts.positional import Layouts, Positional, Repeated
from iso_gateway.codec.parts.structure import Structure
from iso_gateway.codec.parts.tagged import Figure, Tagged
from iso_gateway.codec.plan import (
    BYTES,
    CHARS,
    CODED,
    HEX,
    HEXED,
    PACKED,
    SIGNED,
    TEXT,
    WIDE,
    Row,
)
from iso_gateway.codec.spec import Spec
from iso_gateway.framing import Framing
from iso_gateway.framing.grammar import DEFAULT_MAX_LENGTH
from iso_gateway.framing.headers import HEADERS
from iso_gateway.protocol.profile import Profile

ABBREVIATION: Final = "isogw"
"""What the filter fields begin with."""
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
"""What an abbreviation may be."""
MOST_FIELDS: Final = 4000
"""Filter fields; parts that come later have the common field ``.part``."""
_OPS: Final = {
    TEXT: "text",
    PACKED: "packed",
    BYTES: "bytes",
    HEX: "hex",
    CODED: "coded",
    SIGNED: "signed",
    CHARS: "chars",
    WIDE: "wide",
    HEXED: "hexed",
}
_RUNTIME: Final = ("values", "parts", "messages")


def dissector(
    spec: Spec,
    framing: Framing,
    ports: Sequence[int] = (),
    profile: Profile | None = None,
    *,
    abbreviation: str = ABBREVIATION,
    unsafe: bool = False,
) -> str:
    """Return the text of a Lua script for *spec*.

    Args:
        spec: of the messages.
        framing: what lies around them.
        ports: the TCP ports; at others it can be chosen by hand ("Decode As").
        profile: of the dialect, for the meaning of response codes.
        abbreviation: what the filter fields begin with; two scripts in one Wireshark need two of them.
        unsafe: mask nothing.

    Raises:
        ValueError: *abbreviation* is none.
    """
    if NAME.fullmatch(abbreviation) is None:
        raise ValueError("small letters, digits and underscores expected, 32 at most")
    writing = _Writing()
    tables = {
        "abbrev": abbreviation,
        "title": f"ISO 8583, {spec.name}" + f" ({abbreviation})" * (abbreviation != ABBREVIATION),
        "ports": list(ports),
        "unsafe": unsafe,
        "most_fields": MOST_FIELDS,
        "framing": {
            "length": framing.length,
            "inclusive": framing.inclusive,
            "headers": list(framing.headers),
            "most": DEFAULT_MAX_LENGTH,
        },
        "mti": {
            "codec": spec.plan.mti_codec,
            "size": spec.plan.mti_size,
            "versions": "".join(sorted({each[0] for each in KNOWN[spec.version]})),
        },
        "bitmap": {
            "form": spec.plan.bitmap_form,
            "fixed": spec.plan.bitmap_fixed,
            "third": spec.plan.third,
        },
        "rows": {number: writing.field(field, spec.plan.rows[number]) for number, field in spec.fields.items()},
        "response_codes": _codes(profile),
        "codecs": _codecs(spec),
        "wide": {each: _wide(each) for each in SEVERAL_BYTES if each != "utf-8" and _named(spec, each)},
    }
    head = (
        f"-- {spec.name}: a dissector for Wireshark and tshark, made by `iso-gateway wireshark`.\n"
        "-- Copy it into the folder of personal Lua plugins (Help, About, Folders), or: tshark -X lua_script:FILE\n"
    )
    words = {f"{each:d}": each.name.lower().replace("_", " ") for each in MessageClass}
    words |= {f"f{each:d}": each.name.lower().replace("_", " ") for each in Function}
    script = "".join(
        f"local {name} = {written}\n"
        for name, written in (
            ("EMV", lua(emv.NAMES)),
            ("EMV_SHOWN", lua(dict.fromkeys(sorted(emv.SHOWN_TAGS), True))),
            ("MTI_WORDS", lua(words)),
            ("HEADERS", lua({name: header.size for name, header in HEADERS.items()})),
            ("T", "{}"),
        )
    )
    spec_table = lua(tables)
    shared = "".join(f"T[{number}] = {written}\n" for written, number in writing.shared.items())
    runtime = "\n".join((files("iso_gateway.traffic") / "lua" / f"{name}.lua").read_text("utf-8") for name in _RUNTIME)
    return f"{head}\n{script}{shared}local SPEC = {spec_table}\n\n{runtime}"


class _Raw(str):
    """A piece of Lua."""

    __slots__ = ()


class _Writing:
    """The tables of fields and parts; what is equal is written once."""

    def __init__(self) -> None:
        self.shared: dict[str, int] = {}

    def field(self, field: Field, row: Row) -> dict[str, Any]:
        """Return the table of one data element."""
        return {
            "name": field.name,
            "mask": field.mask,
            **_row(row),
            "inside": self._structure(field.inside),
        }

    def _part(self, part: Part) -> dict[str, Any]:
        return {
            "key": part.key,
            "name": part.field.name,
            "mask": part.field.mask,
            "rest": part.rest,
            "row": _Raw(lua(_row(part.row))),
            "inside": self._structure(part.field.inside),
        }

    def _parts(self, parts: Mapping[str, Part]) -> dict[str, dict[str, Any]]:
        return {key: self._part(part) for key, part in parts.items()}

    def _structure(self, structure: Structure | None) -> _Raw | None:
        """Return the name of the table of *structure*."""
        if structure is None:
            return None
        written = lua({"binary": structure.binary, **self._cut(structure)})
        return _Raw(f"T[{self.shared.setdefault(written, len(self.shared) + 1)}]")

    def _cut(self, structure: Structure) -> dict[str, Any]:
        match structure:
            case Positional():
                parts = [self._part(part) for part in structure.parts.values()]
                return {"kind": "positional", "parts": parts, "size": structure.size}
            case Layouts():
                return {"kind": "layouts", "layouts": [self._structure(each) for each in structure.layouts]}
            case Repeated():
                return {"kind": "repeated", "part": self._part(structure.part)}
            case BerTLV():
                depth = 0
                deeper = structure.deeper
                while deeper is not None:
                    depth, deeper = depth + 1, deeper.deeper
                parts_by_tag = self._parts(structure.parts)
                return {"kind": "ber", "parts": parts_by_tag, "named": structure.named, "depth": depth}
            case Tagged():
                return {
                    "kind": "tagged",
                    "parts": self._parts(structure.parts),
                    "tag": _figure(structure.tag),
                    "length": _figure(structure.length),
                    "length_first": structure.length_first,
                    "counts_tag": structure.counts_tag,
                    "others": {key: self._structure(each) for key, each in structure.others.items()},
                }
            case DatasetMap():
                return {
                    "kind": "dataset_map",
                    **self._bitmapped(structure),
                    "tail": self._part(structure.tail),
                    "by_bit": structure.by_bit,
                }
            case Bitmapped():
                return {"kind": "bitmapped", **self._bitmapped(structure)}
        raise AssertionError(type(structure).__name__)  # pragma: no cover -- all of them stand above

    def _bitmapped(self, structure: Bitmapped) -> dict[str, Any]:
        return {
            "parts": self._parts(structure.parts),
            "size": structure.size,
            "encoding": structure.encoding,
            "chained": structure.chained,
        }


def _figure(figure: Figure) -> dict[str, Any]:
    return {"size": figure.size, "encoding": figure.encoding}


def _row(row: Row) -> dict[str, Any]:
    """Return how a field or a part lies."""
    # The expression of a format differs by its encoding; the script knows each by a word.
    kind = "any" if row.op in {BYTES, HEX, HEXED} else row.kind
    suffixes = {"": "ascii", "w": "utf-8", "p": "bcd"}
    check = next(f"{kind}{each}" for each, name in suffixes.items() if content.pattern(kind, name) == row.pattern)
    return {
        "op": _OPS[row.op],
        "binary": row.op in {BYTES, HEX, HEXED},
        "check": check,
        "words": content.words(row.kind),
        "width": row.width,
        "prefix": row.prefix,
        "step": row.step,
        "extra": row.extra,
        "low": row.low,
        "high": row.high + row.high % row.step,
        "codec": row.codec,
        "left": row.left,
    }


def _codes(profile: Profile | None) -> dict[str, list[str]]:
    """Return the response codes: class and meaning."""
    if profile is None:
        return {}
    return {row.code: [profile.verdict(row.code).value, row.meaning] for row in profile.codes}


def _codecs(spec: Spec) -> dict[str, list[str]]:
    """Return the characters of the one-byte character sets by their bytes: of those that the spec can have."""
    named = {each for each in ONE_BYTE if each != "ascii" and (_named(spec, each) or each == spec.plan.mti_codec)}
    return {each: [bytes([byte]).decode(each, "replace") for byte in range(256)] for each in sorted(named | {"cp500"})}


def _named(spec: Spec, codec: str) -> bool:
    """Return whether *spec* says *codec* anywhere."""
    return f"'{codec}'" in repr(spec.source)


def _wide(codec: str) -> dict[str, Any]:
    """Return the characters of a codec with one or two bytes to the character: by the first byte, then the second.

    Wireshark could read some of them itself, but 4.0 gives scripts no more bytes of UTF-8 than there were of the other.
    """
    single: dict[int, str] = {}
    rows: dict[int, str] = {}
    for first in range(0x80, 0x100):
        alone = bytes([first]).decode(codec, "replace")
        if "\ufffd" not in alone:
            single[first] = alone
            continue
        row = [_pair(first, second, codec) for second in range(0x40, 0xFF)]
        if set(row) != {"\ufffd"}:
            rows[first] = "".join(row)
    return {"single": single, "rows": rows}


def _pair(first: int, second: int, codec: str) -> str:
    found = bytes([first, second]).decode(codec, "replace")
    return found if len(found) == 1 else "\ufffd"


def lua(value: object) -> str:
    """Return *value* as Lua writes it; what is None is left out of tables."""
    if isinstance(value, _Raw):
        return str(value)
    if isinstance(value, str):
        return '"' + "".join(_character(each) for each in value) + '"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        pairs = (f"[{lua(key)}]={lua(each)}" for key, each in value.items() if each is not None)
        return "{" + ",".join(pairs) + "}"
    assert isinstance(value, Sequence)
    return "{" + ",".join(lua(each) for each in value) + "}"


def _character(each: str) -> str:
    """Return one character of a string: what a script or a screen would obey as its number."""
    if each.isprintable() and each not in '"\\':
        return each
    return "".join(f"\\{byte:03}" for byte in each.encode())
