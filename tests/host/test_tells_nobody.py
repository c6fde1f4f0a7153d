"""Canaries at the two ends of a test: a PIN, its blocks and every key are in no log, repr, state file or ledger row."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from iso_gateway.host.authorizer import Authorizer
from iso_gateway.host.exchanging import Exchanger
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.protection import Exchange, Protection
from iso_gateway.security.keys import MacAlgorithm, MacMethod, PinFormat
from iso_gateway.terminal.records import KeyNotes, Memory, Sent
from iso_gateway.terminal.shield import keys_now
from tests.support.keyed_till import HELD, KeyedTill

PIN = "739164"
"""A PIN that nothing else looks like."""


def keys_in(value: object) -> Iterator[bytes]:
    """Yield every key of a structure of keys."""
    if isinstance(value, bytes) and len(value) >= 8:
        yield value
    elif isinstance(value, msgspec.Struct):
        for each in msgspec.structs.asdict(value).values():
            yield from keys_in(each)


def shapes(secret: bytes) -> list[str]:
    """Return how *secret* would look where it is shown: in hexadecimal, as bytes, as text; half of it too."""
    found = []
    for part in (secret, secret[:8]):
        found += [part.hex(), repr(part)[2:-1].lower(), part.decode("latin-1").lower()]
    return found


def found(text: str, secrets: list[bytes]) -> list[str]:
    """Return what of the PIN, of its reverse and of *secrets* stands in *text*."""
    wanted = [PIN, PIN[::-1], *(shape for secret in secrets for shape in shapes(secret))]
    return [shape for shape in wanted if shape in text.lower()]


@pytest.mark.parametrize("form", [PinFormat.ISO_0, PinFormat.ISO_1, PinFormat.ISO_3])
def test_nothing_of_a_pin_or_a_key_is_left_anywhere(form: PinFormat) -> None:
    protection = Protection(
        mac=MacMethod(MacAlgorithm.UNIONPAY_ECB), pin=form, exchange=Exchange.UNIONPAY, pin_without_pan=True
    )
    till = KeyedTill("cup-pos", protection=protection)
    drawn: list[bytes] = []

    def chance(size: int) -> bytes:
        drawn.append(bytes((size * 7 + len(drawn) * 29 + at * 31) % 256 for at in range(size)))
        return drawn[-1]

    exchanger = Exchanger(till.guard, chance)
    till.host = Authorizer(till.dialect, till.host.settings, guard=till.guard, exchanger=exchanger, issuer=till.issuer)
    signed = till.ask(Kind.SIGN_ON, None, pan="", currency="", changes={"60.3": "004"})
    assert signed.answer is not None
    notes = KeyNotes(till.shield.taken(signed.answer))
    till.keys = keys_now(till.keys, notes)
    paid, refused = till.pay(PIN), till.pay(PIN[::-1])
    assert (paid.code, refused.code) == ("55", "55")
    memory = Memory(0, [Sent.of(till.dialect, Kind.SALE, each.request) for each in (paid, refused)], keys=notes)

    secrets = [*keys_in(HELD), *keys_in(till.keys), *(paid.request[52], refused.request[52])]
    shown = {
        "notes of the host": str([each.decision.note for each in (signed, paid, refused)]),
        "decisions": repr([each.decision for each in (signed, paid, refused)]),
        "answers": repr([each.answer for each in (signed, paid, refused)]),
        "rows": str(till.host.ledger.rows()),
        "books": msgspec.json.encode(till.host.save()).decode(),
        "state of the terminal": msgspec.json.encode(memory).decode(),
        "things": repr([
            *(till.guard, till.host, till.issuer, till.shield, till.keys, till.guard.keys, notes, memory),
            *(HELD, HELD.zone, HELD.dukpt, HELD.issuer, till.guard.station(paid.request, "link")[1]),
            *(till.guard.judge(each.request, till.dialect.spec.encode(each.request), till.moment, "link")
              for each in (paid, refused)),
        ]),
    }  # fmt: skip
    assert {place: found(text, secrets) for place, text in shown.items() if found(text, secrets)} == {}


@pytest.mark.parametrize("key", list(keys_in(HELD)))
def test_a_planted_one_is_found(key: bytes) -> None:
    for text in (f"x{key.hex()}x", key.hex().upper(), repr({"mac": key}), key.decode("latin-1"), key[:8].hex()):
        assert found(text, [key])
    assert found(f"pin={PIN}", [])
    assert not found("nothing", [key])
