"""Scenario files: everything that is wrong in one reading, each with its line; and what plain data may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from iso_gateway.errors import ConfigError
from iso_gateway.host.scenario.reading import load_scenario, rule_of, scenario_of
from tests.support.till import dialect_of

DIALECT = dialect_of("iso87-ascii")

WRONG_SHAPE = """\
states: {of: terminals}
rules:
  - {when: {kind: sale}, respond: {cdoe: "51"}}
  - {when: {kind: sael}}
"""
WRONG_WORDS = """\
rules:
  - name: a
    when:
      amonut: ">5"
      mti: "200"
      kind: sael
      3: "00"
      original: voidde
    fault: delya=2s
  - name: a
    in: strat
    respond:
      code: "10"
      set: {39: "05", 38: "1234567", 200: x}
      copy: {60: requst.60, 61: original.60}
      template: {62: "{now:%c}", 63: "{request.terminal", 4: x, 38: y}
    send:
      - {mti: "0210"}
      - {kind: echo, after: 2 days}
  - respond: {code: "51", approve: 50%}
    fault: restart
    then: on
"""


def faults_of(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "flaky.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as raised:
        load_scenario(file, DIALECT)
    return [line.removeprefix(f"{file}:") for line in raised.value.lines]


def test_the_faults_of_the_shape_are_told_at_once(tmp_path: Path) -> None:
    assert faults_of(tmp_path, WRONG_SHAPE) == [
        "1: states.of: expected one of host, terminal, did you mean 'terminal'?",
        "3: rules.0.respond.cdoe: unknown key, did you mean 'code'?",
        "4: rules.1.when.kind: never fits: no kind of message, did you mean 'sale'?",
    ]


def test_the_faults_of_what_is_said_are_told_at_once(tmp_path: Path) -> None:
    told = faults_of(tmp_path, WRONG_WORDS)
    assert [" ".join(each.split()[:9]) for each in told] == [
        "4: rules.0.when.amonut: iso87-ascii has no element 'amonut', did you",
        "5: rules.0.when.mti: never fits: iso87-ascii has no such message",
        "6: rules.0.when.kind: never fits: no kind of message, did",
        "7: rules.0.when.3: never fits: 6 digits expected",
        "9: rules.0.fault: no fault is called 'delya', did you",
        "10: rules.1.name: rule 1 is called so already",
        "11: rules.1.in: no rule leads to the state 'strat',",
        "13: rules.1.respond.code: 10 says that a part is approved:",
        "14: rules.1.respond.set.39: say it as code, so that the",
        "14: rules.1.respond.set.38: 7 characters, expected 6",
        "14: rules.1.respond.set.200: iso87-ascii has no element '200'",
        "15: rules.1.respond.copy.60: request.ELEMENT or original.ELEMENT expected",
        "15: rules.1.respond.copy.61: the ledger keeps no 60 of an",
        "16: rules.1.respond.template.62: a place that says nothing known; there",
        "16: rules.1.respond.template.63: a brace without its other; places are",
        "16: rules.1.respond.template.4: say it as approve, so that the",
        "18: rules.1.send.0.mti: no type of a request of iso87-ascii",
        "19: rules.1.send.1.after: a duration like 250ms, 2s or 1m",
        "20: rules.2.respond.approve: does not go with code: it says",
        "21: rules.2.fault: is of the whole host; a rule",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("rules:\n  - [", "3: no YAML"),
        ("rules: []\nrules: []", "2: rules: stands twice, first in line 1"),
        ("{}", " rules: is missing"),
        ("rules: [{when: {nth: 0}}]", "1: rules.0.when.nth: a number, 3..5 or every,3 expected"),
        ("rules: [{when: {original: voidde}}]", "1: rules.0.when.original: never fits: no state of a transaction"),
        ("rules: [{send: [{}]}]", "1: rules.0.send.0: expected either kind or mti"),
        ("rules: [{send: [{kind: echo, set: {70: '301'}}]}]", "1: rules.0.send.0.kind: its elements are the dialect's"),
        ("rules: [{respond: {emv: {9F26: AA}}}]", "1: rules.0.respond.emv.9F26: a key here is one of the tags"),
        ("rules: [{respond: {code: Z99}}]", "1: rules.0.respond.code: "),
        ("rules: [{respond: {set: {64: AAAAAAAAAAAAAAAA}}}]", "1: rules.0.respond.set.64: the MAC is made last"),
        ("rules: [{respond: {approve: 0%}}]", "1: rules.0.respond.approve: expected a part (50%)"),
        ("seed: [1]\nrules: []", "1: seed: expected"),
    ],
)
def test_a_fault_has_its_line(text: str, fault: str, tmp_path: Path) -> None:
    (told,) = faults_of(tmp_path, text)
    assert told.startswith(fault)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read: No such file"):
        load_scenario(tmp_path / "none.yaml", DIALECT)


def test_what_is_in_the_file_is_not_in_the_texts_of_faults(tmp_path: Path) -> None:
    pan = "4761739001010010"
    text = f"rules: [{{when: {{2: '{pan}{pan}', 11: {pan}}}, respond: {{set: {{38: '{pan}'}}}}, fault: cut={pan}}}]"
    told = faults_of(tmp_path, text)
    assert len(told) == 4
    assert not any(pan[:8] in each for each in told)


def test_a_rule_of_python_says_what_one_of_a_file_says() -> None:
    said = {
        "when": {"amount": ">5", 11: "000001"},
        "respond": {"code": 51, "set": {55: b"\x9f\x18\x01\x00"}, "record": False},
    }
    text = {
        "when": {"amount": ">5", "11": "000001"},
        "respond": {"code": "51", "set": {"55": "9F180100"}, "record": "false"},
    }
    assert rule_of(said, DIALECT) == rule_of(text, DIALECT)


def test_the_name_of_a_rule_brings_no_card_number_into_logs() -> None:
    assert rule_of({"name": "for 4761739001010010\n"}, DIALECT).name == "for 476173******0010?"


def test_the_faults_of_one_rule_have_paths_below_its_own() -> None:
    with pytest.raises(ConfigError) as raised:
        rule_of({"when": {"amonut": 5}, "fault": "sielnce"}, DIALECT, "iso_host.when")
    assert [problem.path for problem in raised.value.problems] == ["iso_host.when.when.amonut", "iso_host.when.fault"]


def test_the_seed_of_the_call_counts_before_that_of_the_file() -> None:
    assert scenario_of({"seed": 5, "rules": []}, DIALECT).seed == "5"
    assert scenario_of({"seed": 5, "rules": []}, DIALECT, 6).seed == 6


@pytest.mark.parametrize("spec", ["iso93-ascii", "cup-pos", "nibss-pos"])
def test_codes_are_those_of_1987_or_of_the_dialect(spec: str) -> None:
    dialect = dialect_of(spec)
    for row in dialect.profile.codes:
        if row.canonical != "10" and row.code != "10":
            rule = rule_of({"respond": {"code": row.canonical or row.code}}, dialect)
            assert (rule.respond.code, rule.respond.raw) == (row.canonical or row.code, "")
