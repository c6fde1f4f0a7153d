"""Bytes of two peers become lines: frames, what is none, and never anything that a mask hides."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway import load_spec
from iso_gateway.framing import Frame, Framing
from iso_gateway.inspect.cards import Cards
from iso_gateway.inspect.redacting import Redactor
from iso_gateway.traffic.recorded import Ended, Idle, Lost, Opened, Side, Spoken, Unread
from iso_gateway.traffic.tape import Cutter, Piece, Scribe, Tape

SPEC = load_spec("iso87-ascii")
FRAMING = Framing.parse("2be+tpdu")
PAN = "4012888888881881"
SALE = SPEC.encode(SPEC.message("0200", {2: PAN, 3: 0, 4: 1234, 11: 123, 41: "TERM0001"}))
WIRE = FRAMING.frame(SALE)
KEEPALIVE = b"\x00\x00"


def cut(*chunks: bytes, framing: Framing = FRAMING) -> list[object]:
    cutter = Cutter(framing)
    found = [each for chunk in chunks for each in cutter.cut(chunk)] + cutter.end()
    return [what if not why else (what, why) for what, why in found]


FRAME = Frame(FRAMING.default_header, SALE)


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"", []),
        (WIRE, [FRAME]),
        (WIRE + WIRE, [FRAME, FRAME]),
        (WIRE + KEEPALIVE + WIRE, [FRAME, 1, FRAME]),
        (WIRE + WIRE[:9], [FRAME, (WIRE[:9], "a frame that was cut short")]),
        (WIRE[:1], [(WIRE[:1], "a frame that was cut short")]),
    ],
)
@pytest.mark.parametrize("step", [1, 2, 7, 1000])
def test_a_stream_is_cut_the_same_however_it_comes(stream: bytes, expected: list[object], step: int) -> None:
    assert cut(*(stream[at : at + step] for at in range(0, len(stream), step))) == expected


def test_behind_what_is_no_frame_there_are_only_bytes() -> None:
    assert cut(WIRE + b"\x00\x10\x61rest", WIRE, b"more") == [
        FRAME,
        (b"\x00\x10\x61rest", "a TPDU starts with the id 60"),
        (WIRE, "behind bytes that are no frame"),
        (b"more", "behind bytes that are no frame"),
    ]


@given(st.binary(max_size=200), st.integers(1, 50))
def test_every_byte_is_in_a_frame_or_told_of(data: bytes, step: int) -> None:
    some = cut(*(data[at : at + step] for at in range(0, len(data), step)), framing=Framing.parse("2be"))
    sizes = [
        2 + len(what.payload) if isinstance(what, Frame) else 2 if isinstance(what, int) else len(what[0])  # type: ignore[index]
        for what in some
    ]
    assert sum(sizes) == len(data)


def line(what: Any, word: str = "", *, redactor: Redactor | None = None, opened: bool = False) -> object:
    return Scribe(SPEC, redactor).line(Piece(1.5, 7, Side.CLIENT, what, word, opened))


def test_each_piece_has_its_line() -> None:
    spoken = line(FRAME)
    assert isinstance(spoken, Spoken)
    assert (spoken.message, spoken.header, spoken.side) == (SALE.hex(), "6000000000", Side.CLIENT)
    assert spoken.says == "0200 · 1234 minor units · STAN 000123 · TERM0001"
    assert line(None, "127.0.0.1:5", opened=True) == Opened(1.5, 7, "127.0.0.1:5")
    assert line(None, "reset") == Ended(1.5, 7, Side.CLIENT, "reset")
    assert line(2) == Idle(1.5, 7, Side.CLIENT, 2)
    assert line(b"abc", "why") == Unread(1.5, 7, Side.CLIENT, 3, "why", "616263")


def test_redacted_there_are_no_bytes_that_nobody_could_read() -> None:
    redactor = Redactor(Cards(bytes(16)))
    assert line(PAN.encode(), "why", redactor=redactor) == Unread(1.5, 7, Side.CLIENT, 16, "why", "")
    broken = line(Frame(b"12345", SALE[:-3]), redactor=redactor)
    assert isinstance(broken, Unread)
    assert (broken.count, broken.raw) == (5 + len(SALE) - 3, "")
    assert broken.why.startswith("DE 41 at byte")
    spoken = line(FRAME, redactor=redactor)
    assert isinstance(spoken, Spoken)
    assert PAN.encode().hex() not in spoken.message


def test_a_bug_of_the_redactor_shows_nothing_and_stops_nothing() -> None:
    class Broken(Redactor):
        def message(self, message: Any) -> Any:
            raise RuntimeError(str(message.items()))

    told = line(FRAME, redactor=Broken(Cards(bytes(16))))
    assert isinstance(told, Unread)
    assert (told.why, told.raw) == ("not understood by the recorder, which is a bug of it", "")


def test_what_waits_is_bounded_and_what_has_no_room_is_counted_where_it_is_missing() -> None:
    tape = Tape(most=2000)
    pieces = [Piece(float(at), 1, Side.SERVER, bytes(500), "why") for at in range(4)]
    for piece in pieces:
        tape.add(piece)
    assert [tape.next(), tape.next(), tape.next()] == [pieces[0], pieces[1], Lost(3.0, 0, 2)]
    assert (len(tape), tape.lost) == (0, 2)
    tape.add(pieces[3])
    assert tape.next() == pieces[3]
