"""Carries out what the node asks of a security module: each question one round trip, each answer one event.

Rule 1: a message whose MAC was not verified is never called genuine: what the module refuses or does not answer has a
code, by the one table below.
Rule 2: nothing of a message, a key or a PIN goes into what is told of a failure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from iso_gateway.errors import DecodeError, EncodeError
from iso_gateway.protocol import commands, events
from iso_gateway.protocol.covering import PIN, Covering, block_bytes
from iso_gateway.protocol.protection import KeySet
from iso_gateway.security import commands as asked
from iso_gateway.security.commands import Fault, Refused
from iso_gateway.security.keys import Derived, KeyRef, Purpose

if TYPE_CHECKING:
    from iso_gateway.codec.message import Message
    from iso_gateway.gateway.keyring import Keyring
    from iso_gateway.protocol.covering import Room
    from iso_gateway.protocol.protection import Protection
    from iso_gateway.protocol.setup import Acquirer, Listener, Setup
    from iso_gateway.security.commands import Batch, Command, Key, Result, Results

CODES: Final[Mapping[Fault, str]] = {
    Fault.PIN_BLOCK: "99",
    Fault.USAGE: "A7",
    Fault.KEY_BLOCK: "A7",
    Fault.CHECK_VALUE: "A7",
    Fault.WEAK_KEY: "A7",
    Fault.KSN: "A7",
    Fault.POLICY: "A7",
    Fault.NO_KEY: "96",
    Fault.MALFORMED: "96",
    Fault.STORE: "96",
    Fault.GONE: "96",
}
"""What a message gets for which the module did not do something."""
BAD_MAC: Final = "A0"
BAD_PIN: Final = "99"
"""Codes, in the words of 1987."""

KSN_BYTES: Final = (10, 12)
"""The lengths of a key serial number: of TDES, of AES."""


class Module(Protocol):
    """Whatever carries out batches: a `ModuleClient`."""

    def submit(self, batch: Batch, done: Callable[[Results], None]) -> None:
        """Have *batch* carried out; *done* is called once, with as many results."""


class Told(Protocol):
    """Who hears of errors of MACs and PIN blocks."""

    def mac_wrong(self, leg: str) -> None:
        """Take in that a message over *leg* had no right MAC."""

    def pin_wrong(self, leg: str) -> None:
        """Take in that a message over *leg* had no right PIN block."""

    def trouble(self, leg: str, cause: str) -> None:
        """Take in why a message for *leg* could not be made, or one of it not be looked at."""


class Refusal(Exception):  # noqa: N818 -- becomes a code before it leaves this file
    """A message that is refused before the module is asked: its code."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class Guard:
    """Verify, Secure and Unseal of a running gateway."""

    def __init__(
        self, module: Module, keyring: Keyring, feed: Callable[[events.Event], None], told: Told, setup: Setup
    ) -> None:
        self._module = module
        self._keyring = keyring
        self._feed = feed
        self._told = told
        self._legs: dict[str, Listener | Acquirer] = {}
        self._coverings: dict[str, Covering] = {}
        self.go_by(setup)

    def go_by(self, setup: Setup) -> None:
        """Know the legs of *setup*; what is under way over others is still answered."""
        self._legs |= setup.legs
        self._coverings = {name: Covering(leg.dialect.spec, leg.protection) for name, leg in self._legs.items()}

    # What came

    def verify(self, command: commands.Verify) -> None:
        """Have the MAC of what came compared, and hash what the journal compares -> Verified."""
        try:
            keys, batch = self._to_verify(command)
        except Refusal as refusal:
            self._refused(command.leg, refusal.code)
            self._feed(events.Verified(command.id, refusal.code))
            return
        if batch:
            self._module.submit(batch, partial(self._verified, command, keys))
        else:
            self._feed(events.Verified(command.id, "", keys[0] if keys else None))

    def _to_verify(self, command: commands.Verify) -> tuple[tuple[KeySet, ...], Batch]:
        """Return the generations that may have made the MAC, and what to ask."""
        protection = self._legs[command.leg].protection
        hashing: tuple[Command, ...] = (asked.Fingerprint(command.hashed),) if command.hashed else ()
        if protection.mac is None:
            return command.keys, hashing
        came = self._coverings[command.leg].covered(command.message, command.payload)
        if came is None:
            raise Refusal(BAD_MAC)
        under: tuple[Key, ...]
        if protection.ksn:
            keys, bases = self._bases(protection)
            ksn = key_serial_number(command.message, protection)
            under = tuple([Derived(base, ksn, Purpose.MAC_REQUEST) for base in bases])
        else:
            keys = command.keys
            under = tuple([ref for each in keys if (ref := each.mac_in or each.mac) is not None])
            if len(under) < len(keys):
                keys = tuple([each for each in keys if each.mac_in or each.mac])
        if not under:
            raise Refusal(CODES[Fault.NO_KEY])
        return keys, (asked.VerifyMac(under, protection.mac, came.data, came.mac), *hashing)

    def _bases(self, protection: Protection) -> tuple[tuple[KeySet, ...], tuple[KeyRef, ...]]:
        """Return the usable versions of a leg's base derivation key, as generations too."""
        bases = self._keyring.usable(protection.base)
        return tuple([KeySet(protection.base, each.version, mac=each, pin=each) for each in bases]), bases

    def _verified(self, command: commands.Verify, keys: tuple[KeySet, ...], results: Results) -> None:
        first = results[0]
        code, used, hashed = "", keys[0] if keys else None, b""
        if type(first) is asked.Matched:
            which = first.which
            code, used = (BAD_MAC, None) if which is None else ("", keys[which])
        elif type(first) is Refused:
            code, used = CODES[first.fault], None
        if command.hashed and not code:
            last = results[-1]
            if type(last) is asked.Fingerprinted:
                hashed = last.hash
            else:
                code = CODES[_fault(last)]
        if code:
            self._refused(command.leg, code)
        self._feed(events.Verified(command.id, code, used, hashed))

    # What goes out

    def secure(self, command: commands.Secure) -> None:
        """Have the PIN translated, the MAC made, and the card sealed -> Secured."""
        try:
            made, batch = self._to_secure(command)
        except Refusal as refusal:
            origin = command.origin
            self._refused(origin.leg if origin is not None else command.leg, refusal.code)
            self._feed(events.Secured(command.id, None, refusal.code))
            return
        except EncodeError as error:
            self._told.trouble(command.leg, str(error))
            self._feed(events.Secured(command.id, None, "30"))
            return
        if batch:
            self._module.submit(batch, partial(self._secured, command, made))
        else:
            self._feed(events.Secured(command.id, made.message, "", made.payload))

    def _to_secure(self, command: commands.Secure) -> tuple[Room, Batch]:
        """Return the message with room for what the module makes, and what to ask."""
        protection = self._legs[command.leg].protection
        translating = self._translating(command, protection) if command.origin is not None else None
        size = block_bytes(translating.target_format) if translating is not None else 0
        made = self._coverings[command.leg].room(command.message, size)
        batch: Batch = ()
        if made.place is not None:
            key = self._mac_key(command, protection)
            if translating is not None and made.pin_in_data < 0:
                # The MAC does not cover the PIN block: they are two things, in one round trip all the same.
                batch = (asked.Protect(made.data, key, protection.mac), translating)
            else:
                batch = (
                    asked.Protect(made.data, key, protection.mac, translating, max(made.pin_in_data, 0), made.pin_text),
                )
        elif translating is not None:
            batch = (translating,)
        return made, (*batch, asked.SealCard(command.pan)) if command.pan else batch

    def _mac_key(self, command: commands.Secure, protection: Protection) -> Key:
        """Return the key of the MAC of what goes out."""
        if protection.ksn:
            if command.asked is None:
                raise Refusal(CODES[Fault.NO_KEY])
            base = self._base(command.keys, protection)
            return Derived(base, key_serial_number(command.asked, protection), Purpose.MAC_ANSWER)
        if command.keys is None or command.keys.mac is None:
            raise Refusal(CODES[Fault.NO_KEY])
        return command.keys.mac

    def _translating(self, command: commands.Secure, protection: Protection) -> asked.TranslatePin:
        """Return what has the PIN block translated for *protection*."""
        origin = command.origin
        assert origin is not None
        leg = self._legs[origin.leg]
        theirs = leg.protection
        block = origin.message.get(PIN)
        if not isinstance(block, bytes):
            raise Refusal(BAD_PIN)
        if theirs.pin is None or protection.pin is None:
            raise Refusal(CODES[Fault.POLICY])
        source: Key | None
        if theirs.ksn:
            base = self._base(origin.keys, theirs)
            source = Derived(base, key_serial_number(origin.message, theirs), Purpose.PIN)
        else:
            source = origin.keys.pin if origin.keys is not None else None
        target = command.keys.pin if command.keys is not None else None
        if source is None or target is None:
            raise Refusal(CODES[Fault.NO_KEY])
        pan = leg.dialect.pan(origin.message)
        return asked.TranslatePin(source, theirs.pin, target, protection.pin, block, pan)

    def _base(self, keys: KeySet | None, protection: Protection) -> KeyRef:
        """Return the base derivation key: that which verified the message, or the one in use."""
        bases = self._keyring.usable(protection.base)
        if keys is not None and keys.mac in bases:
            return keys.mac
        if not bases:
            raise Refusal(CODES[Fault.NO_KEY])
        return bases[0]

    def _secured(self, command: commands.Secure, made: Room, results: Results) -> None:
        mac = block = sealed = b""
        for result in results:
            match result:
                case asked.Protected():
                    mac, block = result.mac, result.block or block
                case asked.Translated():
                    block = result.block
                case asked.Sealed():
                    sealed = result.card
                case _:
                    fault = _fault(result)
                    self._refused(command.origin.leg if command.origin is not None else command.leg, CODES[fault])
                    self._feed(events.Secured(command.id, None, CODES[fault]))
                    return
        self._feed(events.Secured(command.id, made.said(mac, block), "", made.filled(mac, block), sealed))

    def unseal(self, command: commands.Unseal) -> None:
        """Have a card number of the journal opened -> CardKnown."""

        def done(results: Results) -> None:
            (result,) = results
            self._feed(events.CardKnown(command.id, result.pan if isinstance(result, asked.Unsealed) else ""))

        self._module.submit((asked.UnsealCard(command.card),), done)

    def _refused(self, leg: str, code: str) -> None:
        if code == BAD_MAC:
            self._told.mac_wrong(leg)
        elif code == BAD_PIN:
            self._told.pin_wrong(leg)
        else:
            self._told.trouble(leg, f"the security module refused it: {code}")


def key_serial_number(message: Message, protection: Protection) -> bytes:
    """Return what *message* says of the terminal's key (DUKPT).

    Raises:
        Refusal: there is none, or none of a length that there is.
    """
    try:
        said = message.get(int(protection.ksn) if protection.ksn.isdecimal() else protection.ksn)
        ksn = bytes.fromhex(said.strip()) if isinstance(said, str) else said
    except (DecodeError, ValueError):
        ksn = None
    if not isinstance(ksn, bytes) or len(ksn) not in KSN_BYTES:
        raise Refusal(CODES[Fault.KSN])
    return ksn


def _fault(result: Result) -> Fault:
    """Return why there is no result; one of another kind than was asked for is none."""
    return result.fault if isinstance(result, Refused) else Fault.GONE
