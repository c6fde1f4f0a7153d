"""Whatever comes over whichever port: the node answers, closes or notes, and never raises (promise 3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway import Message
from iso_gateway.errors import EncodeError
from iso_gateway.protocol import events
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import Kind
from tests.support.desk import MERCHANT, PAN, TERMINAL, Desk, dialect, setup

SPECS = ("iso87-ascii", "iso87-binary", "iso93-ascii", "cup-pos")
HOST = {
    "iso87-ascii": "iso93-ascii",
    "iso87-binary": "cup-pos",
    "iso93-ascii": "iso87-ascii",
    "cup-pos": "iso87-binary",
}


def values(speaking: Dialect, de: int) -> st.SearchStrategy[str | bytes]:
    """Values that fit the field *de*, and mean whatever they mean."""
    field = speaking.spec.fields[de]
    known: dict[int, list[str]] = {
        2: [PAN],
        3: ["000000", "200000", "020000", "310000"],
        4: ["000000001234", "000000000000"],
        11: ["000001", "000002"],
        41: [TERMINAL],
        42: [MERCHANT],
    }
    if de in known:
        return st.sampled_from(known[de])
    if field.format == "b":
        return st.binary(min_size=field.min, max_size=min(field.max, 40))
    if field.format == "xn":
        return st.sampled_from(["C", "D"]).map(lambda sign: sign + "1" * (field.max - 1))
    alphabet = "0123456789" if field.format in {"n", "z"} else "AZ09"
    return st.text(alphabet, min_size=field.min, max_size=min(field.max, 44))


@st.composite
def messages(draw: st.DrawFn, name: str) -> Message:
    """A message of the dialect *name* that decodes, and need not make sense."""
    speaking = dialect(name)
    mti = draw(st.sampled_from(sorted(speaking.spec.plan.mtis)))
    rows = [row for row in speaking.profile.kinds if row.mti == mti]
    fields: dict[int | str, str | bytes | int] = {}
    for de in draw(st.sets(st.sampled_from(sorted(speaking.spec.fields)), max_size=12)) | {3, 4, 11, 41, 42}:
        if de != 1:
            fields[de] = draw(values(speaking, de))
    sense: bool = draw(st.booleans())
    if rows and sense:
        row = draw(st.sampled_from(rows))
        if row.processing:
            fields[3] = row.processing + "0000"
        if row.type:
            fields[60] = row.type + "000007" + (row.network or "000")
        if row.function:
            fields[24] = row.function
        if row.condition:
            fields[25] = row.condition
    try:
        return speaking.spec.message(mti, fields)
    except EncodeError:
        return speaking.spec.message(mti, {11: "000001", 41: TERMINAL})


@pytest.fixture(scope="module", params=SPECS)
def name(request: pytest.FixtureRequest) -> str:
    """Each spec in turn."""
    return str(request.param)


def settled(desk: Desk) -> None:
    """Let time pass until nothing is in flight."""
    desk.pass_time(100)
    assert not desk.node.flow.requests


@given(st.data())
def test_any_bytes_from_a_terminal(name: str, data: st.DataObject) -> None:
    desk = Desk(setup(name, HOST[name]))
    desk.send_bytes(data.draw(st.binary(max_size=200)))
    assert desk.hung_up or desk.answers
    settled(desk)


@given(st.data())
def test_any_change_of_a_good_message_from_a_terminal(name: str, data: st.DataObject) -> None:
    desk = Desk(setup(name, HOST[name]))
    payload = bytearray(
        desk.terminal_dialect.spec.encode(desk.request(data.draw(st.sampled_from([Kind.SALE, Kind.ADVICE]))))
    )
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(payload) - 1))
        payload[at] = data.draw(st.integers(0, 255))
    desk.send_bytes(bytes(payload[: data.draw(st.integers(1, len(payload)))]))
    settled(desk)


@given(st.data())
def test_any_message_from_a_terminal(name: str, data: st.DataObject) -> None:
    desk = Desk(setup(name, HOST[name]))
    for message in data.draw(st.lists(messages(name), min_size=1, max_size=4)):
        desk.send(message)
        answered: bool = data.draw(st.booleans())
        if desk.sent and answered:
            desk.host_answers(data.draw(st.sampled_from(["00", "51", "96"])))
    settled(desk)


@given(st.data())
def test_any_message_or_bytes_from_a_host(name: str, data: st.DataObject) -> None:
    desk = Desk(setup(HOST[name], name))
    desk.send(desk.request())
    stan = desk.last_sent[11]
    for message in data.draw(st.lists(messages(name), min_size=1, max_size=4)):
        changed = message.evolve({11: stan}) if data.draw(st.booleans()) else message
        desk.host_sends(changed)
    desk.feed(events.LinkFrame("bank-1", data.draw(st.binary(max_size=100))))
    settled(desk)
