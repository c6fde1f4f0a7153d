"""The scenarios that are shipped and those of the documentation: every one loads, and every rule of them is met."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from iso_gateway.host.scenario.reading import load_scenario
from iso_gateway.host.scenario.schema import scenario_schema
from iso_gateway.host.scenario.values import KEPT, PLACES
from iso_gateway.host.transaction import State
from iso_gateway.protocol.kinds import Kind
from tests.support.scripted_till import scripted
from tests.support.till import Till, dialect_of

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "examples" / "scenarios").glob("*.yaml"))
PAGE = (ROOT / "docs" / "mock-host.md").read_text("utf-8")
SECTION = PAGE[PAGE.index("## Scenarios\n") : PAGE.index("## Settings\n")]
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)


def of_page(rule: str) -> Till:
    """Return a till before a host with the scenario of the page in which *rule* stands."""
    (block,) = (each for each in BLOCKS if f"name: {rule}" in each)
    return scripted(block, magic=False)


def of_file(name: str, **settings: Any) -> Till:
    return scripted((ROOT / "examples" / "scenarios" / name).read_text("utf-8"), **settings)


def met(*replies: Any) -> list[str]:
    """Return which rules the messages got."""
    return [reply.decision.note.get("rule", "") for reply in replies]


def test_there_are_examples_and_blocks() -> None:
    assert [path.name for path in EXAMPLES] == ["flaky.yaml", "partial-approval.yaml", "stateful.yaml"]
    assert len(BLOCKS) == 6


@pytest.mark.parametrize("spec", ["iso87-ascii", "iso93-ascii", "cup-pos", "nibss-pos"])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_for_every_dialect(path: Path, spec: str) -> None:
    assert load_scenario(path, dialect_of(spec)).rules


# The documentation


def test_the_first_block() -> None:
    till = of_page("over the limit")
    till.terminal = "TERM9001"
    replies = [till.ask(Kind.SALE, amount) for amount in (500_001, 1000, 1000, 1000)]
    assert [reply.code for reply in replies] == ["61", "00", "00", "00"]
    assert met(*replies) == ["over the limit", "", "", "slow, with a wrong number"]
    assert replies[1].decision.note["closest"].startswith("over the limit: amount expected >500000, found 1000")


def test_the_answers() -> None:
    till = of_page("half of it")
    refused = till.ask(Kind.SALE, 1091)
    half = till.ask(Kind.SALE, 30_001)
    assert (refused.code, half.code, half.said(4), till.states) == ("91", "10", "000000015000", [("sale", "approved")])
    assert half.said(54) == "0002840C000000985000"
    voids = [till.ask(Kind.VOID, 15_000, about=half) for _ in range(2)]
    assert (met(*voids), voids[1].code) == (["", "voided twice, and told that all is well"], "00")
    chip = till.ask(Kind.SALE, changes={55: "9F2608A1A2A3A4A5A6A7A8"})
    assert (chip.said(44), chip.said(63)) == ("CALL THE BANK", "MERCHANT0000001")
    assert chip.said(62).startswith("000005 of 02.03. 10:30, ")
    assert chip.answer is not None
    assert chip.answer["55.91"] == bytes.fromhex("11223344556677883030")
    update = till.send(till.request(Kind.SALE, changes={48: "record"}).evolve({}, "0300"))
    assert (update.code, update.said(48)) == ("00", "record")


def test_the_story() -> None:
    till = of_page("too early")
    lost = till.ask(Kind.SALE)
    early = till.ask(Kind.SALE)
    reversals = [till.ask(Kind.REVERSAL, about=lost) for _ in range(2)]
    assert met(lost, early, *reversals) == ["the answer is lost", "too early", "refused once", "carried out"]
    assert till.states[0] == ("sale", "reversed")


def test_the_messages_afterwards() -> None:
    sale = of_page("a script's result").ask(Kind.SALE, changes={37: "000000000007"})
    assert [(each.after, each.mti or each.kind) for each in sale.decision.sends] == [(2, "0620"), (5, "echo")]
    assert sale.decision.sends[0].values["37"] == "000000000007"


def test_the_others() -> None:
    till = of_page("echo alone")
    assert [till.ask(Kind.SALE).code, till.ask(Kind.ECHO, None).code] == ["91", "00"]


def test_every_word_is_explained() -> None:
    properties = scenario_schema()["$defs"]
    shapes = ("RuleShape", "RespondShape", "ScenarioShape", "ExpectationShape")
    words = {name for shape in shapes for name in properties[shape]["properties"]}
    assert {
        word for word in words - {"title", "rules", "name", "when", "id", "text"} if f"`{word}" not in SECTION
    } == set()
    assert all(f"{{{place.partition('.')[0].partition(':')[0]}" in SECTION for place in PLACES)
    assert ", ".join(KEPT) in SECTION
    assert all(f"`{state}`" in SECTION for state in State)


# The examples


def test_prepaid_cards() -> None:
    till = of_file("partial-approval.yaml", opening_balance=300_000)
    replies = [till.ask(Kind.SALE, amount) for amount in (150_000, 20_000, 250_000, 90_000, 1)]
    assert [reply.code for reply in replies] == ["10", "00", "10", "10", "51"]
    assert [reply.said(54)[-7:] for reply in replies] == ["0225000", "0205000", "0080000", "0000000", "0000000"]
    assert till.account().available == 0


def test_the_story_of_the_file() -> None:
    till = of_file("stateful.yaml")
    sales = [till.ask(Kind.SALE) for _ in range(4)]
    reversals = [till.ask(Kind.REVERSAL, about=sales[2]) for _ in range(2)]
    assert [reply.code for reply in (*sales, *reversals)] == ["00", "00", "", "12", "96", "00"]
    assert [each.kind for each in reversals[0].decision.sends] == ["echo"]
    assert till.host.scenario.state("TERM0001") == "well"
    assert till.states == [*[("sale", "approved")] * 2, ("sale", "reversed"), ("reversal", "approved")]


def test_a_bad_day() -> None:
    till = of_file("flaky.yaml")
    sales = [till.ask(Kind.SALE, 100) for _ in range(400)]
    reversals = [till.ask(Kind.REVERSAL, 100, about=sale) for sale in sales[:20]]
    assert set(met(*sales, *reversals)) == {rule.name for rule in till.host.scenario.rules}
