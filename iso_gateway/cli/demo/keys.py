"""The keys of the demo: published test keys, in a key store of the demo's own, which goes with its folder."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from iso_gateway.hsm.held_file import published_keys
from iso_gateway.hsm.key_store import KeyStore
from iso_gateway.hsm.key_table import Deed, HeldKey
from iso_gateway.hsm.master_key import SIZE, Components, MasterKey
from iso_gateway.net.clock import now
from iso_gateway.protocol.protection import Exchange, Protection
from iso_gateway.security.check_values import check_value
from iso_gateway.security.keys import (
    Exportability,
    KeyAlgorithm,
    KeyInfo,
    KeyRef,
    KeyState,
    MacAlgorithm,
    MacMethod,
    PinFormat,
    Usage,
)
from iso_gateway.security.wrapping import des_kind

KEY_STORE: Final = "gateway.keys"
UNLOCK: Final = "gateway.unlock"
"""The file with the store's master key: the demo's folder is for its owner alone."""

RETAIL: Final = MacMethod(MacAlgorithm.X9_19)
HOST: Final = Protection(mac=RETAIL, pin=PinFormat.ISO_0, exchange=Exchange.TR31_48, master="acquirer/bank/master")
"""How the gateway speaks to the host, which brings keys at sign-on."""
TERMINALS: Final = {
    "TERM0001": Protection(mac=RETAIL, pin=PinFormat.ISO_3),
    "TERM0002": Protection(mac=MacMethod(MacAlgorithm.UNIONPAY_ECB), pin=PinFormat.ISO_0, exchange=Exchange.UNIONPAY),
    "TERM0003": Protection(mac=RETAIL, pin=PinFormat.ISO_0, ksn="62", base="bdk/kiosk"),
}
"""How the terminals speak to the gateway."""


class _Key(NamedTuple):
    name: str
    usage: Usage
    value: bytes


def _keys() -> Iterator[_Key]:
    held = published_keys()
    yield _Key(HOST.master, Usage.KEK, held.zone.master)
    for terminal, protection in TERMINALS.items():
        own = held.of(terminal)
        if protection.exchange is not Exchange.NONE:
            yield _Key(f"terminal/{terminal}/master", Usage.KEK, own.master)
        elif not protection.ksn:
            yield _Key(f"terminal/{terminal}/mac", Usage.MAC_3, own.mac)
            yield _Key(f"terminal/{terminal}/pin", Usage.PIN, own.pin)
    yield _Key("bdk/kiosk", Usage.BDK, held.dukpt.tdes)


def write_key_store(folder: Path) -> None:
    """Make the key store of the demo's gateway in *folder*, and the file that unlocks it."""
    master = secrets.token_bytes(SIZE)
    handle = os.open(folder / UNLOCK, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(handle, "wb") as file:  # noqa: PTH123 -- of a descriptor, with its mode from the first moment
        file.write(master.hex().encode())
    store = KeyStore.create(folder / KEY_STORE, MasterKey(bytearray(master)), Components(1), test=True, actor="demo")
    try:
        keys = [_held(each) for each in _keys()]
        store.change(keys, [Deed("import", each.info.ref, each.info.check_value, "demo") for each in keys])
    finally:
        store.close()


def _held(key: _Key) -> HeldKey:
    kind: KeyAlgorithm = des_kind(key.value)
    info = KeyInfo(
        ref=KeyRef(key.name),
        usage=key.usage,
        algorithm=kind,
        bits=8 * len(key.value),
        owner=key.name.rpartition("/")[0],
        state=KeyState.ACTIVE,
        check_value=check_value(kind, key.value).hex().upper(),
        since=now().wall,
        exportability=Exportability.NEVER,
        test=True,
    )
    return HeldKey(info, bytearray(key.value))
