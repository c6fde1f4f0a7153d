"""A pyiso8583 specification lowered to steps, so that its rows are not read anew at every message.

pyiso8583's specifications are plain dicts, and programs change them on the fly. So what was lowered carries a
copy of every row that it was made from, and each message first compares the rows that it uses with the copies.
Their values are the very same objects, as a rule, which makes that cheap. Rows that a message does not use are
neither lowered nor compared; pyiso8583 does not look at them either.

Only what can be done quickly is lowered: the rest (faulty rows, text counted in nibbles, lengths of five digits)
is left to `reading` and `writing`, which take the rows themselves, step by step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

from iso_gateway.codec import engine
from iso_gateway.compat.iso8583.rows import (
    BINARY,
    FIELD,
    HEX,
    WHOLE,
    SpecDict,
    Step,
    compiled_field,
    fault,
    step,
)

KNOWN_SPECS: Final = 64
"""How many specifications stay lowered. They are kept alive; at the bound the oldest is forgotten."""
KNOWN_BITMAPS: Final = 512
"""How many bitmaps, and sets of keys, are remembered of a specification; at the bound all are forgotten."""

FRONT: Final = ("h", "t", "p", "1")
"""What a message begins with."""

Key = bytes | tuple[str, ...]
"""Bitmaps as they came, or the keys of a message that is written."""


class Bitmap(NamedTuple):
    """One bitmap; the one of ``1`` holds the third too."""

    key: str
    text: str
    raw: bytes


class Chosen(NamedTuple):
    """What the bitmaps of a message, or its keys, say."""

    more: bool
    """Whether another bitmap follows the ones seen; then nothing else here counts."""
    rows: Callable[[SpecDict], Any]
    """Gets the rows that are used from a specification."""
    copies: Any
    """What those rows were when this was lowered."""
    bitmaps: tuple[Bitmap, ...]
    steps: tuple[Step, ...]
    binary: bool
    """Whether a step needs the hexadecimal digits of the message."""
    compiled: Any = None
    """The same for the compiled engine, which compares all rows itself; None: it does not do these fields."""


class Lowered:
    """One specification, as far as messages have used it."""

    __slots__ = ("_memory", "_rows", "_seen", "copies", "header", "mti", "primary", "secondary", "spec")

    def __init__(self, spec: SpecDict, copies: tuple[dict[str, Any], ...], header: Step | None) -> None:
        self.spec = spec
        """The very object; holding it keeps its `id` its own."""
        self.copies = copies
        """What ``h``, ``t``, ``p`` and ``1`` were."""
        self.header = header
        """None where there is no header."""
        self.mti: str = copies[1]["data_enc"]
        """The codec of the MTI; ``b``: bytes. So are the next two."""
        self.primary: str = copies[2]["data_enc"]
        self.secondary: str = copies[3]["data_enc"]
        self._memory: dict[Key, Chosen] = {}
        self._seen: set[Key] = set()
        """What came once. What comes again is worth the work of lowering it, which is that of ten messages."""
        self._rows: dict[str, tuple[dict[str, Any], Step]] = {}
        """Rows as they were, lowered."""

    def known(self, key: Key) -> Chosen | None:
        """Return what is remembered of *key*; its rows may have changed since."""
        return self._memory.get(key)

    def decoding(self, found: bytes) -> Chosen | None:
        """Return what the bitmaps *found* say: one, two or three in a row; None: not for the quick way."""
        return self._current(found) or (self._learn(found) if self._is_seen(found) else None)

    def encoding(self, keys: tuple[str, ...]) -> Chosen | None:
        """Return how a message of these *keys* is written; None: not for the quick way."""
        return self._current(keys) or (self._arrange(keys) if self._is_seen(keys) else None)

    def _current(self, key: Key) -> Chosen | None:
        known = self._memory.get(key)
        return known if known is not None and is_current(known, self.spec) else None

    def _is_seen(self, key: Key) -> bool:
        if key in self._seen:
            return True
        if len(self._seen) >= KNOWN_BITMAPS:
            self._seen.clear()
        self._seen.add(key)
        return False

    def _learn(self, found: bytes) -> Chosen | None:
        width = 8 if self.primary == "b" else 16
        primary, secondary = found[:width], found[width:]
        bitmaps = [Bitmap("p", bitmap_text(primary, self.primary), primary)]
        if secondary:
            bitmaps.append(Bitmap("1", bitmap_text(secondary, self.secondary), secondary))
        text = "".join(each.text for each in bitmaps)
        if [len(each.text) for each in bitmaps] not in ([16], [16, 16], [16, 32]):
            return None
        numbers = elements(text)
        if (len(text) == 16 and 1 in numbers) or (len(text) == 32 and 65 in numbers):
            return self._remember(found, _MORE)
        return self._choose(found, numbers, bitmaps)

    def _arrange(self, keys: tuple[str, ...]) -> Chosen | None:
        numbers = set()
        for key in keys:
            if not _is_text(key):
                return None
            if key.isnumeric():
                number = int(key) if len(key) <= 3 and key.isascii() else 0
                if not 1 <= number <= 192 or str(number) != key:
                    return None
                numbers.add(number)
        if "t" not in keys or (self.header is not None and "h" not in keys):
            return None
        numbers -= {1, 65}
        text = bitmaps_of(numbers)
        bitmaps = [Bitmap("p", text[:16], bitmap_bytes(text[:16], self.primary))]
        if text[16:]:
            bitmaps.append(Bitmap("1", text[16:], bitmap_bytes(text[16:], self.secondary)))
        return self._choose(keys, sorted(numbers), bitmaps) if all(each.raw for each in bitmaps) else None

    def _choose(self, key: Key, numbers: Sequence[int], bitmaps: Sequence[Bitmap]) -> Chosen | None:
        keys = [str(number) for number in numbers if number not in {1, 65}]
        lowered_rows = [self._row(each) for each in keys]
        found = [each for each in lowered_rows if each is not None]
        if len(found) != len(keys):
            return None
        copies = [copy for copy, _ in found]
        whole = tuple(each for _, each in found)
        rows, seen = _getter(keys, copies)
        binary = any(each.mode >= BINARY for each in whole)
        chosen = Chosen(False, rows, seen, tuple(bitmaps), whole, binary, self._compiled(keys, copies, whole))  # noqa: FBT003
        return self._remember(key, chosen)

    def _row(self, key: str) -> tuple[dict[str, Any], Step] | None:
        known = self._rows.get(key)
        copy = row_of(self.spec, key)
        if known is not None and known[0] == copy:
            return known
        made = None if copy is None else step(key, copy)
        if copy is None or made is None:
            return None
        self._rows[key] = copy, made
        return self._rows[key]

    def _compiled(self, keys: Sequence[str], copies: Sequence[Any], steps: Sequence[Step]) -> Any:
        fields = [compiled_field(each) for each in steps]
        if engine.compiled is None or None in fields:
            return None
        return engine.compiled.Fields((*FRONT, *keys), (*self.copies, *copies), tuple(fields))

    def _remember(self, key: Key, chosen: Chosen) -> Chosen:
        if len(self._memory) >= KNOWN_BITMAPS:
            self._memory.clear()
        self._memory[key] = chosen
        return chosen


_MORE: Final = Chosen(more=True, rows=lambda _: (), copies=(), bitmaps=(), steps=(), binary=False)
_known: Final[dict[int, Lowered]] = {}
_front: Final = itemgetter(*FRONT)


def lowered(spec: SpecDict) -> Lowered | None:
    """Return *spec* lowered, anew where its ``h``, ``t``, ``p`` or ``1`` have changed; None: not for the quick way."""
    known = remembered(spec)
    if known is not None:
        try:
            if _front(spec) == known.copies:
                return known
        except KeyError:
            pass
    return _lower(spec)


def remembered(spec: SpecDict) -> Lowered | None:
    """Return *spec* as it was lowered last, without a look at its rows, or None."""
    known = _known.get(id(spec))
    return known if known is not None and known.spec is spec else None


def _lower(spec: SpecDict) -> Lowered | None:
    copies = tuple(copy for copy in (row_of(spec, key) for key in FRONT) if copy is not None)
    if len(copies) != 4 or fault(copies[0], FIELD) or any(fault(copy, WHOLE) for copy in copies[1:]):
        return None
    has_header: bool = copies[0]["max_len"] > 0
    header = step("h", copies[0]) if has_header else None
    if has_header and header is None:
        return None
    _known.pop(id(spec), None)
    if len(_known) >= KNOWN_SPECS:
        # Another thread may do the same.
        _known.pop(next(iter(list(_known)), 0), None)
    _known[id(spec)] = made = Lowered(spec, copies, header)
    return made


def row_of(spec: SpecDict, key: str) -> dict[str, Any] | None:
    """Return a copy of the row *key* of *spec*, or None where there is none."""
    try:
        row = spec[key]
    except KeyError:
        return None
    return dict(row) if _is_table(row) else None


def _is_table(row: object) -> bool:
    return isinstance(row, Mapping)


def _is_text(key: object) -> bool:
    return isinstance(key, str)


def is_current(chosen: Chosen, spec: SpecDict) -> bool:
    """Say whether the rows that *chosen* was made from are those of *spec*."""
    try:
        return bool(chosen.rows(spec) == chosen.copies)
    except KeyError:
        return False


def _getter(keys: Sequence[str], copies: Sequence[Any]) -> tuple[Callable[[SpecDict], Any], Any]:
    """Return what gets the rows of *keys*, and what it gets as long as they are like *copies*."""
    # itemgetter takes one name at least, and of one it gives no tuple.
    if len(keys) > 1:
        return itemgetter(*keys), tuple(copies)
    return (itemgetter(keys[0]), copies[0]) if keys else (_MORE.rows, ())


def elements(text: str) -> list[int]:
    """Return the numbers whose bits are set in the hexadecimal digits *text*, ascending."""
    bits, width = int(text, 16), 4 * len(text)
    return [number for number in range(1, width + 1) if bits >> (width - number) & 1]


def bitmaps_of(numbers: set[int]) -> str:
    """Return the hexadecimal digits of the bitmaps for the fields *numbers*: 16, 32 or 48."""
    last = max(numbers, default=0)
    size = 192 if last > 128 else 128 if last > 64 else 64
    marks = {1} if size == 128 else {1, 65} if size == 192 else set()
    return f"{sum(1 << (size - number) for number in numbers | marks):0{size // 4}X}"


def bitmap_text(raw: bytes, codec: str) -> str:
    """Return the hexadecimal digits of a bitmap, or the empty string where it has none."""
    if codec == "b":
        return raw.hex().upper()
    try:
        text = raw.decode(codec)
    except (LookupError, ValueError):
        return ""
    return text if HEX.issuperset(text) else ""


def bitmap_bytes(text: str, codec: str) -> bytes:
    """Return the bitmap of the hexadecimal digits *text*, or nothing where the codec takes more than a byte each."""
    if codec == "b":
        return bytes.fromhex(text)
    try:
        raw = text.encode(codec)
    except (LookupError, ValueError):
        return b""
    return raw if len(raw) == len(text) else b""
