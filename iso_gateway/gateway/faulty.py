"""Faults on the links of an acquirer marked test: what its host says is changed, put off, or lost, before it is heard.

What the gateway sends is left alone: a request that a host never got, and one whose answer was lost, look alike from
here. Faults of whole messages can be had here; those of single bytes, and of a host as such, a mock host has.
"""

from __future__ import annotations

import random  # noqa: TID251 -- for tests of links marked so; nothing else is drawn from it
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import trio

from iso_gateway.codec.mti import is_request
from iso_gateway.errors import ConfigError, DecodeError, EncodeError, NoConnection, Problem, did_you_mean
from iso_gateway.faults.delivering import delay_of, mangled, misstated, with_wrong_mac, without_mac
from iso_gateway.faults.fault import Fault, Wrong
from iso_gateway.faults.standing import InForce, Standing, standing_of
from iso_gateway.faults.verbs import fault_verbs
from iso_gateway.faults.when import KNOWN, Bare
from iso_gateway.net import clock
from iso_gateway.protocol import events
from iso_gateway.protocol.kinds import Kind

if TYPE_CHECKING:
    from iso_gateway.codec.message import Message
    from iso_gateway.gateway.config import Config, LinkTo
    from iso_gateway.net.connection import FramedConnection
    from iso_gateway.protocol.setup import Acquirer

NOT_HERE: Final = ("misframed", "dribble", "cut", "half-frame", "refuse-sign-on", "wrong-check-value")
"""Words that a link does not take: of what has been read as a message, bytes and frames are not known any more."""
_LATE: Final = 1.0
"""Seconds after the host's time-out when a late answer comes."""
_HELD_AT_MOST: Final = 2.0
_AT_ONCE: Final = 1000
"""Messages that are put off at a time; one more is heard at once."""


class Faulty:
    """What goes wrong on purpose on the links of one gateway."""

    def __init__(
        self,
        config: Callable[[], Config],
        links: Mapping[str, FramedConnection],
        feed: Callable[[events.Event], None],
        tell: Callable[[Mapping[str, Any]], None],
    ) -> None:
        """Have *feed* hear what comes over *links*; *tell* of every fault."""
        self.faults = InForce(random.Random(), tell)  # noqa: S311 -- no secret
        self._config = config
        self._links = links
        self._feed = feed
        self._held: list[tuple[LinkTo, FramedConnection, list[bytes]]] = []
        self._later = 0
        self._nursery: trio.Nursery | None = None
        self._changed = trio.Event()
        self.faults.on_change = self._change

    def verbs(self) -> dict[str, Any]:
        """Return what the admin socket understands of this."""
        return fault_verbs(self.faults, self.add, _now)

    def rows(self) -> list[dict[str, Any]]:
        """Return the faults in force."""
        return self.faults.rows(_now())

    def add(self, words: str, match: str, acquirer: str) -> int:
        """Have a fault be in force on the links of *acquirer*; empty: the only one marked test. Return its number.

        Raises:
            ConfigError: with everything that is wrong with it.
        """
        place = self._place(acquirer)
        problems = [
            Problem("fault", f"{word} is not for links: a mock host does it (iso-gateway host)")
            for word in words.split()
            if (word.partition("=")[0]) in NOT_HERE
        ]
        try:
            standing = standing_of(words, match, place.dialect.spec)
        except ConfigError as error:
            raise ConfigError([*error.problems, *problems]) from None
        problems += _unfit(standing)
        if problems:
            raise ConfigError(problems)
        number = self.faults.add(standing, _now(), place.name)
        if self.faults.begun(_now()) is not None:
            for link in self._config().links:
                if link.table.name == place.name and (connection := self._links.get(link.name)) is not None:
                    connection.reset("reset on purpose")
        return number

    def _place(self, name: str) -> Acquirer:
        """Return the acquirer *name*, which is marked test."""
        config = self._config()
        tests = [table.name for table in config.file.acquirers if table.test]
        known = config.setup.acquirers
        if not name and len(tests) == 1:
            return known[tests[0]]
        if not name:
            said = f"say which one: {', '.join(tests)}" if tests else "none is marked with test = true"
            raise ConfigError([Problem("acquirer", said)])
        if name not in known:
            raise ConfigError([Problem("acquirer", f"no acquirer {name[:40]!r}{did_you_mean(name, list(known))}")])
        if name not in tests:
            said = f"{name} is not marked with test = true: its links carry real money"
            raise ConfigError([Problem("acquirer", said)])
        return known[name]

    async def run(self) -> None:
        """End the faults whose time is over, and carry what is put off, until cancelled."""
        async with trio.open_nursery() as self._nursery:
            while True:
                changed, now = self._changed, _now()
                due = self.faults.expire(now)
                with trio.move_on_after(float("inf") if due is None else due - now):
                    await changed.wait()

    def refusal(self, to: LinkTo) -> NoConnection | None:
        """Return why *to* is not to be dialled now, or None."""
        if to.table.test and self.faults.refuses_connections(_now(), to.table.name):
            return NoConnection("connections are refused on purpose")
        return None

    def hear(self, to: LinkTo, connection: FramedConnection, payload: bytes) -> None:
        """Have *payload*, which came over *to*, be heard as the faults in force have it."""
        if not self.faults and not self._held:
            self._feed(events.LinkFrame(to.name, payload))
            return
        acquirer = self._config().setup.acquirers.get(to.table.name)
        fault, message = None, None
        if acquirer is not None:
            try:
                message = acquirer.dialect.spec.decode(payload)
            except DecodeError:
                pass  # the node says what it makes of that
            else:
                occasion = Bare(message, _kind(acquirer, message))
                fault = self.faults.strike(occasion, _now(), to.table.name)
        if fault is None or message is None or acquirer is None:
            self._heard(to, connection, [payload])
            return
        changed = self._changed_by(fault, message, payload)
        several = [changed] * (0 if not fault.answers or not changed else 2 if fault.twice else 1)
        seconds = delay_of(fault, acquirer.host_timeout + _LATE, self.faults.chance)
        self._put_off(seconds, lambda: self._due(fault, to, connection, several))

    def _changed_by(self, fault: Fault, message: Message, payload: bytes) -> bytes:
        """Return the bytes of *message* with *fault* done to it; a MAC is not made anew, as nobody here has the key."""
        said = misstated(message, fault)
        if fault.without_mac:
            said = without_mac(said)
        elif Wrong.MAC in fault.wrong:
            said = with_wrong_mac(said)
        if said is not message:
            with suppress(EncodeError):
                payload = message.spec.encode(said) if message.spec is not None else payload
        return mangled(payload, fault, self.faults.chance, max(len(payload), fault.garbage) + fault.pad)

    def _put_off(self, seconds: float, then: Callable[[], None]) -> None:
        if not seconds or self._nursery is None or self._later >= _AT_ONCE:
            then()
            return
        self._later += 1
        self._nursery.start_soon(self._after, seconds, then)

    async def _after(self, seconds: float, then: Callable[[], None]) -> None:
        await trio.sleep(seconds)
        self._later -= 1
        then()

    def _due(self, fault: Fault, to: LinkTo, connection: FramedConnection, several: list[bytes]) -> None:
        if fault.out_of_order and several:
            held = (to, connection, several)
            self._held.append(held)
            self._put_off(_HELD_AT_MOST, lambda: self._let_go(held))
        else:
            self._heard(to, connection, several)
        if fault.close:
            connection.hang_up()
        elif fault.reset:
            connection.reset("reset on purpose")

    def _let_go(self, held: tuple[LinkTo, FramedConnection, list[bytes]]) -> None:
        if held in self._held:
            self._held.remove(held)
            self._heard(*held)

    def _heard(self, to: LinkTo, connection: FramedConnection, several: list[bytes]) -> None:
        if self._links.get(to.name) is not connection:
            return  # the link that it came over is gone
        for payload in several:
            self._feed(events.LinkFrame(to.name, payload))
        for held in [each for each in self._held if several and each[1] is connection]:
            self._let_go(held)

    def _change(self) -> None:
        self._changed.set()
        self._changed = trio.Event()


def _kind(acquirer: Acquirer, message: Message) -> Kind | None:
    """Return what *message* is for, of an answer what its request was for."""
    mti = message.mti
    if not is_request(mti):
        message = message.evolve({}, f"{mti[:2]}{int(mti[2]) - 1}{mti[3]}")
    row = acquirer.dialect.kind_row(message)
    return None if row is None else row.kind


def _unfit(standing: Standing) -> list[Problem]:
    """Return what of *standing* a link cannot do."""
    problems = []
    if Wrong.CHECK_VALUE in standing.fault.wrong:
        problems.append(Problem("fault", "wrong=check-value is not for links: a mock host does it"))
    for condition in standing.when.conditions:
        said = f"match.{condition.subject}"
        if condition.subject in KNOWN:
            problems.append(Problem(said, "a gateway does not know it; a mock host does"))
        texts = condition.pattern.texts if condition.subject == "mti" else ()
        asked = [text for text in texts if is_request(text) and text[1] != "8"]
        if asked:
            problems.append(Problem(said, f"here it is about what the host says: an answer, not {asked[0]}"))
    if standing.when.conditions and (standing.fault.restart or standing.fault.refuse_connections):
        problems.append(Problem("match", "there is no message yet that it could be about"))
    return problems


def _now() -> float:
    return clock.now().mono
