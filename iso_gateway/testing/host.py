"""``iso_host``: a mock host in the hands of a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

import trio

from iso_gateway.codec.describe import summary
from iso_gateway.codec.message import Message
from iso_gateway.errors import DecodeError
from iso_gateway.faults.near import WHO, Near, differences, nearest
from iso_gateway.faults.when import Bare, Occasion, When, resolved, when_of
from iso_gateway.framing import Frame
from iso_gateway.host.judging.following import Stage
from iso_gateway.host.judging.judge import Judge
from iso_gateway.host.judging.seen import MONEY
from iso_gateway.host.scenario.reading import rule_of
from iso_gateway.host.scenario.rule import Rule
from iso_gateway.host.server import HostServer
from iso_gateway.host.settings import HostSettings
from iso_gateway.net.address import Address
from iso_gateway.net.clock import now
from iso_gateway.protocol.kinds import Kind
from iso_gateway.testing.background import PATIENCE, Background
from iso_gateway.testing.clerk import Leg
from iso_gateway.testing.expecting import Expectation, conditions_of, rules_broken
from iso_gateway.testing.options import HostOptions
from iso_gateway.testing.ruling import Conditions, Following, Ruling, table, words

SOON: Final = 0.05
"""Seconds in which a connection that a terminal closed is known to be closed."""
STORY: Final = 40
"""Events that are shown of a host in a test that failed."""


class _Fault(NamedTuple):
    """What `fail` or `fail_next` said."""

    rule: Rule
    said: str
    """In words: ``fail_next silence kind:sale``."""
    once: bool
    """Whether it is meant for one message."""


class Host:
    """A mock host at a free port of 127.0.0.1, which does what ``iso-gateway host`` does."""

    def __init__(self, background: Background, options: HostOptions) -> None:
        """Start it.

        Raises:
            ConfigError: the options do not make a host.
        """
        self._background = background
        self.settings: HostSettings = options.settings
        self._requests: list[Message] = []
        self._expected: list[Expectation] = []
        self._rulings: list[Ruling] = []
        self._rules: list[Rule] = []
        """Those of `when`, in their order."""
        self._faults: list[_Fault] = []
        self._unmatched: list[str] = []
        self._strict = options.strict
        self._more = trio.Event()
        self._log: list[tuple[str, Mapping[str, Any]]] = []
        self._server = _Server.of(options.settings, log=self._noted)
        self._server.tell = self._heard
        self._dialect = self._server.authorizer.dialect
        self._server.authorizer.scenario.on_unmatched = self._missed
        if options.judge:
            self._server.judge = Judge(self._dialect)
        self.address: Address = background.keep(self._server.run, Address("127.0.0.1", 0)).result(PATIENCE)
        """Where it listens: ``(host, port)``, as ``socket.create_connection`` takes it."""

    def __repr__(self) -> str:
        return f"<Host {self.settings.spec} at {self.address}, {len(self._requests)} requests>"

    @property
    def port(self) -> int:
        """The port at 127.0.0.1 where it listens."""
        return self.address.port

    @property
    def leg(self) -> Leg:
        """How terminals speak to it."""
        settings = self.settings
        return Leg(self.address, settings.spec, settings.framing, settings.protection, settings.profile, settings.keys)

    @property
    def requests(self) -> list[Message]:
        """The messages that came, the oldest first; whatever prints one masks it."""
        return list(self._requests)

    @property
    def events(self) -> list[tuple[str, Mapping[str, Any]]]:
        """What it logged, the oldest first, as ``(event, fields)``: what could not be decoded is ``undecodable``."""
        return list(self._log)

    def story(self) -> list[str]:
        """Return its last STORY events as lines, the oldest first."""
        return [
            f"{event}: {' '.join(f'{key}={value}' for key, value in fields.items())}"
            for event, fields in self._log[-STORY:]
        ]

    def ledger(self) -> dict[str, Any]:
        """Return what it booked, masked: ``transactions``, the oldest first, and ``totals``."""
        return self._background.call(self._server.ledger)

    def status(self) -> dict[str, Any]:
        """Return how it stands: its links, whether they have signed on, and how many transactions it knows."""
        return self._background.call(self._server.status)

    def announce(self, kind: str, *, advice: bool = False) -> int:
        """Send a message of its own accord on every link; return on how many.

        Args:
            kind: ``echo``, ``cut_over``, or ``key_change`` where the host brings keys.
            advice: whether it is said as 0820 and not as 0800.

        Raises:
            CannotCarry: the dialect has no such message.
            ValueError: *kind* is none of these.
        """
        if kind == "key_change":
            return self._background.call(self._server.change_keys)
        kinds = {"echo": Kind.ECHO, "cut_over": Kind.CUT_OVER}
        if kind not in kinds:
            raise ValueError(f"expected one of {', '.join(kinds)}, key_change")
        return self._background.call(self._server.announce, kinds[kind], advice=advice)

    def when(self, conditions: Conditions = "", /, **more: str | float) -> Ruling:
        """Say what becomes of messages: ``host.when(...).respond("51")``, ``host.when(...).fail("silence")``.

        Of several rules the first that fits counts. A message that fits none of them, though one is about its kind,
        is answered as ever, and fails the test, unless ``@pytest.mark.iso_host(strict=False)`` says otherwise.

        Args:
            conditions: which messages, as scenario files have it: ``{"55.9F26": "present"}``, ``"mti:0200 nth:3"``.
            more: further conditions: ``mti="0200", amount=">5000", terminal="TERM*"``.

        Raises:
            ConfigError: something is said twice, or is neither text nor a number.
        """
        ruling = Ruling(conditions_of(conditions, more), lambda said: self._background.call(self._rule, said))
        self._rulings.append(ruling)
        return ruling

    def fail_next(self, fault: str, conditions: Conditions = "", /, **more: str | float) -> None:
        """Let *fault* go wrong with the answer to the next message, or the next that is meant; before all rules.

        Where no such message comes, the test fails when it is over, unless `heal` took the fault back.

        Raises:
            ConfigError: with every word that is no fault, and every condition that is none.
        """
        said = conditions_of(conditions, more)
        self._background.call(self._fail, fault, said, once=True)

    def fail(self, fault: str, conditions: Conditions = "", /, **more: str | float) -> None:
        """Let *fault* go wrong with all answers, or with those to what is meant, until `heal`; before all rules.

        Raises:
            ConfigError: with every word that is no fault, and every condition that is none.
        """
        said = conditions_of(conditions, more)
        self._background.call(self._fail, fault, said, once=False)

    def heal(self) -> None:
        """Let nothing go wrong any more that `fail` and `fail_next` said."""
        self._background.call(self._heal)

    def _rule(self, said: dict[str, Any]) -> None:
        rule = rule_of(said, self._dialect, "when")
        self._server.authorizer.scenario.add(rule)
        self._rules.append(rule)

    def _fail(self, fault: str, when: Mapping[str, str], *, once: bool) -> None:
        name = f"{'fail_next' if once else 'fail'} {fault}"
        rule = rule_of({"name": name[:80], "when": when, "fault": fault}, self._dialect)
        self._server.authorizer.scenario.add(rule, first=True)
        self._faults.append(_Fault(rule, f"{name} {words(when)}".strip(), once))

    def _heal(self) -> None:
        for each in self._faults:
            self._server.authorizer.scenario.remove(each.rule)
        self._faults.clear()

    def expect(
        self,
        conditions: Conditions = "",
        /,
        *,
        times: int | None = None,
        within: float = 0.0,
        **more: str | float,
    ) -> Expectation:
        """Expect a message from now on, or fail the test when it is over.

        Args:
            conditions: what it is to look like, as rules say it: ``{"39": "98"}``, or ``"mti:0400 39:98"``.
            times: how often it is to come; None: at least once.
            within: seconds from now for which the end of the test waits for it.
            more: further conditions: ``mti="0400", terminal="TERM*"``.

        Raises:
            ConfigError: a condition is none.
        """
        said = conditions_of(conditions, more)
        when = resolved(when_of(said), self._dialect.spec)
        return self._background.call(self._expect, when, said, times, within)

    def _expect(self, when: When, said: dict[str, str], times: int | None, within: float) -> Expectation:
        expectation = Expectation(when, words(said), times=times, until=trio.current_time() + within)
        self._expected.append(expectation)
        return expectation

    def after(self, conditions: Conditions = "", /, **more: Any) -> Following:
        """Say what is to come after a message, from now on: ``host.after(...).expect(...)``, ``.never(...)``.

        Args:
            conditions: what the message looks like, as rules say it; beside that, ``kind`` may be ``money``, and
                ``answered`` and ``code`` say how it was answered: ``answered="silence"``.
            more: further conditions: ``kind="sale"``.

        Raises:
            ConfigError: something is said twice, or is neither text nor a number.
        """
        return Following(table(conditions, more), lambda said: self._background.call(self._follow, said))

    def _follow(self, said: dict[str, Any]) -> None:
        if self._server.judge is None:
            self._server.judge = Judge(self._server.authorizer.dialect, checks=())
        self._server.judge.expect(said)

    @property
    def findings(self) -> list[str]:
        """What terminals have done wrong so far, by the rules of this test."""
        judge = self._server.judge
        return [] if judge is None else [f"{each.rule}: {each.text}" for each in judge.findings]

    def complaints(self) -> list[str]:
        """Wait for what is expected still and may come; return lines on what was not as the test said."""
        return self._background.begin(self._judged).result()

    async def _judged(self) -> list[str]:
        lines = list(self._unmatched) if self._strict else []
        lines += [
            f"host.when({ruling.said}) says nothing: respond(...) or fail(...) is missing"
            for ruling in self._rulings
            if not ruling.made
        ]
        for expectation in self._expected:
            with trio.move_on_at(expectation.until):
                while expectation.may_be_met:
                    await self._more.wait()
            if not expectation.met:
                lines += expectation.complaint()
        lines += [f"iso_host: {each.said} went unused: no such message came" for each in self._faults if each.once]
        if (judge := self._server.judge) is not None:
            while deadlines := [
                begun.first.at.mono + begun.expectation.within
                for begun in judge.unmet(now())
                if begun.stage is Stage.OPEN and begun.expectation.within is not None
            ]:
                with trio.move_on_at(min(deadlines)):
                    await self._more.wait()
            if any(judge.still_open(each, now()) for each in judge.terminals.values()):
                await trio.sleep(SOON)
            lines += rules_broken(judge, now())
        return lines

    def _noted(self, event: str, fields: Mapping[str, Any]) -> None:
        self._log.append((event, fields))
        used = next((each for each in self._faults if each.once and each.rule.name == fields.get("rule")), None)
        if used is not None:
            self._faults.remove(used)
            self._server.authorizer.scenario.remove(used.rule)

    def _missed(self, _near: Near, occasion: Occasion) -> None:
        """Note a message that fits no rule of the test, where one is about its kind."""
        near = nearest([(rule.name, rule.when) for rule in self._rules], occasion)
        if near is None or not near.misses or not near.akin:
            return
        if occasion.kind in MONEY or any(condition.subject in WHO for condition in near.when.conditions):
            self._unmatched.append(f"iso_host has no rule for {summary(occasion.message)}; the nearest is {near.name}")
            self._unmatched += [f"    {line}" for line in differences(near, occasion)]

    def _heard(self, message: Message) -> None:
        self._requests.append(message)
        row = self._dialect.kind_row(message)
        occasion = Bare(message, None if row is None else row.kind)
        for expectation in self._expected:
            expectation.heard(occasion)
        self._more.set()
        self._more = trio.Event()


class _Server(HostServer):
    """A host that tells what it hears."""

    tell: Callable[[Message], None]

    def _heard(self, name: str, link: Any, frame: Frame) -> None:
        with suppress(DecodeError):  # the host's log tells of it
            self.tell(self.authorizer.dialect.spec.decode(frame.payload))
        super()._heard(name, link, frame)
