"""A terminal's end of its connections: what it sends is protected, and only what is rightly so is believed."""

from __future__ import annotations

from collections.abc import Callable

from iso_gateway.cli.demo.process import PATIENCE
from iso_gateway.codec.message import Message
from iso_gateway.errors import NoAnswer
from iso_gateway.framing import Framing
from iso_gateway.net.address import Address
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import Kind
from iso_gateway.terminal.client import ask
from iso_gateway.terminal.records import KeyNotes
from iso_gateway.terminal.shield import Shield

Where = Callable[[], Address]
"""Tells where the terminal's listener is at the time."""


class Wire:
    """The messages of one terminal."""

    def __init__(self, dialect: Dialect, framing: Framing, where: Where, shield: Callable[[KeyNotes], Shield]) -> None:
        """Speak *dialect* to the listener that is *where*; *shield* protects with the keys that were noted last."""
        self._dialect = dialect
        self._framing = framing
        self._where = where
        self._shield = shield
        self._notes = KeyNotes()

    @property
    def gets_keys(self) -> bool:
        """Whether a sign-on brings new keys."""
        return self._shield(self._notes).keys_are_exchanged

    async def ask(self, message: Message, pin: str = "") -> Message:
        """Send *message* with its PIN block and MAC, and return its answer.

        Raises:
            NoAnswer: none came, or one with a wrong MAC.
        """
        return await self._told(message, pin, forge=False)

    async def forged(self, message: Message) -> Message:
        """Send *message* as somebody on the way would change it: ten times the amount, under the MAC of the first."""
        return await self._told(message, "", forge=True)

    async def _told(self, message: Message, pin: str, *, forge: bool) -> Message:
        shield = self._shield(self._notes)
        row = self._dialect.kind_row(message)
        for_keys = shield.keys_are_exchanged and row is not None and row.kind is Kind.SIGN_ON
        if for_keys:
            message = shield.asking_for_keys(message)
        elif shield.protection.ksn:
            ksn = shield.next_ksn(self._notes.ksn)
            self._notes = KeyNotes(ksn=ksn.hex())
            shield = shield.of_transaction(ksn)
        sent = shield.protected(message, pin)
        on_the_way = sent.evolve({4: f"{10 * int(sent[4]):012}"}) if forge else sent
        heard = await ask(self._where(), self._framing, self._dialect.spec, on_the_way, PATIENCE)
        if doubt := shield.doubt(sent, *heard):
            raise NoAnswer(f"the demo's terminal does not believe its answer: {doubt}")
        if for_keys:
            self._notes = KeyNotes(shield.taken(heard.message))
        return heard.message
