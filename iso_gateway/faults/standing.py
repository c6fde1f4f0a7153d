"""Faults that stand for a while: on a running host, or on the links of an acquirer marked test.

    silence times=3 for=60s                 the next three answers, if they come within a minute
    twice match=mti:0200 amount:>5000       of those that fit, for 60 s

None stands for ever: whoever forgets one finds a host that behaves again. Those in force are asked in the order in
which they were added; several strike one answer, and where two do not go together the earlier one counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from iso_gateway.errors import ConfigError, Problem, ProblemsError
from iso_gateway.faults.fault import Chance, Fault, Wrong
from iso_gateway.faults.grammar import duration, fault_of, joined, seconds_of, text_of
from iso_gateway.faults.when import ANY, Counting, Occasion, When, resolved, when_of
from iso_gateway.protocol.kinds import Kind

if TYPE_CHECKING:
    from iso_gateway.codec.spec import Spec

Found = TypeVar("Found")

LASTS: Final = 60.0
"""Seconds that a fault stands unless it says otherwise."""
MOST: Final = 100
"""Faults that stand at a time."""
_MOST_TIMES: Final = 1_000_000
_MATCH: Final = " match="


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A fault that stands."""

    fault: Fault
    lasts: float = LASTS
    """Seconds."""
    times: int = 0
    """How often it strikes; 0: any number."""
    when: When = ANY
    match: str = ""
    """The conditions of *when* as they were written."""

    @property
    def text(self) -> str:
        """It as it is written."""
        times = f" times={self.times}" if self.times else ""
        match = _MATCH + self.match if self.match else ""
        return f"{text_of(self.fault)}{times} for={duration(self.lasts)}{match}"


def standing_of(text: str, match: str = "", spec: Spec | None = None) -> Standing:
    """Return the standing fault that *text* describes: words of the grammar, ``times=N``, ``for=60s``, ``match=...``.

    Args:
        text: the words; what follows ``match=`` are conditions, to the end.
        match: the conditions, where *text* says none.
        spec: whose elements they name.

    Raises:
        ConfigError: with everything that is wrong with it.
    """
    problems: list[Problem] = []
    before, said, behind = f" {text}".partition(_MATCH)
    if said and match:
        problems.append(Problem("match", "is said twice"))
    match = match or behind.strip(" '\"")
    own: dict[str, str] = {}
    words: list[str] = []
    for word in before.split():
        key, equals, value = word.partition("=")
        if key not in {"times", "for"}:
            words.append(word)
        elif key in own:
            problems.append(Problem("fault", f"{key} is said twice"))
        else:
            own[key] = value if equals else ""
    fault = _tried(lambda: fault_of(" ".join(words)), Fault(), problems)
    when = _tried(lambda: when_of(match, "match") if match else ANY, ANY, problems)
    if spec is not None:
        when = _tried(lambda: resolved(when, spec, "match"), when, problems)
    times, lasts = _times(own.get("times"), problems), _lasts(own.get("for"), problems)
    if problems:
        raise ConfigError(problems)
    return Standing(fault=fault, lasts=lasts, times=times, when=when, match=match)


def _tried(find: Callable[[], Found], otherwise: Found, problems: list[Problem]) -> Found:
    try:
        return find()
    except ProblemsError as error:
        problems += error.problems
        return otherwise


def _times(text: str | None, problems: list[Problem]) -> int:
    if text is None:
        return 0
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else 0
    if not 0 < number <= _MOST_TIMES:
        problems.append(Problem("fault", f"times: a number from 1 to {_MOST_TIMES} expected"))
    return number


def _lasts(text: str | None, problems: list[Problem]) -> float:
    if text is None:
        return LASTS
    try:
        seconds = seconds_of(text)
    except ValueError as error:
        problems.append(Problem("fault", f"for: {error}"))
        return LASTS
    if not seconds:
        problems.append(Problem("fault", "for: over 0 seconds expected"))
    return seconds


class _Live:
    """One that is in force."""

    def __init__(self, number: int, standing: Standing, place: str, until: float, chance: Chance) -> None:
        self.number = number
        self.standing = standing
        self.place = place
        self.until = until
        self.struck = 0
        self.counting = Counting(standing.when, chance)

    @property
    def spent(self) -> bool:
        times = self.standing.times
        return bool(times) and self.struck >= times

    def row(self, now: float) -> dict[str, Any]:
        """Return it for people and scripts."""
        standing = self.standing
        left = {"times_left": standing.times - self.struck} if standing.times else {}
        match = {"match": standing.match} if standing.match else {}
        place = {"acquirer": self.place} if self.place else {}
        return {
            "number": self.number,
            **place,
            "fault": text_of(standing.fault),
            **match,
            "seconds_left": max(round(self.until - now, 1), 0.0),
            **left,
            "struck": self.struck,
        }


class InForce:
    """The faults that stand now, in the order in which they were added. Times are monotonic seconds."""

    def __init__(self, chance: Chance, tell: Callable[[Mapping[str, Any]], None]) -> None:
        """Draw probabilities from *chance*, and *tell* of each that is added, strikes or is over."""
        self.chance = chance
        """For delays and garbage, too."""
        self.on_change: Callable[[], None] = lambda: None
        """Called when one was added or is over."""
        self._tell = tell
        self._live: list[_Live] = []
        self._numbered = 0

    def __bool__(self) -> bool:
        return bool(self._live)

    def __repr__(self) -> str:
        return f"<InForce of {len(self._live)} faults>"

    def add(self, standing: Standing, now: float, place: str = "") -> int:
        """Have *standing* be in force from *now* on, at *place*; return its number.

        Raises:
            ConfigError: MOST are in force already.
        """
        if len(self._live) >= MOST:
            raise ConfigError([Problem("fault", f"{MOST} are in force already; clear some")])
        self._numbered += 1
        live = _Live(self._numbered, standing, place, now + standing.lasts, self.chance)
        self._live.append(live)
        self._say(live, "added", {"for": duration(standing.lasts)})
        self.on_change()
        return live.number

    def clear(self, numbers: Sequence[int] = ()) -> int:
        """End those with *numbers*, or all; return how many. Where one number is wrong, none is ended.

        Raises:
            ConfigError: with every number that none has.
        """
        known = {live.number for live in self._live}
        unknown = [number for number in numbers if number not in known]
        if unknown:
            listed = ", ".join(map(str, sorted(known))) or "none"
            raise ConfigError([Problem("number", f"no fault {number} is in force ({listed})") for number in unknown])
        ended = [live for live in self._live if not numbers or live.number in numbers]
        self._end(ended, "cleared")
        return len(ended)

    def strike(self, occasion: Occasion, now: float, place: str = "") -> Fault | None:
        """Return what goes wrong with the answer to *occasion*, and count it; None: nothing."""
        found: Fault | None = None
        over = []
        for live in self._live:
            fault = live.standing.fault
            if live.place != place or now >= live.until or not _about(fault, occasion.kind):
                continue
            both = fault if found is None else joined(found, fault)
            if both is None or not live.counting.holds(occasion):
                continue
            found = both
            self._struck(live)
            if live.spent:
                over.append(live)
        self._end(over, "spent")
        return found

    def begun(self, now: float) -> Fault | None:
        """Return what a fault that was added last does at once: restart; None: nothing."""
        live = self._live[-1] if self._live else None
        if live is None or now >= live.until or not live.standing.fault.restart:
            return None
        self._struck(live)
        if not _outlasts(live.standing.fault) or live.spent:
            self._end([live], "spent")
        return live.standing.fault

    def refuses_connections(self, now: float, place: str = "") -> bool:
        """Say whether nobody may connect now."""
        return any(
            live.standing.fault.refuse_connections for live in self._live if live.place == place and now < live.until
        )

    def expire(self, now: float) -> float | None:
        """End those whose time is over; return when the next one's is, None: none is in force."""
        self._end([live for live in self._live if now >= live.until], "expired")
        return min((live.until for live in self._live), default=None)

    def rows(self, now: float) -> list[dict[str, Any]]:
        """Return those in force: number, fault, what is left of it, how often it struck."""
        return [live.row(now) for live in self._live if now < live.until]

    def _struck(self, live: _Live) -> None:
        live.struck += 1
        # The first, the tenth, the hundredth: a fault that strikes a thousand times a second fills no disk.
        if str(live.struck).strip("0") == "1":
            self._say(live, "struck", {"times": live.struck})

    def _end(self, several: list[_Live], how: str) -> None:
        for live in several:
            self._live.remove(live)
            self._say(live, how, {"struck": live.struck})
        if several:
            self.on_change()

    def _say(self, live: _Live, what: str, more: Mapping[str, Any]) -> None:
        standing = live.standing
        fields: dict[str, Any] = {
            "what": what,
            "number": live.number,
            "acquirer": live.place,
            "fault": text_of(standing.fault),
        }
        self._tell({key: value for key, value in fields.items() if value} | dict(more))


def _about(fault: Fault, kind: Kind | None) -> bool:
    """Say whether *fault* can strike the answer to a message of *kind*."""
    if fault.refuse_sign_on or fault.wrong_check_value or fault.wrong == {Wrong.CHECK_VALUE}:
        return kind is Kind.SIGN_ON
    return not fault.of_the_host


def _outlasts(fault: Fault) -> bool:
    """Say whether something of *fault* goes on after its restart."""
    return fault.refuse_connections or bool(fault.refuse_sign_on) or fault.wrong_check_value
