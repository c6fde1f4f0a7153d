"""Whatever comes, the mock host decides or stays silent, and what it says can be written."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso_gateway.catalog import read_yaml
from iso_gateway.codec.message import Message
from iso_gateway.errors import EncodeError
from iso_gateway.host.authorizer import Authorizer
from iso_gateway.host.scenario.reading import scenario_of
from iso_gateway.host.scenario.sending import unasked_message
from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.protocol.originals import Original
from tests.support.desk import Desk, setup
from tests.support.till import PAN, START, dialect_of

EVERYTHING: Final = """
otherwise: {respond: {balance: available, template: {44: "{request.35}{request.55}"}}}
rules:
  - name: all that can be asked
    when:
      {merchant: "!x", stan: "!000005", amount: ">0", 55.9F26: absent, 60: "*|absent", account.available: ">-1|absent",
       account.tries: "0|absent", original: "!reversed", original.amount: "!7", nth_of_all: "every,2", probability: 0.9}
    respond: {code: 00, copy: {37: request.2, 38: request.55, 44: request.60}, emv: {71: AABB}, balance: available}
    send: [{mti: MTI, copy: [2, 37, 55, 60], template: {44: "{request.55}{original.38}{request.62}"}}]
  - name: half
    when: {kind: sale|preauth|advice, nth: 1..3}
    respond: {approve: available, set: {55: absent, 60: absent}, template: {37: "{original.37}{digits:20}"}}
  - {name: all is well, when: {kind: "void|refund|reversal|completion|settlement|inquiry|upload"}, respond: {code: 00}}
  - {name: refused, when: {kind: "!echo", stan: "000005..9"}, respond: {code: 96, record: false}, fault: silence}
"""
"""Rules that look everywhere, say yes to everything, and copy what does not fit."""

SPECS: Final = ("iso87-ascii", "iso87-binary", "iso93-ascii", "cup-pos")
DIALECTS: Final = {name: dialect_of(name) for name in SPECS}


def said(name: str) -> list[Message]:
    """Return one message of each kind that the dialect *name* has."""
    desk = Desk(setup(name), links=())
    named = Original(
        stan="000001", batch="000007", transmitted="1120120000", rrn="632400000001", approval="123456", date="1120",
        mti="0200", local="261120120000",
    )  # fmt: skip
    return [
        desk.request(kind, original=named if TRAITS[kind].original else None)
        for kind in Kind
        if DIALECTS[name].profile.row(kind) is not None
    ]


SEEDS: Final = {name: said(name) for name in SPECS}


def value(name: str, de: int) -> st.SearchStrategy[str | bytes | None]:
    """Return values that may stand in DE *de*, or nothing."""
    field = DIALECTS[name].spec.fields[de]
    if field.format == "b":
        return st.none() | st.binary(min_size=field.min, max_size=min(field.max, 30))
    alphabet = "0123456789" if field.format in {"n", "z"} else "0123456789AB "
    return st.none() | st.text(alphabet, min_size=field.min, max_size=max(field.min, min(field.max, 30)))


@st.composite
def payloads(draw: st.DrawFn, name: str) -> bytes:
    """Bytes near a message: other values, another type, a few bytes changed, the end cut off."""
    spec = DIALECTS[name].spec
    message = draw(st.sampled_from(SEEDS[name]))
    numbers = draw(st.sets(st.sampled_from([de for de in spec.fields if de != 1]), max_size=5))
    mti = draw(st.none() | st.sampled_from(sorted(spec.plan.mtis)))
    try:
        payload = bytearray(spec.encode(message.evolve({de: draw(value(name, de)) for de in numbers}, mti)))
    except EncodeError:
        payload = bytearray(spec.encode(message))
    for _ in range(draw(st.integers(0, 3))):
        payload[draw(st.integers(0, len(payload) - 1))] = draw(st.integers(0, 255))
    return bytes(payload[: draw(st.none() | st.integers(0, len(payload)))])


@pytest.mark.parametrize("scripted", [False, True])
@pytest.mark.parametrize("name", SPECS)
def test_any_bytes_are_decided_on_and_nothing_of_the_card_is_noted(name: str, *, scripted: bool) -> None:
    host = Authorizer(DIALECTS[name])
    if scripted:
        mti = "1620" if name.startswith("iso93") else "0620"
        host.scenario = scenario_of(read_yaml(EVERYTHING.replace("MTI", mti))[0], DIALECTS[name])

    @settings(max_examples=100)
    @given(payloads(name))
    def decides(payload: bytes) -> None:
        decision = host.hear(payload, START, "link")
        if decision.answer is not None:
            assert DIALECTS[name].spec.decode(DIALECTS[name].spec.encode(decision.answer)) == decision.answer
        for unasked in decision.sends:
            DIALECTS[name].spec.encode(unasked_message(host, unasked, START, "link"))
        assert PAN not in repr((decision, host.ledger.rows()))

    decides()
