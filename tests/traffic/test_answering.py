"""What a recording answers to the requests of now."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from iso_gateway.traffic.answering import Answers, rewritten
from iso_gateway.traffic.exchanges import Exchange, exchanges
from iso_gateway.traffic.recorded import Ended
from tests.support.recorded_talk import DIALECT, SPEC, C, S, Told, approved, recording, sale, void

NOW = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)


def answers(*told: Told) -> Answers:
    return Answers(exchanges(recording(*told)), DIALECT)


def lines(found: list[Exchange | None]) -> list[int]:
    return [0 if each is None else each.request.number for each in found]


def test_requests_get_their_answers_by_type_stan_and_terminal() -> None:
    first, second = sale(1), sale(2)
    told = exchanges(recording((0, C, first), (0.1, C, second), (0.2, S, approved(second)), (0.5, S, approved(first))))
    assert [(each.request.number, [entry.number for entry in each.answers]) for each in told] == [(3, [6]), (4, [5])]
    assert told[0].delay(told[0].answers[0]) == pytest.approx(0.5)


def test_silence_two_answers_and_a_connection_that_is_closed_are_kept() -> None:
    told = exchanges(
        recording((0, C, sale(1)), (1, C, sale(2)), (2, S, approved(sale(2))), (3, S, approved(sale(2))),
                  (4, C, sale(3)), (5, S, "reset"), (6, C, "closed"))
    )  # fmt: skip
    assert [len(each.answers) for each in told] == [0, 2, 0]
    assert [each.hung_up is not None for each in told] == [False, False, True]


def test_a_client_that_leaves_is_no_host_that_hangs_up() -> None:
    (told,) = exchanges(recording((0, C, sale(1)), (5, C, "closed"), (6, S, "closed")))
    assert told.hung_up is None
    assert isinstance(recording((5, C, "closed")).entries[1].line, Ended)


def test_equal_requests_have_their_turns_and_then_begin_again() -> None:
    found = answers((0, C, sale(1)), (1, C, sale(2)), (2, C, sale(3, 999)))
    asked = [sale(70), sale(71), sale(72), sale(73, 999)]
    assert lines([found.find(each) for each in asked]) == [3, 4, 3, 5]


def test_a_repeat_gets_what_the_recorded_repeat_got() -> None:
    found = answers((0, C, sale(1)), (1, C, sale(1, mti="0201")), (2, S, approved(sale(1))), (3, C, sale(2)))
    asked = [sale(70), sale(70, mti="0201"), sale(70, mti="0201"), sale(71), sale(72)]
    assert lines([found.find(each) for each in asked]) == [3, 4, 4, 6, 3]


@pytest.mark.parametrize(
    ("asked", "differs"),
    [
        (sale(1, 1300), "DE 4: 000000001300, recorded 000000001234"),
        (sale(1, de41="TERM0002"), "DE 41: TERM0002, recorded TERM0001"),
        (sale(1, mti="0220"), "kind: advice, recorded sale"),
        (sale(1, de25="00"), "DE 25: 00, recorded nothing"),
    ],
)
def test_what_is_not_recorded_is_told_with_the_nearest_and_answered_with_96(asked: object, differs: str) -> None:
    found = answers((0, C, sale(1, 99999, de41="TERM0009")), (0, C, sale(1)))
    assert found.find(asked) is None  # type: ignore[arg-type]
    near = found.nearest(asked)  # type: ignore[arg-type]
    assert near is not None
    assert near.line == 4
    assert differs in near.differs
    refusal = found.refusal(asked, NOW)  # type: ignore[arg-type]
    assert refusal is not None
    assert refusal[39] == "96"


def test_no_card_number_is_told() -> None:
    found = answers((0, C, sale(1)))
    near = found.nearest(sale(1, 1300))
    assert near is not None
    assert "4761739001010010" not in str(near)
    assert Answers([], DIALECT).nearest(sale(1)) is None


def answered(recorded: Told, answer: Told, request: object) -> dict[int, object]:
    (exchange,) = exchanges(recording(recorded, answer))
    message = exchange.answers[0].message
    assert message is not None
    return dict(rewritten(exchange, message, request, NOW).items())  # type: ignore[arg-type]


def test_what_was_echoed_is_echoed_and_the_rest_is_as_recorded() -> None:
    asked = sale(77, de2="4111111111111111", de7="0102030400", de12="030400", de13="0102")
    given = answered((0, C, sale(1)), (0, S, approved(sale(1), de44="HELLO")), asked)
    assert given == {
        **{number: asked[number] for number in (2, 3, 4, 7, 11, 12, 13, 41, 42, 49)},
        37: "632700000001",
        38: "A00001",
        39: "00",
        44: "HELLO",
    }


def test_an_echoed_rrn_is_that_of_the_request_of_now() -> None:
    recorded = void(2, "632700000001", "A00001")
    asked = void(78, "632700000099", "A00099")
    given = answered((0, C, recorded), (0, S, recorded.response_to({37: recorded[37], 38: "A00002", 39: "00"})), asked)
    assert (given[37], given[38], given[90]) == ("632700000099", "A00002", asked[90])


def test_times_of_the_host_are_those_of_now() -> None:
    given = answered((0, C, sale(1)), (0, S, approved(sale(1), de12="100001", de13="1124", de7="1123100001")), sale(2))
    assert (given[12], given[13], given[7]) == ("030405", "0102", "0102030405")


def test_what_the_request_of_now_has_not_is_not_echoed() -> None:
    given = answered((0, C, sale(1)), (0, S, approved(sale(1))), sale(2).evolve({2: None, 12: None}))
    assert 2 not in given
    assert 12 not in given


def test_without_a_profile_there_are_answers_too() -> None:
    found = Answers(exchanges(recording((0, C, sale(1)), (0, S, approved(sale(1))))), None)
    assert found.find(sale(5)) is not None
    refusal = found.refusal(SPEC.message("0800", {11: 1, 70: "301"}), NOW)
    assert refusal is not None
    assert (refusal.mti, refusal[39]) == ("0810", "96")
