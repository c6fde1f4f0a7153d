"""The parts of a field of a spec's data -> `Structure`: the shapes, the defaults, and what does not go together.

``parts`` of a field, and of a part, is one of these:

    {1: part, 2: part, ...}            one after the other; those at the end may be left out
    {layouts: [{size, parts}, ...]}    the same, by the size of the value
    {repeat: part}                     one kind again and again, numbered 1, 2, 3
    ber-tlv                            BER-TLV data objects with EMV's names and masks
    {ber-tlv: {tags, dictionary}}      the same; `tags` are declared, of others only those of `dictionary` are shown
    {tagged: {tag, length, tags, order, counts}}   tag and length of fixed width
    datasets                           datasets as in ISO 8583:2003, none of them declared
    {datasets: {sets, dictionary}}     an identifier of one byte, a length of two, as in ISO 8583:2003
    {bitmap: {size, parts, encoding, chained}}     a bitmap, then the parts that it names
    {dbm: {parts, numbers, tags}}      a dataset bit map; data objects may follow under the key ``tlv``

The keys of each, and of a part, are in docs/specs.md.

A composite shows no more than its parts: its mask is at least as strict as the strictest of theirs, and ``all``
where tags may come that nobody declared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from iso_gateway import settings
from iso_gateway.codec import tlv
from iso_gateway.codec.charsets import SEVERAL_BYTES
from iso_gateway.codec.field import Field
from iso_gateway.codec.part_shapes import (
    BerShape,
    BitmapShape,
    DatasetsShape,
    DbmShape,
    LayoutShape,
    Number,
    Size,
    TaggedShape,
)
from iso_gateway.codec.parts.ber import BerTLV
from iso_gateway.codec.parts.bitmapped import TAIL, Bitmapped, DatasetMap
from iso_gateway.codec.parts.part import Part
from iso_gateway.codec.parts.positional import Layouts, Positional, Repeated
from iso_gateway.codec.parts.structure import Structure
from iso_gateway.codec.parts.tagged import LAST_TLV, Figure, Tagged
from iso_gateway.errors import Problem, did_you_mean

DEPTH: Final = 5
"""How deep a spec may nest parts. Nobody reads more, and whatever recurses over them must end."""
WORDS: Final = ("ber-tlv", "datasets")
"""The kinds of parts that are said in a word."""
_STRICTNESS: Final = {"none": 0, "scan": 1, "pan": 2, "track": 3, "all": 3}

Fields = Callable[[str, list[Problem], Any], Field | None]
"""Path, problems, data -> what a part has in common with a field."""


class Reading:
    """The reading of the parts of one field or part: what is wrong goes to *problems*.

    Args:
        path: that of the field.
        problems: where they go.
        whole: the field.
        fields: reads what a part has in common with a field.
        depth: how many composites are around it.
    """

    def __init__(self, path: str, problems: list[Problem], whole: Field, fields: Fields, depth: int = 0) -> None:
        self.path = path
        self.problems = problems
        self.whole = whole
        self.fields = fields
        self.depth = depth
        self.binary = whole.binary

    def wrong(self, key: str, message: str) -> None:
        """Note a fault at *key* of the field."""
        self.problems.append(Problem(f"{self.path}.{key}".rstrip("."), message))

    def structure(self, data: object) -> Structure | None:
        """Return how the field is cut; None where it is not, or *data* is not in shape."""
        if self.depth >= DEPTH:
            self.wrong("parts", f"parts are nested more than {DEPTH} deep")
            return None
        if data == "ber-tlv":
            return self.ber(BerShape(dictionary="emv"), "parts")
        if data == "datasets":
            return self.datasets(DatasetsShape(), "parts")
        if not isinstance(data, Mapping) or not data:
            hint = did_you_mean(data, WORDS) if isinstance(data, str) else ""
            self.wrong("parts", f"expected {', '.join(WORDS)}, a table of parts, or one of {', '.join(KINDS)}{hint}")
            return None
        kind = next(iter(data))
        if len(data) == 1 and kind in KINDS:
            shape, reading = KINDS[kind]
            key = f"parts.{kind}"
            found = data[kind] if shape is None else self._read(shape, data[kind], key)
            if found is None:
                return None
            structure: Structure | None = getattr(self, reading)(found, key)
            return structure
        if not any(isinstance(each, str) and each.isdecimal() for each in data):
            hint = did_you_mean(str(kind), list(KINDS)) or f", expected one of {', '.join(KINDS)}, or numbered parts"
            self.wrong(f"parts.{kind}", f"no kind of parts{hint}")
            return None
        rows = self._read(dict[Number, Any], data, "parts")
        return None if rows is None else self._positional("parts", rows, None)

    def _read(self, kind: Any, data: object, key: str) -> Any:
        value, problems = settings.read(kind, data, text=True, told=len(self.problems))
        for problem in problems:
            self.wrong(f"{key}.{problem.path}".strip("."), problem.message)
        return value

    def _positional(self, key: str, rows: Mapping[int, Any], size: int | None) -> Positional:
        found = [self._part(f"{key}.{number}", str(number), rows[number]) for number in sorted(rows)]
        parts = [each for each in found if each is not None]
        if any(part.rest for part in parts[:-1]):
            self.wrong(key, "only the last part can be the rest")
        self._mask(parts)
        total = sum(_least(part) for part in parts)
        if size is not None and len(parts) == len(found) and (total != size or any(not part.size for part in parts)):
            self.wrong(key, f"the parts take {total}, the layout is for {size}")
        self._fits(key, total if size is None else size)
        return Positional(parts, size, binary=self.binary)

    def _fits(self, key: str, needed: int) -> None:
        if needed > self.whole.max:
            self.wrong(key, f"the parts take {needed}, the field {self.whole.max} at most")

    def layouts(self, rows: list[LayoutShape], key: str) -> Structure:
        """Return parts by the size of the value."""
        sizes = [each.size for each in rows]
        for at, each in enumerate(sizes):
            if each in sizes[:at]:
                self.wrong(f"{key}.{at}.size", "an earlier layout is for this size")
        found = [self._positional(f"{key}.{at}.parts", each.parts, each.size) for at, each in enumerate(rows)]
        return Layouts(found, binary=self.binary)

    def repeat(self, data: object, key: str) -> Structure | None:
        """Return one kind of part again and again."""
        part = self._part(key, "1", data)
        if part is None:
            return None
        if part.rest:
            self.wrong(f"{key}.size", "what is repeated has an end of its own")
        size = part.size
        if size and self.whole.length == "fixed" and self.whole.max % size:
            self.wrong(key, f"parts of {size} do not fill the field of {self.whole.max}")
        elif size:
            self._fits(key, size)
        self._mask([part])
        return Repeated(part, binary=self.binary)

    def ber(self, shape: BerShape, key: str) -> Structure:
        """Return BER-TLV data objects."""
        if not self.binary:
            self.wrong(key, "ber-tlv needs format b")
        parts = self._tags(f"{key}.tags", shape.tags, lambda tag: tlv.is_tag(tag) and tag == tag.upper(), "a BER tag")
        for tag, part in parts.items():
            if tlv.is_constructed(tag) and part.field.binary and part.field.inside is None and part.mask != "all":
                self.wrong(f"{key}.tags.{tag}.mask", "expected all: anything may come in a constructed object")
        self._open(key)
        return BerTLV(parts, named=shape.dictionary == "emv")

    def tagged(self, shape: TaggedShape, key: str) -> Structure:
        """Return tag, length, value of fixed width."""
        for name in ("tag", "length"):
            encoding = getattr(shape, name).encoding
            if self.binary and not encoding:
                self.wrong(f"{key}.{name}.encoding", "is missing: how it lies in bytes")
            elif encoding and not self.binary:
                self.wrong(f"{key}.{name}.encoding", "in text it is text")
        tag = Figure(shape.tag.size, shape.tag.encoding)
        words = f"a tag of {tag.digits} {'hexadecimal digits' if tag.encoding == 'binary' else 'characters'}"
        parts = self._tags(f"{key}.tags", shape.tags, lambda each: tag.written(each) is not None, words)
        self._open(key)
        return Tagged(
            parts,
            tag,
            Figure(shape.length.size, shape.length.encoding),
            length_first=shape.order == "ltv",
            counts_tag=shape.counts == "both",
            binary=self.binary,
        )

    def datasets(self, shape: DatasetsShape, key: str) -> Structure:
        """Return datasets."""
        if not self.binary:
            self.wrong(key, "datasets need format b")
        tag = Figure(1, "binary")
        parts = self._tags(
            f"{key}.sets", shape.sets, lambda each: tag.written(each) is not None and each not in {"00", "FF"},
            "an identifier from 01 to FE",
        )  # fmt: skip
        plain = BerTLV({}, named=shape.dictionary == "emv")
        self._open(key)
        others = {f"{each:02X}": plain for each in range(1, LAST_TLV + 1)}
        return Tagged(parts, tag, Figure(2, "binary"), others=others, binary=True)

    def bitmap(self, shape: BitmapShape, key: str) -> Structure:
        """Return a bitmap and what it names."""
        if shape.encoding and not self.binary:
            self.wrong(f"{key}.encoding", "in text a bitmap is hexadecimal")
        bits = 8 * shape.size
        for number in shape.parts:
            if not shape.chained and number > bits:
                self.wrong(f"{key}.parts.{number}", f"the bitmap has {bits} bits")
            elif shape.chained and number % bits == 1:
                self.wrong(f"{key}.parts.{number}", "this bit says that another bitmap follows")
        parts = self._numbered(f"{key}.parts", shape.parts)
        encoding = shape.encoding or "binary"
        return Bitmapped(parts, shape.size, encoding, chained=shape.chained, binary=self.binary)

    def dbm(self, shape: DbmShape, key: str) -> Structure | None:
        """Return a dataset bit map."""
        if not self.binary:
            self.wrong(key, "a dataset bit map needs format b")
        by_bit = shape.numbers == "bits"
        for number in shape.parts if by_bit else ():
            if number == 1 or (number % 8 == 1 and number > 16):
                self.wrong(f"{key}.parts.{number}", "this bit says that more bits follow")
        parts = self._numbered(f"{key}.parts", shape.parts)
        data = {"name": "data_objects", "format": "b", "size": "rest", "mask": "all"}
        tail = self._part(f"{key}.tags", TAIL, data)
        self._open(key)
        if tail is None:
            return None
        tags = Reading(self.path, self.problems, tail.field, self.fields, self.depth + 1)
        field = tail.field._replace(inside=tags.ber(BerShape(tags=shape.tags), key))
        return DatasetMap(parts, Part(TAIL, field, rest=True, binary=True), by_bit=by_bit)

    def _numbered(self, key: str, rows: Mapping[int, Any]) -> dict[int, Part]:
        parts: dict[int, Part] = {}
        for number in sorted(rows):
            part = self._part(f"{key}.{number}", str(number), rows[number])
            if part is not None:
                parts[number] = part
        for number, part in list(parts.items())[:-1]:
            if part.rest:
                self.wrong(f"{key}.{number}.size", "only the last part can be the rest")
        self._mask(list(parts.values()))
        return parts

    def _tags(self, key: str, rows: Mapping[str, Any], good: Callable[[str], bool], what: str) -> dict[str, Part]:
        parts: dict[str, Part] = {}
        for tag, row in rows.items():
            if not good(tag):
                self.wrong(f"{key}.{tag}", f"not {what}")
                continue
            for name in {"size", "length"} & set(row if isinstance(row, Mapping) else ()):
                self.wrong(f"{key}.{tag}.{name}", "a tag has its length with it")
            part = self._part(f"{key}.{tag}", tag, row, size="rest")
            if part is not None:
                parts[tag] = part
        return parts

    def _open(self, key: str) -> None:
        """See to it that a composite is masked in which anything may come."""
        if self.whole.mask != "all":
            self.wrong("mask", f"expected all: {key.rpartition('.')[2]} may hold what nobody declared")

    def _mask(self, parts: list[Part]) -> None:
        """See to it that a composite shows no more than its parts do."""
        if any(_STRICTNESS[part.mask] > _STRICTNESS[self.whole.mask] for part in parts):
            self.wrong("mask", "shows what is masked in its parts")

    def _part(self, key: str, number: str, data: object, size: str = "") -> Part | None:
        path = f"{self.path}.{key}"
        if not isinstance(data, Mapping):
            self.wrong(key, "expected a table of keys")
            return None
        row = {str(name): each for name, each in data.items()}
        inside = row.pop("parts", None)
        before = len(self.problems)
        if size:
            row.pop("length", None)
            row["size"] = size
        rest = row.get("size") == "rest"
        self._sized(key, row)
        self._lies(key, row)
        field = self.fields(path, self.problems, row)
        if field is None:
            return None
        if field.encoding in SEVERAL_BYTES and field.counts == "characters":
            self.wrong(f"{key}.counts", "the length of a part counts bytes")
        elif field.encoding == "hex-ebcdic":
            self.wrong(f"{key}.encoding", "hexadecimal characters of a part are in ASCII (encoding: hex)")
        if not row.get("pad"):
            field = field._replace(pad_with="")
        if not self.binary and field.format == "nibbles":
            field = field._replace(encoding="ascii")
        if inside is not None:
            structure = Reading(path, self.problems, field, self.fields, self.depth + 1).structure(inside)
            field = field._replace(inside=structure)
        if len(self.problems) > before:
            # What is wrong may not lower, and others ask for its size; the rest of the spec is looked at all the same.
            return None
        charset = "" if self.binary else self.whole.encoding
        return Part(number, field, rest=rest, binary=self.binary, charset=charset)

    def _sized(self, key: str, row: dict[str, Any]) -> None:
        """Put the length of a field in place of a size."""
        if "size" not in row:
            if "length" not in row:
                self.wrong(f"{key}.size", "is missing, expected a number of bytes or characters, rest, or a length")
                row |= {"length": "fixed", "max": "1"}
            return
        given = row.pop("size")
        for name in ("length", "max", "min", "prefix", "prefix_bytes", "inclusive", "counts"):
            if row.pop(name, None) is not None:
                self.wrong(f"{key}.{name}", "does not go with a size")
        row["length"] = "fixed"
        if given == "rest":
            row |= {"length": "LLLLLLVAR", "prefix": "binary", "max": "999998"}
            if row.get("encoding") == "bcd" and row.get("format") != "xn":
                row["counts"] = "bytes"
            return
        size = self._read(Size, given, f"{key}.size")
        row["max"] = str(self._units(key, row, size or 1))

    def _units(self, key: str, row: dict[str, Any], size: int) -> int:
        """Return how many digits, characters or bytes of a value take *size* of what holds it."""
        hexadecimal = row.get("encoding") == "hex" and row.get("format") == "b"
        if hexadecimal and size % 2:
            self.wrong(f"{key}.size", "two hexadecimal digits make a byte")
        if hexadecimal:
            return max(1, size // 2)
        packed = row.get("encoding") == "bcd" or row.get("format") == "nibbles"
        if not packed or not self.binary:
            return size
        return 2 * size - 1 if row.get("format") == "xn" else 2 * size

    def _lies(self, key: str, row: dict[str, Any]) -> None:
        """See to it that what lies in text has no encoding of its own."""
        if self.binary:
            return
        if row.get("format") == "b":
            if row.get("encoding") != "hex":
                self.wrong(f"{key}.format", "a text field has no binary parts but hexadecimal ones (encoding: hex)")
                row["encoding"] = "hex"
        elif row.pop("encoding", None):
            self.wrong(f"{key}.encoding", "only text in a binary field has an encoding of its own")
        if row.get("length", "fixed") != "fixed" and row.get("max") != "999998":
            if row.get("prefix"):
                self.wrong(f"{key}.prefix", "in text it is text")
            row["prefix"] = "ascii"


def _least(part: Part) -> int:
    """Return how much a part takes at least."""
    return 0 if part.rest else part.size or part.row.width


KINDS: Final[dict[str, tuple[Any, str]]] = {
    "layouts": (list[LayoutShape], "layouts"),
    "repeat": (None, "repeat"),
    "ber-tlv": (BerShape, "ber"),
    "tagged": (TaggedShape, "tagged"),
    "datasets": (DatasetsShape, "datasets"),
    "bitmap": (BitmapShape, "bitmap"),
    "dbm": (DbmShape, "dbm"),
}
