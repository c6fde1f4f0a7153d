"""What a node is lent by the system: keys, and chance for one run."""

from __future__ import annotations

import os
import secrets
from typing import NoReturn

from iso_gateway.protocol.numbering import LAST
from iso_gateway.protocol.setup import Lent
from iso_gateway.security.seal import Seal


def lent_by_the_system(now: str, seal: Seal | None) -> Lent:
    """Return what the node cannot do itself: keys, and chance for one run; without *seal* the module has its key."""
    chance = secrets.SystemRandom()
    return Lent(
        fingerprint=seal.fingerprint if seal is not None else _in_the_module,
        seal=seal.seal if seal is not None else _in_the_module,
        unseal=seal.unseal if seal is not None else _in_the_module,
        chance=chance.random,
        first_stan=lambda: chance.randint(1, LAST),
        run=f"{now}{os.urandom(2).hex()}",
    )


def _in_the_module(_value: object) -> NoReturn:
    raise AssertionError("the journal's key is the security module's, which is asked by Verify, Secure and Unseal")
