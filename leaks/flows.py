"""Every flow of the shop, and every way to make it say more than it should."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from typing import Final

from iso_gateway.catalog import load_spec
from iso_gateway.codec.message import Message
from iso_gateway.framing import Framing
from iso_gateway.protocol.covering import Covering
from iso_gateway.protocol.protection import Protection
from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.keys import KeyAlgorithm, MacAlgorithm, MacMethod, PinFormat
from iso_gateway.security.macs import MacKey
from iso_gateway.security.pin_blocks import encode
from leaks.canaries import Card
from leaks.shop import LISTENERS, Shop

SPEC: Final = load_spec("iso87-ascii")
FRAMING: Final = Framing.parse("2be")
X9_19: Final = MacMethod(MacAlgorithm.X9_19)
ANY: Final = (0, 1, 2, 3, 4)
"""However a command ends: what it prints is looked through all the same."""


def all_flows(shop: Shop) -> None:
    """Have the shop do everything once."""
    first, second = shop.canaries.cards
    send(shop, "logon")
    send(shop, "echo")
    send(shop, "sale", "--amount", "12.34", card=first)
    send(shop, "void", "--original", "last", card=first)
    send(shop, "sale", "--amount", "23.45", card=second)
    send(shop, "refund", "--original", "last", "--amount", "3.45", card=second)
    send(shop, "sale", "--amount", "5.00", card=first, pin=True)
    send(shop, "preauth", "--amount", "100", card=first)
    send(shop, "complete", "--original", "last", "--amount", "80", card=first)
    send(shop, "cancel", "--original", "last", card=first)
    send(shop, "advice", "--amount", "8.80", card=second)
    send(shop, "balance", card=first, pin=True)
    send(shop, "repeat", card=first)
    send(shop, "query", "--original", "last", card=second)
    for cents in ("05", "51", "67", "68", "71"):
        send(shop, "sale", "--amount", f"7.{cents}", "--timeout", "4", card=second)
    send(shop, "reversal", "--original", "last", card=second)
    for message in _raw(shop, first):
        speak(shop, message)
    for to in ("union", "derived"):
        send(shop, "logon", to=to)
        send(shop, "sale", "--amount", "3.00", card=second, to=to)
        send(shop, "sale", "--amount", "4.00", card=first, pin=True, to=to)
        send(shop, "void", "--original", "last", card=second, to=to)
        send(shop, "sale", "--amount", "6.68", "--timeout", "4", card=first, to=to)


def at_the_end(shop: Shop) -> None:
    """Close the batch, and have everything told that can be told."""
    for to in LISTENERS:
        send(shop, "settle", to=to)
    config = ("--config", str(shop.folder / "gateway.toml"))
    store = ("--store", str(shop.folder / "keys.store"), "--unlock", f"file:{shop.folder / 'secret'}")
    shop.command("status", "--socket", str(shop.socket), fine=ANY)
    rows = json.loads(shop.command("txn", "list", *config, "--json"))["transactions"]
    for row in rows:
        shop.command("txn", "show", *config, row["id"])
        shop.command("txn", "show", *config, "--json", row["id"])
    shop.command("txn", "show", *config, "--mermaid", rows[0]["id"])
    shop.command("owed", *config, fine=ANY)
    shop.command("batch", "show", *config, fine=ANY)
    shop.command("journal", "check", *config, fine=ANY)
    shop.command("keys", "list", *store)
    shop.command("keys", "audit", *store)
    shop.command("keys", "export", "acquirer/bank/pin", *store, "--under", "acquirer/bank/master", fine=ANY)
    shop.command("reload", "--socket", str(shop.socket))


def send(
    shop: Shop, verb: str, *arguments: str, card: Card | None = None, pin: bool = False, to: str = "counter"
) -> None:
    """Have the terminal do *verb* at the listener *to*."""
    more: list[str] = []
    if card is not None:
        more += ["--pan", card.pan]
    if pin and card is not None:
        file = shop.folder / "pin"
        file.write_text(card.pin)
        file.chmod(0o600)
        more += ["--pin-file", str(file)]
    shop.command(
        *("send", verb, "--to", f"127.0.0.1:{shop.ports[to]}", "--terminal", shop.terminal(to), "--json"),
        *(*LISTENERS[to], "--pin-format", "iso-0", "--keys", str(shop.host_keys)),
        *("--state", str(shop.state(to)), *arguments, *more),
        fine=ANY,
    )


def speak(shop: Shop, payload: bytes) -> None:
    """Send *payload* as a frame, and hear what comes, if anything does."""
    with socket.create_connection(("127.0.0.1", shop.ports["counter"]), 5) as stream, suppress(OSError):
        stream.settimeout(0.5)
        stream.sendall(FRAMING.frame(payload, None))
        while stream.recv(4096):
            pass


def _raw(shop: Shop, card: Card) -> list[bytes]:
    """Return messages with tracks and PIN blocks: right ones, forged ones, and broken ones."""
    swiped = SPEC.message("0200", _swiped(shop, card, "900001"))
    good = sealed(shop, swiped)
    forged = good[:-1] + (b"0" if good[-1:] != b"0" else b"1")
    repeated = sealed(shop, swiped.evolve({11: "900002", 4: 0}))
    spoiled = good[:4] + bytes([good[4] ^ 1]) + good[5:]
    shifted = good[:20] + good[22:]
    wrong_block = sealed(shop, swiped.evolve({11: "900003", 52: bytes(8)}))
    strange = SPEC.message("0200", {11: "900004", 41: "NOBODY01", 35: card.track, 52: bytes(8)})
    return [good, good, forged, repeated, spoiled, shifted, wrong_block, SPEC.encode(strange), card.track.encode()]


def _swiped(shop: Shop, card: Card, stan: str) -> dict[int | str, object]:
    key = BlockCipher(KeyAlgorithm.TDES, shop.canaries.keys[f"terminal/{shop.terminal('counter')}/pin"])
    block = encode(PinFormat.ISO_0, card.pin, card.pan, lambda count: b"\xff" * count)
    return {
        2: card.pan,
        3: "000000",
        4: 1500,
        7: "1123020000",
        11: stan,
        12: "020000",
        13: "1123",
        22: "021",
        25: "00",
        35: card.track,
        41: shop.terminal("counter"),
        42: "MERCHANT0000001",
        49: "840",
        52: key.encrypt(block),
    }


def sealed(shop: Shop, message: Message) -> bytes:
    """Return *message* with the terminal's MAC."""
    key = MacKey(MacAlgorithm.X9_19, KeyAlgorithm.TDES, shop.canaries.keys[f"terminal/{shop.terminal('counter')}/mac"])
    with_room = Covering(SPEC, Protection(mac=X9_19)).room(message)
    return with_room.filled(key.make(X9_19, with_room.data))
