"""What is exported and imported again reads the same messages; what cannot be said there is told by element."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso_gateway import Message, Spec, SpecError, load_spec
from iso_gateway.catalog import spec_names
from iso_gateway.codec.build import build_spec
from iso_gateway.compat.imports import moov, moov_writing, pyiso8583, pyiso8583_writing
from iso_gateway.inspect.leaves import as_text
from iso_gateway.testing import messages
from tests.support.changed_specs import changed

LIBRARIES = {"moov": (moov_writing, moov), "pyiso8583": (pyiso8583_writing, pyiso8583)}
IN_OTHER_WORDS = ("it is bytes there", "EBCDIC is written")
"""Notes of elements whose bytes are the same, and whose values are written otherwise."""


def there_and_back(ours: Spec, library: str) -> tuple[Spec, dict[int, str]]:
    """Return *ours* after an export to *library* and an import, and what was told by element."""
    writing, reading = LIBRARIES[library]
    text, notes = writing.written(ours)
    back = reading.read(text)
    assert back.notes == [], "what is written is read"
    return build_spec(back.data), {int(note.path.removeprefix("fields.")): note.message for note in notes}


BACK = {(name, library): there_and_back(load_spec(name), library) for name in spec_names() for library in LIBRARIES}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", spec_names())
def test_all_elements_come_back_but_those_that_are_told(name: str, library: str) -> None:
    back, told = BACK[name, library]
    ours = load_spec(name)
    left_out = {number for number, why in told.items() if why.startswith("left out")}
    assert set(back.fields) == set(ours.fields) - left_out
    assert left_out == (PACKED_TRACKS if library == "moov" and ours.fields[35].encoding == "bcd" else set())
    for number, field in ours.fields.items():
        assert ("its parts are not written" in told.get(number, "")) == (field.inside is not None)


PACKED_TRACKS = {35, 36}
"""Separators among packed digits have no like with moov."""


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("name", spec_names())
@settings(max_examples=12)
@given(data=st.data())
def test_the_same_messages_are_read(name: str, library: str, data: st.DataObject) -> None:
    ours, (back, told) = load_spec(name), BACK[name, library]
    gone = set(ours.fields) - set(back.fields)
    payload = ours.encode(data.draw(messages(ours, without=gone)))
    theirs, mine = back.decode(payload), ours.decode(payload)
    assert back.encode(theirs) == payload
    assert [*theirs] == [*mine]
    for number in mine:
        if not any(words in told.get(number, "") for words in IN_OTHER_WORDS):
            assert as_text(theirs[number]) == as_text(mine[number])
        else:
            assert body(theirs, number) == body(mine, number)


def body(message: Message, number: int) -> bytes:
    """Return the bytes of an element."""
    assert message.spec is not None
    data, start = message.spec.encode(message), message.spec.offset(message, number)
    return data[start : len(data) - message.spec.behind(message, number)]


@pytest.mark.parametrize(
    ("library", "row", "told"),
    [
        ("pyiso8583", {"inclusive": "true", "max": 900}, "left out: a length that counts itself"),
        ("pyiso8583", {"prefix": "hex"}, "left out: a length in hexadecimal digits"),
        ("pyiso8583", {"parts": {"1": {"name": "a", "format": "n", "size": 3, "mask": "all"}}}, "its parts are not"),
        ("moov", {"inclusive": "true", "max": 900}, "left out: an LLLVAR length in ascii"),
        ("moov", {"format": "z", "encoding": "bcd"}, "left out: separators in packed digits"),
        ("moov", {"parts": {"1": {"name": "a", "format": "n", "size": 3, "mask": "all"}}}, "its parts are not"),
        ("moov", {"format": "z", "encoding": "bcd", "counts": "bytes"}, "it is bytes there: theirs has no z in bcd"),
        ("moov", {"encoding": "gbk"}, "it is bytes there: theirs has no ans in gbk"),
    ],
)
def test_what_cannot_be_said_there_is_told_by_element(library: str, row: dict[str, Any], told: str) -> None:
    spec = load_spec(changed(de48=row))
    notes = {note.path: note.message for note in module(library).written(spec)[1]}
    assert notes["fields.48"].startswith(told)
    assert not {*notes} - {"fields.48", "fields.55", "fields.90", "fields.95"}, "and nothing of the others"


def module(library: str) -> ModuleType:
    return LIBRARIES[library][0]


def test_a_bitmap_that_pyiso8583_has_not_is_refused() -> None:
    source = changed(**{f"de{number}": None for number in range(65, 129)})
    spec = load_spec({**source, "bitmap": {"encoding": "hex", "fixed": "8"}, "echo": ["11"]})
    with pytest.raises(SpecError, match="takes bit 1 for the announcement"):
        pyiso8583_writing.written(spec)
