"""Faults as people write them."""

from __future__ import annotations

import random  # noqa: TID251 -- seeded

import pytest

from iso_gateway.errors import ConfigError
from iso_gateway.faults.fault import NO_FAULT, Delay, Dribble, Fault, Law, Silence, Wrong
from iso_gateway.faults.grammar import WORDS, fault_of, text_of

READ: list[tuple[str, Fault]] = [
    ("silence", Fault(silence=Silence.RECORDED)),
    ("silence=unrecorded reset", Fault(silence=Silence.UNRECORDED, reset=True)),
    ("delay=2s", Fault(delay=Delay(Law.FIXED, 2.0))),
    ("delay=uniform:100ms..2s twice", Fault(delay=Delay(Law.UNIFORM, 0.1, 2.0), twice=True)),
    ("delay=lognormal:200ms,2s", Fault(delay=Delay(Law.LOGNORMAL, 0.2, 2.0))),
    ("late out-of-order", Fault(late=True, out_of_order=True)),
    ("wrong=mac|stan truncate=3", Fault(wrong=frozenset({Wrong.STAN, Wrong.MAC}), truncate=3)),
    ("without=mac pad=9", Fault(without_mac=True, pad=9)),
    ("garbage=40 close", Fault(garbage=40, close=True)),
    ("misframed=-4 dribble=2,50ms", Fault(misframed=-4, dribble=Dribble(2, 0.05))),
    ("cut=0 reset", Fault(cut=0, reset=True)),
    ("half-frame", Fault(half_frame=True)),
    ("refuse-connections", Fault(refuse_connections=True)),
    ("restart refuse-sign-on=91 wrong-check-value", Fault(restart=True, refuse_sign_on="91", wrong_check_value=True)),
]


@pytest.mark.parametrize(("text", "fault"), READ, ids=[text for text, _ in READ])
def test_a_fault_is_read_and_written_alike(text: str, fault: Fault) -> None:
    assert fault_of(text) == fault
    assert text_of(fault) == text


def test_every_word_is_shown_here() -> None:
    said = {word.partition("=")[0] for text, _ in READ for word in text.split()}
    assert said == set(WORDS)
    assert text_of(NO_FAULT) == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty; known are silence"),
        ("silense", "no fault is called 'silense', did you mean 'silence'?"),
        ("twice twice", "twice is said twice"),
        ("delay=2d", "delay: a duration like 250ms, 2s or 1m expected"),
        ("delay", "delay: a duration"),
        ("delay=uniform:2s..1s", "delay: the second duration is the longer one"),
        ("delay=lognormal:0,1s", "a median is over 0"),
        ("delay=2h", "an hour at most"),
        ("wrong=everything", "wrong: one or several of stan|terminal|amount|mac|check-value"),
        ("truncate=0", "truncate: a number of bytes from 1 to 65535"),
        ("misframed=4", "misframed: how many bytes the length header says more"),
        ("twice=2", "twice: it takes no value"),
        ("refuse-sign-on", "refuse-sign-on: a code of 1987"),
        ("silence twice", "silence does not go with twice: there is no answer"),
        ("close reset", "a connection ends once"),
        ("restart late", "restart does not go with late"),
        ("x" * 2000, "longer than 1000 characters"),
    ],
)
def test_what_is_no_fault_is_told_by_name(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as raised:
        fault_of(text)
    assert told in str(raised.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        fault_of("silense delay=x twice twice")
    assert len(raised.value.problems) == 3


def test_a_lognormal_delay_has_its_median_and_its_99th_percentile() -> None:
    chance = random.Random(7)
    delay = Delay(Law.LOGNORMAL, 0.2, 2.0)
    drawn = sorted(delay.seconds(chance) for _ in range(10_000))
    assert drawn[5000] == pytest.approx(0.2, rel=0.1)
    assert drawn[9900] == pytest.approx(2.0, rel=0.2)
