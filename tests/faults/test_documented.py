"""The page tells of every word, and says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from iso_gateway.faults.grammar import WORDS, fault_of
from iso_gateway.faults.standing import standing_of

PAGE = (Path(__file__).parents[2] / "docs" / "mock-host.md").read_text("utf-8")


def test_the_table_of_the_page_is_the_vocabulary() -> None:
    table = PAGE.partition("| word | what happens |\n|---|---|\n")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(.+)` \| (.+) \|$", table.replace("\\|", "|"), re.MULTILINE)
    assert rows == [(word.form, word.meaning) for word in WORDS.values()]


def test_every_command_of_the_page_is_understood() -> None:
    commands = re.findall(r"^    iso-gateway fault add (.+)$", PAGE, re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        words, _, match = command.replace("'", "").partition(" --match ")
        standing_of(words, match)


def test_every_fault_of_a_rule_on_the_page_is_one() -> None:
    said = re.findall(r"^    fault: (.+)$|fault: ([^,{}\n]+)[,}]", PAGE, re.MULTILINE)
    assert said
    for text in said:
        fault_of("".join(text))
