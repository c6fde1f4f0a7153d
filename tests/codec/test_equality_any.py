"""Any spec: the engine, the walkers and pyiso8583 say the same, of good bytes and of broken ones.

``HYPOTHESIS_PROFILE=deep`` makes it long.
"""

from __future__ import annotations

import iso8583
from hypothesis import given, settings
from hypothesis import strategies as st

from iso_gateway.compat import iso8583 as compat
from tests.support import spec_strategies
from tests.support.agreement import agreed, odd, said, same_to_pyiso8583, survives


@settings(max_examples=2 * settings().max_examples)
@given(drawn=st.data())
def test_all_walks_agree_on_any_spec(drawn: st.DataObject) -> None:
    spec = spec_strategies.valid(drawn.draw(spec_strategies.spec_data()))
    for _ in range(3):
        made = drawn.draw(spec_strategies.messages(spec))
        data = spec.encode(made)
        message = agreed(spec, data)
        assert message == made
        survives(message, data)
        changed = drawn.draw(
            st.one_of(spec_strategies.broken(data), odd(spec, data), odd(spec, data), st.binary(max_size=80))
        )
        agreed(spec, changed, strict=False)
        message = agreed(spec, changed)
        if message is not None:
            survives(message, changed)


@settings(max_examples=2 * settings().max_examples)
@given(drawn=st.data())
def test_pyiso8583_agrees_on_any_spec_that_it_can_express(drawn: st.DataObject) -> None:
    spec = spec_strategies.valid(drawn.draw(spec_strategies.spec_data(expressible=True)))
    specification = spec.to_pyiso8583()
    for _ in range(3):
        message = drawn.draw(spec_strategies.messages(spec))
        data = spec.encode(message)
        same_to_pyiso8583(spec, specification, data)
        document = {"t": message.mti, **said(message)}
        assert compat.encode(document, specification) == iso8583.encode(document, specification)
        same_to_pyiso8583(spec, specification, drawn.draw(spec_strategies.broken(data) | odd(spec, data)))
