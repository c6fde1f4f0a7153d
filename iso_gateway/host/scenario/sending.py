"""What the host says of its own accord because a rule wants it: network management, or any request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from iso_gateway.host.scenario.rule import Send
from iso_gateway.host.scenario.values import Situation
from iso_gateway.protocol.kinds import Kind

if TYPE_CHECKING:
    from iso_gateway.codec.message import Message
    from iso_gateway.host.authorizer import Authorizer
    from iso_gateway.protocol.moment import Moment

_NETWORK = "8"
"""The class of network management, in an MTI."""


class Unasked(NamedTuple):
    """One such message, its values made, to be sent some seconds later."""

    after: float
    """Seconds after the request came that the rule fitted."""
    kind: str
    """``echo``, ``cut_over``, ``key_change``; empty: *mti* says."""
    mti: str
    values: Mapping[str, str]
    """By path."""

    def __repr__(self) -> str:
        return f"<Unasked {self.kind or self.mti} after {self.after:g} s, {len(self.values)} values>"


def unasked_of(send: Send, situation: Situation) -> Unasked:
    """Return what *send* comes to after the request of *situation*, whose terminal and merchant it names."""
    request = situation.request
    values: dict[str, str] = {}
    if send.mti[1:2] != _NETWORK:
        values = {str(number): request.text(number) for number in (41, 42) if number in request}
    for fill in send.fills:
        value = fill.value(situation)
        values.pop(fill.path, None)
        if value is not None:
            values[fill.path] = value
    return Unasked(send.after, send.kind, send.mti, values)


def unasked_message(authorizer: Authorizer, unasked: Unasked, at: Moment, link: str) -> Message:
    """Return the message itself, with a STAN and a time of its own; an answer to it is awaited on *link*.

    Raises:
        CannotCarry: the dialect has no such message, or keys cannot be changed so.
    """
    match unasked.kind:
        case "key_change":
            return authorizer.network.change_keys(at, link)
        case "cut_over":
            authorizer.cut_over(at)
            return authorizer.network.announce(Kind.CUT_OVER, at, link)
        case "echo":
            return authorizer.network.announce(Kind.ECHO, at, link)
        case _:
            return authorizer.network.announcer.of_type(unasked.mti, unasked.values, at, link)
