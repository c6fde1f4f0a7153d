"""Which key may stand where in which command: one table, and nothing else decides.

A row names usages, states and modes of use; a working key of DUKPT takes the row of its base derivation key's state,
and its purpose. What stands in no row is refused.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from iso_gateway.security import commands as c
from iso_gateway.security.keys import KeyInfo, KeyState, Mode, Purpose, Usage

MACS: Final = frozenset({Usage.MAC_1, Usage.MAC_3, Usage.MAC_CMAC, Usage.MAC_HMAC, Usage.MAC_UNIONPAY})
EVERY: Final = frozenset(Usage)

OPEN: Final = frozenset({KeyState.PENDING, KeyState.ACTIVE, KeyState.RETIRING})
"""What came in is opened and verified: the other side may use a key before us, and after us."""
ANSWER: Final = OPEN
"""An answer is made with the generation that verified its request, a retiring one too (ruling 11)."""
MAKE: Final = frozenset({KeyState.PENDING, KeyState.ACTIVE})
"""What is made anew: nothing under a key that retires. A pending one may be used first by us."""


class Row(NamedTuple):
    """What a key has to be."""

    usages: frozenset[Usage]
    states: frozenset[KeyState]
    modes: frozenset[Mode]
    purposes: frozenset[Purpose] = frozenset()
    """What a working key of DUKPT has to be for; empty: none may stand here."""


_FOR_MACS = frozenset({Purpose.MAC_REQUEST, Purpose.MAC_ANSWER})
_FOR_PINS = frozenset({Purpose.PIN})
_FOR_DATA = frozenset({Purpose.DATA_REQUEST, Purpose.DATA_ANSWER})
_PIN = frozenset({Usage.PIN})
_DATA = frozenset({Usage.DATA})
_KEK = frozenset({Usage.KEK})
_ENCRYPTING = frozenset({Mode.ANY, Mode.BOTH, Mode.ENCRYPT})
_DECRYPTING = frozenset({Mode.ANY, Mode.BOTH, Mode.DECRYPT})
_DERIVING = frozenset({Mode.ANY, Mode.DERIVE})
_ANY_MODE = frozenset(Mode)

Place = tuple[type[c.Command], str]
"""A command, and which of the keys that it names."""

ALLOWED: Final[dict[Place, Row]] = {
    (c.VerifyMac, "keys"): Row(MACS, OPEN, frozenset({Mode.ANY, Mode.MAC, Mode.VERIFY}), _FOR_MACS),
    (c.Protect, "key"): Row(MACS, ANSWER, frozenset({Mode.ANY, Mode.MAC, Mode.GENERATE}), _FOR_MACS),
    (c.TranslatePin, "source"): Row(_PIN, OPEN, _DECRYPTING, _FOR_PINS),
    # The gateway says which generation a message goes out with: while it has not yet heard of the next one, that is
    # the one that retires, and the other side takes it.
    (c.TranslatePin, "target"): Row(_PIN, OPEN, _ENCRYPTING, _FOR_PINS),
    (c.EncryptData, "key"): Row(_DATA, ANSWER, _ENCRYPTING, _FOR_DATA),
    (c.DecryptData, "key"): Row(_DATA, OPEN, _DECRYPTING, _FOR_DATA),
    (c.GenerateKey, "under"): Row(_KEK, MAKE, _ENCRYPTING),
    (c.ImportKey, "under"): Row(_KEK, OPEN, _DECRYPTING),
    (c.ExportKey, "key"): Row(EVERY - {Usage.SEAL}, OPEN, _ANY_MODE),
    (c.ExportKey, "under"): Row(_KEK, MAKE, _ENCRYPTING),
    (c.DeriveInitial, "bdk"): Row(frozenset({Usage.BDK}), MAKE, _DERIVING),
    (c.DeriveInitial, "under"): Row(_KEK, MAKE, _ENCRYPTING),
    (c.CheckValue, "key"): Row(EVERY, OPEN, _ANY_MODE),
    (c.SetState, "key"): Row(EVERY, OPEN, _ANY_MODE),
}
"""By command and place in it. The commands of the journal name no key: theirs is `journal/seal`."""

WORKING: Final = Row(frozenset({Usage.BDK}), OPEN, _DERIVING)
"""What a working key of DUKPT is derived from; its state has to suit the row of the command as well."""

SEALS: Final = Row(frozenset({Usage.SEAL}), frozenset({KeyState.ACTIVE}), _ANY_MODE)
"""What seals a card number; an older version opens what it sealed until it is destroyed."""

NEXT: Final = {
    KeyState.PENDING: frozenset({KeyState.ACTIVE, KeyState.RETIRING, KeyState.DESTROYED}),
    KeyState.ACTIVE: frozenset({KeyState.RETIRING, KeyState.DESTROYED}),
    KeyState.RETIRING: frozenset({KeyState.ACTIVE, KeyState.DESTROYED}),
    KeyState.DESTROYED: frozenset[KeyState](),
}
"""Where a key may go from each state. Back from retiring: the new generation turned out not to work."""


def fault_of(row: Row, info: KeyInfo) -> c.Fault | None:
    """Return why the key *info* may not stand where *row* is; None: it may."""
    if info.state is KeyState.DESTROYED:
        return c.Fault.NO_KEY
    if info.usage in row.usages and info.state in row.states and info.mode in row.modes:
        return None
    return c.Fault.USAGE


class Denied(Exception):  # noqa: N818 -- never seen outside this folder
    """A command that is not carried out; what it is answered with."""

    def __init__(self, fault: c.Fault, reason: str = "") -> None:
        self.refused = c.Refused(fault, reason)
        super().__init__(fault)
