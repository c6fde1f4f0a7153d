"""What differs between two messages, by path down to the part; and what an answer made of its request."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from iso_gateway.codec.message import ECHO, Message
from iso_gateway.codec.mti import MTI
from iso_gateway.inspect.leaves import Leaf, leaves

VOLATILE: Final = ("7", "11", "12", "13", "37", "64", "128")
"""What is hardly ever the same in two messages: transmission time, STAN, local time, RRN, MACs."""

MATCHED: Final = frozenset({"3", "4", "7", "11", "41", "42", "49"})
"""What requests and answers are matched and compared by; of these an answer echoes unchanged what its spec echoes."""
_PARTIAL: Final = frozenset({"10", "002"})
"""Codes with which DE 4 is what was approved, and not what was asked for."""


class How(StrEnum):
    """How the two stand to each other at one path."""

    SAME = "same"
    CHANGED = "changed"
    ONLY_LEFT = "only left"
    ONLY_RIGHT = "only right"
    ORDER = "another order"
    """Of an element: what is in both comes in another order."""
    WRITTEN = "written otherwise"
    """Of an element or the bitmap: the bytes say the same in another form, such as another pad."""


class Difference(NamedTuple):
    """One path of two messages."""

    path: str
    name: str
    how: How
    left: str
    """As people may see it; empty where nothing is there."""
    right: str

    @property
    def hidden(self) -> bool:
        """Whether the two differ only in what is masked."""
        return self.how is How.CHANGED and self.left == self.right


def compare(
    left: Message, right: Message, ignore: Collection[str] = (), *, unsafe: bool = False, wire: bool = False
) -> list[Difference]:
    """Return every path of either message, in the order of the left one, what is only right at its place.

    Args:
        left: one message.
        right: the other, of the same spec or of another one.
        ignore: paths that are left out, with all that is inside: ``7``, ``55.9F37``, ``mti``.
        unsafe: have nothing masked.
        wire: also tell of parts in another order and, where both are of one spec, of what is only written otherwise.
    """
    ours = {leaf.path: leaf for leaf in leaves(left, unsafe=unsafe) if not _under(leaf.path, ignore)}
    theirs = {leaf.path: leaf for leaf in leaves(right, unsafe=unsafe) if not _under(leaf.path, ignore)}
    paths = sorted({*ours, *theirs}, key=_place({path: at for at, path in enumerate([*ours, *theirs])}))
    found = [_difference(path, ours.get(path), theirs.get(path)) for path in paths]
    if wire:
        found += [
            each
            for each in (*_orders(left, ours, theirs), *_written(left, right, found, ignore))
            if each.path not in ignore
        ]
        places = {"bitmap": -1}
        found.sort(key=lambda each: places.get(each.path, _number(each.path)))
    return found


def _number(path: str) -> int:
    """Return the data element of a path; less than any bitmap for the message type."""
    element = path.partition(".")[0]
    return int(element) if element.isdecimal() else -2


def _orders(left: Message, ours: Mapping[str, Leaf], theirs: Mapping[str, Leaf]) -> Iterator[Difference]:
    """Yield the elements whose parts come in another order."""
    for number in left:
        here = [path for path in ours if path.startswith(f"{number}.") and path in theirs]
        there = [path for path in theirs if path.startswith(f"{number}.") and path in ours]
        if here != there:
            orders = [" ".join(path.partition(".")[2] for path in paths) for paths in (here, there)]
            yield Difference(str(number), "the order of its parts", How.ORDER, orders[0], orders[1])


def _written(left: Message, right: Message, found: list[Difference], ignore: Collection[str]) -> Iterator[Difference]:
    """Yield what has the same values in other bytes."""
    if left.spec is None or left.spec != right.spec:
        return
    ours, theirs = _bytes(left), _bytes(right)
    if [*left] == [*right] and ours[0] != theirs[0]:
        yield Difference("bitmap", "the bitmaps", How.WRITTEN, ours[0].hex().upper(), theirs[0].hex().upper())
    differ = {_number(each.path) for each in found if each.how is not How.SAME}
    # Where a part is left out, the bytes of the whole may differ by that part.
    differ |= {_number(path) for path in ignore if "." in path and left.get(_number(path)) != right.get(_number(path))}
    for number in left:
        if number in theirs and number not in differ and ours[number] != theirs[number]:
            field = left.spec.fields[number]
            yield Difference(str(number), field.name, How.WRITTEN, "the same value", "in other bytes")


def _bytes(message: Message) -> dict[int, bytes]:
    """Return the bytes of each element with its prefix, and at 0 those of the bitmaps before them."""
    spec = message.spec
    assert spec is not None
    data = spec.encode(message)
    places = list(spec.extents(message))
    found = {place.number: data[place.start : place.end] for place in places}
    return {0: data[spec.plan.mti_size : places[0].start if places else len(data)], **found}


class _place:  # noqa: N801 -- it is called
    """Orders paths: by element, and within one as they came."""

    def __init__(self, seen: dict[str, int]) -> None:
        self._seen = seen

    def __call__(self, path: str) -> tuple[int, int]:
        element = path.partition(".")[0]
        return int(element) if element.isdecimal() else -1, self._seen[path]


def _under(path: str, ignore: Collection[str]) -> bool:
    return any(path == each or path.startswith((f"{each}.", f"{each}#")) for each in ignore)


def _difference(path: str, left: Leaf | None, right: Leaf | None) -> Difference:
    name = next((leaf.name for leaf in (left, right) if leaf is not None), "")
    if left is None or right is None:
        how = How.ONLY_RIGHT if left is None else How.ONLY_LEFT
    else:
        how = How.SAME if left.value == right.value else How.CHANGED
    return Difference(path, name, how, left.shown if left else "", right.shown if right else "")


class Made(StrEnum):
    """What an answer made of an element of its request."""

    ECHOED = "echoed"
    CHANGED = "changed"
    MISSING = "missing"
    """It must be echoed, and is not there."""
    LEFT_OUT = "left out"
    """An answer need not repeat it."""
    ADDED = "added"


class Answered(NamedTuple):
    """One path of a request and its answer."""

    difference: Difference
    made: Made
    wrong: bool
    """Whether an answer may not do so: what both sides match on is changed or missing, or a rule is broken."""
    why: str = ""
    """The rule of the answer's profile that says so, in words; empty where it is what both sides match on."""


def answered(
    request: Message, answer: Message, ignore: Collection[str] = (), *, unsafe: bool = False
) -> list[Answered]:
    """Return what *answer* made of *request*.

    Of `MATCHED`, what its spec echoes must be there unchanged (`Spec.echo`; DE 4 may differ in a partial approval).
    What an answer must have besides, the rules of its profile say (`Spec.presence`). All else it may change.
    """
    spec = request.spec
    echo = MATCHED & {str(number) for number in (ECHO if spec is None else spec.echo)}
    if answer.text(39) in _PARTIAL:
        echo -= {"4"}
    found: list[Answered] = []
    for difference in compare(request, answer, ignore, unsafe=unsafe):
        if difference.path == "mti":
            found.append(Answered(difference, Made.CHANGED, wrong=not _answers(request.mti, answer.mti)))
            continue
        must = difference.path.partition(".")[0] in echo
        made = {
            How.SAME: Made.ECHOED,
            How.CHANGED: Made.CHANGED,
            How.ONLY_LEFT: Made.MISSING if must else Made.LEFT_OUT,
            How.ONLY_RIGHT: Made.ADDED,
        }[difference.how]
        found.append(Answered(difference, made, wrong=must and made in {Made.CHANGED, Made.MISSING}))
    return _judged(found, answer, ignore)


def _judged(found: list[Answered], answer: Message, ignore: Collection[str]) -> list[Answered]:
    """Return *found* with what the answer's profile has against it."""
    spec = answer.spec
    places = {each.difference.path: at for at, each in enumerate(found)}
    for violation in spec.check(answer) if spec is not None else ():
        if _under(violation.path, ignore):
            continue
        why = f"{violation.reason} [{violation.rule}]"
        at = places.get(violation.path)
        if at is None:
            missing = Difference(violation.path, _name(answer, violation.path), How.ONLY_LEFT, "", "")
            found.append(Answered(missing, Made.MISSING, wrong=True, why=why))
        elif not found[at].wrong:
            made = Made.MISSING if found[at].made is Made.LEFT_OUT else found[at].made
            found[at] = found[at]._replace(made=made, wrong=True, why=why)
    return found


def _name(message: Message, path: str) -> str:
    number = _number(path)
    field = message.spec.fields.get(number) if message.spec is not None else None
    return field.name if field is not None and "." not in path else ""


def _answers(request: str, answer: str) -> bool:
    try:
        return MTI(request).response() == answer
    except ValueError:
        return False
