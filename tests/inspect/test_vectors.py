"""The vectors of a spec: true of every engine and of pyiso8583, complete, and the same each time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import iso8583
import msgspec
import pytest

from iso_gateway import DecodeError, IncompleteError, Message, Spec, SpecError, load_spec
from iso_gateway.catalog import spec_names
from iso_gateway.codec import walker
from iso_gateway.codec.build import build_spec
from iso_gateway.codec.engine import compiled
from iso_gateway.inspect.leaves import as_text
from iso_gateway.inspect.told import Fault
from iso_gateway.inspect.told_specs import Vectors
from iso_gateway.inspect.vectors import LONGEST, as_lines, vectors

BINARY = load_spec("iso87-binary")
MADE = {name: vectors(load_spec(name)) for name in spec_names()}
ENGINES = ["reference"] if compiled is None else ["reference", "compiled"]

Decode = Callable[[bytes], tuple[str, dict[int, Any]] | None]
Encode = Callable[[Message], bytes | None]


def of_engine(spec: Spec, engine: str) -> tuple[Decode, Encode]:
    """Return how *engine*, and no other, decodes and encodes."""
    if engine == "reference":
        return (
            lambda data: walker.decode(spec.plan, data)[:2],
            lambda message: walker.encode(spec.plan, message.mti, dict(message.items())),
        )

    def decode(data: bytes) -> tuple[str, dict[int, Any]] | None:
        message = spec.engine.decode(data, spec, True)  # noqa: FBT003 -- takes it by position
        return None if message is None else (message.mti, dict(message.items()))

    return decode, lambda message: spec.engine.encode(message, spec)


@pytest.mark.parametrize("name", spec_names())
@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_valid_decodes_to_its_fields_and_they_encode_to_it(name: str, engine: str) -> None:
    spec = load_spec(name)
    decode, encode = of_engine(spec, engine)
    for vector in MADE[name].valid:
        data = bytes.fromhex(vector.hex)
        mti, fields = decode(data) or ("refused", {})
        assert (mti, {str(each): as_text(value) for each, value in fields.items()}) == (vector.mti, vector.fields)
        message = spec.message(vector.mti, {int(each): value for each, value in vector.fields.items()})
        assert encode(message) == data, vector.name


@pytest.mark.parametrize("name", spec_names())
@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_invalid_stops_every_engine_at_its_byte(name: str, engine: str) -> None:
    spec = load_spec(name)
    decode, _ = of_engine(spec, engine)
    for vector in MADE[name].invalid:
        data = bytes.fromhex(vector.hex)
        if engine == "compiled":  # it refuses, and the words are the other's
            assert decode(data) is None, vector.name
            decode_told: Callable[[bytes], Any] = spec.decode
        else:
            decode_told = decode
        with pytest.raises(DecodeError) as raised:
            decode_told(data)
        assert Fault.of(raised.value) == vector.fault, vector.name
        assert isinstance(raised.value, IncompleteError) == bool(vector.fault.missing)


@pytest.mark.parametrize("name", spec_names())
def test_what_is_flawed_decodes_and_is_broken_inside(name: str) -> None:
    spec = load_spec(name)
    for vector in MADE[name].flawed:
        data = bytes.fromhex(vector.hex)
        message = spec.decode(data)
        assert spec.encode(message) == data
        assert [Fault.of(each) for each in spec.broken(message)] == vector.faults
        assert vector.faults, vector.name
    assert any(vector.name == "de55.9F36-twice-cut" for vector in MADE[name].flawed)


@pytest.mark.parametrize("name", spec_names())
def test_pyiso8583_reads_what_is_valid_and_writes_it_back(name: str) -> None:
    spec, theirs = told_to_pyiso8583(load_spec(name))
    known = {*map(str, spec.fields)}
    tried = 0
    for vector in MADE[name].valid:
        if not known.issuperset(vector.fields):
            continue
        data = bytes.fromhex(vector.hex)
        read, _ = iso8583.decode(data, theirs)
        found = {key: value for key, value in read.items() if key in known}
        assert found == vector.fields, vector.name
        assert iso8583.encode(read, theirs)[0] == data, vector.name
        tried += 1
    assert tried > 400


@pytest.mark.parametrize("name", spec_names())
def test_pyiso8583_takes_no_message_that_is_cut_or_too_long(name: str) -> None:
    spec, theirs = told_to_pyiso8583(load_spec(name))
    tried = 0
    for vector in MADE[name].invalid:
        element = vector.fault.path or vector.name.partition("-")[0].removeprefix("de")
        if element.isdigit() and int(element) in spec.fields and re.search(r"-(cut|trailing|too-long)$", vector.name):
            with pytest.raises(iso8583.DecodeError):
                iso8583.decode(bytes.fromhex(vector.hex), theirs)
            tried += 1
    assert tried > 200


def told_to_pyiso8583(spec: Spec) -> tuple[Spec, dict[str, dict[str, Any]]]:
    """Return what pyiso8583 can say of *spec*, and that in its words."""
    try:
        return spec, spec.to_pyiso8583()
    except SpecError as error:
        gone = {problem.path.removeprefix("fields.") for problem in error.problems}
        fields = {number: row for number, row in spec.source["fields"].items() if number not in gone}
        echo = [number for number in spec.source["echo"] if str(number) not in gone]
        rest = {key: each for key, each in spec.source.items() if key != "presence"}
        smaller = build_spec({**rest, "fields": fields, "echo": echo})
        return smaller, smaller.to_pyiso8583()


@pytest.mark.parametrize("name", spec_names())
def test_they_are_complete_named_once_and_the_same_each_time(name: str) -> None:
    spec, made = load_spec(name), MADE[name]
    assert made == vectors(spec)
    names = [
        *(vector.name for vector in made.valid),
        *(vector.name for vector in made.invalid),
        *(vector.name for vector in made.flawed),
    ]
    assert len(set(names)) == len(names)
    for number, field in spec.fields.items():
        fixed = field.length == "fixed"
        sizes = ["fixed"] if fixed else ["shortest", "longest"] if field.max <= LONGEST else ["shortest"]
        wrong = ["cut", "trailing"] if fixed else ["cut", "trailing", "length-cut"]
        assert {f"de{number}-{each}" for each in ("first", "last", *sizes, *wrong)} <= set(names)
    assert {"all", "first-bitmap", "second-bitmap", "empty", "mti-cut", "bitmap-cut", "bit-65"} <= set(names)


def test_an_edge_is_where_the_spec_says() -> None:
    sizes = {each.name: len(each.fields["2"]) for each in MADE["iso87-binary"].valid if each.name.startswith("de2-")}
    assert sizes == {
        "de2-empty": 0,
        "de2-shortest": 1,
        "de2-odd": 3,
        "de2-longest": 19,
        "de2-first": 12,
        "de2-last": 12,
    }
    longer = next(each for each in MADE["iso87-binary"].invalid if each.name == "de2-too-long")
    assert longer.fault == Fault("2", 10, "length 99, at most 19 allowed")


def changed(spec: Spec, number: int, **row: Any) -> Spec:
    """Return *spec* with something else about an element."""
    fields = spec.source["fields"]
    return build_spec({**spec.source, "fields": {**fields, str(number): {**fields[str(number)], **row}}})


def holds(made: Vectors, spec: Spec) -> Iterator[str]:
    """Yield the names of the valid vectors that *spec* does not read as they say."""
    for vector in made.valid:
        try:
            message = spec.decode(bytes.fromhex(vector.hex))
        except DecodeError:
            yield vector.name
            continue
        if {str(each): as_text(message[each]) for each in message} != vector.fields:
            yield vector.name


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"max": "18"}, {"de2-longest"}),
        ({"pad": "right F"}, {"de2-shortest", "de2-odd", "de2-longest"}),
        ({"prefix": "ascii"}, {"de2-shortest", "de2-odd", "de2-longest", "de2-first"}),
        ({"min": "1"}, {"de2-empty"}),
        ({"encoding": "ascii"}, {"de2-shortest", "de2-odd", "de2-longest"}),
    ],
)
def test_another_spec_does_not_hold_them(row: dict[str, str], told: set[str]) -> None:
    assert told <= set(holds(MADE["iso87-binary"], changed(BINARY, 2, **row)))


def test_written_a_line_each_they_are_the_same_data() -> None:
    made = MADE["nibss-pos"]
    lines = as_lines(made)
    assert msgspec.json.decode(lines, type=Vectors) == made
    assert len(lines.splitlines()) == len(made.valid) + len(made.invalid) + len(made.flawed) + 4
