"""Which rule a message gets: order, states, counting, chance; what is told where none fits; rules added later."""

from __future__ import annotations

import random  # noqa: TID251 -- seeded
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iso_gateway.faults.near import Near
from iso_gateway.faults.when import Occasion
from iso_gateway.host.scenario.reading import rule_of
from iso_gateway.host.scenario.scenario import Scenario
from iso_gateway.protocol.kinds import Kind
from tests.support.scripted_till import scripted
from tests.support.till import OTHER_PAN, PAN, Till


def test_the_first_that_fits_counts() -> None:
    till = scripted("""
- {name: large, when: {amount: ">5000"}, respond: {code: "61"}}
- {name: rest, when: {kind: sale}, respond: {code: "05"}}
""")
    replies = [till.ask(Kind.SALE, amount) for amount in (5000, 5001)]
    assert [(reply.code, reply.decision.note["rule"]) for reply in replies] == [("05", "rest"), ("61", "large")]


STATEFUL = """
rules:
  - {name: lost, when: {kind: sale}, in: start, fault: silence, then: owing}
  - {name: refused once, when: {kind: reversal}, in: owing, respond: {code: "96"}, then: refused}
  - {name: too early, when: {kind: sale}, in: [owing, refused], respond: {code: "12"}}
  - {name: reversed, when: {kind: reversal}, in: refused, then: start}
"""


def test_states_lead_a_terminal_through_a_story() -> None:
    till = scripted(STATEFUL)
    scenario = till.host.scenario
    sale = till.ask(Kind.SALE)
    assert (sale.answer, scenario.state("TERM0001")) == (None, "owing")
    assert till.ask(Kind.SALE).code == "12"
    reversal = till.request(Kind.REVERSAL, about=sale)
    assert [till.send(reversal).code, scenario.state("TERM0001")] == ["96", "refused"]
    assert [till.send(reversal).code, scenario.state("TERM0001")] == ["00", "start"]


@pytest.mark.parametrize(("of", "other"), [("terminal", "start"), ("host", "owing")])
def test_states_are_those_of_terminals_or_of_the_host(of: str, other: str) -> None:
    till = scripted(STATEFUL + f"states: {{of: {of}}}\n")
    till.ask(Kind.SALE)
    assert till.host.scenario.state("TERM0001") == "owing"
    assert till.host.scenario.state("TERM0002") == other


def test_a_rule_out_of_its_state_counts_nothing() -> None:
    till = scripted("""
rules:
  - {name: on, when: {kind: echo}, then: on}
  - {name: second, when: {kind: sale, nth: 2}, in: on, respond: {code: "05"}}
""")
    codes = [till.ask(Kind.SALE).code]
    till.ask(Kind.ECHO, None)
    codes += [till.ask(Kind.SALE).code for _ in range(3)]
    assert codes == ["00", "00", "05", "00"]


def test_what_the_host_knows_is_a_condition() -> None:
    till = scripted("""
- {name: poor, when: {kind: sale, account.available: <995000}, respond: {code: "65"}}
- {name: again, when: {kind: void, original: voided, original.kind: sale, original.amount: 3000}, respond: {code: "94"}}
- {name: never seen, when: {kind: void, original: absent}, respond: {code: "12"}}
""")
    first, _ = till.ask(Kind.SALE, 3000), till.ask(Kind.SALE, 3000)
    assert till.ask(Kind.SALE, 3000).decision.note["rule"] == "poor"
    assert till.ask(Kind.SALE, 3000, pan=OTHER_PAN).code == "00"
    assert [till.ask(Kind.VOID, 3000, about=first).code for _ in range(2)] == ["00", "94"]
    assert len(till.host.accounts) == 2


def test_a_condition_about_an_account_opens_none() -> None:
    till = scripted("[{when: {mti: '0200', account.available: '<5'}, respond: {code: '05'}}]")
    till.ask(Kind.VOID, 3000, about=till.ask(Kind.SALE).original)
    opened = len(till.host.accounts)
    till.ask(Kind.REVERSAL, 1, pan=OTHER_PAN)
    assert len(till.host.accounts) == opened == 1


# Where none fits


def test_the_nearest_rule_is_told_and_no_card_number() -> None:
    till = scripted(f"""
- {{name: voids, when: {{kind: void}}, respond: {{code: "05"}}}}
- {{name: large, when: {{mti: "0200", amount: ">5000", terminal: TERM*, 2: "{PAN[:-1]}8"}}, respond: {{code: "61"}}}}
""")
    note = till.ask(Kind.SALE, 100).decision.note
    assert (
        note["closest"] == "large: amount expected >5000, found 100; 2 expected something else, found 476173******0010"
    )
    assert "rule" not in note


def test_state_count_and_chance_are_told_too() -> None:
    till = scripted("[{name: later, when: {nth: 2}, in: [start, off], then: on}, {when: {mti: '0800'}, then: off}]")
    told = [till.ask(Kind.SALE).decision.note.get("closest") for _ in range(3)]
    assert told == ["later: nth expected 2, found 1", None, "later: in expected start|off, found on"]


def test_otherwise_says_what_the_others_get() -> None:
    till = scripted("{rules: [{when: {kind: void}}], otherwise: {respond: {code: '91'}, fault: twice}}")
    reply = till.ask(Kind.SALE)
    assert (reply.code, reply.decision.fault.twice, reply.decision.note["rule"]) == ("91", True, "otherwise")
    assert scripted("{rules: [], otherwise: {respond: {code: '91'}}}").ask(Kind.SALE).code == "91"


def test_somebody_may_be_told_of_what_fits_nothing() -> None:
    till = scripted("[{name: voids, when: {kind: void}}]")
    told: list[tuple[str, str]] = []

    def tell(near: Near, occasion: Occasion) -> None:
        told.append((near.name, occasion.message.mti))

    till.host.scenario.on_unmatched = tell
    till.ask(Kind.SALE)
    till.ask(Kind.VOID, about=till.ask(Kind.SALE))
    assert told == [("voids", "0200")] * 2


# Rules that come and go


def test_rules_are_added_before_or_after_and_taken_away_while_the_host_runs() -> None:
    till = Till()
    scenario = till.host.scenario
    last = rule_of({"name": "last", "when": {"kind": "sale"}, "respond": {"code": "05"}}, till.dialect)
    first = rule_of({"when": {"mti": "0200", "amount": 700}, "respond": {"code": 61, "record": False}}, till.dialect)
    assert till.ask(Kind.SALE).code == "00"
    scenario.add(last)
    scenario.add(first, first=True)
    assert [till.ask(Kind.SALE, amount).code for amount in (600, 700)] == ["05", "61"]
    scenario.remove(last)
    assert [till.ask(Kind.SALE, amount).code for amount in (600, 700)] == ["00", "61"]
    assert scenario.rules == (first,)
    with pytest.raises(ValueError, match="no rule"):
        scenario.remove(last)


# The same seed, the same run

CHANCE = """
seed: 7
otherwise: {respond: {template: {63: "{digits:3}"}}}
rules:
  - {name: unlucky, when: {kind: sale, probability: 0.3}, respond: {code: "96", record: false}}
  - {name: partly, when: {kind: sale, amount: ">500", probability: 0.5}, respond: {approve: 50%}}
  - {name: odd, when: {kind: reversal, nth: "every,2"}, respond: {code: "30"}, then: odd}
  - {name: marked, when: {kind: sale}, in: odd, respond: {template: {62: "{digits:9} {request.11}"}}, then: start}
"""
STEPS = st.lists(
    st.tuples(st.sampled_from(["sale", "void", "reversal", "again"]), st.integers(1, 2000), st.integers(1, 3)),
    max_size=25,
)


def answers(steps: list[tuple[str, int, int]], seed: int | None = None) -> list[bytes]:
    """Return the bytes of all answers to a conversation; an empty one where there was none."""
    till = scripted(CHANCE, seed=seed, magic=False)
    given_: list[bytes] = []
    said: list[Any] = []
    for step, amount, number in steps:
        till.terminal = f"TERM000{number}"
        if step == "sale" or not said:
            said.append(till.ask(Kind.SALE, amount))
        elif step == "again":
            said.append(till.again(said[amount % len(said)]))
        else:
            said.append(till.ask(Kind(step), about=said[amount % len(said)]))
        answer = said[-1].answer
        given_.append(b"" if answer is None else till.dialect.spec.encode(answer))
    return given_


@settings(max_examples=30, deadline=None)
@given(STEPS)
def test_the_same_seed_gives_the_same_bytes(steps: list[tuple[str, int, int]]) -> None:
    assert answers(steps) == answers(steps)


def test_another_seed_gives_others() -> None:
    steps = [("sale", 1000 + number, 1) for number in range(20)]
    assert answers(steps, 7) == answers(steps) != answers(steps, 8)


def test_a_rule_more_leaves_the_chance_of_the_others() -> None:
    def unlucky(*names: str) -> list[bool]:
        till = Till()
        rules = [{"name": name, "when": {"kind": "sale", "probability": 0.5}, "then": name} for name in names]
        till.host.scenario = Scenario([rule_of(rule, till.dialect) for rule in rules], seed=3)
        return [till.ask(Kind.SALE).decision.note.get("rule") == "a" for _ in range(20)]

    assert unlucky("a") == unlucky("a", "b")


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 20_000), st.sampled_from([Kind.SALE, Kind.PREAUTH, Kind.VOID]))
def test_what_fits_is_near_to_nothing(seed: int, amount: int, kind: Kind) -> None:
    chance = random.Random(seed)
    least = chance.randint(1, 20_000)
    till = scripted(f"[{{name: it, when: {{kind: {kind}, amount: '>={least}', terminal: 'TERM*'}}}}]")
    about = till.ask(Kind.SALE).original if kind is Kind.VOID else None
    note = till.ask(kind, amount, about=about).decision.note
    assert ("closest" in note) == (amount < least) != ("rule" in note)
