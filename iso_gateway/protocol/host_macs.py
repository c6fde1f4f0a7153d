"""The MACs of what hosts answer: which keys may have made them, and who may go without (rulings 11, 12)."""

from __future__ import annotations

from typing import Final

from iso_gateway.codec.message import Message
from iso_gateway.protocol.covering import has_mac
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.profile import CodeClass
from iso_gateway.protocol.protection import KeySet

SIGN_ON_ANEW: Final = frozenset({"A0", "77"})
"""The codes after which the link is signed on anew (ruling 12)."""


def may_lack_mac(dialect: Dialect, answer: Message) -> bool:
    """Return whether *answer* has no MAC and needs none: a decline, where the profile says that those have none."""
    if dialect.profile.mac_on_declines or has_mac(answer):
        return False
    return dialect.verdict(answer) is CodeClass.DECLINED


def sent_first(sent: KeySet | None, keys: tuple[KeySet, ...]) -> tuple[KeySet, ...]:
    """Return the generations that may have made an answer: that of its request, then the others of the link."""
    if sent is None or keys[:1] == (sent,):
        return keys
    return sent, *(each for each in keys if each != sent)
