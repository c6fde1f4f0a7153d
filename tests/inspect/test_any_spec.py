"""Whatever a spec says, every verb takes it: vectors hold, what is exported reads the same, differences are real."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso_gateway import DecodeError, EncodeError, SpecError
from iso_gateway.codec.build import build_spec
from iso_gateway.compat.imports import moov, moov_writing, pyiso8583, pyiso8583_writing
from iso_gateway.inspect import lint, specdiff, stubs
from iso_gateway.inspect.leaves import as_text
from iso_gateway.inspect.specdiff import What
from iso_gateway.inspect.told import Fault
from iso_gateway.inspect.vectors import as_lines, vectors
from tests.support.spec_strategies import messages, spec_data, valid

LIBRARIES = {"moov": (moov_writing, moov), "pyiso8583": (pyiso8583_writing, pyiso8583)}


@settings(max_examples=20)
@given(drawn=st.data())
def test_vectors_hold(drawn: st.DataObject) -> None:
    spec = valid(drawn.draw(spec_data()))
    made = vectors(spec)
    for good in made.valid:
        message = spec.decode(bytes.fromhex(good.hex))
        assert {str(number): as_text(message[number]) for number in message} == good.fields
        assert spec.encode(message).hex().upper() == good.hex
    for bad in made.invalid:
        with pytest.raises(DecodeError) as raised:
            spec.decode(bytes.fromhex(bad.hex))
        assert Fault.of(raised.value) == bad.fault
    assert as_lines(made)
    names = [each.name for each in made.valid] + [each.name for each in made.invalid]
    assert len(set(names)) == len(names)


@settings(max_examples=20)
@given(drawn=st.data())
def test_it_differs_from_itself_in_nothing_and_is_judged_and_typed(drawn: st.DataObject) -> None:
    data = drawn.draw(spec_data())
    spec = valid(data)
    assert specdiff.compare(spec, build_spec(data)) == []
    lint.of_spec(spec)
    compile(stubs.stubs(spec), "stubs", "exec")


@settings(max_examples=20)
@given(drawn=st.data())
def test_what_does_not_differ_on_the_wire_has_the_same_bytes(drawn: st.DataObject) -> None:
    data, another = drawn.draw(spec_data()), drawn.draw(spec_data())
    rows = dict(zip(sorted(data["fields"], key=int), another["fields"].values(), strict=False))
    left, right = valid(data), valid({**data, "fields": {**data["fields"], **rows}})
    apart = {each.path for each in specdiff.compare(left, right) if each.what is What.WIRE}
    for good in vectors(left).valid:
        if apart & set(good.fields):
            continue
        try:
            message = right.message(good.mti, {int(key): value for key, value in good.fields.items()})
        except EncodeError:
            continue  # it refuses that
        if {str(number): as_text(message[number]) for number in message} == good.fields:
            assert right.encode(message).hex().upper() == good.hex, good.name


@pytest.mark.parametrize("library", LIBRARIES)
@settings(max_examples=20)
@given(drawn=st.data())
def test_what_is_exported_reads_the_same(library: str, drawn: st.DataObject) -> None:
    spec = valid(drawn.draw(spec_data()))
    writing, reading = LIBRARIES[library]
    try:
        text, notes = writing.written(spec)
    except SpecError:
        return  # pyiso8583 has no such bitmap
    back = build_spec(reading.read(text).data)
    if any(each.path.startswith("bitmap") for each in notes):
        return  # another one is written there
    message = drawn.draw(messages(spec))
    if set(message) <= set(back.fields):
        payload = spec.encode(message)
        assert back.encode(back.decode(payload)) == payload
