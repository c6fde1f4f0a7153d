"""Which elements a message must have, may have and must not have: a table of rules, judged over one message.

A profile has the rules of its dialect in its section ``presence``, by id:

    presence:
      chip-sale:
        when:    {mti: "0100|0200", processing: "00", entry: "05x|07x"}
        require: [55, "55.9F26"]
        forbid:  [36]
        reason:  the chip's cryptogram proves the card

    key       says
    when      to which messages the rule applies; all of it must hold; nothing: every message
    require   elements that must be there, each a path; of ``"2|35"`` one is enough
    forbid    elements that must not be there
    optional  elements that may be there besides; the rule is then the whole list, and what is in none of its
              three lists is forbidden
    dates     path: form, such as ``"7": MMDDhhmmss``; where the element is there, it must be such a time
    equal     pairs of paths, such as ``["4", "55.9F02"]``; where both are there, their digits must be equal
    reason    why, in words

    of when   says
    mti       the message type is one of these
    processing, entry    the same of DE 3 and DE 22
    is        path: pattern; the element is there and is one of these
    is_not    path: pattern; the element is there and is none of these
    present, absent      paths that are there, or not

A pattern is alternatives with ``|`` between them; each is compared with the first characters of the value, and ``x``
stands for any one: ``"02x0"``, ``"05x|07x"``, ``"00"`` for all of 00xxxx. Bytes are compared as upper-case hexadecimal.
A path is a data element or a place inside one: ``55``, ``"55.9F26"``, ``"60.2"``. Where an element is broken inside,
nothing is said of what it has: that it is broken is a violation of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from msgspec import Meta, Struct, field

from iso_gateway.errors import DecodeError, element

if TYPE_CHECKING:
    from iso_gateway.codec.message import Message

_PATH: Final = r"[0-9]{1,3}(\.[^\s.|]+)*"

Path = Annotated[str, Meta(pattern=f"^{_PATH}$", description='an element such as 55 or "55.9F26"')]
Paths = Annotated[str, Meta(pattern=rf"^{_PATH}(\|{_PATH})*$", description='an element such as 55, or several: "2|35"')]
Pattern = Annotated[
    str, Meta(pattern=r"^[^|\s]+(\|[^|\s]+)*$", description='characters with x for any, or several: "00|2x"')
]
MTIPattern = Annotated[
    str,
    Meta(pattern=r"^[0-9x]{4}(\|[0-9x]{4})*$", description='a message type, x for any digit, or several: "0100|02x0"'),
]
Form = Literal[
    "CCYYMMDDhhmmss",
    "YYMMDDhhmmss",
    "MMDDhhmmss",
    "CCYYMMDD",
    "YYMMDD",
    "CCYYMM",
    "YYMM",
    "MMDD",
    "hhmmss",
]


class When(Struct, frozen=True, forbid_unknown_fields=True):
    """To which messages a rule applies."""

    mti: MTIPattern = ""
    processing: Pattern = ""
    entry: Pattern = ""
    among: dict[Path, Pattern] = field(name="is", default_factory=dict)
    not_among: dict[Path, Pattern] = field(name="is_not", default_factory=dict)
    present: tuple[Path, ...] = ()
    absent: tuple[Path, ...] = ()


class Rule(Struct, frozen=True, forbid_unknown_fields=True):
    """One rule of a profile."""

    reason: Annotated[str, Meta(min_length=1)]
    when: When = When()
    require: tuple[Paths, ...] = ()
    forbid: tuple[Path, ...] = ()
    optional: tuple[Path, ...] | None = None
    dates: dict[Path, Form] = {}
    equal: tuple[tuple[Path, Path], ...] = ()


class Violation(Struct, frozen=True):
    """What is wrong with a message that can be read."""

    path: str
    """The element: ``"52"``, ``"55.9F26"``."""
    rule: str
    """The id of the rule: ``parts`` for an element that is broken inside, else a row of the profile."""
    reason: str
    """What is wrong and why, in words; never a value."""

    def __str__(self) -> str:
        return f"{element(self.path)}: {self.reason} [{self.rule}]"


def rules_of(source: Mapping[str, Any]) -> Mapping[str, Rule]:
    """Return the rules that a spec's data has, which was judged before."""
    from iso_gateway import settings  # noqa: PLC0415 -- who explains a message needs the shape of rules, and no reader

    rules, problems = settings.read(dict[str, Rule], source.get("presence", {}), text=True)
    assert rules is not None, problems
    return MappingProxyType(rules)


def violations(rules: Mapping[str, Rule], message: Message) -> list[Violation]:
    """Return everything in *message* that breaks one of *rules*, in their order."""
    judged = _Judged(message)
    return [
        Violation(path, name, f"{said}: {rule.reason}")
        for name, rule in rules.items()
        if judged.meets(rule.when)
        for path, said in judged.faults(rule)
    ]


class _Judged:
    """One message with the texts of its elements, each read once."""

    def __init__(self, message: Message) -> None:
        self._message = message
        self._texts: dict[str, str | None] = {"mti": message.mti}
        self._broken: set[str] = set()

    def meets(self, when: When) -> bool:
        """Say whether all of *when* holds."""
        among = {"mti": when.mti, "3": when.processing, "22": when.entry, **when.among}
        return (
            all(self._among(path, pattern) for path, pattern in among.items() if pattern)
            and all(self._has(path) and not self._among(path, pattern) for path, pattern in when.not_among.items())
            and all(self._has(path) for path in when.present)
            and not any(self._has(path) for path in when.absent)
        )

    def faults(self, rule: Rule) -> Iterator[tuple[str, str]]:
        """Yield the path and the kind of each fault."""
        for paths in rule.require:
            several = paths.split("|")
            if not any(self._has(path) or self._unknown(path) for path in several):
                named = " or ".join(several)
                yield several[0], "is missing" if len(several) == 1 else f"is missing, one of {named} is needed"
        for path in rule.forbid:
            if self._has(path):
                yield path, "must not be there"
        if rule.optional is not None:
            yield from self._beside(rule)
        for path, form in rule.dates.items():
            text = self._text(path)
            if text is not None and not is_time(text, form):
                yield path, f"is no {form}"
        for one, other in rule.equal:
            if not self._equal(one, other):
                yield other, f"is not the same as {element(one)}"

    def _beside(self, rule: Rule) -> Iterator[tuple[str, str]]:
        listed = {_number(path) for path in (*_single(rule.require), *rule.forbid, *(rule.optional or ()))}
        yield from ((str(number), "must not be there") for number in self._message if number not in listed)

    def _has(self, path: str) -> bool:
        return self._text(path) is not None

    def _unknown(self, path: str) -> bool:
        """Say whether the element that *path* is in cannot be read."""
        self._text(path)
        return path in self._broken

    def _among(self, path: str, pattern: str) -> bool:
        text = self._text(path)
        return text is not None and any(_starts(text, each) for each in pattern.split("|"))

    def _equal(self, one: str, other: str) -> bool:
        mine, theirs = self._text(one), self._text(other)
        if mine is None or theirs is None or not (mine.isdecimal() and theirs.isdecimal()):
            return True
        return mine.lstrip("0") == theirs.lstrip("0")

    def _text(self, path: str) -> str | None:
        """Return what stands at *path* as text, or None where there is nothing, or nothing that can be read."""
        if path not in self._texts:
            self._texts[path] = self._read(path)
        return self._texts[path]

    def _read(self, path: str) -> str | None:
        try:
            value: Any = self._message.get(path)
        except DecodeError:
            self._broken.add(path)
            return None
        if isinstance(value, bytes):
            return value.hex().upper()
        return value if value is None or isinstance(value, str) else ""


def is_time(text: str, form: str) -> bool:
    """Say whether *text* is a date or time of *form*, two digits for each of its letters' pairs.

    Without a year the 29th of February is a date.
    """
    if len(text) != len(form) or not (text.isascii() and text.isdecimal()):
        return False
    said = {form[at : at + 2]: int(text[at : at + 2]) for at in range(0, len(form), 2)}
    from calendar import monthrange  # noqa: PLC0415 -- few rules ask for dates

    month = said.get("MM", 1)
    if not 1 <= month <= 12:
        return False
    days = monthrange(100 * max(said.get("CC", 20), 1) + said.get("YY", 0), month)[1]
    return (
        1 <= said.get("DD", 1) <= days and said.get("hh", 0) < 24 and said.get("mm", 0) < 60 and said.get("ss", 0) < 60
    )


def _starts(text: str, pattern: str) -> bool:
    return len(text) >= len(pattern) and all(mine in ("x", theirs) for mine, theirs in zip(pattern, text, strict=False))


def _single(paths: Iterable[str]) -> Iterator[str]:
    for each in paths:
        yield from each.split("|")


def _number(path: str) -> int:
    return int(path.partition(".")[0])
