"""docs/back-office.md says the words and verdicts that there are, and no others."""

from __future__ import annotations

import re
from pathlib import Path

from iso_gateway.office.views import LEFT_BEHIND, STATES
from iso_gateway.protocol.story import LONGEST, VOCABULARY
from iso_gateway.protocol.verdicts import SENTENCES, STRANGE

PAGE = Path(__file__).parents[2].joinpath("docs", "back-office.md").read_text("utf-8")


def rows(head: str) -> list[list[str]]:
    """Return the rows of the table under the header *head*."""
    table = PAGE.partition(head)[2].partition("\n\n")[0].strip().splitlines()[1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def test_every_word_stands_in_the_table_with_its_sentence() -> None:
    told = {word.strip("`"): sentence for word, _, sentence in rows("| word | who | meaning |")}
    assert told == {str(word): meaning.sentence for word, meaning in VOCABULARY.items()}


def test_every_verdict_stands_in_the_table_with_its_sentence() -> None:
    assert dict(rows("| verdict | meaning |")) == {str(verdict): said for verdict, said in SENTENCES.items()}


def test_the_states_and_the_bounds_are_those_of_the_code() -> None:
    states = {state for state, _, _ in rows("| state | what it is | who ends it |")}
    assert states == {*STATES.values(), *LEFT_BEHIND.values(), "look"}
    assert f"at most {LONGEST:,} characters" in PAGE
    assert re.search(rf"remembers the last {STRANGE}\b", PAGE)
