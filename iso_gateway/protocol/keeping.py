"""Dialects as the journal keeps them: a debt is paid in the words in which it was made.

Whoever edits a spec or a profile while money is owed must not change what the host is told of it: so each row names
the hash of the spec and profile under which it was sent, and the journal keeps their data, the files themselves being
free to change. The data is one JSON object, ``{"profile": ..., "spec": ...}``, with sorted keys, everything that a base
or a default filled in being written out; so equal dialects have equal data, and equal hashes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from iso_gateway.codec.build import build_spec
from iso_gateway.errors import SpecError
from iso_gateway.protocol.profile import Profile

if TYPE_CHECKING:
    from iso_gateway.protocol.dialect import Dialect

HASH_DIGITS: Final = 16
"""Hexadecimal digits of a hash: nobody makes dialects in order to have two of them collide."""


class _Kept(msgspec.Struct):
    profile: Profile
    spec: dict[str, Any]


def packed(spec: Mapping[str, Any], profile: Profile) -> bytes:
    """Return the data of *spec*, as `Spec.source` has it, and *profile*.

    The rules of presence are the spec's: it has taken them over from the profile.
    """
    profile = msgspec.structs.replace(profile, presence={})
    data = {"profile": msgspec.to_builtins(profile), "spec": spec}
    return msgspec.json.encode(data, order="deterministic")


def unpacked(data: bytes) -> Dialect | None:
    """Return the dialect that *data* is of, or None where this version cannot read it any more."""
    from iso_gateway.protocol.dialect import Dialect  # noqa: PLC0415 -- a dialect tells its own data by `packed`

    try:
        kept = msgspec.json.decode(data, type=_Kept)
        return Dialect(build_spec(kept.spec), kept.profile)
    except (msgspec.MsgspecError, SpecError):
        return None


def hash_of(data: bytes) -> str:
    """Return what *data* is kept under: the first digits of its SHA-256."""
    return hashlib.sha256(data).hexdigest()[:HASH_DIGITS]
