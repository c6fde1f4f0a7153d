"""What a host makes of MACs: under whose keys a message came, and under which its answer goes (rulings 11, 12, 14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from iso_gateway.errors import KeyMaterialError, KsnError
from iso_gateway.faults.delivering import with_wrong_mac
from iso_gateway.faults.fault import NO_FAULT, Fault, Wrong
from iso_gateway.host.stations import ZONE, Generation, Station, Stations
from iso_gateway.protocol.covering import has_mac
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import NETWORK
from iso_gateway.protocol.profile import CodeClass
from iso_gateway.protocol.protection import Exchange
from iso_gateway.protocol.sealing import ksn_in, mac_holds, with_mac
from iso_gateway.security.deriving import derived_keys

if TYPE_CHECKING:
    from iso_gateway.codec.message import Message
    from iso_gateway.host.settings import HostSettings
    from iso_gateway.protocol.moment import Moment
    from iso_gateway.security.held import HeldKeys

_KEYS_NOT_KNOWN: Final = frozenset({"A0", "77"})
"""The canonical codes that say that keys do not agree; a MAC on them would be of no use."""
_APPROVED: Final = frozenset({CodeClass.APPROVED, CodeClass.PARTIAL})


class Under(msgspec.Struct, frozen=True):
    """Under which keys a message came, and its answer goes."""

    owner: str = ""
    """``terminal/TERM0001``, ``zone``; empty: nobody's."""
    generation: int = 0
    mac_key: bytes = b""
    """For the answer; empty: it has no MAC."""
    pin_keys: tuple[bytes, ...] = ()
    """Under which its PIN block may be, the likeliest first; one alone where the MAC has told which."""
    cause: str = ""
    """Why the message is refused; empty: it is not."""
    code: str = "A0"
    """The canonical code with which it is, if it is."""

    def __repr__(self) -> str:
        return f"<Under {self.owner}, generation {self.generation}{', ' if self.cause else ''}{self.cause}>"


NOBODY: Final = Under()
_DUKPT: Final = "dukpt"
"""The owner of derived keys."""


class Guard:
    """The keys of one host, and the judgement of MACs."""

    def __init__(self, dialect: Dialect, settings: HostSettings, keys: HeldKeys) -> None:
        self.dialect = dialect
        self.keys = keys
        self.protection = settings.protection
        self.stations = Stations()
        self._settings = settings

    def __repr__(self) -> str:
        return f"<Guard {self.protection.mac}>"

    def judge(self, message: Message, payload: bytes, moment: Moment, link: str) -> Under:
        """Return under which keys the request *message* came over *link*, which was *payload*.

        One of network management may come without a MAC, as sign-on does: then so does its answer.
        """
        if self.protection.ksn:
            return self._derived(message, payload)
        owner, station = self.station(message, link)
        usable = station.usable(moment.mono)
        if self.protection.mac is None:
            return Under(owner, usable[0].number, pin_keys=tuple(each.keys.pin for each in usable))
        if not has_mac(message):
            if self._is_network(message):
                return Under(owner, station.current.number)
            return _refused(owner, station.current, "no MAC")
        for generation in usable:
            if mac_holds(message, payload, self.protection, generation.keys.mac):
                station.used(generation, moment.mono, self._settings.grace)
                return _under(owner, generation)
        return _refused(owner, station.current, "wrong MAC")

    def _derived(self, message: Message, payload: bytes) -> Under:
        """Return the keys of a transaction that *message* names by its key serial number (DUKPT)."""
        ksn = ksn_in(message, self.protection)
        if not ksn and self._is_network(message):
            return NOBODY
        try:
            keys = derived_keys(self.keys.dukpt, ksn)
        except (KsnError, KeyMaterialError) as error:
            return Under(_DUKPT, cause=f"KSN: {error}", code="A7")
        if self.protection.mac is None:
            return Under(_DUKPT, pin_keys=(keys.pin,))
        if not mac_holds(message, payload, self.protection, keys.request_mac):
            cause = "wrong MAC" if has_mac(message) else "no MAC"
            return Under(_DUKPT, mac_key=keys.answer_mac, cause=cause)
        return Under(_DUKPT, mac_key=keys.answer_mac, pin_keys=(keys.pin,))

    def _is_network(self, message: Message) -> bool:
        row = self.dialect.kind_row(message)
        return row is not None and row.kind in NETWORK

    def sealed(self, answer: Message, under: Under, fault: Fault = NO_FAULT) -> Message:
        """Return *answer* with its MAC under the keys of its request, where it is to have one and as *fault* has it.

        Raises:
            EncodeError: a MAC does not fit the spec.
        """
        if not under.mac_key or fault.without_mac or not self._wants_mac(answer):
            return answer
        sealed = with_mac(self.dialect.spec, answer, self.protection, under.mac_key)
        return with_wrong_mac(sealed) if Wrong.MAC in fault.wrong else sealed

    def sealed_request(self, message: Message, under: Under) -> Message:
        """Return what the host says of its own accord, with its MAC; network management has none."""
        if not under.mac_key or self._is_network(message) or message.mti[1] == "8":
            return message
        return with_mac(self.dialect.spec, message, self.protection, under.mac_key)

    def station(self, message: Message, link: str) -> tuple[str, Station]:
        """Return whose keys *message* is under, and those keys.

        Where a zone's keys are exchanged, each link has its own: they are of what signed on over it.
        """
        if self.of_terminals:
            terminal = message.text(41).rstrip()
            owner, first = f"terminal/{terminal}", self.keys.of(terminal)
        else:
            owner, first = ZONE if self.protection.exchange is Exchange.NONE else _of_link(link), self.keys.zone
        return owner, self.stations.of(owner, first)

    @property
    def of_terminals(self) -> bool:
        """Whether each terminal has keys of its own; otherwise they are those of the zone."""
        return self._settings.keys_of == "terminal"

    def closed(self, link: str) -> None:
        """Take in that *link* is gone, and the keys with it that were its own."""
        self.stations.forget(_of_link(link))

    def _wants_mac(self, answer: Message) -> bool:
        by_profile = "all" if self.dialect.profile.mac_on_declines else "approvals"
        match self._settings.mac_on or by_profile:
            case "all":
                return True
            case "known":
                return self.dialect.canonical(answer) not in _KEYS_NOT_KNOWN
            case _:
                return self.dialect.verdict(answer) in _APPROVED


def _of_link(link: str) -> str:
    return f"link/{link}"


def _under(owner: str, generation: Generation) -> Under:
    keys = generation.keys
    return Under(owner, generation.number, keys.mac, (keys.pin,) if keys.pin else ())


def _refused(owner: str, current: Generation, cause: str) -> Under:
    return Under(owner, current.number, current.keys.mac, cause=cause)
