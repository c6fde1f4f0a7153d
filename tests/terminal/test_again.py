"""A request that is sent once more, and a reversal that goes before everything else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from iso_gateway import Message
from iso_gateway.errors import ConfigError
from iso_gateway.protocol.kinds import Kind
from iso_gateway.terminal.orders import MONEY, Order, Prepared, Verb, prepare, prepare_owed
from iso_gateway.terminal.records import Memory, Outcome, Reversal
from iso_gateway.terminal.result import Result, of_answer, of_silence, reversed_by, settled
from iso_gateway.terminal.scripts import Till
from tests.support.desk import NOON, OTHER_PAN, PAN, dialect

SPECS = ("iso87-ascii", "iso93-ascii", "cup-pos")


class Terminal:
    """A terminal that keeps its own books, as ``send`` does."""

    def __init__(self, spec: str = "iso87-ascii") -> None:
        self.dialect = dialect(spec)
        self.memory = Memory(0)
        self.at = NOON

    def ask(self, verb: str, **order: Any) -> Prepared:
        self.at += timedelta(seconds=7)
        return prepare(self.dialect, Till(), self.memory, Order(Verb(verb), **order), self.at)

    def owed(self, **order: Any) -> Prepared | None:
        return prepare_owed(self.dialect, Till(), self.memory, Order(Verb.SALE, "1.00", **order), self.at)

    def hear(self, asked: Prepared, code: str | None, *, sent: bool = True) -> Result:
        """Take in an answer with the canonical *code*, or silence."""
        message, kind = asked.message, asked.kind
        if code is None:
            result = of_silence(self.dialect, kind, message, "no answer", sent=sent)
        else:
            facts: dict[str, str | bytes] = {"retrieval_reference_number": "632400000001"}
            result = of_answer(self.dialect, kind, message, self.dialect.answer(message, code, facts, NOON.date()))
        self.memory.note(settled(self.memory.now(asked.sent), result, again=asked.again))
        if asked.reverses is not None:
            self.memory.note(reversed_by(self.memory.now(asked.reverses), result))
        return result

    def sell(self, code: str | None, *, sent: bool = True, **order: str) -> Message:
        asked = self.ask("sale", amount="12.34", **order)
        self.hear(asked, code, sent=sent)
        return asked.message


@pytest.fixture(params=SPECS)
def terminal(request: pytest.FixtureRequest) -> Terminal:
    return Terminal(str(request.param))


def differing(one: Message, other: Message) -> set[int]:
    """Return which data elements are not the same in both."""
    return {de for de in {*one, *other} if one.get(de) != other.get(de)}


# Repeats


@pytest.mark.parametrize("verb", ["sale", "preauth", "advice", "balance", "void", "refund", "complete", "reversal"])
def test_a_repeat_differs_in_mti_and_time_alone(terminal: Terminal, verb: str) -> None:
    if verb == "complete":
        terminal.hear(terminal.ask("preauth", amount="12.34"), "00")
    elif verb in ("void", "refund", "reversal"):
        terminal.sell("00")
    about = {"original": "last"} if verb in ("void", "refund", "complete", "reversal") else {}
    asked = terminal.ask(verb, **about, **({"amount": "12.34"} if verb in ("sale", "preauth", "advice") else {}))
    terminal.hear(asked, None)
    again = terminal.ask("repeat")
    assert again.kind is asked.kind
    assert differing(again.message, asked.message) <= {7}
    marked = terminal.dialect.profile.repeat_mti
    assert again.message.mti == asked.message.mti[:3] + str(int(asked.message.mti[3]) + marked)


def test_a_repeat_may_be_repeated(terminal: Terminal) -> None:
    terminal.sell(None)
    first, second = terminal.ask("repeat"), terminal.ask("repeat")
    assert (first.message.mti, differing(first.message, second.message) <= {7}) == (second.message.mti, True)
    assert len(terminal.memory.sent) == 1


def test_what_never_left_is_not_marked_as_a_repeat(terminal: Terminal) -> None:
    sale = terminal.sell(None, sent=False)
    again = terminal.ask("repeat")
    assert (again.message.mti, again.again) == (sale.mti, False)
    terminal.hear(again, None)
    assert terminal.memory.sent[-1].outcome is Outcome.UNKNOWN


def test_the_answer_to_a_repeat_is_the_answer_to_its_first(terminal: Terminal) -> None:
    terminal.sell(None)
    terminal.hear(terminal.ask("repeat"), "00")
    (note,) = terminal.memory.sent
    assert (note.outcome, note.rrn) == (Outcome.APPROVED, "632400000001")


@pytest.mark.parametrize(("code", "known"), [("00", Outcome.APPROVED), ("51", Outcome.DECLINED)])
@pytest.mark.parametrize("said", [None, "68"])
def test_silence_on_a_repeat_takes_no_knowledge_back(
    terminal: Terminal, code: str, known: Outcome, said: str | None
) -> None:
    terminal.sell(code)
    terminal.hear(terminal.ask("repeat"), said)
    assert terminal.memory.sent[-1].outcome is known


def test_of_two_repeats_at_once_the_one_without_an_answer_takes_nothing_back(terminal: Terminal) -> None:
    terminal.sell(None)
    answered, silent = terminal.ask("repeat"), terminal.ask("repeat")
    terminal.hear(answered, "00")
    terminal.hear(silent, None)
    assert terminal.memory.sent[-1].outcome is Outcome.APPROVED


def test_what_was_heard_while_a_reversal_was_under_way_stays_heard(terminal: Terminal) -> None:
    terminal.sell(None)
    again, owed = terminal.ask("repeat"), terminal.owed()
    assert owed is not None
    terminal.hear(again, "00")
    terminal.hear(owed, "00")
    note = terminal.memory.sent[0]
    assert (note.outcome, note.reversal) == (Outcome.APPROVED, Reversal.DONE)


def test_a_repeat_that_could_not_be_sent_leaves_the_outcome_unknown(terminal: Terminal) -> None:
    terminal.sell(None)
    terminal.hear(terminal.ask("repeat"), None, sent=False)
    assert terminal.memory.sent[-1].outcome is Outcome.UNKNOWN


def test_line_tests_are_passed_over(terminal: Terminal) -> None:
    sale = terminal.sell(None)
    terminal.hear(terminal.ask("echo"), "00")
    assert terminal.ask("repeat").message[11] == sale[11]


def test_the_card_is_not_kept_and_has_to_be_given_again(terminal: Terminal) -> None:
    terminal.sell(None, pan=OTHER_PAN)
    for wrong in ({}, {"pan": PAN}):
        with pytest.raises(ConfigError, match="give its number again"):
            terminal.ask("repeat", **wrong)
    assert terminal.ask("repeat", pan=OTHER_PAN).message[2] == OTHER_PAN


# Reversals that go first


def test_what_nobody_answered_is_reversed_once(terminal: Terminal) -> None:
    sale = terminal.sell(None)
    owed = terminal.owed()
    assert owed is not None
    assert owed.kind is Kind.REVERSAL
    assert terminal.dialect.original(owed.message).stan == sale[11] or owed.message[11] == sale[11]
    terminal.hear(owed, "00")
    assert terminal.owed() is None
    assert [note.reversal for note in terminal.memory.sent] == [Reversal.DONE, Reversal.NONE]


@pytest.mark.parametrize("code", [None, "68"])
def test_a_reversal_without_an_answer_is_owed_still_however_often(terminal: Terminal, code: str | None) -> None:
    terminal.sell(None)
    for _ in range(5):
        owed = terminal.owed()
        assert owed is not None
        terminal.hear(owed, code)
    terminal.at += timedelta(days=40)
    assert terminal.owed() is not None


@pytest.mark.parametrize("code", ["12", "25", "30"])
def test_a_reversal_that_was_refused_is_not_sent_again(terminal: Terminal, code: str) -> None:
    terminal.sell(None)
    owed = terminal.owed()
    assert owed is not None
    terminal.hear(owed, code)
    assert terminal.owed() is None
    assert terminal.memory.sent[0].reversal is Reversal.REFUSED


@pytest.mark.parametrize("code", ["00", "51"])
def test_what_was_answered_owes_nothing(terminal: Terminal, code: str) -> None:
    terminal.sell(code)
    assert terminal.owed() is None


def test_what_never_left_owes_nothing(terminal: Terminal) -> None:
    terminal.sell(None, sent=False)
    assert terminal.owed() is None


def test_an_advice_is_never_reversed(terminal: Terminal) -> None:
    terminal.hear(terminal.ask("advice", amount="8.80"), None)
    assert terminal.owed() is None


def test_a_command_that_died_owes_its_reversal(terminal: Terminal) -> None:
    asked = terminal.ask("sale", amount="12.34")
    owed = terminal.owed()
    assert owed is not None
    assert owed.reverses == asked.sent


def test_the_oldest_goes_first(terminal: Terminal) -> None:
    stans = [terminal.sell(None)[11] for _ in range(3)]
    paid = []
    while (owed := terminal.owed()) is not None:
        assert owed.reverses is not None
        paid.append(owed.reverses.stan)
        terminal.hear(owed, "00")
    assert paid == stans


def test_a_clerks_own_reversal_pays_it_too(terminal: Terminal) -> None:
    terminal.sell(None)
    terminal.hear(terminal.ask("reversal", original="last"), "00")
    assert terminal.owed() is None


def test_another_card_has_to_be_reversed_by_its_number_first(terminal: Terminal) -> None:
    terminal.sell(None, pan=OTHER_PAN)
    stan = terminal.memory.stan
    with pytest.raises(ConfigError, match="STAN 000001, is owed and goes first"):
        terminal.owed()
    assert terminal.memory.stan == stan
    assert terminal.owed(pan=OTHER_PAN) is not None


def test_another_dialect_owes_nothing(terminal: Terminal) -> None:
    terminal.sell(None)
    terminal.dialect = dialect("iso87-binary")
    assert terminal.owed() is None


def test_sign_on_repeat_and_reversal_wait_for_nothing() -> None:
    assert set(Verb) - MONEY == {Verb.LOGON, Verb.ECHO, Verb.QUERY, Verb.REPEAT, Verb.REVERSAL}


def test_a_state_written_before_knows_of_no_reversal() -> None:
    old = replace(Terminal().ask("sale", amount="1.00").sent, outcome=Outcome.APPROVED)
    assert (old.reversal, old.owes_reversal) == (Reversal.NONE, False)


def test_a_reversal_that_nobody_answers_is_sent_once_more_and_not_made_anew(terminal: Terminal) -> None:
    terminal.sell(None)
    first = terminal.owed()
    assert first is not None
    terminal.hear(first, None)
    terminal.at += timedelta(seconds=9)
    for again in (terminal.owed(), terminal.ask("reversal", original="last"), terminal.ask("repeat")):
        assert again is not None
        assert again.again
        assert again.message.mti == {"0400": "0401" if terminal.dialect.profile.repeat_mti else "0400"}.get(
            first.message.mti, "1421"
        )
        differ = {de for de in {*again.message, *first.message} if again.message.get(de) != first.message.get(de)}
        assert differ <= {7}
    terminal.hear(terminal.ask("repeat"), "00")
    assert terminal.memory.sent[0].reversal is Reversal.DONE
    assert terminal.owed() is None


def test_a_reversal_that_was_refused_is_made_anew_where_a_clerk_asks_for_it(terminal: Terminal) -> None:
    terminal.sell(None)
    first = terminal.owed()
    assert first is not None
    terminal.hear(first, "30")
    anew = terminal.ask("reversal", original="last")
    assert not anew.again
