"""Our terminal, broken on purpose: each way at one place of the script, so that each has one finding."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import trio

from iso_gateway.codec.message import Message
from iso_gateway.host.server import HostServer
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.reconciling import blocks, written_blocks
from tests.support.certified import CertifiedTerminal
from tests.support.till import PAN

BOTH: Final = {
    "new money before the reversal": ("reversal-first", "time-out"),
    "new money before the reversal of a void": ("reversal-first", "void-time-out"),
    "a reversal that does not say why": ("reversal-reason", "time-out-not-booked"),
    "a reversal of something else": ("reversal-names-original", "connection-lost"),
    "a wrong MAC": ("mac-right", ""),
    "a card number in DE 63": ("no-card-number", "cancelled"),
    "a number that does not rise": ("stan-rising", "decline"),
}
BROKEN: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "iso87": {**BOTH, "a repeat that differs": ("repeat-identical", "repeat")},
    "cup-pos": {
        **BOTH,
        "a repeat that differs": ("repeat-identical", "advice-repeated"),
        "an upload without its last record": ("batch-complete", "settlement-differs"),
    },
}
"""The ways for each set: which rule finds it, and which case fails by it; empty: none, it is not seen."""
LATE_REVERSALS: Final = {1068: "new money before the reversal", 1600: "new money before the reversal of a void"}
"""What is owed when new money is sent first, and the way that it is."""


class BrokenTerminal(CertifiedTerminal):
    """Our terminal, broken in some *ways*."""

    def __init__(self, server: HostServer, nursery: trio.Nursery, ways: Collection[str]) -> None:
        super().__init__(server, nursery)
        self.ways = set(ways)
        self._told_of_it = 0

    async def do(self, verb: str, amount: str = "", *, original: str = "", advice: bool = False) -> None:
        owed = next((sent.amount for sent in self.memory.sent if sent.owes_reversal), None)
        self._reverses_first = amount != "11.00" or LATE_REVERSALS.get(owed or 0) not in self.ways
        if amount == "10.51" and "a number that does not rise" in self.ways:
            self.memory.stan -= 100
        await super().do(verb, amount, original=original, advice=advice)
        self._reverses_first = True

    def before_the_mac(self, message: Message) -> Message:
        match str(message.mti), message.text(4).lstrip("0"):
            case "0400", "1069" if "a reversal that does not say why" in self.ways:
                return message.evolve({39: None})
            case "0400", "1071" if "a reversal of something else" in self.ways:
                other = "500000"
                return message.evolve({90: f"0200{other}{'0' * 32}"} if 90 in message else {11: other})
            case "0200", "1500" if "a card number in DE 63" in self.ways:
                return message.evolve({63: f"LOYALTY {PAN}"})
            case "0201", _ if "a repeat that differs" in self.ways:
                return message.evolve({12: "111111"})
            case "0200", "990" if "a repeat that differs" in self.ways:
                self._told_of_it += 1
                return message.evolve({12: "111111"}) if self._told_of_it > 1 else message
        row = self._dialect.kind_row(message)
        if row is not None and row.kind is Kind.UPLOAD and "an upload without its last record" in self.ways:
            self.ways.discard("an upload without its last record")  # other ways may cause another upload
            return message.evolve({48: written_blocks((blocks(message) or ())[:-1])})
        return message

    def on_the_wire(self, message: Message) -> Message:
        if message.text(4).lstrip("0") == "880" and "a wrong MAC" in self.ways:
            mac = next(de for de in (64, 128) if de in message)
            return message.evolve({mac: bytes(each ^ 1 for each in message[mac])})
        return message
