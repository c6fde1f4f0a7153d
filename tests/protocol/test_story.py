"""The vocabulary of a story, and what the lines of one may say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from iso_gateway.protocol.story import (
    LONGEST,
    LONGEST_TEXT,
    VOCABULARY,
    Party,
    Teller,
    Told,
    Word,
    added,
    line,
    read,
    said,
    worth_telling,
)

NOON = datetime(2026, 11, 20, 12, 0, 0, 123_000, tzinfo=UTC)
PAN = "4761739001010010"


def test_every_word_has_a_sentence_for_people() -> None:
    assert set(VOCABULARY) == set(Word)
    assert all(meaning.sentence and not meaning.sentence.endswith(".") for meaning in VOCABULARY.values())
    assert all(word == word.lower() and " " not in word for word in Word)


def test_who_says_what_to_whom() -> None:
    assert (VOCABULARY[Word.RECEIVED].by, VOCABULARY[Word.RECEIVED].to) == (Party.TERMINAL, Party.GATEWAY)
    assert (VOCABULARY[Word.SENT].by, VOCABULARY[Word.SENT].to) == (Party.GATEWAY, Party.HOST)
    assert (VOCABULARY[Word.ACT].by, VOCABULARY[Word.ACT].to) == (Party.OPERATOR, Party.GATEWAY)
    assert VOCABULARY[Word.OWED].by == VOCABULARY[Word.OWED].to


@given(
    st.lists(
        st.tuples(
            st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
            st.sampled_from(Word),
            st.text().map(said),
        ),
        max_size=5,
    )
)
def test_what_is_written_is_read_again(lines: list[tuple[datetime, Word, str]]) -> None:
    story = "".join(line(*each) for each in lines)
    again = list(read(story))
    assert [(told.word, told.text) for told in again] == [(word.value, text) for _, word, text in lines]
    for told, (at, _, _) in zip(again, lines, strict=True):
        assert abs(told.at - at) <= timedelta(milliseconds=1)


@given(st.text())
def test_anything_can_be_read(story: str) -> None:
    assert all(isinstance(told, Told) for told in read(story))


def test_a_word_of_a_newer_program_is_shown_as_it_is() -> None:
    (told,) = read("1700000000000 teleported to the moon\n")
    assert (told.meaning.sentence, told.text) == ("teleported", "to the moon")


@given(st.text(max_size=400))
def test_what_others_said_is_one_printable_masked_line(text: str) -> None:
    shown = said(f"{text}{PAN}\n{PAN}D49092010000098765")
    assert shown.isprintable()
    assert len(shown) <= LONGEST_TEXT
    assert "3900101" not in shown


def test_what_is_gathered_waits_for_the_commit_that_carries_it() -> None:
    teller = Teller()
    teller.tell(NOON, Word.ROUTED, "bank")
    carried = teller.take()
    teller.tell(NOON, Word.JOINED)
    assert teller.take().startswith(carried)  # the commit failed, the next one carries all
    teller.tell(NOON, Word.JOINED, "again")
    teller.taken()
    assert [told.text for told in read(teller.take())] == ["again"]


def test_a_story_ends_with_a_line_that_says_that_it_was_cut() -> None:
    teller = Teller()
    for number in range(1000):
        teller.tell(NOON, Word.JOINED, f"number {number}")
    story = teller.take()
    assert len(story) <= LONGEST
    assert [told.word for told in read(story)].count(Word.CUT) == 1
    assert list(read(story))[-1].word == Word.CUT


def test_a_row_that_has_a_long_story_already_gets_one_last_line() -> None:
    story = ""
    for number in range(1000):
        story += added(story, line(NOON, Word.REPLAYED, f"number {number}"))
    assert len(story) <= LONGEST
    assert [told.word for told in read(story)].count(Word.CUT) == 1
    teller = Teller()
    teller.goes_on_from(story)
    teller.tell(NOON, Word.ATTEMPT)
    assert teller.take() == ""


def test_a_debt_of_three_days_fits_into_its_story() -> None:
    told = [attempt for attempt in range(1, 10_000) if worth_telling(attempt)]
    assert told[:10] == [1, 2, 3, 4, 5, 6, 7, 8, 16, 32]
    assert len(told) * 2 * 120 < LONGEST
