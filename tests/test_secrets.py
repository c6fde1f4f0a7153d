"""Canaries: what a card, a PIN or a terminal's own private text says is in no log, no `repr` and no table for people.

A card number may be seen with its first six and last four digits, nothing else at all.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from iso_gateway import Message, Spec, load_spec
from iso_gateway.codec.describe import describe, summary, to_json
from iso_gateway.errors import DecodeError, EncodeError
from iso_gateway.framing import Framing
from iso_gateway.gateway.lines import Lines
from iso_gateway.gateway.service import admin_verbs
from iso_gateway.protocol.records import RowState
from tests.support.edge import Running, running

SPECS = ["iso87-ascii", "iso87-binary", "iso93-ascii", "cup-pos"]

PAN = "4012888888881881"
DISCRETIONARY = "0000098765"
TRACK_2 = f"{PAN}D4909201{DISCRETIONARY}"
TRACK_1 = f"B{PAN}^CANARY/CARD^4909201{DISCRETIONARY}"
PIN_BLOCK = bytes.fromhex("A1B2C3D4E5F60718")
CHIP = bytes.fromhex(f"5A08{PAN}5F200B") + b"CANARY/CARD" + bytes.fromhex("9908A1B2C3D4E5F60718")
VERIFICATION = "CVV2=739"

CARRIED: dict[int, list[str | bytes]] = {
    2: [PAN],
    14: ["4909"],
    34: [f"{PAN}00"],
    35: [TRACK_2, TRACK_2.replace("D", "=")],
    36: [f"59{PAN}=4909201{DISCRETIONARY}"],
    45: [TRACK_1],
    52: [PIN_BLOCK],
    55: [CHIP],
    102: [PAN],
    103: [PAN],
}
"""What belongs into an element; every other one that is not shown to everybody gets ANYWHERE."""

ANYWHERE: list[str | bytes] = [VERIFICATION, TRACK_1, TRACK_2, PAN, "4012 8888 8888 1881", PIN_BLOCK, CHIP]

FREE_TEXT = {
    *("card_acceptor_name_location", "additional_response_data", "additional_amounts", "payee", "file_name"),
    *("transaction_description", "acquirer_reference_data", "card_issuer_reference_data", "amounts_fees"),
    *("amounts_original_fees", "credits_fee_amounts", "debits_fee_amounts"),
}
"""Text of a known purpose, in which only long runs of digits are hidden: there is no place for a CVV in it."""

NAMES_OF_THEIR_OWN = {"card_acceptor_terminal_id", "card_acceptor_id"}
"""The only text that is shown as it is."""


def secrets_in(text: str, *, verification: bool = True) -> list[str]:
    """Return which secrets stand in *text*, however grouped: seven digits of a card's middle are one too."""
    shapes = [PAN[at : at + 7] for at in range(1, len(PAN) - 6)]
    shapes += [DISCRETIONARY, PIN_BLOCK.hex(), CHIP.hex()[:16], repr(PIN_BLOCK)[2:-1], PIN_BLOCK.decode("latin-1")]
    shapes += ["739", "CANARY/CARD"] if verification else []
    text = text.replace(" ", "").lower()
    return [shape for shape in shapes if shape.replace(" ", "").lower() in text]


def shows(message: Message) -> Iterator[str]:
    """Yield everything that people and scripts may see of *message*."""
    yield from (repr(message), describe(message), str(to_json(message)), summary(message))


def made(spec: Spec, de: int, value: str | bytes) -> Message | None:
    """Return a message with *value* in DE *de*, None where it does not fit."""
    for fitted in (value, value[: spec.fields[de].max], value.ljust(spec.fields[de].max)):
        try:
            return spec.message("1200" if spec.version == "1993" else "0200", {de: fitted})
        except EncodeError:
            continue
    return None


@pytest.mark.parametrize("name", SPECS)
def test_no_element_shows_a_secret_to_people(name: str) -> None:
    spec = load_spec(name)
    tried = 0
    for de, field in spec.fields.items():
        if de == 1 or (field.mask == "none" and de not in CARRIED):
            continue
        for value in CARRIED.get(de, ANYWHERE):
            message = made(spec, de, value)
            if message is None:
                continue
            tried += 1
            for text in shows(message):
                found = secrets_in(text, verification=field.name not in FREE_TEXT)
                assert not found, f"DE {de} ({field.name}): {found}"
    assert tried > 100


@pytest.mark.parametrize("name", SPECS)
def test_what_is_shown_as_it_is_or_scanned_is_of_a_known_purpose(name: str) -> None:
    for de, field in load_spec(name).fields.items():
        if field.mask == "none":
            assert field.format in {"n", "a", "an", "anp", "xn"} or field.name in NAMES_OF_THEIR_OWN, de
        elif field.mask == "scan":
            assert field.name in FREE_TEXT, de


def test_a_message_without_a_spec_shows_no_more() -> None:
    for de, value in itertools.product(range(2, 129), ANYWHERE):
        message = Message("0200", {de: value})
        if de in CARRIED or de in {48, 52, *range(55, 66), *range(105, 129)}:
            assert not [text for text in shows(message) if secrets_in(text)], de


def sale(spec: Spec, terminal: str, stan: int) -> Message:
    """Return a sale with a canary wherever one fits."""
    fields: dict[int | str, str | bytes] = {
        2: PAN,
        3: "000000",
        4: "000000001234",
        7: "1120120000",
        11: f"{stan:06}",
        12: "120000",
        13: "1120",
        22: "012",
        25: "00",
        41: terminal,
        42: "MERCHANT0000001",
        49: "840",
        52: PIN_BLOCK,
        55: CHIP,
    }
    if spec.name == "cup-pos":
        fields[60] = "22000007000"
    for de in (14, 34, 35, 36, 45, 46, 47, 48, 57, 58, 59, 60, 61, 62, 63, 102, 103, 120, 127):
        for value in CARRIED.get(de, [VERIFICATION, TRACK_1]):
            if de in spec.fields and de not in fields and made(spec, de, value) is not None:
                fields[de] = value
    return spec.message("0200", fields)


async def pours(gateway: Running, listener: str, payloads: list[bytes]) -> None:
    """Send each of *payloads* over a connection of its own, and wait for the answer or the end."""
    for payload in payloads:
        terminal = await gateway.terminal(listener)
        await terminal.stream.send_all(terminal.framing.frame(payload))
        with trio.fail_after(10):
            await terminal.stream.receive_some(4096)
        terminal.stream.socket.close()


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("listener", ["counter", "unionpay"])
async def test_a_running_gateway_tells_nobody(tmp_path: Path, listener: str, form: str) -> None:
    async with running(tmp_path) as gateway:
        gateway.service.gateway.lines = gateway.service.lines = Lines(gateway.log, form)
        spec = load_spec("cup-pos" if listener == "unionpay" else "iso87-ascii")
        good = spec.encode(sale(spec, "TERM0001", 1))
        broken = [good[:cut] for cut in range(1, len(good), 23)]
        garbled = [good[:at] + b"\xff\x1b[31m\r\n" + good[at + 7 :] for at in range(0, len(good), 29)]
        strangers = [spec.encode(sale(spec, terminal, 2)) for terminal in ("TERM9999", "NOBODY")]
        evil = [good.replace(b"TERM0001", name) for name in (b"\x1b[31mEVI", b"X\ntxn: \r", b"\x9b1m\x85\x7f  \x00")]
        host = gateway.host
        await pours(gateway, listener, [good, good, *broken, *garbled, *strangers, *evil])
        host.decide = lambda message: host.approve(message).evolve({4: "000000000001"})
        await pours(gateway, listener, [spec.encode(sale(spec, "TERM0003", 3))])

        assert len(gateway.host.got) >= 2
        service = gateway.service
        rows = service.gateway.journaling.store.in_states(frozenset(RowState))
        assert rows
        status = str(admin_verbs(service)["status"]({}))
        things = [service.gateway.node, *service.gateway.node.connections.values(), *rows, Framing.parse("2be")]
        things += [*service.gateway.node.flow.requests.values(), *service.gateway.node.owing.debts.values()]
        for text in (gateway.log.getvalue(), status, *map(repr, things)):
            # A row's own times and numbers may well have 739 in them.
            assert not secrets_in(text, verification=False)
            assert "CVV" not in text
            assert "CANARY" not in text
        assert all(line.isprintable() for line in gateway.log.getvalue().split("\n"))


@pytest.mark.parametrize("name", [*SPECS, "iso87-ebcdic"])
def test_an_error_about_spoiled_bits_shows_no_digit_of_a_card(name: str) -> None:
    spec = load_spec(name)
    sale = {2: PAN, 3: "000000", 4: "000000001234", 11: "000001", 22: "0" * spec.fields[22].max, 41: "TERM0001"}
    payload = spec.encode(spec.message("1200" if "93" in name else "0200", sale))
    told = []
    for at, bit in itertools.product(range(min(40, len(payload))), range(8)):
        spoiled = payload[:at] + bytes([payload[at] ^ 1 << bit]) + payload[at + 1 :]
        try:
            spec.decode(spoiled)
        except DecodeError as error:
            told += [str(error), repr(error)]
    assert len(told) > 100
    assert [text for text in told if PAN[6:12] in text] == []
