"""The keys of a gateway for measuring: MACs on both legs, PIN blocks from the terminals' key to the host's.

They are published test keys, in a key store beside the configuration.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from iso_gateway.hsm.key_store import KeyStore
from iso_gateway.hsm.key_table import HeldKey
from iso_gateway.hsm.master_key import Components, MasterKey
from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.keys import KeyAlgorithm, KeyInfo, KeyRef, KeyState, PinFormat, Usage
from iso_gateway.security.pin_blocks import encipher

PIN: Final = "1234"
PAN: Final = "4761739001010010"
CONFIG: Final = """
[security]
key_store = "keys.store"
unlock = "file:master"
module = "{module}"
"""
LEG: Final = """
mac = "x9.19"
pin = "iso-0"
test = true
"""
"""What a configuration says beside, of each leg."""


class LegKeys(NamedTuple):
    """The keys of one leg, hexadecimal."""

    mac: str
    pin: str

    @property
    def block(self) -> str:
        """The PIN block of every sale under the PIN key."""
        cipher = BlockCipher(KeyAlgorithm.TDES, bytes.fromhex(self.pin))
        return encipher(PinFormat.ISO_0, PIN, PAN, cipher, bytes).hex().upper()


TERMINALS: Final = LegKeys("55036372B17543ECB173730768B8D6C4", "807A23AD32B36D457AE91FDF927570EA")
HOST: Final = LegKeys("ABD66D46B09D57379113266845347F7C", "8323626751C7620408BA6789025E6EB3")
"""Those of ``fixtures/keys/test-keys.toml``."""


def held(owner: str, keys: LegKeys) -> list[HeldKey]:
    """Return the keys of *owner* as a module holds them."""
    made = []
    for role, usage, value in (("mac", Usage.MAC_3, keys.mac), ("pin", Usage.PIN, keys.pin)):
        ref, since = KeyRef(f"{owner}/{role}"), datetime.now(UTC)
        info = KeyInfo(ref, usage, KeyAlgorithm.TDES, 128, owner, KeyState.ACTIVE, "", since, test=True)
        made.append(HeldKey(info, bytearray.fromhex(value)))
    return made


def write_store(folder: Path, terminals: int) -> None:
    """Make the key store of a gateway with so many *terminals*, and the file that unlocks it."""
    keys = held("acquirer/bank", HOST)
    for number in range(1, terminals + 1):
        keys += held(f"terminal/TERM{number:04}", TERMINALS)
    store = KeyStore.create(folder / "keys.store", MasterKey(bytearray(range(32))), Components(1))
    store.change(keys, [])
    store.close()
    secret = folder / "master"
    secret.touch(0o600)
    secret.write_text(bytes(range(32)).hex(), encoding="ascii")
