"""The short form of a framing, and the bytes of one frame."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

from iso_gateway.errors import EncodeError, SpecError
from iso_gateway.framing import Framing

PAYLOAD = bytes(100)

# framing, the bytes that stand before 100 bytes of payload
BEFORE_100_BYTES = [
    ("2be", "0064"),
    ("2le", "6400"),
    ("2bcd", "0100"),
    ("4be", "00000064"),
    ("4ascii", "30313030"),
    ("2be-inclusive", "0066"),
    ("2le-inclusive", "6600"),
    ("2bcd-inclusive", "0102"),
    ("4be-inclusive", "00000068"),
    ("4ascii-inclusive", "30313034"),
    ("2be+tpdu", "0069 6000000000"),
    ("2be+tpdu+cup", "006f 6000000000 603100000000"),
    ("2be-inclusive+tpdu", "006b 6000000000"),
    ("2bcd+cup", "0106 603100000000"),
]


@pytest.mark.parametrize(("text", "before"), BEFORE_100_BYTES)
def test_a_frame_starts_with_its_length_and_headers(text: str, before: str) -> None:
    assert Framing.parse(text).frame(PAYLOAD) == bytes.fromhex(before) + PAYLOAD


def test_the_short_form_comes_back(framing: Framing) -> None:
    assert Framing.parse(str(framing)) == framing


WRONG = [
    ("4asci", ["no length '4asci', did you mean '4ascii'? (known: 2be, 2le, 2bcd, 4be, 4ascii)"]),
    ("2be+tdpu", ["no header 'tdpu', did you mean 'tpdu'? (known: tpdu, cup)"]),
    ("2be-exclusive", ["only '-inclusive' may follow a length, not '-exclusive'"]),
    ("2be-", ["only '-inclusive' may follow a length, not '-'"]),
    ("2be+tpdu+tpdu", ["each header at most once"]),
    ("", ["no length '' (known: 2be, 2le, 2bcd, 4be, 4ascii)"]),
    (
        "2bec+x",
        [
            "no length '2bec', did you mean '2be'? (known: 2be, 2le, 2bcd, 4be, 4ascii)",
            "no header 'x' (known: tpdu, cup)",
        ],
    ),
]


@pytest.mark.parametrize(("text", "faults"), WRONG)
def test_a_wrong_framing_is_refused_with_all_its_faults(text: str, faults: list[str]) -> None:
    with pytest.raises(SpecError) as caught:
        Framing.parse(text)
    assert [problem.message for problem in caught.value.problems] == faults


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2be", 65536),
        ("4be", 65536),
        ("2bcd", 10000),
        ("4ascii", 10000),
        ("4ascii-inclusive", 9996),
        ("2be+tpdu", 65531),
    ],
)
def test_what_the_length_cannot_say_is_not_framed(text: str, size: int) -> None:
    framing = Framing.parse(text)
    assert len(framing.frame(bytes(size - 1))) >= size
    with pytest.raises(EncodeError, match="the length can say"):
        framing.frame(bytes(size))


def test_a_header_of_another_framing_is_refused() -> None:
    with pytest.raises(EncodeError, match="a network header of 2 bytes, 5 expected"):
        Framing.parse("2be+tpdu").frame(PAYLOAD, b"\x60\x00")


def test_the_answer_goes_back_where_the_request_came_from() -> None:
    framing = Framing.parse("2be+tpdu+cup")
    request = bytes.fromhex("60 0003 1234 603100311307")
    answer = framing.answer_header(request)
    assert answer == bytes.fromhex("60 1234 0003 603100311307")
    assert framing.answer_header(answer) == request


def test_without_headers_the_answer_has_none() -> None:
    assert Framing.parse("2be").answer_header(b"") == b""


def test_a_bound_without_room_for_a_payload_is_refused() -> None:
    with pytest.raises(ValueError, match="over the 5 bytes"):
        Framing.parse("2be+tpdu").framer(5)


def test_a_framing_travels_to_another_process(framing: Framing) -> None:
    copy = pickle.loads(pickle.dumps(framing))  # noqa: TID251 -- our own bytes
    assert copy == framing
    assert copy.frame(PAYLOAD) == framing.frame(PAYLOAD)


def test_framing_does_not_load_construct() -> None:
    code = "import sys, iso_gateway.framing; sys.exit('construct' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
