"""What a MAC covers and where it stands: against the trace of the codec, for every shipped spec and for random ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from iso_gateway.catalog import load_spec
from iso_gateway.codec.build import build_spec
from iso_gateway.codec.message import Message
from iso_gateway.codec.spec import Spec
from iso_gateway.codec.trace import Span
from iso_gateway.errors import EncodeError
from iso_gateway.protocol.covering import PIN, REMEMBERED, Covered, Covering, Room, block_bytes, faults, has_mac
from iso_gateway.protocol.legs import MAC
from iso_gateway.protocol.protection import Protection
from iso_gateway.security.keys import MacAlgorithm, MacMethod, PinFormat
from tests.support.drawn_messages import messages
from tests.support.shipped import SHIPPED_SPECS
from tests.support.spec_strategies import spec_data

MAC_4 = bytes.fromhex("DEADBEEF")
MAC_8 = bytes.fromhex("0123456789ABCDEF")
BLOCK = bytes.fromhex("FEDCBA9876543210")

every_spec = pytest.mark.parametrize("name", SHIPPED_SPECS)


def protection(length: int = 4, *covering: int) -> Protection:
    return Protection(mac=MacMethod(MacAlgorithm.X9_19, 1, length), covered=covering)


def covered(message: Message, payload: bytes, way: Protection) -> Covered | None:
    assert message.spec is not None
    return Covering(message.spec, way).covered(message, payload)


def room(spec: Spec, message: Message, way: Protection, pin: int = 0) -> Room:
    return Covering(spec, way).room(message, pin)


def spans(spec: Spec, payload: bytes) -> dict[str, Span]:
    """Return where the trace finds the elements of *payload*, by name: the plain second way."""
    found: dict[str, Span] = {}
    for span in spec.decode(payload, trace=True).spans:
        found.setdefault(span.field, span)  # a fault inside of an element goes by its name as well, behind it
    return found


@every_spec
@given(drawn=st.data())
def test_a_mac_covers_from_the_message_type_to_the_byte_before_its_element(name: str, drawn: st.DataObject) -> None:
    spec = load_spec(name)
    message = drawn.draw(messages(spec))
    made = room(spec, message, protection())
    assert made.place is not None
    payload = made.filled(MAC_4)
    place = spans(spec, payload)[str(made.place.number)]
    assert place.end == len(payload)
    assert made.data == payload[: place.start]
    came = spec.decode(payload)
    assert covered(came, payload, protection()) == (made.data, MAC_4)
    assert came[made.place.number] == MAC_4.ljust(len(came[made.place.number]), b"\0")
    assert came == made.said(MAC_4)
    assert max(came) == made.place.number == min(each for each in MAC if each > max([1, *(set(message) - MAC)]))


@every_spec
@given(drawn=st.data())
def test_the_mac_of_named_elements_is_of_their_bytes_as_carried_in_the_order_named(
    name: str, drawn: st.DataObject
) -> None:
    spec = load_spec(name)
    message = drawn.draw(messages(spec))
    names = drawn.draw(st.lists(st.sampled_from([0, *(set(spec.fields) - MAC)]), unique=True, max_size=6))
    names += drawn.draw(st.permutations(sorted(set(message) - MAC)))
    named = protection(4, *dict.fromkeys(names))
    assume(named.covered)
    payload = (made := room(spec, message, named)).filled(MAC_4)
    places = spans(spec, payload)
    places["0"] = places["mti"]
    plain = b"".join(
        payload[places[str(each)].start : places[str(each)].end] for each in named.covered if str(each) in places
    )
    assert made.data == plain
    assert covered(spec.decode(payload), payload, named) == (plain, MAC_4)


@every_spec
@given(drawn=st.data())
def test_a_pin_block_goes_where_the_trace_finds_data_element_52(name: str, drawn: st.DataObject) -> None:
    spec = load_spec(name)
    message = drawn.draw(messages(spec))
    for way in (protection(), protection(4, 3, PIN, 0), Protection()):
        made = room(spec, message, way, pin=8)
        payload = made.filled(MAC_4 if way.mac else b"", BLOCK)
        came = spec.decode(payload)
        assert came[PIN] == BLOCK
        assert came == made.said(MAC_4 if way.mac else b"", BLOCK)
        assert made.pin_at == spans(spec, payload)["52"].body
        written = BLOCK.hex().upper().encode() if made.pin_text else BLOCK
        if way.mac is not None:
            # What the module makes of the data is what the other side will find covered.
            data = made.data[: made.pin_in_data] + written + made.data[made.pin_in_data + len(written) :]
            assert covered(came, payload, way) == (data, MAC_4)


@given(drawn=st.data())
def test_the_places_of_elements_are_those_of_the_trace_in_any_spec(drawn: st.DataObject) -> None:
    spec = build_spec(drawn.draw(spec_data()))
    payload = spec.encode(drawn.draw(messages(spec)))
    found = [(str(each.number), each.start, each.body, each.end) for each in spec.extents(spec.decode(payload))]
    wanted = [
        (each.field, each.start, each.body, each.end)
        for each in spec.decode(payload, trace=True).spans
        if each.field.isdecimal() and not each.fault
    ]
    assert found == wanted


def test_a_mac_with_an_element_behind_it_is_none_for_the_bytes_there_would_be_free() -> None:
    spec = load_spec("iso87-binary")
    message = spec.message("0200", {3: "000000", 64: MAC_8, 90: "0" * 42})
    assert covered(message, spec.encode(message), protection(8)) is None
    assert covered(message, spec.encode(message), protection(8, 3)) is not None
    assert has_mac(message)


def test_a_message_without_an_element_for_it_has_no_mac() -> None:
    spec = load_spec("iso87-binary")
    message = spec.message("0200", {3: "000000"})
    assert covered(message, spec.encode(message), protection(8)) is None
    assert covered(message, spec.encode(message), protection(8, 3)) is None
    empty = spec.message("0200", {})
    assert covered(empty, spec.encode(empty), protection(8)) is None
    assert not has_mac(message)


def test_a_mac_that_is_shorter_than_the_leg_says_is_none() -> None:
    data = {**spec_with_mac("LLVAR", "0"), "name": "short"}
    spec = build_spec(data)
    message = spec.message("0200", {3: "000000", 64: MAC_4})
    assert covered(message, spec.encode(message), protection(8)) is None
    assert covered(message, spec.encode(message), protection(4)) is not None


def test_a_leg_without_a_mac_has_nothing_covered() -> None:
    spec = load_spec("iso87-binary")
    message = spec.message("0200", {3: "000000", 64: MAC_8})
    assert covered(message, spec.encode(message), Protection()) is None
    assert room(spec, message, Protection()).filled() == spec.encode(spec.message("0200", {3: "000000"}))


def test_a_mac_of_variable_length_is_as_long_as_the_leg_says_and_its_prefix_is_not_covered() -> None:
    spec = build_spec(spec_with_mac("LLVAR", "0"))
    made = room(spec, spec.message("0200", {3: "000000"}), protection(4))
    payload = made.filled(MAC_4)
    assert payload == b"0200" + bytes.fromhex("2000000000000001") + b"000000" + b"04" + MAC_4
    assert made.data == b"0200" + bytes.fromhex("2000000000000001") + b"000000"


def test_the_mac_of_a_message_with_a_third_bitmap_is_its_last_element() -> None:
    data = spec_with_mac("fixed", "")
    data["bitmap"] = {"encoding": "binary", "third": "follows"}
    data["fields"] |= {"140": data["fields"]["3"], "192": data["fields"]["64"]}
    spec = build_spec(data)
    made = room(spec, spec.message("0200", {3: "000000", 140: "000001"}), protection(8))
    payload = made.filled(MAC_8)
    assert made.place is not None
    assert made.place.number == 192
    assert covered(spec.decode(payload), payload, protection(8)) == (payload[:-8], MAC_8)


def test_a_message_with_nowhere_for_a_mac_behind_it_is_refused() -> None:
    spec = build_spec(spec_with_mac("fixed", "") | {"name": "no 128"})
    message = spec.message("0200", {3: "000000", 70: "000001"})
    with pytest.raises(EncodeError, match="no element for a MAC behind DE 70"):
        room(spec, message, protection(8))


def test_a_message_changed_in_any_byte_is_another_to_its_mac() -> None:
    spec = load_spec("iso87-ascii")
    payload = room(spec, spec.message("0200", {3: "000000", 11: "000001"}), protection(8)).filled(MAC_8)
    right = covered(spec.decode(payload), payload, protection(8))
    for at in range(len(payload)):
        other = payload[:at] + (b"1" if payload[at : at + 1] != b"1" else b"3") + payload[at + 1 :]
        try:
            came = spec.decode(other)
        except Exception:  # noqa: BLE001 -- what is no message is refused elsewhere
            continue
        assert covered(came, other, protection(8)) != right


@every_spec
def test_what_is_shipped_can_be_protected(name: str) -> None:
    spec = load_spec(name)
    assert list(faults(spec, Protection(protection(4).mac, covered=(0, 3), pin=PinFormat.ISO_0, ksn="53"))) == []


@pytest.mark.parametrize(
    ("name", "wanted", "setting", "said"),
    [
        ("iso2003", protection(8), "mac_length", "DE 64 of iso2003 has 4 bytes, and the MAC 8"),
        ("iso87-ascii", protection(8, 192), "mac_fields", "no element 192 of iso87-ascii that a MAC could cover"),
        ("iso87-ascii", protection(8, 64), "mac_fields", "no element 64 of iso87-ascii that a MAC could cover"),
        ("iso87-ascii", Protection(ksn="x"), "ksn", "iso87-ascii has no element x"),
        ("iso87-ascii", Protection(ksn="65.1"), "ksn", "iso87-ascii has no element 65.1"),
        (
            "cup-pos",
            Protection(pin=PinFormat.ISO_4),
            "pin",
            "DE 52 of cup-pos has no 16 bytes, which a PIN block of iso-4 has",
        ),
    ],
)
def test_what_a_spec_cannot_carry_is_named(name: str, wanted: Protection, setting: str, said: str) -> None:
    assert (setting, said) in list(faults(load_spec(name), wanted))


def test_a_spec_without_elements_for_mac_or_pin_is_named() -> None:
    data = spec_with_mac("fixed", "")
    data["fields"] = {"3": data["fields"]["3"], "52": data["fields"]["3"]}
    spec = build_spec(data)
    wanted = Protection(protection(8).mac, pin=PinFormat.ISO_0)
    assert [setting for setting, _ in faults(spec, wanted)] == ["mac", "pin"]


def test_a_pin_block_is_eight_bytes_and_sixteen_under_aes() -> None:
    assert {each: block_bytes(each) for each in PinFormat} == {
        PinFormat.ISO_0: 8,
        PinFormat.ISO_1: 8,
        PinFormat.ISO_2: 8,
        PinFormat.ISO_3: 8,
        PinFormat.ISO_4: 16,
    }


def test_a_flood_of_messages_with_other_elements_is_not_remembered() -> None:
    spec = load_spec("iso87-binary")
    ours = Covering(spec, protection(8))
    free = [3, 4, 7, 11, 12, 13, 18, 19, 22, 25]
    for number in range(REMEMBERED + 2):
        chosen = [each for at, each in enumerate(free) if number >> at & 1]
        ours.room(spec.message("0200", dict.fromkeys(chosen, 0)))
    assert len(ours._shapes) == 2


def test_room_shows_nothing_of_what_is_in_it() -> None:
    spec = load_spec("iso87-binary")
    made = room(spec, spec.message("0200", {2: "4111111111111111"}), protection(8), pin=8)
    assert repr(made) == "<Room in 0200 for a MAC>"


def spec_with_mac(length: str, least: str) -> dict[str, Any]:
    """Return the data of a small spec whose DE 64 is of that length."""
    digits = {"name": "digits", "format": "n", "length": "fixed", "max": "6", "encoding": "ascii", "mask": "none"}
    mac = {"name": "mac", "format": "b", "length": length, "max": "8", "encoding": "binary", "mask": "all"}
    if length != "fixed":
        mac |= {"prefix": "ascii", "min": least}
    return {
        "name": "small",
        "version": "1987",
        "mti": {"encoding": "ascii"},
        "bitmap": {"encoding": "binary"},
        "fields": {"3": digits, "64": mac, "70": digits},
        "echo": [],
    }


def test_a_message_type_in_ebcdic_and_a_mac_in_ebcdic_characters_are_as_they_are_carried() -> None:
    data = spec_with_mac("fixed", "")
    data["mti"] = {"encoding": "cp500"}
    data["fields"]["64"] |= {"encoding": "hex-ebcdic"}
    spec = build_spec(data)
    message: Message = spec.message("0200", {3: "000000"})
    payload = room(spec, message, protection(8)).filled(MAC_8)
    assert payload.endswith("0123456789ABCDEF".encode("cp500"))
    assert covered(spec.decode(payload), payload, protection(8)) == (payload[:-16], MAC_8)
