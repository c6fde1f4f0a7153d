"""What a key is for, and what is said of it: never its value.

A key goes by a `KeyRef` everywhere outside the security module. Its usage, algorithm and state stand in the key store
and are enforced by the module: a PIN key makes no MAC, a MAC key opens no PIN block.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class Usage(StrEnum):
    """What a key may be used for: the key usages of TR-31:2018 (X9.143), two characters.

    Those of two digits are left to each maker by the standard, and ours.
    """

    KEK = "K0"
    """Encrypts keys: a zone's (ZMK), a terminal's (TMK)."""
    PIN = "P0"
    """Encrypts PIN blocks: ZPK, TPK, PIK."""
    MAC_1 = "M1"
    """ISO 9797-1 algorithm 1 (X9.9 with one DES key)."""
    MAC_3 = "M3"
    """ISO 9797-1 algorithm 3 (X9.19, the retail MAC)."""
    MAC_CMAC = "M6"
    """ISO 9797-1 algorithm 5: CMAC, of TDES or AES."""
    MAC_HMAC = "M7"
    MAC_UNIONPAY = "10"
    """The MAC of UnionPay terminals, which no standard names; MAK."""
    DATA = "D0"
    """Encrypts data elements: ZEK, TDK."""
    BDK = "B0"
    """The base derivation key of DUKPT."""
    INITIAL = "B1"
    """The initial key of one DUKPT terminal."""
    SEAL = "11"
    """Seals the card numbers of the journal, and finds them again; nothing else opens them."""
    CVV = "C0"
    """An issuer's: card verification values. For the mock issuer alone, as are the following."""
    EMV_AC = "E0"
    """An issuer's: the master key of application cryptograms."""
    PIN_IBM = "V1"
    PIN_VISA = "V2"


class KeyAlgorithm(StrEnum):
    """TR-31's key algorithms; SM4 has none there."""

    DES = "D"
    TDES = "T"
    AES = "A"
    HMAC = "H"
    SM4 = "4"


class Mode(StrEnum):
    """TR-31's modes of use, those that are used here."""

    ANY = "N"
    BOTH = "B"
    """Encrypt and decrypt, wrap and unwrap."""
    ENCRYPT = "E"
    DECRYPT = "D"
    GENERATE = "G"
    """Make MACs only."""
    VERIFY = "V"
    """Verify MACs only."""
    MAC = "C"
    """Make MACs and verify them."""
    DERIVE = "X"


class Exportability(StrEnum):
    """Whether a key may leave under another key: TR-31's letters."""

    UNDER_KEK = "E"
    """In a key block, under a key-encrypting key."""
    SENSITIVE = "S"
    """Under a key-encrypting key in the way that a partner wants, also bare."""
    NEVER = "N"


class KeyState(StrEnum):
    """Where one version of a key stands (flows 2.8)."""

    PENDING = "pending"
    """Known to one side and not yet seen in use by the other."""
    ACTIVE = "active"
    """What is sent is made with it."""
    RETIRING = "retiring"
    """Still good for what was made with it before; nothing new is."""
    DESTROYED = "destroyed"
    """Its value is gone; that it was there stays known."""


class KeyRef(msgspec.Struct, frozen=True, order=True, tag=True):
    """One version of a key, by name: ``acquirer/acme/zpk``, 3."""

    name: str
    """Owner and purpose, up to 96 of ``A-Z a-z 0-9 . _ - /`` and blank."""
    version: int = 1
    """From 1 up; never used a second time."""

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


class KeyInfo(msgspec.Struct, frozen=True):
    """All that may be said of a key."""

    ref: KeyRef
    usage: Usage
    algorithm: KeyAlgorithm
    bits: int
    """64, 128 or 192 for DES and TDES (parity bits counted), 128 to 256 for others."""
    owner: str
    """Whose it is: ``acquirer/acme``, ``link/acme-1``, ``terminal/TERM0001``, ``journal``."""
    state: KeyState
    check_value: str
    """Hexadecimal, as long as its algorithm's rule has it."""
    since: datetime
    """When it came into this state."""
    mode: Mode = Mode.ANY
    exportability: Exportability = Exportability.NEVER
    test: bool = False
    """Whether it is a test key: refused for whatever is not marked test."""


class MacAlgorithm(StrEnum):
    """How a MAC is made."""

    X9_9 = "x9.9"
    """ISO 9797-1 algorithm 1: CBC under one key of any length of DES."""
    X9_19 = "x9.19"
    """ISO 9797-1 algorithm 3, the retail MAC: CBC under the left half, the last block under both."""
    UNIONPAY_ECB = "unionpay-ecb"
    UNIONPAY_SM4 = "unionpay-sm4"
    """The same with SM4: blocks of 16 bytes."""
    CMAC = "cmac"
    """TDES or AES, as the key is."""
    HMAC_SHA256 = "hmac-sha256"
    SM4_CBC = "sm4-cbc"


class MacMethod(msgspec.Struct, frozen=True):
    """How the MAC of a leg is made from bytes."""

    algorithm: MacAlgorithm
    padding: int = 1
    """ISO 9797-1 padding method, 1 (zeros) or 2 (one bit, then zeros); CMAC and HMAC have their own."""
    length: int = 8
    """How many bytes of it are sent, from the left."""


class PinFormat(StrEnum):
    """The PIN block formats of ISO 9564-1."""

    ISO_0 = "iso-0"
    ISO_1 = "iso-1"
    ISO_2 = "iso-2"
    ISO_3 = "iso-3"
    ISO_4 = "iso-4"
    """16 bytes, under AES."""


class Purpose(StrEnum):
    """What a DUKPT working key is for; the direction is the terminal's request or the host's answer."""

    PIN = "pin"
    MAC_REQUEST = "mac request"
    MAC_ANSWER = "mac answer"
    DATA_REQUEST = "data request"
    DATA_ANSWER = "data answer"


class Derived(msgspec.Struct, frozen=True, tag=True):
    """The working key of one transaction (DUKPT): from a base derivation key and the terminal's key serial number."""

    bdk: KeyRef
    ksn: bytes
    """10 bytes under TDES, 12 under AES; it is not secret."""
    purpose: Purpose


class KeyForm(StrEnum):
    """What a key looks like when it travels."""

    TR31_B = "tr31-b"
    """A key block under TDES, bound to its header; ASCII."""
    TR31_D = "tr31-d"
    """A key block under AES."""
    ECB = "ecb"
    """Bare, each block encrypted alone: what old hosts and terminals want. Nothing binds its halves together."""
    CBC = "cbc"
    """Bare, CBC with a zero vector."""
