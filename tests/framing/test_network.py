"""The declaration with construct, and that the precompiled code agrees with it."""

from __future__ import annotations

import contextlib

import construct
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso_gateway.errors import BadFrame, FramingError
from iso_gateway.framing import Framing, network
from iso_gateway.framing.headers import HEADERS
from iso_gateway.framing.lengths import LENGTHS

FRAMINGS = st.builds(
    Framing,
    st.sampled_from(["2be", "2le", "2bcd", "4be", "4ascii"]),
    st.booleans(),
    st.sampled_from([(), ("tpdu",), ("cup",), ("tpdu", "cup")]),
)


def test_both_know_the_same_words_and_sizes() -> None:
    assert {name: each.sizeof() for name, each in network.LENGTHS.items()} == {
        name: each.size for name, each in LENGTHS.items()
    }
    assert {name: each.sizeof() for name, each in network.HEADERS.items()} == {
        name: each.size for name, each in HEADERS.items()
    }


def test_a_frame_of_ours_is_a_frame_of_the_declaration(framing: Framing) -> None:
    declared = network.declaration(framing)
    wire = framing.frame(b"0800")
    parsed = declared.parse(wire)
    assert parsed.payload == b"0800"
    assert declared.build(parsed) == wire


@settings(max_examples=100)
@given(framing=FRAMINGS, payload=st.binary(min_size=1, max_size=80), noise=st.data())
def test_both_read_the_same_bytes_alike(framing: Framing, payload: bytes, noise: st.DataObject) -> None:
    """One byte of the prefix or header is overwritten: both still agree on payload or refusal."""
    wire = bytearray(framing.frame(payload))
    before = len(wire) - len(payload)
    wire[noise.draw(st.integers(0, before - 1))] = noise.draw(st.integers(0, 255))
    declared = None
    with contextlib.suppress(construct.ConstructError):
        declared = network.declaration(framing).parse(bytes(wire)).payload
    ours = None
    with contextlib.suppress(FramingError):
        frames = framing.framer(65535).receive(wire)
        ours = frames[0].payload if frames else None
    assert ours == (declared or None)


@settings(max_examples=100)
@given(number=st.integers(0, 9999), name=st.sampled_from(sorted(LENGTHS)))
def test_both_write_lengths_alike(number: int, name: str) -> None:
    assert LENGTHS[name].write(number) == network.LENGTHS[name].build(number)
    assert LENGTHS[name].read(LENGTHS[name].write(number), 0) == number


def test_the_parts_of_a_header_have_names() -> None:
    framing = Framing.parse("2be+tpdu+cup")
    assert network.read_header(framing, bytes.fromhex("60 0003 1234 6131 24 311307")) == {
        "tpdu.id": "60",
        "tpdu.destination": "0003",
        "tpdu.source": "1234",
        "cup.application_class": "61",
        "cup.software_version": "31",
        "cup.terminal_status": "2",
        "cup.processing_requirement": "4",
        "cup.software_subversion": "311307",
    }


@pytest.mark.parametrize("header", ["", "61 0003 1234", "60 0003"])
def test_what_is_no_header_is_refused(header: str) -> None:
    with pytest.raises(BadFrame, match=r"no header of the framing 2be\+tpdu"):
        network.read_header(Framing.parse("2be+tpdu"), bytes.fromhex(header))
