"""A fleet against a mock host over real connections, in one run of trio."""

# ruff: noqa: ARG001 -- trio takes its clock from the test's arguments

from __future__ import annotations

import msgspec
import pytest
import trio
from trio.testing import MockClock

from iso_gateway.catalog import load_profile, load_spec
from iso_gateway.errors import NoConnection
from iso_gateway.framing import Framing
from iso_gateway.host.server import HostServer
from iso_gateway.host.settings import HostSettings
from iso_gateway.net.address import Address
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.protection import Protection
from iso_gateway.security.held import OwnKeys
from iso_gateway.terminal.fleet.agreement import Agreement, compare
from iso_gateway.terminal.fleet.course import Course, names_from
from iso_gateway.terminal.fleet.driver import Driver, Way
from iso_gateway.terminal.fleet.member import Member
from iso_gateway.terminal.fleet.purchases import Purchases
from iso_gateway.terminal.fleet.schedule import dues, read_mix
from iso_gateway.terminal.fleet.verdict import Plan, Run, Verdict
from iso_gateway.terminal.records import Memory, Outcome
from iso_gateway.terminal.result import for_terminals
from iso_gateway.terminal.scripts import Till
from iso_gateway.terminal.shield import Shield

MIX = "sale=40,void=6,refund=6,reversal=6,preauth=24,complete=8,cancel=8,advice=4,balance=4"


def course(spec: str, terminals: int, amounts: list[int]) -> tuple[Dialect, Course]:
    """Return a fleet without keys."""
    loaded = load_spec(spec)
    dialect = for_terminals(Dialect(loaded, load_profile(loaded.profile)))
    shield = Shield(dialect, Protection(), OwnKeys())
    purchases = Purchases(amounts, "840")
    return dialect, Course(
        [
            Member(number, dialect, Till(name), Memory(0), lambda _: shield, purchases)
            for number, name in enumerate(names_from("TERM0001", terminals))
        ]
    )


def _without_sign_on(member: Member) -> None:
    """Let *member* be signed on as soon as it is connected."""

    def connected() -> None:
        member.signed_on = True

    member.connected = connected  # type: ignore[method-assign]


async def driven(
    spec: str = "iso87-ascii",
    *,
    terminals: int = 5,
    rate: float = 20,
    duration: float = 5,
    mix: str = MIX,
    amounts: list[int] | None = None,
    patience: float = 2.0,
    without_sign_on: bool = False,
    **settings: object,
) -> tuple[Verdict, Agreement]:
    """Return what a fleet makes of a mock host with *settings*."""
    host = HostServer.of(msgspec.structs.replace(HostSettings(), spec=spec, **settings))
    dialect, fleet = course(spec, terminals, amounts or list(range(100, 105)))
    if without_sign_on:
        for member in fleet.members:
            _without_sign_on(member)
    async with trio.open_nursery() as nursery:
        bound: Address = await nursery.start(host.run, Address("127.0.0.1", 0))
        way = Way(dialect, Framing.parse("2be"), bound, patience)
        plan = Plan(str(bound), spec, terminals, rate, duration, read_mix(mix), 1)
        due = dues(rate, duration, plan.mix, terminals, 1)
        run = await Driver(fleet, way).run(due, duration, trio.Event(), closing=30, processor=lambda: 0.0)
        agreement = compare(fleet.tally.entries, host.ledger()["transactions"])
        nursery.cancel_scope.cancel()
    return Verdict(plan, run, fleet.tally, agreement), agreement


@pytest.mark.parametrize("spec", ["iso87-ascii", "iso87-binary", "iso93-ascii", "cup-pos"])
async def test_every_kind_is_sent_and_both_ledgers_agree(spec: str, autojump_clock: MockClock) -> None:
    verdict, agreement = await driven(spec)
    told = verdict.as_json()
    assert verdict.findings() == []
    assert (told["sent"], told["approved"], told["declined"], told["unknown"]) == (100, 100, 0, 0)
    assert told["rate_kept"] is True
    assert (agreement.differences, agreement.owed) == (0, 0)
    assert agreement.matched >= 80
    assert set(told["kinds"]) == set(read_mix(MIX))


async def test_silence_is_reversed_before_the_next_and_the_lateness_counts(
    autojump_clock: MockClock,
) -> None:
    verdict, agreement = await driven(terminals=1, rate=2, duration=3, mix="sale=1", amounts=[1068], patience=0.6)
    told = verdict.as_json()
    assert (told["approved"], told["unknown"]) == (0, told["sent"])
    assert told["debts"]["approved"] == told["sent"]
    assert told["ledger"]["matched"] == told["sent"]
    assert (agreement.differences, agreement.owed) == (0, 0)
    assert not told["rate_kept"]
    assert "still waited for answers" in told["rate_reason"]
    assert told["waited_p99_ms"] > 100
    assert told["max_ms"] >= 600


async def test_a_refused_reversal_of_what_the_host_has_booked_is_a_difference(autojump_clock: MockClock) -> None:
    verdict, agreement = await driven(terminals=4, rate=4, duration=1, mix="sale=1", amounts=[1067], patience=0.3)
    assert (agreement.differences, agreement.owed) == (4, 0)
    assert "the ledgers differ in 4 transactions" in verdict.findings()
    assert "sale reversal refused, 1067 minor units at the terminal, sale approved" in verdict.findings()[1]


async def test_a_link_that_drops_is_dialled_again_and_what_it_took_is_reversed(autojump_clock: MockClock) -> None:
    verdict, agreement = await driven(terminals=4, rate=4, duration=2, mix="sale=1", amounts=[1071, 1072])
    told = verdict.as_json()
    assert (told["sent"], told["unknown"]) == (8, 8)
    assert told["debts"] == {"approved": 4, "declined": 4}  # of what never came, nothing is there to reverse
    assert told["reconnected"] >= told["sent"]
    assert (agreement.differences, agreement.owed) == (0, 0)


@pytest.mark.parametrize(
    ("cents", "unknown", "unexpected"),
    [(70, 4, 4), (73, 0, 4), (74, 4, 4), (75, 4, 0), (76, 4, 0)],
)
async def test_answers_that_are_not_to_be_believed_are_reversed(
    cents: int, unknown: int, unexpected: int, autojump_clock: MockClock
) -> None:
    verdict, agreement = await driven(
        terminals=4, rate=4, duration=1, mix="sale=1", amounts=[1000 + cents], patience=1.0, late_seconds=1.5
    )
    told = verdict.as_json()
    assert (told["unknown"], told["debts"].get("approved", 0)) == (unknown, unknown)
    assert (agreement.matched, agreement.differences, agreement.owed) == (4, 0, 0)
    if cents != 70:  # the fleet may have gone before the late ones come
        assert told["unexpected_messages"] == unexpected


async def test_reversals_whose_answers_say_nothing_are_sent_ever_more_seldom(autojump_clock: MockClock) -> None:
    verdict, agreement = await driven(
        terminals=2, rate=2, duration=1, mix="sale=1", amounts=[1068], patience=0.3, refuse_reversals="96"
    )
    told = verdict.as_json()
    assert told["unknown"] == 2
    # Within the 30 s at the end: after 0.1, 0.2, 0.4 ... s, and then every 8.
    assert 2 * 6 <= told["debts"]["unknown"] <= 2 * 12
    assert agreement.owed == 2


@pytest.mark.parametrize("doubt", ["the answer has no MAC", "the MAC of the answer is wrong"])
async def test_answers_that_are_never_believed_end_the_run_after_three_reversals(
    doubt: str, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shield, "doubt", lambda *_: doubt)
    verdict, _ = await driven(terminals=2, rate=2, duration=1, mix="sale=1", spec="iso87-ascii", without_sign_on=True)
    told = verdict.as_json()
    assert 3 <= sum(told["debts"].values()) <= 6
    assert verdict.findings()[0].startswith("stopped: TERM000")
    assert f"believes no answer to its reversals, as {doubt}; is --mac right?" in verdict.findings()[0]


async def test_declines_are_no_findings(autojump_clock: MockClock) -> None:
    verdict, _ = await driven(mix="sale=1", amounts=[1051], duration=1)
    assert verdict.findings() == []
    assert verdict.as_json()["codes"] == {"51": 20}


async def test_without_anything_to_void_a_sale_is_made(autojump_clock: MockClock) -> None:
    verdict, agreement = await driven(terminals=2, mix="void=1", rate=10, duration=1)
    told = verdict.as_json()
    assert (told["kinds"], told["instead"]) == ({"sale": 5, "void": 5}, {"void": 5})
    assert agreement.matched == 10


async def test_terminals_that_nobody_takes_end_the_run(autojump_clock: MockClock) -> None:
    dialect, fleet = course("iso87-ascii", 3, [100])
    with trio.socket.socket() as bound:
        await bound.bind(("127.0.0.1", 0))
        way = Way(dialect, Framing.parse("2be"), Address("127.0.0.1", bound.getsockname()[1]), 1.0)
        with pytest.raises(NoConnection):
            await Driver(fleet, way).run([], 1, trio.Event(), closing=1)


async def test_an_interrupted_run_tells_what_came_so_far(autojump_clock: MockClock) -> None:
    host = HostServer.of(HostSettings())
    dialect, fleet = course("iso87-ascii", 3, [100, 101])
    stop, ended = trio.Event(), []
    async with trio.open_nursery() as nursery:
        bound: Address = await nursery.start(host.run, Address("127.0.0.1", 0))
        driver = Driver(fleet, Way(dialect, Framing.parse("2be"), bound, 1.0))

        async def drive() -> None:
            due = dues(10, 1000, read_mix("sale=1"), 3, 1)
            ended.append(await driver.run(due, 1000, stop, closing=1))
            nursery.cancel_scope.cancel()

        nursery.start_soon(drive)
        await trio.sleep(5)
        stop.set()
    run: Run = ended[0]
    assert run.interrupted
    assert 4 <= run.seconds <= 6
    assert 40 <= run.intended == run.in_time <= 60
    assert fleet.tally.outcomes == {Outcome.APPROVED: run.intended}
