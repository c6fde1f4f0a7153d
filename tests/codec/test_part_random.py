"""Specs of parts drawn at random: what is written is read, what is read is written, and any bytes are survived."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iso_gateway.codec.build import build_spec
from iso_gateway.codec.describe import describe, to_json
from iso_gateway.codec.message import Message
from iso_gateway.codec.parts import tree
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError
from tests.codec.nested import binary, part, text

Drawn = tuple[dict[str, Any], st.SearchStrategy[Any]]
"""The data of a part, and what can be said with it."""

DIGITS = st.text("0123456789", max_size=12)
WORDS = st.text("ABC xyz019", max_size=12)
TAGS = ["82", "9F26", "DF01", "DF8129", "5F2A"]


def sized(size: int, of: str) -> st.SearchStrategy[str]:
    """Return texts of that many characters."""
    return st.text(of, min_size=size, max_size=size)


@st.composite
def leaf(draw: st.DrawFn, in_bytes: bool, rest: bool) -> Drawn:  # noqa: FBT001
    """Draw a part with nothing inside."""
    size = draw(st.integers(1, 6))
    kinds = ["text", "digits", "raw"] + (["packed", "ebcdic"] if in_bytes else [])
    kind = draw(st.sampled_from(kinds))
    row = part("leaf", {"text": "ans", "ebcdic": "ans", "raw": "b"}.get(kind, "n"), "all")
    values: st.SearchStrategy[Any]
    if kind in {"packed", "ebcdic"}:
        row["encoding"] = "bcd" if kind == "packed" else "cp500"
    if kind == "raw" and not in_bytes:
        row["encoding"] = "hex"
    alphabet = "0123456789" if kind in {"packed", "digits"} else "ABC xyz019"
    if rest:
        row["size"] = "rest"
        values = st.binary(max_size=9) if kind == "raw" else st.text(alphabet, max_size=9)
        values = values.filter(lambda each: kind != "packed" or len(each) % 2 == 0)
    elif draw(st.booleans()):
        width = size * (2 if kind == "packed" or (kind == "raw" and not in_bytes) else 1)
        row["size"] = width // 2 if kind == "packed" else width
        values = st.binary(min_size=size, max_size=size) if kind == "raw" else sized(width, alphabet)
    else:
        row |= {"length": "LLVAR", "max": 12}
        if in_bytes:
            row["prefix"] = draw(st.sampled_from(["ascii", "bcd", "binary", "cp500"]))
        values = st.binary(max_size=12) if kind == "raw" else st.text(alphabet, max_size=12)
    return row, values


@st.composite
def inside(draw: st.DrawFn, in_bytes: bool, depth: int) -> Drawn:  # noqa: FBT001
    """Draw a kind of parts: its data, and the mappings that can be written with it."""
    kinds = ["positional", "tagged", "bitmap", "repeat", *(["ber-tlv", "datasets"] if in_bytes else [])]
    kind = draw(st.sampled_from(kinds))
    if kind in {"tagged", "ber-tlv", "datasets"}:
        keys = {"tagged": ["01", "27", "99"], "ber-tlv": TAGS, "datasets": ["57", "71", "FE"]}[kind]
        rows = {key: draw(node(in_bytes, rest=True, depth=depth)) for key in draw(subsets(keys))}
        said = st.fixed_dictionaries({}, optional={key: values for key, (_, values) in rows.items()})
        tags = {key: {name: each for name, each in row.items() if name != "size"} for key, (row, _) in rows.items()}
        if kind == "ber-tlv":
            return {"ber-tlv": {"tags": tags}}, said
        if kind == "datasets":
            return {"datasets": {"sets": tags}}, said
        encoding = draw(st.sampled_from(["ascii", "cp500", "bcd"]))
        figure = {"size": 1 if encoding == "bcd" else 2, "encoding": encoding} if in_bytes else {"size": 2}
        length = {"size": 2, "encoding": "binary"} if in_bytes else {"size": 4}
        order, counts = draw(st.sampled_from(["tlv", "ltv"])), draw(st.sampled_from(["value", "both"]))
        return {"tagged": {"tag": figure, "length": length, "order": order, "counts": counts, "tags": tags}}, said
    if kind == "repeat":
        row, values = draw(node(in_bytes, rest=False, depth=depth))
        return {"repeat": row}, st.lists(values.filter(bool), max_size=4).map(
            lambda some: {str(at): each for at, each in enumerate(some, 1)}
        )
    numbers = draw(subsets([1, 2, 3, 7] if kind == "positional" else [2, 3, 7, 10]))
    rows = {
        number: draw(node(in_bytes, rest=number == numbers[-1] and draw(st.booleans()), depth=depth))
        for number in numbers
    }
    table = {number: row for number, (row, _) in rows.items()}
    if kind == "bitmap":
        said = st.fixed_dictionaries({}, optional={str(number): values for number, (_, values) in rows.items()})
        return {"bitmap": {"size": 2, "parts": table, "chained": draw(st.booleans())}}, said
    whole = st.tuples(*(values for _, values in rows.values()))
    return table, st.builds(
        lambda count, some: dict(list(zip(map(str, numbers), some, strict=True))[:count]),
        st.integers(0, len(numbers)),
        whole,
    )


def subsets(of: list[Any]) -> st.SearchStrategy[list[Any]]:
    """Return some of them, in order."""
    return st.lists(st.sampled_from(of), min_size=1, max_size=3, unique=True).map(
        lambda some: sorted(some, key=of.index)
    )


@st.composite
def node(draw: st.DrawFn, in_bytes: bool, rest: bool, depth: int) -> Drawn:  # noqa: FBT001
    """Draw a part, perhaps one with parts in it."""
    if depth == 0 or draw(st.integers(0, 2)) == 0:
        return draw(leaf(in_bytes, rest))
    parts_in_bytes = in_bytes and draw(st.booleans())
    data, said = draw(inside(parts_in_bytes, depth - 1))
    row = {**part("composite", "b" if parts_in_bytes else "ans", "all"), "parts": data}
    if rest:
        row["size"] = "rest"
    else:
        row |= {"length": "LLLVAR", "max": 900, **({"prefix": "ascii"} if in_bytes else {})}
    return row, said


@st.composite
def specs(draw: st.DrawFn) -> tuple[Spec, Any]:
    """Draw a spec with one composite field, and what its field may hold."""
    in_bytes = draw(st.booleans())
    data, said = draw(inside(in_bytes, 3))
    field = (binary if in_bytes else text)(data, length="LLLLLVAR", max=90000)
    return build_spec(
        {
            "name": "drawn",
            "version": "1987",
            "mti": {"encoding": "ascii"},
            "bitmap": {"encoding": "binary"},
            "fields": {"48": field},
        }
    ), draw(said)


SLOW = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large])


def leaves(given_parts: Any, path: str) -> dict[str, Any]:
    """Return what was given, by its path."""
    if not isinstance(given_parts, dict):
        return {path: given_parts}
    return {at: value for key, each in given_parts.items() for at, value in leaves(each, f"{path}.{key}").items()}


@SLOW
@given(specs())
def test_what_is_written_is_read(drawn: tuple[Spec, Any]) -> None:
    spec, said = drawn
    message = spec.message("0200", {48: said})
    assert spec.check(message) == []
    again = spec.decode(spec.encode(message))
    found = {path: again.get(path) for path in leaves(said, "48") if path != "48"}
    wanted = leaves(said, "48")
    wanted.pop("48", None)
    # Parts at the end may be left out, and an empty one that takes the rest is the same as none.
    assert {path: value for path, value in found.items() if value} == {p: v for p, v in wanted.items() if v}


@SLOW
@given(specs(), st.data())
def test_a_change_changes_what_it_names(drawn: tuple[Spec, Any], data: st.DataObject) -> None:
    spec, said = drawn
    message = spec.message("0200", {48: said})
    paths = [path for path, value in leaves(said, "48").items() if value and path != "48"]
    assert message.evolve({path: message[path] for path in paths}) == message
    if not paths:
        return
    path = data.draw(st.sampled_from(paths))
    before = message[path]
    after = before[::-1]
    changed = message.evolve({path: after})
    assert changed[path] == after
    assert {each: changed[each] for each in paths if each != path} == {
        each: message[each] for each in paths if each != path
    }
    assert changed.evolve({path: before}) == message


@SLOW
@given(specs(), st.data())
def test_any_bytes_give_parts_or_the_one_error(drawn: tuple[Spec, Any], data: st.DataObject) -> None:
    spec, said = drawn
    whole = spec.message("0200", {48: said})[48]
    if isinstance(whole, bytes):
        value: Any = data.draw(st.one_of(st.binary(max_size=40), mutated(whole)))
    else:
        some = data.draw(st.one_of(st.binary(max_size=40), mutated(whole.encode())))
        value = "".join(chr(0x20 + each % 0x5F) for each in some)
    message = spec.message("0200", {48: value})
    survived(spec, message)


def survived(spec: Spec, message: Message) -> None:
    """Hold that reading inside of *message* gives parts or DecodeError, and that all of it can be shown."""
    nodes = list(spec.inside(message, 48))
    end = 2 * len(spec.encode(message))
    for each in nodes:
        assert 0 <= each.start <= each.body <= each.end <= end or each.fault
        assert each.end <= end
    faults = spec.broken(message)
    assert bool(faults) == any(each.fault for each in nodes)
    hidden = tree.hidden(nodes)
    for each in nodes:
        if each.item is not None and each.parent not in hidden:
            assert message[f"48.{each.path}"] == each.item.value
    told = ""
    try:
        message.parts(48)
    except DecodeError as error:
        told = error.field
    assert not told or told in {each.field for each in faults}
    describe(message)
    to_json(message)


@st.composite
def mutated(draw: st.DrawFn, whole: bytes) -> bytes:
    """Draw a change of *whole*: some bytes are other ones, or missing."""
    some = bytearray(whole)
    for _ in range(draw(st.integers(1, 3))):
        if some:
            at = draw(st.integers(0, len(some) - 1))
            some[at] = draw(st.integers(0, 255))
    cut = draw(st.integers(0, len(some)))
    return bytes(some[:cut] if draw(st.booleans()) else some)
