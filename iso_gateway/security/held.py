"""Keys in clear, as the two ends of a test hold them: the mock host and the terminal of ``send``.

The gateway holds none: its keys are in the security module, and go by name.
"""

from __future__ import annotations

import msgspec


class OwnKeys(msgspec.Struct, frozen=True):
    """The keys of one zone or terminal, each as its bytes; empty: there is none."""

    master: bytes = b""
    """Other keys travel under it: ZMK, TMK."""
    mac: bytes = b""
    pin: bytes = b""
    data: bytes = b""

    def __repr__(self) -> str:
        return f"<OwnKeys {', '.join(name for name in self.__struct_fields__ if getattr(self, name)) or 'none'}>"


class BaseKeys(msgspec.Struct, frozen=True):
    """The base derivation keys of DUKPT."""

    tdes: bytes = b""
    aes: bytes = b""

    def __repr__(self) -> str:
        return "<BaseKeys>"


class IssuerKeys(msgspec.Struct, frozen=True):
    """What an issuer checks cards and PINs with."""

    pvv: bytes = b""
    """Visa's PIN verification key."""
    ibm: bytes = b""
    """The PIN verification key of IBM 3624."""
    cvv: bytes = b""
    emv: bytes = b""
    """The issuer master key of application cryptograms."""

    def __repr__(self) -> str:
        return "<IssuerKeys>"


class HeldKeys(msgspec.Struct, frozen=True):
    """All keys of one file."""

    zone: OwnKeys = OwnKeys()
    """Between an acquirer's host and whoever sends to it."""
    terminal: OwnKeys = OwnKeys()
    """Of each terminal that is not in `terminals`."""
    terminals: dict[str, OwnKeys] = {}
    """By DE 41."""
    dukpt: BaseKeys = BaseKeys()
    issuer: IssuerKeys = IssuerKeys()
    published: bool = False
    """Whether they are the published test keys, which protect nothing."""

    def of(self, terminal: str) -> OwnKeys:
        """Return the keys of the terminal with this DE 41."""
        return self.terminals.get(terminal, self.terminal)

    def __repr__(self) -> str:
        return f"<HeldKeys {'published' if self.published else 'of a file'}, {len(self.terminals)} terminals>"
