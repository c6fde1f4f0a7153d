"""What a security module is asked, and what it answers.

A *batch* is a tuple of commands that goes to the module in one round trip; its answer is a tuple of as many results, in
order, each the result named beside its command or a `Refused`. Commands name keys and never carry one, but for keys
encrypted under another; no command gives out a PIN, and none decrypts with a key that is not a data key.

The interface is that of hardware modules (translate, verify, generate ... on references), so that one of them, or a
token, can stand where the software module stands.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec

from iso_gateway.security.keys import (
    Derived,
    Exportability,
    KeyAlgorithm,
    KeyForm,
    KeyInfo,
    KeyRef,
    KeyState,
    MacMethod,
    PinFormat,
    Usage,
)

Key = KeyRef | Derived


class Fault(StrEnum):
    """Why a module did not do what it was asked."""

    PIN_BLOCK = "pin block"
    """No PIN block of that format and card under that key: which of them is wrong is told to nobody. 99."""
    NO_KEY = "no key"
    """No such key or version, or it is destroyed. 96."""
    USAGE = "usage"
    """The key is not for this, or a test key where none is allowed. A7."""
    KEY_BLOCK = "key block"
    """A key that was sent does not open, is changed, or not of the kind it says. A7."""
    CHECK_VALUE = "check value"
    """The check value is not the key's. A7."""
    WEAK_KEY = "weak key"
    """Weak, of equal halves, or the one in use before. A7."""
    KSN = "ksn"
    """A key serial number of the wrong length, of another key, or whose counter is used up. A7."""
    POLICY = "policy"
    """A translation that PCI PIN requirement 3-3 does not allow, or an export that the key does not. A7."""
    MALFORMED = "malformed"
    """The command itself: a length or a text that cannot be. 96."""
    STORE = "store"
    """The key store cannot be read or written. 96."""
    GONE = "gone"
    """The module did not answer: it hangs, died, or is being started. 96."""


class Refused(msgspec.Struct, frozen=True, tag=True):
    """What answers a command that was not carried out: nothing of what it was given."""

    fault: Fault
    reason: str = ""
    """For an operator, of management commands alone; never data."""


# On every transaction


class VerifyMac(msgspec.Struct, frozen=True, tag=True):
    """Compare *mac* with that of *data* under each of *keys* in turn -> Matched."""

    keys: tuple[Key, ...]
    method: MacMethod
    data: bytes
    mac: bytes

    def __repr__(self) -> str:
        return f"<VerifyMac of {len(self.data)} bytes under {', '.join(map(_said, self.keys))}>"


class Matched(msgspec.Struct, frozen=True, tag=True):
    """Which of the keys it was, by its place; None: none of them."""

    which: int | None


class TranslatePin(msgspec.Struct, frozen=True, tag=True):
    """Encrypt the PIN in *block* under *target* -> Translated.

    One *pan* for both: a translation to another card cannot be said.
    """

    source: Key
    source_format: PinFormat
    target: Key
    target_format: PinFormat
    block: bytes
    pan: str

    def __repr__(self) -> str:
        return f"<TranslatePin {_said(self.source)} {self.source_format} -> {_said(self.target)} {self.target_format}>"


class Translated(msgspec.Struct, frozen=True, tag=True):
    """The PIN block under the other key."""

    block: bytes

    def __repr__(self) -> str:
        return "<Translated>"


class Protect(msgspec.Struct, frozen=True, tag=True):
    """Make the MAC of *data*, after the PIN block that *pin* gives was put into it -> Protected.

    So that a message with PIN and MAC takes one round trip: *data* has room for the block at *offset*, and the block
    goes there in *text* (hexadecimal, upper-case) or in binary.
    """

    data: bytes
    key: Key | None
    """None: no MAC is wanted, only the PIN translated."""
    method: MacMethod | None
    pin: TranslatePin | None = None
    offset: int = 0
    text: bool = False

    def __repr__(self) -> str:
        return f"<Protect {len(self.data)} bytes under {_said(self.key) if self.key else 'no key'}, {self.pin!r}>"


class Protected(msgspec.Struct, frozen=True, tag=True):
    """The MAC, and the PIN block where there is one."""

    mac: bytes
    block: bytes = b""

    def __repr__(self) -> str:
        return "<Protected>"


class SealCard(msgspec.Struct, frozen=True, tag=True):
    """Encrypt *pan* for the journal -> Sealed."""

    pan: str

    def __repr__(self) -> str:
        return "<SealCard>"


class Sealed(msgspec.Struct, frozen=True, tag=True):
    """Nonce, ciphertext, tag, under the version of the key that its first bytes name."""

    card: bytes


class UnsealCard(msgspec.Struct, frozen=True, tag=True):
    """Give the card number in *card* -> Unsealed."""

    card: bytes


class Unsealed(msgspec.Struct, frozen=True, tag=True):
    """A card number."""

    pan: str

    def __repr__(self) -> str:
        return "<Unsealed>"


class Fingerprint(msgspec.Struct, frozen=True, tag=True):
    """Make the keyed hash of *data* by which the journal compares -> Fingerprinted."""

    data: bytes

    def __repr__(self) -> str:
        return "<Fingerprint>"


class Fingerprinted(msgspec.Struct, frozen=True, tag=True):
    """16 bytes."""

    hash: bytes


class EncryptData(msgspec.Struct, frozen=True, tag=True):
    """Encrypt *data* in CBC under a data key (ZEK, TDK), padded with zeros -> Transformed."""

    key: Key
    data: bytes
    vector: bytes = b""
    """Empty: zeros."""

    def __repr__(self) -> str:
        return f"<EncryptData under {_said(self.key)}>"


class DecryptData(msgspec.Struct, frozen=True, tag=True):
    """Decrypt *data* in CBC under a data key, and under no other kind -> Transformed."""

    key: Key
    data: bytes
    vector: bytes = b""

    def __repr__(self) -> str:
        return f"<DecryptData under {_said(self.key)}>"


class Transformed(msgspec.Struct, frozen=True, tag=True):
    """The data, as long as it was given (whole blocks)."""

    data: bytes

    def __repr__(self) -> str:
        return "<Transformed>"


# Keys


class KeySpec(msgspec.Struct, frozen=True):
    """What a new key is to be."""

    name: str
    usage: Usage
    algorithm: KeyAlgorithm
    bits: int
    """0, of an ImportKey of a key block: as long as the block says."""
    owner: str
    exportability: Exportability = Exportability.NEVER
    state: KeyState = KeyState.PENDING


class GenerateKey(msgspec.Struct, frozen=True, tag=True):
    """Make a new version of a key, and encrypt it under *under* to be sent -> Generated."""

    spec: KeySpec
    under: KeyRef | None = None
    form: KeyForm = KeyForm.TR31_D


class Generated(msgspec.Struct, frozen=True, tag=True):
    """The new key, and what is sent to the other side."""

    info: KeyInfo
    wrapped: bytes = b""

    def __repr__(self) -> str:
        return f"<Generated {self.info.ref}>"


class ImportKey(msgspec.Struct, frozen=True, tag=True):
    """Take a new version of a key that came encrypted under *under* -> Imported.

    Parity is adjusted, the check value decides (ruling 13): compared in constant time, over as many bytes as were
    sent. Weak keys, equal halves, and the value of the newest version of the same name are refused.
    """

    spec: KeySpec
    under: KeyRef
    form: KeyForm
    wrapped: bytes
    check_value: bytes = b""
    """Empty: none was sent; a key block proves itself."""

    def __repr__(self) -> str:
        return f"<ImportKey {self.spec.name} under {self.under}>"


class Imported(msgspec.Struct, frozen=True, tag=True):
    """The new key."""

    info: KeyInfo


class Change(msgspec.Struct, frozen=True, tag=True):
    """Several of GenerateKey, ImportKey and SetState in one write of the key store, or none -> Changed."""

    parts: tuple[GenerateKey | ImportKey | SetState, ...]


class Changed(msgspec.Struct, frozen=True, tag=True):
    """What came of each part; the key store has it when this is told."""

    results: tuple[Generated | Imported | Settled, ...]


class SetState(msgspec.Struct, frozen=True, tag=True):
    """Bring a version of a key into *state*; DESTROYED wipes its value -> Settled."""

    key: KeyRef
    state: KeyState


class Settled(msgspec.Struct, frozen=True, tag=True):
    """The key as it is now."""

    info: KeyInfo


class ExportKey(msgspec.Struct, frozen=True, tag=True):
    """Encrypt a key under another, where its exportability allows -> Exported."""

    key: KeyRef
    under: KeyRef
    form: KeyForm


class Exported(msgspec.Struct, frozen=True, tag=True):
    """The encrypted key."""

    wrapped: bytes

    def __repr__(self) -> str:
        return "<Exported>"


class CheckValue(msgspec.Struct, frozen=True, tag=True):
    """Give a key's check value, *length* bytes of it -> Checked."""

    key: KeyRef
    length: int = 3


class Checked(msgspec.Struct, frozen=True, tag=True):
    """The left bytes of a key's check value."""

    check_value: bytes


class DeriveInitial(msgspec.Struct, frozen=True, tag=True):
    """Derive the initial key of the DUKPT terminal *ksn*, encrypted under *under* to be loaded there -> Exported."""

    bdk: KeyRef
    ksn: bytes
    under: KeyRef
    form: KeyForm


class ListKeys(msgspec.Struct, frozen=True, tag=True):
    """Tell of every key whose owner starts with *owner* -> Listed."""

    owner: str = ""


class Listed(msgspec.Struct, frozen=True, tag=True):
    """Keys, by name and version."""

    keys: tuple[KeyInfo, ...]


class Reread(msgspec.Struct, frozen=True, tag=True):
    """Read the key store again, where another process has changed it -> Health."""


class AskHealth(msgspec.Struct, frozen=True, tag=True):
    """Run the known-answer tests -> Health."""


class Health(msgspec.Struct, frozen=True, tag=True):
    """How a module stands."""

    kind: str
    """``software`` ..."""
    keys: int
    test_keys: int
    store_version: int
    notice: str = ""
    """What has to be said loudly: that it is no PCI PIN device."""


Command = (
    VerifyMac
    | TranslatePin
    | Protect
    | SealCard
    | UnsealCard
    | Fingerprint
    | EncryptData
    | DecryptData
    | GenerateKey
    | ImportKey
    | SetState
    | Change
    | ExportKey
    | CheckValue
    | DeriveInitial
    | ListKeys
    | Reread
    | AskHealth
)

Result = (
    Refused
    | Matched
    | Translated
    | Protected
    | Sealed
    | Unsealed
    | Fingerprinted
    | Transformed
    | Generated
    | Imported
    | Settled
    | Changed
    | Exported
    | Checked
    | Listed
    | Health
)

Batch = tuple[Command, ...]
Results = tuple[Result, ...]


class SecurityModule(Protocol):
    """Whatever carries out commands at once: the software module in this process, and what its own process runs."""

    def carry_out(self, batch: Batch) -> Results:
        """Return as many results as *batch* has commands, in order; never raises for what a command says."""


def _said(key: Key) -> str:
    return str(key) if isinstance(key, KeyRef) else f"{key.bdk} for {key.purpose}"
