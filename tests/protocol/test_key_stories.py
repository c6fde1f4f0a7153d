"""Stories of keys: which generation a message goes by, keys that hosts bring, keys that terminals get."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from iso_gateway import Message
from iso_gateway.protocol import commands, events
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.keyring import GRACE
from iso_gateway.protocol.protection import Exchange, KeySet, KnownKeys, Material, Protection, Role
from iso_gateway.protocol.records import RowState
from iso_gateway.protocol.session import State
from iso_gateway.protocol.unionpay_keys import read_keys, written_keys
from iso_gateway.security.keys import KeyState
from tests.support.desk import KEYED, TERMINAL, Desk, dialect, setup
from tests.support.trusting import generation

OWNER = f"terminal/{TERMINAL}"
PIK = Material(Role.PIN, bytes(range(16)), bytes(4))
MAK = Material(Role.MAC, bytes(range(8)), bytes(4))
EXCHANGED = replace(KEYED, exchange=Exchange.UNIONPAY)


def desk_with(terminal: str = "iso87-ascii", host: str = "iso87-ascii", **legs: Protection) -> Desk:
    """Return a desk whose *counter* and *bank* are protected otherwise, and whose links are not connected."""
    chosen = setup(terminal, host)
    counter, bank = chosen.listeners["counter"], chosen.acquirers["bank"]
    changed = replace(
        chosen,
        listeners={"counter": replace(counter, protection=legs.get("counter", counter.protection))},
        acquirers={"bank": replace(bank, protection=legs.get("bank", bank.protection))},
    )
    return Desk(changed, links=())


def taken(desk: Desk, kind: type[Any]) -> Any:
    """Return the only command of *kind* that is held back, which is answered by hand."""
    (found,) = (each for each in desk.held if isinstance(each, kind))
    desk.held.remove(found)
    return found


def holding(desk: Desk, kind: type[Any], do: Callable[[], object]) -> Any:
    """Return the only command of *kind* that *do* leads to."""
    desk.hold = {kind}
    do()
    desk.hold = set()
    return taken(desk, kind)


def feed(desk: Desk, command: commands.Command) -> None:
    for event in desk._carry_out(command):
        desk.feed(event)


# Ruling 11: an answer uses the generation that verified its request.
def test_the_answer_and_the_pin_go_by_the_generation_that_verified_the_request() -> None:
    desk = Desk()
    desk.feed(events.KeysKnown(desk.keys_of(OWNER, 2)))
    verify = holding(desk, commands.Verify, lambda: desk.send(desk.request(changes={52: bytes(8)})))
    assert [keys.generation for keys in verify.keys] == [2, 1]
    assert verify.payload
    secure = holding(desk, commands.Secure, lambda: desk.feed(events.Verified(verify.id, "", verify.keys[1])))
    assert (secure.leg, secure.origin.keys.generation) == ("bank", 1)
    feed(desk, secure)
    answer = holding(desk, commands.Secure, lambda: desk.host_answers("00"))
    assert (answer.leg, answer.keys.generation) == ("counter", 1)
    feed(desk, answer)
    assert desk.code() == "00"


# Promise 2: a repeat gets the first answer under the key that verified the repeat.
@pytest.mark.parametrize("joined", [False, True])
def test_a_repeat_is_answered_under_the_key_that_verified_the_repeat(*, joined: bool) -> None:
    desk = Desk()
    request = desk.request()
    desk.send(request)
    if not joined:
        desk.host_answers("00")
    desk.feed(events.KeysKnown(desk.keys_of(OWNER, 2)))
    desk.hold = {commands.Secure}
    desk.send(desk.repeat(request), "t2")
    if joined:
        desk.host_answers("00")
    made = [each.keys.generation for each in desk.held if isinstance(each, commands.Secure) and each.keys is not None]
    assert made == ([1, 2] if joined else [2])
    desk.answer_held()
    assert {message[39] for _, message in desk.answers} == {"00"}


def test_a_pending_generation_is_active_with_its_first_valid_message_and_only_then() -> None:
    desk = Desk()
    desk.feed(events.KeysKnown((*desk.keys_of(), KnownKeys(generation(OWNER, 2), KeyState.PENDING))))
    verify = holding(desk, commands.Verify, lambda: desk.send(desk.request()))
    assert [keys.generation for keys in verify.keys] == [1, 2]
    desk.order.clear()
    desk.feed(events.Verified(verify.id, "", verify.keys[1]))
    assert desk.order.count("MarkKeys") == 2
    desk.host_answers("00")
    assert desk.code() == "00"
    desk.pass_time(GRACE)
    assert desk.order.count("MarkKeys") == 3, "the old one is destroyed when its time is over"


# No keys: nothing unverified is forwarded.
@pytest.mark.parametrize(("protection", "code"), [(KEYED, "A7"), (EXCHANGED, "77")])
def test_a_terminal_without_keys_is_told_so_and_nothing_of_it_is_forwarded(protection: Any, code: str) -> None:
    desk = desk_with("cup-pos", counter=protection)
    desk.bring_up()
    desk.feed(events.KeysKnown(tuple(each for each in desk.keys_of() if each.keys.owner != OWNER)))
    assert desk.asked(desk.request()) == code
    assert not desk.sent
    assert not desk.rows()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("A0", "MAC of the request"),
        ("A7", "no keys of the terminal, or none that may be used so"),
        ("96", "the security module did not answer"),
    ],
)
def test_the_log_says_why_a_request_was_not_taken(code: str, said: str) -> None:
    desk = Desk()
    desk.hold = {commands.Verify}
    desk.send(desk.request())
    (verify,) = [command for command in desk.held if isinstance(command, commands.Verify)]
    desk.feed(events.Verified(verify.id, code))
    (line,) = desk.said("txn")
    assert (line["code"], line["cause"]) == (code, said)


# No answer is better than an approval without a MAC (rulings 2, 12).
@pytest.mark.parametrize("slow", [False, True])
def test_an_approval_for_which_no_mac_is_made_is_not_delivered_and_is_reversed(*, slow: bool) -> None:
    desk = Desk()
    desk.send(desk.request())
    secure = holding(desk, commands.Secure, lambda: desk.host_answers("00"))
    if slow:
        desk.pass_time(6)
    else:
        desk.feed(events.Secured(secure.id, None, "96"))
    assert not desk.answers
    assert desk.row().state is RowState.OWES_REVERSAL
    feed(desk, secure)  # late, or once more: nobody waits for it
    desk.pass_time(1)
    assert not desk.answers
    desk.host_answers("00")
    assert desk.row().state is RowState.REVERSED


# Rule 1 of securing: a PIN block never goes out bare.
def test_a_pin_block_that_one_leg_has_no_keys_for_is_refused() -> None:
    bare = replace(KEYED, pin=None)
    for desk in (desk_with("cup-pos", bank=bare), desk_with("cup-pos", counter=bare)):
        desk.bring_up()
        assert desk.asked(desk.request(changes={52: bytes(8)})) == "A7"
        assert not desk.sent


# Ruling 14: DE 53.1 = 1 is a block without the card number.
@pytest.mark.parametrize(("taken_by", "code"), [(False, "99"), (True, "00")])
def test_a_pin_block_without_card_number_is_refused_unless_configured(*, taken_by: bool, code: str) -> None:
    desk = desk_with("cup-pos", counter=replace(KEYED, pin_without_pan=taken_by))
    desk.bring_up()
    desk.send(desk.request(changes={52: bytes(8), 53: "16".ljust(16, "0")}))
    if taken_by:
        desk.host_answers("00")
    assert desk.code() == code


# Ruling 11, host leg: what was secured with other keys than the link has now is secured anew.
def test_what_was_secured_before_new_keys_came_is_secured_anew_and_sent_once() -> None:
    desk = Desk()
    journal = holding(desk, commands.Journal, lambda: desk.send(desk.request()))
    desk.feed(events.KeysKnown(desk.keys_of("acquirer/bank", 2)))
    anew = holding(desk, commands.Secure, lambda: feed(desk, journal))
    assert anew.keys.generation == 2
    assert not desk.sent
    feed(desk, anew)
    assert len(desk.sent) == 1
    verify = holding(desk, commands.Verify, lambda: desk.host_answers("00"))
    assert verify.keys[0].generation == 2
    feed(desk, verify)
    assert desk.code() == "00"


# Keys that the host brings with its answer to the sign-on.
def signing_on(desk: Desk, changes: dict[int | str, Any]) -> commands.TakeKeys:
    """Have the host say yes to the sign-on of bank-1; return what its answer leads to."""
    found = holding(desk, commands.TakeKeys, lambda: desk.host_answers("00", changes))
    assert isinstance(found, commands.TakeKeys)
    return found


def link_keys(number: int) -> KeySet:
    return generation("link/bank-1", number)


def test_a_link_is_up_when_the_keys_of_its_sign_on_are_kept_and_not_before() -> None:
    desk = desk_with(host="cup-pos", bank=EXCHANGED)
    desk.feed(events.LinkConnected("bank-1"))
    assert desk.last_sent["60.3"] == "003"
    assert 64 not in desk.last_sent
    take = signing_on(desk, {62: written_keys("003", (PIK, MAK))})
    assert (take.owner, take.master, take.material) == ("link/bank-1", "link/bank-1/master", (PIK, MAK))
    assert desk.node.links.links["bank-1"].session.state is State.TAKING_KEYS
    assert desk.asked(desk.request()) == "91"
    desk.feed(events.KeysTaken(take.id, link_keys(1)))
    secure = holding(desk, commands.Secure, lambda: desk.send(desk.request()))
    assert secure.keys == link_keys(1)


def test_wrong_keys_are_asked_for_again_and_then_the_link_is_refused_and_tried_later() -> None:
    desk = desk_with(host="cup-pos", bank=EXCHANGED)
    desk.feed(events.LinkConnected("bank-1"))
    for _ in range(3):
        take = signing_on(desk, {62: written_keys("003", (PIK, MAK))})
        desk.feed(events.KeysTaken(take.id, None, cause="check value"))
    assert desk.node.links.links["bank-1"].session.state is State.REFUSED
    assert not desk.sent
    desk.pass_time(30)
    assert desk.last_sent.mti == "0800"


def test_a_sign_on_that_brings_no_keys_where_there_are_none_is_no_sign_on() -> None:
    desk = desk_with(host="cup-pos", bank=EXCHANGED)
    desk.feed(events.LinkConnected("bank-1"))
    desk.host_answers("00")
    assert desk.node.links.links["bank-1"].session.state is State.REFUSED


def test_keys_that_are_kept_after_their_link_was_lost_are_no_news_to_the_next_session() -> None:
    desk = desk_with(host="cup-pos", bank=EXCHANGED)
    desk.feed(events.LinkConnected("bank-1"))
    take = signing_on(desk, {62: written_keys("003", (PIK, MAK))})
    desk.lose_link()
    desk.feed(events.LinkConnected("bank-1"))
    desk.feed(events.KeysTaken(take.id, link_keys(1)))
    assert desk.node.links.links["bank-1"].session.state is State.SIGNING_ON


# Keys that the host brings by itself.
@pytest.mark.parametrize("kept", [True, False])
def test_a_change_of_keys_is_acknowledged_when_the_keys_are_kept(*, kept: bool) -> None:
    desk = desk_with(bank=replace(KEYED, exchange=Exchange.DE_96))
    desk.feed(events.KeysKnown((*desk.keys_of(), KnownKeys(link_keys(1), KeyState.ACTIVE))))
    desk.bring_up()
    spec = desk.host_dialect.spec
    change = spec.message(
        "0800", {7: "1120120000", 11: "000009", 53: "1".ljust(16, "0"), 70: "161", 96: bytes(range(8))}
    )
    take = holding(desk, commands.TakeKeys, lambda: desk.host_sends(change))
    assert [each.role for each in take.material] == [Role.PIN]
    assert not desk.sent
    new = replace(link_keys(2), mac=None)
    desk.feed(events.KeysTaken(take.id, new if kept else None, (b"\xab\xcd\xef",) if kept else ()))
    (answer,) = desk.host_got()
    assert (answer.mti, answer[39] == "00") == ("0810", kept)
    assert answer.get(96) == (b"\xab\xcd\xef\0\0\0\0\0" if kept else None)
    secure = holding(desk, commands.Secure, lambda: desk.send(desk.request()))
    assert secure.keys.pin == (link_keys(2) if kept else link_keys(1)).pin
    assert secure.keys.mac == link_keys(1).mac, "the key that did not come stays"


def test_a_change_of_keys_by_a_host_that_exchanges_none_is_refused() -> None:
    desk = Desk()
    change = desk.host_dialect.spec.message("0800", {7: "1120120000", 11: "000009", 70: "161"})
    desk.host_sends(change)
    assert desk.host_got()[0][39] == "40"


# Wrong MACs, one after another.
def test_a_burst_of_wrong_macs_exchanges_keys_once_and_then_takes_the_link_down() -> None:
    desk = desk_with(host="cup-pos", bank=EXCHANGED)
    desk.feed(events.LinkConnected("bank-1"))
    take = signing_on(desk, {62: written_keys("003", (PIK, MAK))})
    desk.feed(events.KeysTaken(take.id, link_keys(1)))
    links = desk.node.links
    for round_, number in enumerate((1, 2)):
        desk.sent.clear()
        for _ in range(3):
            links.heard_mac(links.links["bank-1"], "A0")
        desk.feed(events.TimePassed())
        if round_ == 0:
            assert desk.last_sent.mti == "0800"
            take = signing_on(desk, {62: written_keys("003", (PIK, MAK))})
            desk.feed(events.KeysTaken(take.id, link_keys(number + 1)))
    assert desk.closed == ["bank-1"]


# Ruling 12: who may go without a MAC.
def test_a_decline_without_a_mac_is_believed_only_where_the_profile_says_so() -> None:
    desk = Desk()
    desk.send(desk.request())
    verify = holding(desk, commands.Verify, lambda: desk.host_answers("51"))
    desk.feed(events.Verified(verify.id, "A0"))
    assert desk.code() == "68"
    assert desk.row().reason == "A0"


def test_where_declines_have_no_mac_an_approval_has_one_all_the_same() -> None:
    spoken = dialect("iso87-ascii")
    lenient = Dialect(spoken.spec, replace(spoken.profile, mac_on_declines=False))
    chosen = setup()
    listener, bank = chosen.listeners["counter"], chosen.acquirers["bank"]
    desk = Desk(
        replace(
            chosen,
            listeners={"counter": replace(listener, dialect=lenient)},
            acquirers={"bank": replace(bank, dialect=lenient)},
        )
    )
    desk.order.clear()
    desk.send(desk.request())
    desk.host_answers("51")
    assert desk.code() == "51"
    assert [name for name in desk.order if name in {"Verify", "Secure"}] == ["Verify", "Secure"], "the request's alone"
    desk.send(desk.request())
    verify = holding(desk, commands.Verify, lambda: desk.host_answers("00"))
    desk.feed(events.Verified(verify.id, "A0"))
    assert desk.code() == "68"
    desk.sent.clear()
    desk.send(desk.request(terminal="TERM0002"))
    answer = holding(desk, commands.Secure, lambda: desk.host_answers("00"))
    assert answer.leg == "counter"


@pytest.mark.parametrize("code", ["A0", "77"])
def test_a_host_that_doubts_the_mac_of_a_request_is_signed_on_to_anew_and_the_request_is_not_sent_again(
    code: str,
) -> None:
    desk = Desk()
    desk.send(desk.request())
    desk.host_answers(code)
    assert [message.mti for message in desk.host_got()] == ["0800"]
    assert desk.code() in {code, "05"}


# Keys for terminals.
def sign_on(desk: Desk, network: str = "003") -> Message:
    spec = desk.terminal_dialect.spec
    return spec.message("0800", {11: "000001", 41: TERMINAL, 42: "MERCHANT0000001", 60: f"00000007{network}"})


def test_a_terminal_that_signs_on_gets_keys_that_are_kept_and_no_mac() -> None:
    desk = desk_with("cup-pos", counter=EXCHANGED)
    desk.bring_up()
    give = holding(desk, commands.GiveKeys, lambda: desk.send(sign_on(desk)))
    assert (give.owner, give.master, give.roles) == (OWNER, f"{OWNER}/master", (Role.PIN, Role.MAC))
    assert not desk.answers, "nothing is given before it is kept"
    desk.feed(events.KeysGiven(give.id, generation(OWNER, 2), (PIK, MAK)))
    answer = desk.answer()
    assert (answer.mti, answer[39], read_keys(answer[62])) == ("0810", "00", (PIK, MAK))
    assert 64 not in answer
    verify = holding(desk, commands.Verify, lambda: desk.send(desk.request()))
    assert [keys.generation for keys in verify.keys] == [1, 2], "pending until the terminal uses it"


@pytest.mark.parametrize("slow", [False, True])
def test_a_terminal_whose_keys_cannot_be_made_hears_so_and_keeps_the_old_ones(*, slow: bool) -> None:
    desk = desk_with("cup-pos", counter=EXCHANGED)
    desk.bring_up()
    give = holding(desk, commands.GiveKeys, lambda: desk.send(sign_on(desk)))
    if slow:
        desk.pass_time(6)
        desk.feed(events.KeysGiven(give.id, generation(OWNER, 2), (PIK, MAK)))
    else:
        desk.feed(events.KeysGiven(give.id, None, cause="store"))
    assert desk.answer()[39] == "96"
    desk.send(desk.request())
    desk.host_answers("00")
    assert desk.code() == "00"


@pytest.mark.parametrize(("network", "code"), [("004", ""), ("301", "40"), ("001", "")])
def test_a_sign_on_is_answered_by_what_it_asks_for(network: str, code: str) -> None:
    desk = desk_with("cup-pos", counter=EXCHANGED)
    desk.bring_up()
    desk.hold = {commands.GiveKeys}
    desk.send(sign_on(desk, network))
    assert bool(desk.held) is not bool(code)
    if code:
        assert desk.code() == code
    elif network == "001":
        give = taken(desk, commands.GiveKeys)
        desk.feed(events.KeysGiven(give.id, generation(OWNER, 2), (PIK, MAK)))
        assert desk.code() == "96", "keys of double length do not fit what it asked for"
    else:
        desk.send(sign_on(desk, network), "t2")
        assert desk.code() == "96", "one at a time"
