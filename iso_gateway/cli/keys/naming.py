"""What a key's name says of it by convention, so that little has to be typed; and when a name is an unusual one."""

from __future__ import annotations

import re
from typing import Final

import click

from iso_gateway.security.commands import KeySpec
from iso_gateway.security.keys import Exportability, KeyAlgorithm, KeyForm, KeyState, Usage

USUAL: Final = re.compile(r"(acquirer|link|terminal)/[^/]+/(master|mac|mac-in|pin|data)|bdk/[^/]+|journal/seal")
"""The names that a gateway looks for by itself; others stand in its configuration."""

BY_NAME: Final = {
    "master": Usage.KEK,
    "pin": Usage.PIN,
    "mac": Usage.MAC_3,
    "mac-in": Usage.MAC_3,
    "data": Usage.DATA,
    "seal": Usage.SEAL,
}
"""What a key is for by the last part of its name."""

USAGES: Final = {
    "kek": Usage.KEK,
    "pin": Usage.PIN,
    "mac-x9.9": Usage.MAC_1,
    "mac-x9.19": Usage.MAC_3,
    "mac-cmac": Usage.MAC_CMAC,
    "mac-hmac": Usage.MAC_HMAC,
    "mac-unionpay": Usage.MAC_UNIONPAY,
    "data": Usage.DATA,
    "bdk": Usage.BDK,
    "seal": Usage.SEAL,
}
KINDS: Final = {
    "des": (KeyAlgorithm.DES, 64),
    "tdes-128": (KeyAlgorithm.TDES, 128),
    "tdes-192": (KeyAlgorithm.TDES, 192),
    "aes-128": (KeyAlgorithm.AES, 128),
    "aes-192": (KeyAlgorithm.AES, 192),
    "aes-256": (KeyAlgorithm.AES, 256),
    "hmac-256": (KeyAlgorithm.HMAC, 256),
    "sm4": (KeyAlgorithm.SM4, 128),
}
FORMS: Final = {
    "tr31-b": KeyForm.TR31_B,
    "tr31-d": KeyForm.TR31_D,
    "ecb": KeyForm.ECB,
    "cbc": KeyForm.CBC,
}
FREEDOM: Final = {
    "never": Exportability.NEVER,
    "key-block": Exportability.UNDER_KEK,
    "sensitive": Exportability.SENSITIVE,
}


def spec_of(name: str, usage: str, kind: str, owner: str, export: str, *, pending: bool) -> KeySpec:
    """Return what the key *name* is to be; without *usage* and *owner*, what its name says.

    Raises:
        click.UsageError: its name says nothing of its usage.
    """
    before, _, last = name.rpartition("/")
    meant = USAGES.get(usage) or BY_NAME.get(last) or (Usage.BDK if before == "bdk" else None)
    if meant is None:
        raise click.UsageError(f"what is {name} for? Say --usage {', '.join(USAGES)}")
    algorithm, bits = KINDS[kind or ("aes-256" if meant is Usage.SEAL else "tdes-128")]
    state = KeyState.PENDING if pending else KeyState.ACTIVE
    return KeySpec(name, meant, algorithm, bits, owner or before or name, FREEDOM[export], state)


def unusual(name: str) -> str:
    """Return what is to be said of *name*; empty: it is one that a gateway looks for."""
    if USUAL.fullmatch(name):
        return ""
    return f"{name} is no name that a gateway looks for by itself: acquirer/NAME/master, terminal/ID/pin, bdk/NAME ..."
