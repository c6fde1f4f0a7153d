"""Every shipped spec: the engine, the walkers and pyiso8583 say the same, of good bytes and of broken ones.

``HYPOTHESIS_PROFILE=deep`` makes it long. `test_equality_any` does the same with drawn specs.
"""

from __future__ import annotations

import functools
from typing import Any

import iso8583
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.catalog import load_spec, spec_names
from iso_gateway.codec.build import build_spec
from iso_gateway.codec.spec import Spec
from iso_gateway.compat import iso8583 as compat
from iso_gateway.errors import SpecError
from tests.support import drawn_messages
from tests.support.agreement import agreed, odd, said, same_to_pyiso8583, survives

SHIPPED = tuple(spec_names())


@functools.cache
def expressible(name: str) -> tuple[Spec, dict[str, dict[str, Any]]]:
    """Return a shipped spec without the fields that pyiso8583 cannot express, and that specification."""
    spec = load_spec(name)
    try:
        return spec, spec.to_pyiso8583()
    except SpecError as error:
        data: dict[str, Any] = {**spec.source, "fields": dict(spec.source["fields"])}
        for problem in error.problems:
            assert problem.path.startswith("fields."), problem
            del data["fields"][problem.path.split(".")[1]]
        data["echo"] = [number for number in data.get("echo", ()) if str(number) in data["fields"]]
        spec = build_spec(data)
        return spec, spec.to_pyiso8583()


@pytest.mark.parametrize("name", SHIPPED)
class TestOfEveryShippedSpec:
    """What holds for what is shipped."""

    @given(drawn=st.data())
    def test_all_walks_agree(self, name: str, drawn: st.DataObject) -> None:
        spec = load_spec(name)
        made = drawn.draw(drawn_messages.messages(spec))
        data = spec.encode(made)
        message = agreed(spec, data)
        assert message == made
        survives(message, data)
        for strict in (True, False):
            changed = drawn.draw(st.one_of(drawn_messages.mutated(data), odd(spec, data)))
            message = agreed(spec, changed, strict=strict)
            if message is not None and strict:
                survives(message, changed)

    @given(data=st.binary(max_size=150))
    def test_any_bytes_are_a_message_or_a_decode_error(self, name: str, data: bytes) -> None:
        spec = load_spec(name)
        agreed(spec, data)
        agreed(spec, data, strict=False)

    @given(drawn=st.data())
    def test_pyiso8583_agrees(self, name: str, drawn: st.DataObject) -> None:
        spec, specification = expressible(name)
        message = drawn.draw(drawn_messages.messages(spec))
        data = spec.encode(message)
        same_to_pyiso8583(spec, specification, data)
        document = {"t": message.mti, **said(message)}
        assert bytes(compat.encode(document, specification)[0]) == data
        assert compat.encode(document, specification) == iso8583.encode(document, specification)
        same_to_pyiso8583(spec, specification, drawn.draw(drawn_messages.mutated(data) | odd(spec, data)))
