"""Rules of what is to come next: read with every fault, met, broken and still open."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from iso_gateway.catalog import load_spec
from iso_gateway.catalog.yaml_text import read_yaml
from iso_gateway.errors import ConfigError
from iso_gateway.host.judging.expectations import expectations_of
from iso_gateway.host.judging.following import Stage
from iso_gateway.host.judging.judge import Judge
from iso_gateway.host.judging.seen import Answered
from iso_gateway.host.scenario.reading import scenario_of
from iso_gateway.protocol.kinds import Kind
from tests.support.judged_till import JudgedTill
from tests.support.till import Reply

SILENT = 1068
REVERSED: dict[str, Any] = {
    "after": {"kind": "sale", "answered": "silence"},
    "then": {"kind": "reversal", "names": "it", "same": [4, 41, 42], "39": "98"},
    "before": {"kind": "money"},
}


def till_with(*rules: dict[str, Any]) -> JudgedTill:
    """Return a till that is judged by *rules* alone."""
    till = JudgedTill()
    till.judge = Judge(till.dialect, checks=())
    for number, rule in enumerate(rules, 1):
        till.judge.expect(rule, f"rule-{number}")
    return till


def reversal(till: JudgedTill, of: Reply, reason: str = "98", **about: Any) -> Reply:
    return till.send(till.request(Kind.REVERSAL, SILENT, about=about.get("about", of), changes={39: reason}))


def test_what_was_to_come_came() -> None:
    till = till_with(REVERSED)
    reversal(till, till.ask(Kind.SALE, SILENT))
    till.ask(Kind.SALE)
    assert (till.found, till.judge.unmet()) == ([], [])


def test_something_else_came_first_and_the_nearest_is_told() -> None:
    till = till_with(REVERSED)
    reversal(till, till.ask(Kind.SALE, SILENT), "06")
    till.ask(Kind.SALE)
    [finding] = till.judge.findings
    assert finding.rule == "rule-1"
    assert "0200 STAN 000003 came before" in finding.text
    assert "0400 before it is not it: 39" in finding.text


def test_what_has_not_come_yet_is_open() -> None:
    till = till_with(REVERSED)
    till.ask(Kind.SALE, SILENT)
    assert [each.stage for each in till.judge.unmet(till.moment)] == [Stage.OPEN]
    assert till.found == []


def test_what_was_answered_begins_nothing() -> None:
    till = till_with(REVERSED)
    till.ask(Kind.SALE)
    till.ask(Kind.SALE)
    assert till.judge.unmet() == []


@pytest.mark.parametrize(("after", "broken"), [(59.0, 0), (61.0, 1)])
def test_it_comes_in_time(after: float, broken: int) -> None:
    till = till_with({**REVERSED, "within": "60s"})
    sale = till.ask(Kind.SALE, SILENT)
    till.wait(after)
    reversal(till, sale)
    assert till.found == ["rule-1"] * broken


def test_it_never_comes_in_time() -> None:
    till = till_with({**REVERSED, "within": "60s"})
    till.ask(Kind.SALE, SILENT)
    till.judge.close(till.moment.later(59))
    assert till.found == []
    till.judge.close(till.moment.later(61))
    till.judge.close(till.moment.later(62))
    assert till.found == ["rule-1"]


def test_a_message_of_another_terminal_counts_for_nothing() -> None:
    till = till_with(REVERSED)
    till.ask(Kind.SALE, SILENT)
    till.terminal = "TERM0002"
    till.ask(Kind.SALE)
    assert till.found == []


def test_what_is_never_to_come() -> None:
    till = till_with({"after": {"kind": "sale", "code": "51"}, "never": {"kind": "reversal", "names": "it"}})
    reversal(till, till.ask(Kind.SALE, 1068))
    reversal(till, till.ask(Kind.SALE, 1051))
    assert till.found == ["rule-1"]


def test_it_may_come_after_what_ends_the_rule() -> None:
    till = till_with(
        {"after": {"kind": "sale"}, "never": {"kind": "reversal"}, "before": {"kind": "balance"}},
    )
    sale = till.ask(Kind.SALE)
    till.ask(Kind.BALANCE)
    reversal(till, sale)
    assert till.found == []


def test_several_things_are_to_come_one_after_the_other() -> None:
    rule = {
        "after": {"kind": "sale", "amount": "1000"},
        "then": [{"kind": "void", "names": "it"}, {"kind": "sale"}],
        "before": {"kind": "refund|settlement"},
    }
    till = till_with(rule)
    till.ask(Kind.VOID, about=till.ask(Kind.SALE))
    till.ask(Kind.REFUND, about=till.ask(Kind.SALE, 500))
    assert till.found == []
    till.ask(Kind.VOID, about=till.ask(Kind.SALE))
    till.ask(Kind.SETTLEMENT, None, pan="")
    assert till.found == ["rule-1"]


def test_a_repeat_is_to_come() -> None:
    till = till_with({"after": {"kind": "sale", "answered": "silence"}, "then": {"repeats": "it"}})
    till.again(till.ask(Kind.SALE, SILENT))
    assert till.judge.unmet() == []


FAULTS = """
- id: Not a name
  after: {kind: sale, answered: quiet}
- id: two
  after: {kind: sale, same: [11]}
  then: {kind: reversal, answered: silence, 999: "1", names: me, same: [DE 4]}
  within: soon
  before: {4: "9..1"}
- id: three
  after: {kind: sale}
  never: {kind: reversal}
  within: 5s
  whenever: yes
"""


def test_every_fault_is_told() -> None:
    data, _ = read_yaml(FAULTS)
    _, shapes = expectations_of(data, load_spec("iso87-ascii"))
    assert {each.path for each in shapes} == {"expect.0.id", "expect.2.whenever"}
    data[0]["id"] = "one"
    del data[2]["whenever"]
    _, problems = expectations_of(data, load_spec("iso87-ascii"))
    assert [each.path for each in problems] == [
        "expect.0.after.answered",
        "expect.1.after.same",
        *("expect.1.then.answered", "expect.1.then.999", "expect.1.then.same", "expect.1.then.names"),
        "expect.1.before.4",
        "expect.1.within",
        "expect.2.within",
    ]


def test_an_expectation_of_a_test_is_told_its_faults_too() -> None:
    till = till_with()
    with pytest.raises(ConfigError, match="answered"):
        till.judge.expect({"after": {"kind": "sale", "answered": "quiet"}})
    with pytest.raises(ConfigError, match="after"):
        till.judge.expect({"then": {"kind": "sale"}})


def test_a_scenario_expects() -> None:
    dialect = JudgedTill().dialect
    scenario = scenario_of({"expect": [{"id": "reversed", **REVERSED}]}, dialect)
    assert [each.id for each in scenario.expectations] == ["reversed"]
    with pytest.raises(ConfigError, match=r"expect\.0\.after"):
        scenario_of({"expect": [{"id": "reversed", "after": {"999": "1"}}]}, dialect)


def test_the_page_of_the_mock_host_is_read() -> None:
    page = (Path(__file__).parents[2] / "docs" / "mock-host.md").read_text("utf-8")
    [block] = [
        each for each in re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL) if "\nexpect:" in each
    ]
    till = JudgedTill()
    data, _ = read_yaml(block)
    till.judge = Judge(till.dialect, scenario_of(data, till.dialect).expectations, checks=())
    till.ask(Kind.SALE, SILENT)
    till.send(till.request(Kind.REVERSAL, 1051, about=till.ask(Kind.SALE, 1051)))
    assert till.found == ["reversed-in-a-minute", "no-reversal-of-a-decline"]
    assert set(Answered) <= set(re.findall(r"`(\w+)`", page))
