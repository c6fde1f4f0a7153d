"""One tag looked up alone, by the engine or in Python, is what it is among all the others."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from iso_gateway.codec import tlv
from iso_gateway.codec.unreadable import Unreadable

TAGS = st.sampled_from(["82", "9F26", "5F34", "DF01", "9F8101", "DFFF7F", "70", "E1"])
ORDINARY = st.lists(st.tuples(st.sampled_from(["82", "9F26"]), st.binary(max_size=3)), min_size=2, max_size=6).map(
    lambda pairs: b"".join(bytes.fromhex(tag) + bytes([len(value)]) + value for tag, value in pairs)
)
"""What is found without any detour, with tags of which there are several."""


@st.composite
def data_objects(draw: st.DrawFn, depth: int = 2) -> bytes:
    """Return data objects one after the other, with lengths longer than they need and padding between them."""
    made = b""
    for tag in draw(st.lists(TAGS, max_size=4)):
        nested = tag in {"70", "E1"} and depth > 0
        value = draw(data_objects(depth - 1)) if nested else draw(st.binary(max_size=6))
        width = draw(st.sampled_from((0, 0, 0, 1, 2)))
        length = bytes([0x80 + width]) + len(value).to_bytes(width, "big") if width else bytes([len(value)])
        made += draw(st.sampled_from((b"", b"", b"", b"\x00", b"\xff"))) + bytes.fromhex(tag) + length + value
    return made


@st.composite
def nearly(draw: st.DrawFn) -> bytes:
    """Return data objects, now and then with one byte changed or cut short."""
    data = draw(data_objects())
    if data and draw(st.booleans()):
        at = draw(st.integers(0, len(data) - 1))
        data = data[:at] + draw(st.sampled_from((b"", b"\x00", b"\x81", b"\x9f", b"\xff"))) + data[at + 1 :]
    return data[: draw(st.integers(0, len(data)))] if draw(st.integers(0, 3)) == 0 else data


@settings(max_examples=4 * settings().max_examples)
@given(data=ORDINARY | nearly(), tag=TAGS)
def test_a_tag_alone_is_what_it_is_among_the_others(data: bytes, tag: str) -> None:
    wanted = bytes.fromhex(tag)
    # The engine may leave anything to Python, and Python what is rare to the whole reading.
    quick, slow = tlv.find_simple(data, wanted), tlv.find_in_python(data, wanted)
    assert quick == slow or quick is False
    try:
        found = {each.tag: each.value for each in reversed(list(tlv.objects(data)))}
    except Unreadable:
        assert quick is slow is False
        return
    assert slow is False or slow == found.get(tag)
    assert tlv.find(data, tag) == found.get(tag)
