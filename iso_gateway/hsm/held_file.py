"""The file of test keys that a mock host and a test terminal hold: TOML, keys in hexadecimal, in clear.

The shipped one, ``fixtures/keys/test-keys.toml``, has published keys alone. A file of one's own is for the keys of a
test laboratory; keys that protect real cards belong into a key store, and never into such a file.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta

from iso_gateway import resources
from iso_gateway.errors import ConfigError, Problem
from iso_gateway.security.held import BaseKeys, HeldKeys, IssuerKeys, OwnKeys
from iso_gateway.settings import read

LARGEST: Final = 1024 * 1024
"""Bytes; more than that is no file of keys."""
_TDES: Final = "a key of DES, TDES or AES: 16, 32, 48 or 64 hexadecimal characters"
Hex = Annotated[str, Meta(pattern=r"^(([0-9A-Fa-f]{16}){1,4})?$", description=_TDES)]
Keys = TypeVar("Keys", OwnKeys, BaseKeys, IssuerKeys)


class _Own(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    master: Hex = ""
    mac: Hex = ""
    pin: Hex = ""
    data: Hex = ""


class _Base(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tdes: Hex = ""
    aes: Hex = ""


class _Issuer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pvv: Hex = ""
    ibm: Hex = ""
    cvv: Hex = ""
    emv: Hex = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    zone: _Own = _Own()
    terminal: _Own = _Own()
    terminals: dict[str, _Own] = {}
    dukpt: _Base = _Base()
    issuer: _Issuer = _Issuer()


def published_keys() -> HeldKeys:
    """Return the test keys that are shipped."""
    return _held((resources.folder("fixtures") / "keys" / "test-keys.toml").read_bytes(), published=True)


def held_keys(path: str) -> HeldKeys:
    """Return the keys in the file at *path*; the published ones for an empty path.

    Raises:
        ConfigError: it cannot be read, is no TOML, or holds something else than keys; with every fault, and no key.
    """
    if not path:
        return published_keys()
    try:
        file = Path(path)
        if file.stat().st_size > LARGEST:
            raise _refused(path, "is too large to be a file of keys")
        return _held(file.read_bytes(), published=False)
    except OSError as error:
        raise _refused(path, f"cannot be read: {(error.strerror or 'the system refused').lower()}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        # What these say shows a part of the file.
        raise _refused(path, "is no TOML") from None
    except ConfigError as error:
        raise ConfigError(error.problems, path) from None


def _held(data: bytes, *, published: bool) -> HeldKeys:
    file, problems = read(_File, tomllib.loads(data.decode()))
    if file is None:
        raise ConfigError(problems)
    return HeldKeys(
        zone=_bytes(file.zone, OwnKeys),
        terminal=_bytes(file.terminal, OwnKeys),
        terminals={name: _bytes(each, OwnKeys) for name, each in file.terminals.items()},
        dukpt=_bytes(file.dukpt, BaseKeys),
        issuer=_bytes(file.issuer, IssuerKeys),
        published=published,
    )


def _bytes(written: msgspec.Struct, kind: type[Keys]) -> Keys:
    return kind(**{name: bytes.fromhex(getattr(written, name)) for name in written.__struct_fields__})


def _refused(path: str, reason: str) -> ConfigError:
    return ConfigError([Problem("keys", f"{path} {reason}")])
