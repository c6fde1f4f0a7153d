"""A gateway with keys for measuring: MACs on both legs, PIN blocks from the terminals' key to the host's.

    python bench/keyed.py CONFIG

Its software module is in its process and has its keys, which are published test keys, in memory.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Final, NamedTuple

import trio

from iso_gateway.gateway import config, service
from iso_gateway.hsm.client import InProcess
from iso_gateway.hsm.key_table import HeldKey, MemoryKeys
from iso_gateway.hsm.software import SoftwareModule
from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.keys import KeyAlgorithm, KeyInfo, KeyRef, KeyState, PinFormat, Usage
from iso_gateway.security.pin_blocks import encipher

PIN: Final = "1234"
PAN: Final = "4761739001010010"
CONFIG: Final = """
[security]
key_store = "keys.store"
module = "inside"
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


def main() -> None:
    """Run the gateway of a configuration."""
    chosen = config.load(sys.argv[1])
    keys = held("acquirer/bank", HOST)
    for listener in chosen.setup.listeners.values():
        for terminal in listener.terminals:
            keys += held(f"terminal/{terminal}", TERMINALS)
    software = SoftwareModule(MemoryKeys(keys), lambda: datetime.now(UTC), test=True)

    async def run() -> None:
        await service.run(chosen, InProcess(software))

    trio.run(run)


if __name__ == "__main__":
    main()
