"""Faults as people write them: words, some with a value, joined by spaces.

    silence                      decided and booked, and nobody is told
    delay=lognormal:200ms,2s     median and 99th percentile
    wrong=stan|mac twice         several things at once
    cut=37 reset                 37 bytes of the frame, then RST

`WORDS` is the whole vocabulary; the documentation is checked against it. `fault_of` and `text_of` undo each other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from iso_gateway.errors import ConfigError, Problem, did_you_mean
from iso_gateway.faults.fault import NO_FAULT, Delay, Dribble, Fault, Law, Silence, Wrong

LONGEST: Final = 3600.0
"""Seconds that anything may be put off."""
MOST_BYTES: Final = 65_535
"""Bytes that any count may say."""
MOST_CHARACTERS: Final = 1000
"""Of one text of faults."""

_DURATION: Final = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)(ms|s|m|h)?")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}


class _Unfit(Exception):  # noqa: N818 -- it leaves this module never
    """A value that its word does not take."""


class Word(NamedTuple):
    """One word of the grammar."""

    field: str
    """Which field of `Fault` it sets."""
    form: str
    """How it is written."""
    meaning: str
    read: Callable[[str | None], Any]
    """Takes what stands behind ``=``, None where nothing does."""
    write: Callable[[Any], str | None]
    """Gives that text again; None: the word alone."""


def seconds_of(text: str) -> float:
    """Return the seconds of a duration: ``250ms``, ``2s``, ``1.5``, ``2m``, ``1h``.

    Raises:
        ValueError: it is none, or longer than an hour.
    """
    match = _DURATION.fullmatch(text)
    seconds = float(match[1]) * _UNITS[match[2]] if match else math.inf
    if not seconds <= LONGEST:
        raise ValueError("a duration like 250ms, 2s or 1m expected, an hour at most")
    return seconds


def duration(seconds: float) -> str:
    """Return *seconds* as they are written: ``250ms``, ``2s``."""
    return f"{seconds:.10g}s" if seconds >= 1 or not seconds else f"{seconds * 1000:.10g}ms"


def _none(value: str | None) -> bool:
    if value is not None:
        raise _Unfit("it takes no value")
    return True


def _seconds(text: str) -> float:
    try:
        return seconds_of(text)
    except ValueError as error:
        raise _Unfit(str(error)) from None


def _count(value: str | None, least: int = 1, what: str = "") -> int:
    sign, digits = ("-", value[1:]) if value and value[0] == "-" else ("", (value or "").removeprefix("+"))
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 5):
        raise _Unfit(what or f"a number of bytes from {least} to {MOST_BYTES} expected")
    number = int(sign + digits)
    if not least <= number <= MOST_BYTES:
        raise _Unfit(what or f"a number of bytes from {least} to {MOST_BYTES} expected")
    return number


def _silence(value: str | None) -> Silence:
    try:
        return Silence(value or "recorded")
    except ValueError:
        raise _Unfit("silence, silence=recorded or silence=unrecorded expected") from None


def _silence_text(silence: Silence) -> str | None:
    return None if silence is Silence.RECORDED else str(silence)


def _delay(value: str | None) -> Delay:
    law, _, rest = (value or "").rpartition(":")
    if law in {"", "fixed"}:
        return Delay(Law.FIXED, _seconds(rest))
    first, _, second = rest.partition(".." if law == "uniform" else ",")
    if law not in {"uniform", "lognormal"} or not second:
        raise _Unfit("delay=2s, delay=uniform:100ms..2s or delay=lognormal:200ms,2s (median, 99th percentile) expected")
    delay = Delay(Law(law), _seconds(first), _seconds(second))
    if delay.first > delay.second or (law == "lognormal" and not delay.first):
        raise _Unfit("the second duration is the longer one, and a median is over 0")
    return delay


def _delay_text(delay: Delay) -> str:
    first, second = duration(delay.first), duration(delay.second)
    return {
        Law.FIXED: first,
        Law.UNIFORM: f"uniform:{first}..{second}",
        Law.LOGNORMAL: f"lognormal:{first},{second}",
    }[delay.law]


def _wrong(value: str | None) -> frozenset[Wrong]:
    try:
        return frozenset(Wrong(each) for each in (value or "").split("|"))
    except ValueError:
        raise _Unfit(f"one or several of {'|'.join(Wrong)} expected") from None


def _without(value: str | None) -> bool:
    if value != "mac":
        raise _Unfit("without=mac expected")
    return True


def _misframed(value: str | None) -> int:
    words = "how many bytes the length header says more (+4) or fewer (-4) than follow"
    number = _count(value, -MOST_BYTES, words)
    if not number or (value or "")[0] not in "+-":
        raise _Unfit(words)
    return number


def _dribble(value: str | None) -> Dribble:
    size, comma, pause = (value or "").partition(",")
    return Dribble(_count(size), _seconds(pause)) if comma else Dribble(_count(size))


def _dribble_text(dribble: Dribble) -> str:
    return f"{dribble.bytes_at_once},{duration(dribble.pause)}"


def _code(value: str | None) -> str:
    if value is None or not re.fullmatch(r"[0-9A-Z]{2}", value):
        raise _Unfit("a code of 1987 expected, as in refuse-sign-on=91")
    return value


def _plain(name: str, meaning: str) -> Word:
    return Word(name.replace("-", "_"), name, meaning, _none, lambda _value: None)


def _bytes(name: str, meaning: str, least: int = 1) -> Word:
    return Word(name, f"{name}=N", meaning, lambda value: _count(value, least), str)


WORDS: Final[dict[str, Word]] = {
    "silence": Word(
        "silence", "silence[=unrecorded]", "no answer; what was asked is booked, or is not", _silence, _silence_text
    ),
    "delay": Word(
        "delay", "delay=2s", "later; also uniform:100ms..2s, lognormal:200ms,2s", _delay, _delay_text
    ),
    "late": _plain("late", "after the other side's time-out (the host's --late)"),
    "twice": _plain("twice", "the same answer two times"),
    "out-of-order": _plain("out-of-order", "after the answer that comes next"),
    "wrong": Word(
        "wrong", "wrong=stan|mac", f"{', '.join(Wrong)}: not the right one", _wrong, lambda all_: "|".join(sorted(all_))
    ),
    "without": Word("without_mac", "without=mac", "the MAC is missing", _without, lambda _value: "mac"),
    "truncate": _bytes("truncate", "N bytes are missing at the end, and the length header agrees"),
    "pad": _bytes("pad", "N zero bytes too many at the end"),
    "garbage": _bytes("garbage", "N bytes of chance in place of the message"),
    "misframed": Word(
        "misframed", "misframed=+N|-N", "the length header says N bytes more or fewer than follow", _misframed,
        lambda number: f"{number:+}",
    ),
    "dribble": Word("dribble", "dribble=N[,50ms]", "N bytes at a time, with pauses", _dribble, _dribble_text),
    "cut": _bytes("cut", "N bytes of the frame, and nothing more", 0),
    "half-frame": _plain("half-frame", "half of the frame, then the connection is closed"),
    "close": _plain("close", "the connection is closed, after the answer where there is one"),
    "reset": _plain("reset", "the connection is reset (RST), after the answer where there is one"),
    "refuse-connections": _plain("refuse-connections", "nobody listens"),
    "restart": _plain("restart", "once: all connections are reset, sign-ons are forgotten, the ledger stays"),
    "refuse-sign-on": Word("refuse_sign_on", "refuse-sign-on=CODE", "sign-ons are refused", _code, str),
    "wrong-check-value": _plain("wrong-check-value", "keys that a sign-on brings have wrong check values"),
}  # fmt: skip
"""The whole vocabulary, in the order of the documentation."""

OF_THE_HOST: Final = ("refuse-connections", "restart", "refuse-sign-on", "wrong-check-value")
_SHAPES: Final = ("delay", "late", "twice", "out-of-order", "wrong", "without", "truncate", "pad", "garbage")
_WRITES: Final = ("misframed", "dribble", "cut", "half-frame")
_EXCLUDE: Final[tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...]] = (
    (("silence",), (*_SHAPES, *_WRITES), "there is no answer that it could be done to"),
    (("late",), ("delay",), "say how late once"),
    (("garbage",), ("wrong", "without", "truncate", "pad"), "nothing of the message is left"),
    (("half-frame",), ("cut", "close", "reset", "twice"), "half a frame ends the connection"),
    (("cut",), ("twice", "dribble"), "nothing comes after the cut"),
    (("close",), ("reset",), "a connection ends once"),
    (
        OF_THE_HOST,
        ("silence", *_SHAPES, *_WRITES, "close", "reset"),
        "one is about the host, the other about an answer",
    ),
)
"""What does not go together, and why."""


def fault_of(text: str, path: str = "fault") -> Fault:
    """Return the fault that *text* describes.

    Args:
        text: words, joined by spaces.
        path: what its problems are said to be of.

    Raises:
        ConfigError: with every word that is none, does not take its value, or does not go with another.
    """
    fields, problems = words_of(text, path)
    if problems:
        raise ConfigError(problems)
    return Fault(**fields)


def words_of(text: str, path: str = "fault") -> tuple[dict[str, Any], list[Problem]]:
    """Return the fields of `Fault` that *text* sets, and every problem that it has."""
    if len(text) > MOST_CHARACTERS:
        return {}, [Problem(path, f"longer than {MOST_CHARACTERS} characters")]
    fields: dict[str, Any] = {}
    problems: list[Problem] = []
    said: list[str] = []
    for part in text.split():
        name, equals, value = part.partition("=")
        word = WORDS.get(name)
        if word is None:
            known = did_you_mean(name, tuple(WORDS)) or f"; known are {', '.join(WORDS)}"
            problems.append(Problem(path, f"no fault is called {name[:40]!r}{known}"))
        elif name in said:
            problems.append(Problem(path, f"{name} is said twice"))
        else:
            said.append(name)
            try:
                fields[word.field] = word.read(value if equals else None)
            except _Unfit as unfit:
                problems.append(Problem(path, f"{name}: {unfit}"))
    if not said and not problems:
        problems.append(Problem(path, f"is empty; known are {', '.join(WORDS)}"))
    return fields, problems + [Problem(path, why) for why in _clashes(said)]


def _clashes(said: list[str]) -> list[str]:
    found: list[str] = []
    for ones, others, why in _EXCLUDE:
        one = next((each for each in ones if each in said), None)
        other = next((each for each in others if each in said), None)
        if one is not None and other is not None:
            found.append(f"{one} does not go with {other}: {why}")
    return found


def joined(first: Fault, second: Fault) -> Fault | None:
    """Return one fault that does what both do; what both say, *first* says. None where they do not go together."""
    if second == NO_FAULT:
        return first
    if first == NO_FAULT:
        return second
    said, also = _fields_of(first), _fields_of(second)
    if _clashes([name for name, word in WORDS.items() if word.field in said or word.field in also]):
        return None
    both = also | said
    if "wrong" in said and "wrong" in also:
        both["wrong"] = first.wrong | second.wrong
    return Fault(**both)


def _fields_of(fault: Fault) -> dict[str, Any]:
    """Return the fields of *fault* that say something."""
    said = {word.field: getattr(fault, word.field) for word in WORDS.values()}
    return {field: value for field, value in said.items() if value != getattr(NO_FAULT, field)}


def text_of(fault: Fault) -> str:
    """Return *fault* as it is written; the empty text for no fault."""
    said = _fields_of(fault)
    words: list[str] = []
    for name, word in WORDS.items():
        if word.field in said:
            text = word.write(said[word.field])
            words.append(name if text is None else f"{name}={text}")
    return " ".join(words)
