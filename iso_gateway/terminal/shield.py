"""What a terminal does with its keys: PIN block and MAC of what it sends, and whether an answer is to be believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec

from iso_gateway.errors import KeyMaterialError
from iso_gateway.protocol.covering import PIN, has_mac
from iso_gateway.protocol.kinds import NETWORK
from iso_gateway.protocol.profile import CodeClass
from iso_gateway.protocol.protection import Exchange
from iso_gateway.protocol.sealing import mac_holds, pin_block, with_ksn, with_mac
from iso_gateway.protocol.unionpay_keys import read_keys
from iso_gateway.security.deriving import FIRST_KSN, derived_keys, following
from iso_gateway.security.held import BaseKeys, OwnKeys
from iso_gateway.security.keys import MacAlgorithm, PinFormat
from iso_gateway.security.wrapping import unwrapped
from iso_gateway.terminal.records import Wrapped

if TYPE_CHECKING:
    from iso_gateway.codec.message import Message
    from iso_gateway.protocol.dialect import Dialect
    from iso_gateway.protocol.protection import Protection
    from iso_gateway.terminal.records import KeyNotes


_TWO_LENGTHS: Final = "003"
NO_BASE: Final = BaseKeys()


def keys_now(own: OwnKeys, notes: KeyNotes) -> OwnKeys:
    """Return the keys that a terminal with *own* has now: those of its last sign-on, as *notes* have them.

    Raises:
        KeyMaterialError: they do not open under its master key: it is another than when they came.
    """
    opened = {
        str(each.role): bytes(unwrapped(own.master, bytes.fromhex(each.wrapped), bytes.fromhex(each.check_value)))
        for each in notes.session
    }
    return msgspec.structs.replace(own, **opened)


class Shield:
    """How one terminal protects its messages, and with which keys."""

    def __init__(
        self,
        dialect: Dialect,
        protection: Protection,
        keys: OwnKeys,
        fill: Callable[[int], bytes] = bytes,
        base: BaseKeys = NO_BASE,
    ) -> None:
        """Protect with *keys*; *fill* gives random bytes, which some formats of PIN blocks want.

        Where each transaction has derived keys (DUKPT), they are of *base*; see `of_transaction`.
        """
        self.dialect = dialect
        self.protection = protection
        self._keys = keys
        self._answers = keys.mac
        self._fill = fill
        self._base = base
        self._ksn = b""

    def next_ksn(self, last: str) -> bytes:
        """Return the key serial number of the next transaction, after *last* (hexadecimal; empty: the first).

        Raises:
            KsnError: the counter is used up.
        """
        wants_aes = self.protection.pin is PinFormat.ISO_4 or (
            self.protection.mac is not None and self.protection.mac.algorithm is MacAlgorithm.CMAC
        )
        return following(bytes.fromhex(last or FIRST_KSN["aes" if wants_aes else "tdes"]))

    def of_transaction(self, ksn: bytes) -> Shield:
        """Return what protects the one transaction *ksn*.

        Raises:
            KsnError: it has another length, or a counter that is zero or skipped.
            KeyMaterialError: there is no base derivation key for one of that length.
        """
        keys = derived_keys(self._base, ksn)
        shield = Shield(self.dialect, self.protection, OwnKeys(mac=keys.request_mac, pin=keys.pin), self._fill)
        shield._answers, shield._ksn = keys.answer_mac, ksn
        return shield

    def __repr__(self) -> str:
        return f"<Shield {self.protection.mac}>"

    @property
    def keys_are_exchanged(self) -> bool:
        """Whether a sign-on brings new keys."""
        return self.protection.exchange is Exchange.UNIONPAY

    def asking_for_keys(self, sign_on: Message) -> Message:
        """Return *sign_on* as the one that asks for keys of two lengths (DE 60.3 is 003)."""
        return sign_on.evolve({self.dialect.profile.network_code: _TWO_LENGTHS})

    def taken(self, answer: Message) -> tuple[Wrapped, ...]:
        """Return the keys that the *answer* to a sign-on brings, as they came; each was opened, and is good.

        Raises:
            KeyMaterialError: there are none, or one does not fit its check value, or is weak.
        """
        data = answer.get(62)
        came = read_keys(data) if isinstance(data, bytes) else ()
        if not came:
            raise KeyMaterialError("the answer brings no keys")
        for each in came:
            unwrapped(self._keys.master, each.wrapped, each.check_value)
        return tuple(Wrapped(each.role, each.wrapped.hex(), each.check_value.hex()) for each in came)

    def protected(self, message: Message, pin: str = "") -> Message:
        """Return *message* with the block of *pin*, and with its MAC, made anew.

        One of network management has no MAC (ruling 14).

        Raises:
            PinBlockError: *pin* is not 4 to 12 digits, or the message has no card's number.
            EncodeError: a MAC or PIN block does not fit the spec.
        """
        row = self.dialect.kind_row(message)
        if row is not None and row.kind in NETWORK:
            return message
        if pin:
            message = self._with_pin(message, pin)
        if self._ksn:
            message = with_ksn(self.dialect.spec, message, self.protection, self._ksn)
        return with_mac(self.dialect.spec, message, self.protection, self._keys.mac)

    def doubt(self, request: Message, answer: Message, payload: bytes) -> str:
        """Return why *answer*, which came as *payload*, is not to be believed; empty: it is.

        An approval has a MAC, and whatever has one has the right one. That a refusal has none, as A0 and 77 say where
        keys do not agree, is believed: nobody gains by it (ruling 12).
        """
        if self.protection.mac is None or not has_mac(request):
            return ""
        if has_mac(answer):
            right = mac_holds(answer, payload, self.protection, self._answers)
            return "" if right else "the MAC of the answer is wrong"
        approved = self.dialect.verdict(answer) in (CodeClass.APPROVED, CodeClass.PARTIAL)
        return "the answer has no MAC" if approved else ""

    def _with_pin(self, message: Message, pin: str) -> Message:
        form, pan = self.protection.pin, self.dialect.pan(message)
        assert form is not None, "whoever sends PINs says in which format"
        changes: dict[int | str, Any] = {PIN: pin_block(form, pin, pan, self._keys.pin, self._fill)}
        entry = message.text(22)
        if len(entry) == 3:
            changes[22] = entry[:2] + "1"  # a PIN can be entered, and was
        if self.dialect.profile.original == "f61":
            # JR/T 0055: how many digits at most; whether the card's number is in the block, and a key of two lengths.
            with_pan = "1" if form is PinFormat.ISO_1 else "2"
            changes |= {26: "12", 53: f"{with_pan}{'6' if len(self._keys.pin) > 8 else '0'}".ljust(16, "0")}
        return message.evolve(changes)
