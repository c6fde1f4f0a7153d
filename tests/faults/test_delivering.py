"""An answer and a fault become bytes, pauses and an end, on real framings."""

from __future__ import annotations

import random  # noqa: TID251 -- seeded

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso_gateway import load_spec
from iso_gateway.errors import ConfigError, FramingError
from iso_gateway.faults.delivering import Delivery, Then, delivery, misstated, with_wrong_mac, without_mac
from iso_gateway.faults.fault import NO_FAULT, Fault
from iso_gateway.faults.grammar import WORDS, fault_of, joined, text_of, words_of
from iso_gateway.framing import Framing

SPEC = load_spec("iso87-ascii")
ANSWER = SPEC.message(
    "0210", {3: "000000", 4: 6051, 11: "999999", 39: "00", 41: "TERM0009", 64: bytes.fromhex("0102030405060708")}
)
PAYLOAD = b"0210" + bytes(range(60))
FRAMING = Framing.parse("2be")
WIRE = FRAMING.frame(PAYLOAD)


def given_with(text: str, seed: int = 1, framing: Framing = FRAMING) -> Delivery:
    """Return how PAYLOAD is given with the fault *text*."""
    return delivery(PAYLOAD, framing.default_header, framing, fault_of(text), 45.0, random.Random(seed))


def wire(made: Delivery) -> bytes:
    """Return all bytes of *made*."""
    return b"".join(piece.wire for piece in made.pieces)


def test_without_a_fault_an_answer_goes_out_as_it_is() -> None:
    made = delivery(PAYLOAD, b"", FRAMING, NO_FAULT, 45.0, random.Random(1))
    assert (made.after, made.held, wire(made), made.then, made.whole) == (0.0, False, WIRE, Then.OPEN, True)


@pytest.mark.parametrize(
    ("text", "sent", "then", "whole"),
    [
        ("silence", b"", Then.OPEN, False),
        ("silence=unrecorded close", b"", Then.CLOSE, False),
        ("twice", WIRE * 2, Then.OPEN, True),
        ("truncate=4", FRAMING.frame(PAYLOAD[:-4]), Then.OPEN, False),
        ("truncate=999", b"\0\0", Then.OPEN, False),
        ("pad=3", FRAMING.frame(PAYLOAD + b"\0\0\0"), Then.OPEN, False),
        ("truncate=4 pad=4", FRAMING.frame(PAYLOAD[:-4] + bytes(4)), Then.OPEN, False),
        ("pad=65535", FRAMING.frame((PAYLOAD + bytes(65535))[:65535]), Then.OPEN, False),
        ("misframed=+4", b"\0\x44" + PAYLOAD, Then.OPEN, False),
        ("misframed=-4", b"\0\x3c" + PAYLOAD, Then.OPEN, False),
        ("misframed=-999", b"\0\0" + PAYLOAD, Then.OPEN, False),
        ("misframed=+65535", b"\xff\xff" + PAYLOAD, Then.OPEN, False),
        ("cut=5", WIRE[:5], Then.MUTE, False),
        ("cut=0 reset", b"", Then.RESET, False),
        ("cut=9999", WIRE, Then.MUTE, True),
        ("half-frame", WIRE[:33], Then.CLOSE, False),
        ("half-frame dribble=8", WIRE[:33], Then.CLOSE, False),
        ("close", WIRE, Then.CLOSE, True),
        ("reset twice", WIRE * 2, Then.RESET, True),
        ("dribble=7", WIRE, Then.OPEN, True),
    ],
)
def test_what_goes_out(text: str, sent: bytes, then: Then, *, whole: bool) -> None:
    made = given_with(text)
    assert (wire(made), made.then, made.whole) == (sent, then, whole)


def test_garbage_is_of_the_seed_and_in_a_frame() -> None:
    made = given_with("garbage=40")
    assert wire(made)[:2] == b"\0\x28"
    assert len(wire(made)) == 42
    assert wire(made) == wire(given_with("garbage=40")) != wire(given_with("garbage=40", seed=2))


def test_dribbled_bytes_come_with_pauses() -> None:
    made = given_with("dribble=20,50ms twice")
    assert [(piece.after, len(piece.wire)) for piece in made.pieces] == [
        *((0.0, 20), (0.05, 20), (0.05, 20), (0.05, 6)),
        *((0.0, 20), (0.05, 20), (0.05, 20), (0.05, 6)),
    ]


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        *(("delay=2s", 2, 2), ("delay=uniform:1s..2s", 1, 2), ("late", 45, 45), ("twice", 0, 0)),
        ("delay=lognormal:200ms,2s", 0.001, 20),
    ],
)
def test_an_answer_is_put_off(text: str, least: float, most: float) -> None:
    assert all(least <= given_with(text, seed).after <= most for seed in range(50))


def test_one_that_is_to_come_out_of_order_is_held() -> None:
    assert given_with("out-of-order").held
    assert not given_with("delay=1s").held


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("wrong=stan", {11: "000001"}),
        ("wrong=terminal", {41: "TERM0000"}),
        ("wrong=amount", {4: "000000006052"}),
        ("wrong=stan|amount|terminal", {11: "000001", 41: "TERM0000", 4: "000000006052"}),
        ("wrong=mac", {}),
        ("twice", {}),
    ],
)
def test_what_an_answer_says_wrongly(text: str, changed: dict[int, str]) -> None:
    said = misstated(ANSWER, fault_of(text))
    assert {number: said[number] for number in said if said[number] != ANSWER[number]} == changed


def test_what_an_answer_does_not_have_is_not_made_up() -> None:
    bare = SPEC.message("0810", {39: "00"})
    assert misstated(bare, fault_of("wrong=stan|amount|terminal")) == bare
    assert with_wrong_mac(bare) == without_mac(bare) == bare


def test_a_mac_is_another_or_gone() -> None:
    assert with_wrong_mac(ANSWER)[64] != ANSWER[64]
    assert 64 not in without_mac(ANSWER)


@pytest.mark.parametrize("framing", ["2be", "2le", "2bcd", "4ascii", "2be-inclusive", "2be+tpdu", "2be+tpdu+cup"])
@pytest.mark.parametrize("word", ["truncate=3", "pad=3", "garbage=9", "dribble=3", "twice", "close"])
def test_what_has_a_true_length_is_read_as_frames_by_every_framing(framing: str, word: str) -> None:
    spoken = Framing.parse(framing)
    frames = spoken.framer().receive(wire(given_with(word, framing=spoken)))
    expected = {"truncate=3": [61], "pad=3": [67], "garbage=9": [9], "twice": [64, 64]}.get(word, [64])
    assert [len(frame.payload) for frame in frames] == expected


@pytest.mark.parametrize("framing", ["2be", "4be", "4ascii", "2be-inclusive", "2be+tpdu"])
def test_what_has_an_untrue_length_takes_of_the_next_frame_or_leaves_some(framing: str) -> None:
    spoken = Framing.parse(framing)
    framer = spoken.framer()
    assert framer.receive(wire(given_with("misframed=+4", framing=spoken))) == []
    assert framer.needed - framer.buffered == 4
    after: bytes = wire(given_with("misframed=-4", framing=spoken))
    try:
        frames = spoken.framer().receive(after)
    except FramingError:
        return
    assert frames[0].payload == PAYLOAD[:-4]


NAMES = sorted(WORDS)
VALUES = {
    word.partition("=")[0]: word[word.index("=") :]
    for word in (
        *("delay=5ms", "wrong=stan|mac", "without=mac", "truncate=3", "pad=2", "garbage=7", "misframed=+2"),
        *("dribble=3", "cut=9", "refuse-sign-on=91"),
    )
}


@given(names=st.sets(st.sampled_from(NAMES), min_size=1), framing=st.sampled_from(["2be", "2be+tpdu", "4ascii"]))
def test_whatever_the_grammar_takes_together_is_carried_out(names: set[str], framing: str) -> None:
    fields, problems = words_of(" ".join(name + VALUES.get(name, "") for name in sorted(names)))
    if problems:
        assert all("does not go with" in problem.message for problem in problems)
        return
    fault = Fault(**fields)
    spoken = Framing.parse(framing)
    made = delivery(PAYLOAD, spoken.default_header, spoken, fault, 45.0, random.Random(1))
    assert (made.then is Then.RESET) == fault.reset
    assert bool(made.pieces) == (fault.answers and fault.cut != 0)
    assert not made.whole or wire(made).startswith(spoken.frame(PAYLOAD))


@given(first=st.sampled_from(NAMES), second=st.sampled_from(NAMES))
def test_two_faults_are_joined_where_the_grammar_would_take_them_together(first: str, second: str) -> None:
    one, other = (fault_of(name + VALUES.get(name, "")) for name in (first, second))
    both = joined(one, other)
    if first == second:
        assert both == one
        return
    try:
        together: Fault | None = fault_of(f"{text_of(one)} {text_of(other)}")
    except ConfigError:
        together = None
    assert both == together


def test_what_both_say_the_first_says() -> None:
    assert joined(fault_of("delay=2s wrong=stan"), fault_of("delay=1s wrong=mac twice")) == fault_of(
        "delay=2s wrong=stan|mac twice"
    )
