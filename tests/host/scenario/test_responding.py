"""What a rule makes of an answer, and that the ledger agrees with what was answered."""

from __future__ import annotations

import random  # noqa: TID251 -- seeded

import msgspec
import pytest

from iso_gateway.errors import EncodeError
from iso_gateway.faults.fault import Fault, Silence, Wrong
from iso_gateway.host.scenario.reading import scenario_of
from iso_gateway.host.scenario.scenario import Scenario
from iso_gateway.host.scenario.values import Fill, Piece, Situation, overlaid
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.protection import Protection
from iso_gateway.security.keys import PinFormat
from tests.support.keyed_till import HELD, RETAIL, KeyedTill
from tests.support.scripted_till import scripted
from tests.support.till import START, Till, dialect_of

OPENED = 1_000_000
DECIDES = [
    # kind, respond, code that is answered, state that is left, what was taken from the account
    (Kind.SALE, "{code: '51'}", "51", "declined", 0),
    (Kind.SALE, "{code: '51', record: false}", "51", None, 0),
    (Kind.SALE, "{code: '00'}", "00", "approved", 1000),
    (Kind.SALE, "{code: '00', record: false}", "00", None, 0),
    (Kind.SALE, "{record: false}", "00", None, 0),
    (Kind.SALE, "{approve: 50%}", "10", "approved", 500),
    (Kind.SALE, "{approve: 50%, record: false}", "10", None, 0),
    (Kind.SALE, "{approve: '700'}", "10", "approved", 700),
    (Kind.SALE, "{approve: '7000'}", "00", "approved", 1000),
    (Kind.SALE, "{approve: '0'}", "51", "declined", 0),
    (Kind.SALE, "{set: {38: '123456'}}", "00", "approved", 1000),
    (Kind.PREAUTH, "{approve: 50%}", "10", "approved", 500),
    (Kind.PREAUTH, "{code: '05'}", "05", "declined", 0),
    (Kind.ADVICE, "{code: '30'}", "30", "declined", 0),
    (Kind.BALANCE, "{code: '57'}", "57", "declined", 0),
]


@pytest.mark.parametrize("spec", ["iso87-ascii", "iso93-ascii", "cup-pos"])
@pytest.mark.parametrize("row", DECIDES, ids=lambda row: f"{row[0]} {row[1]}")
def test_the_ledger_has_what_was_answered(row: tuple[Kind, str, str, str | None, int], spec: str) -> None:
    kind, respond, code, state, taken = row
    till = scripted(f"[{{when: {{kind: {kind}}}, respond: {respond}}}]", spec)
    if till.dialect.profile.row(kind) is None:
        pytest.skip("no such kind in this dialect")
    reply = till.ask(kind)
    assert reply.code == written(till, code)
    assert till.states == ([] if state is None else [(str(kind), state)])
    assert till.account().available == OPENED - taken
    assert reply.code != "10" or reply.said(4) == f"{700 if '700' in respond else 500:012}"


def written(till: Till, code: str) -> str:
    """Return *code* as this dialect can say it."""
    profile = till.dialect.profile
    return profile.canonical(profile.code(code))


def test_what_is_available_may_be_all_that_is_approved() -> None:
    till = scripted(
        "[{when: {kind: sale, account.available: <2000}, respond: {approve: available}}]", opening_balance=1500
    )
    assert [till.ask(Kind.SALE).code for _ in range(3)] == ["00", "10", "51"]
    assert [(each.code, each.amount) for each in till.transactions] == [("00", 1000), ("10", 500), ("51", 1000)]
    assert till.account().available == 0


def test_a_code_that_approves_counts_before_the_balance_and_one_that_declines_before_magic() -> None:
    till = scripted(
        "[{when: {amount: '>1000000'}, respond: {code: '00'}}, {when: {amount: '*68'}, respond: {code: '05'}}]"
    )
    assert till.ask(Kind.SALE, 2_000_000).code == "00"
    assert till.account().available == -OPENED
    assert till.ask(Kind.SALE, 1068).code == "05"


@pytest.mark.parametrize(("code", "state"), [("00", "approved"), ("05", "declined")])
def test_an_amount_of_zero_is_a_rules_to_judge(code: str, state: str) -> None:
    till = scripted(f"[{{when: {{amount: '0', nth: 2}}, respond: {{code: '{code}'}}}}]")
    assert [till.ask(Kind.SALE, 0).code for _ in range(2)] == ["13", code]
    assert till.states == [("sale", state)]


@pytest.mark.parametrize("code", ["00", "05"])
def test_a_rule_decides_whatever_the_pin_is(code: str) -> None:
    till = KeyedTill(protection=Protection(mac=RETAIL.mac, pin=PinFormat.ISO_0))
    till.host.scenario = scenario_of({"rules": [{"when": {"kind": "sale"}, "respond": {"code": code}}]}, till.dialect)
    assert till.pay("9999").code == code
    till.has(pin=HELD.zone.pin)
    assert till.pay("1234").code == code
    till.host.scenario = Scenario()
    assert till.pay("1234").code == "99"


def test_a_code_that_no_dialect_knows_is_said_as_it_is_and_books_nothing() -> None:
    till = scripted("[{when: {kind: sale}, respond: {code: Z9}}]")
    assert till.ask(Kind.SALE).said(39) == "Z9"
    assert [(each.code, str(each.state)) for each in till.transactions] == [("Z9", "declined")]


LATER = [
    # respond, code, states of sale and void, what is on the account then
    ("{code: '00'}", "00", [("sale", "voided"), ("void", "approved")], OPENED),
    ("{code: '00', record: false}", "00", [("sale", "approved")], OPENED - 1000),
    ("{code: '12'}", "12", [("sale", "approved"), ("void", "declined")], OPENED - 1000),
    ("{code: '12', record: false}", "12", [("sale", "approved")], OPENED - 1000),
]


@pytest.mark.parametrize("row", LATER, ids=lambda row: row[0])
def test_of_a_void(row: tuple[str, str, list[tuple[str, str]], int]) -> None:
    respond, code, states, available = row
    till = scripted(f"[{{when: {{kind: void}}, respond: {respond}}}]")
    sale = till.ask(Kind.SALE)
    assert till.ask(Kind.VOID, about=sale).code == code
    assert (till.states, till.account().available) == (states, available)


def test_a_void_that_is_approved_and_could_not_be_done_moves_nothing() -> None:
    till = scripted("[{when: {kind: void, original: voided}, respond: {code: '00'}}]")
    sale = till.ask(Kind.SALE)
    assert [till.ask(Kind.VOID, about=sale).code for _ in range(2)] == ["00", "00"]
    assert till.account().available == OPENED
    assert till.states == [("sale", "voided"), ("void", "approved"), ("void", "approved")]


REVERSED = [
    # respond, code, states, what is on the account then
    ("{code: '00'}", "00", [("sale", "reversed"), ("reversal", "approved")], OPENED),
    ("{code: '00', record: false}", "00", [("sale", "approved")], OPENED - 1000),
    ("{code: '96'}", "96", [("sale", "approved")], OPENED - 1000),
]


@pytest.mark.parametrize("row", REVERSED, ids=lambda row: row[0])
def test_of_a_reversal(row: tuple[str, str, list[tuple[str, str]], int]) -> None:
    respond, code, states, available = row
    till = scripted(f"[{{when: {{kind: reversal}}, respond: {respond}}}]")
    sale = till.ask(Kind.SALE)
    assert till.ask(Kind.REVERSAL, about=sale).code == code
    assert (till.states, till.account().available) == (states, available)


def test_a_reversal_of_what_never_came_may_be_said_to_be_done() -> None:
    till = scripted("[{when: {kind: reversal, original: absent}, respond: {code: '00'}}]")
    sale = till.ask(Kind.SALE)
    assert till.ask(Kind.REVERSAL, about=sale).code == "00"
    assert till.ask(Kind.REVERSAL, about=sale).code == "25"
    never = msgspec.structs.replace(sale.original, stan="999999")
    assert till.ask(Kind.REVERSAL, about=never).code == "00"


def test_a_sign_on_that_is_refused_is_none() -> None:
    till = scripted("[{when: {kind: sign_on, nth: 1}, respond: {code: '91'}}]", sign_on_required=True)
    assert [till.ask(Kind.SIGN_ON, None).code, till.ask(Kind.SALE).code] == ["91", "77"]
    assert [till.ask(Kind.SIGN_ON, None).code, till.ask(Kind.SALE).code] == ["00", "00"]


def test_a_message_that_the_dialect_does_not_know_may_be_answered() -> None:
    till = scripted("[{when: {mti: '0300'}, respond: {code: '00', set: {48: taken}}}]")
    message = till.request(Kind.SALE).evolve({}, "0300")
    reply = till.send(message)
    assert (reply.code, reply.said(48), till.transactions) == ("00", "taken", [])


def test_totals_are_balanced_or_not_as_a_rule_says() -> None:
    till = scripted("[{when: {kind: settlement}, respond: {code: '95'}}]", "iso93-ascii")
    changes: dict[int | str, str] = dict.fromkeys((74, 75, 76, 77), "0" * 10)
    changes |= {**dict.fromkeys((86, 87, 88, 89), "0" * 16), 97: "C" + "0" * 16}
    settled = till.ask(Kind.SETTLEMENT, None, changes=dict(changes))
    assert (settled.code, settled.decision.note["balanced"]) == ("95", False)
    assert Till("iso93-ascii").ask(Kind.SETTLEMENT, None, changes=dict(changes)).code == "00"


# What the answer says


def test_elements_are_set_copied_made_and_taken_out() -> None:
    till = scripted("""
- when: {kind: sale}
  respond:
    set: {38: "123456", 37: absent, additional_response_data: hello}
    copy: {63: request.41}
    template: {62: "STAN {request.11} at {now:%d%m %H:%M}, {request.39}{digits:4}"}
""")
    reply = till.ask(Kind.SALE, changes={60: "kept"})
    assert reply.answer is not None
    assert 37 not in reply.answer
    assert (reply.said(38), reply.said(44), reply.said(63)) == ("123456", "hello", "TERM0001")
    assert reply.said(62)[:-4] == "STAN 000001 at 0203 10:30, "
    assert reply.said(62)[-4:].isdecimal()


def test_of_the_original_the_answer_says_what_the_ledger_keeps() -> None:
    till = scripted(
        "[{when: {kind: void},"
        " respond: {copy: {48: original.37}, template: {63: 'was {original.4} of {original.15}'}}}]"
    )
    sale = till.ask(Kind.SALE)
    void = till.ask(Kind.VOID, about=sale)
    assert (void.said(48), void.said(63)) == (sale.rrn, "was 000000001000 of 0302")


def test_a_template_gives_no_more_than_an_element_takes() -> None:
    request = dialect_of("iso87-ascii").spec.message("0200", {48: "x" * 999})
    fill = Fill("62", (Piece("request", "48"),) * 3)
    assert fill.value(Situation(request, None, START.wall, random.Random(1))) == "x" * 1000


def test_what_is_not_there_is_not_copied() -> None:
    till = scripted("[{when: {kind: sale}, respond: {copy: [63], template: {62: '{original.37}'}}}]")
    reply = till.ask(Kind.SALE)
    assert reply.answer is not None
    assert not {62, 63} & set(reply.answer)


def test_the_repeat_of_a_transaction_gets_the_very_answer_of_the_first() -> None:
    till = scripted("[{when: {kind: sale}, respond: {approve: 50%, template: {62: '{digits:8}'}, emv: {91: AABB}}}]")
    sale = till.ask(Kind.SALE)
    till.wait(60)
    again = till.again(sale, marked=False)
    assert again.answer is not None
    assert sale.answer is not None
    assert again.answer.evolve({7: None}) == sale.answer.evolve({7: None})
    assert len(till.transactions) == 1


def test_data_of_the_issuer_go_beside_those_of_the_host() -> None:
    till = scripted("[{when: {kind: sale}, respond: {emv: {91: '1122334455667788', 71: 9F1804}}}]", "iso87-ascii")
    reply = till.ask(Kind.SALE)
    assert reply.answer is not None
    assert reply.answer["55.91"] == bytes.fromhex("1122334455667788")
    assert reply.answer["55.71"] == bytes.fromhex("9F1804")


@pytest.mark.parametrize(("said", "amount"), [("'-5'", "D000000000005"), ("available", "C000000999000")])
def test_the_balance_after_a_sale(said: str, amount: str) -> None:
    till = scripted(f"[{{when: {{kind: sale}}, respond: {{balance: {said}}}}}]")
    assert till.ask(Kind.SALE).said(54) == f"0002840{amount}"


def test_what_the_answer_cannot_carry_is_left_out_and_told() -> None:
    till = scripted("[{when: {kind: sale}, respond: {set: {62: kept}, template: {38: '{request.42}'}}}]")
    reply = till.ask(Kind.SALE)
    assert reply.said(62) == "kept"
    assert reply.decision.note["cannot_carry"] == "DE 38 of the rule"


def test_nothing_is_taken_out_of_what_is_not_there() -> None:
    spec = dialect_of("cup-pos").spec
    answer = spec.message("0210", {39: "00"})
    assert overlaid(answer, {"60.2": None, "62": None}) == (answer, [])
    with pytest.raises(EncodeError):
        answer.evolve({60: "x"})
    assert overlaid(answer, {"60": "x"}) == (answer, ["60"])


# Faults


def test_a_fault_without_respond_leaves_the_decision_to_the_ordinary_rules() -> None:
    till = scripted("[{when: {kind: sale}, fault: 'delay=2s wrong=stan'}]")
    reply = till.ask(Kind.SALE, 1051)
    assert reply.code == "51"
    assert reply.decision.fault.wrong == frozenset({Wrong.STAN})
    assert reply.decision.fault.delay is not None


def test_silence_is_recorded_or_not() -> None:
    till = scripted("[{when: {kind: sale, nth: 1}, fault: silence=unrecorded}, {when: {kind: sale}, fault: silence}]")
    first = till.ask(Kind.SALE)
    assert (first.answer, till.transactions) == (None, [])
    again = till.again(first)
    assert again.decision.fault == Fault(silence=Silence.RECORDED)
    assert till.states == [("sale", "approved")]


def test_a_decision_of_a_host_without_rules_has_no_fault() -> None:
    assert Till().ask(Kind.SALE).decision.fault == Fault()
