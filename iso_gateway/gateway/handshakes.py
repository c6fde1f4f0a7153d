"""Terminals that shake hands: before that is done nobody knows who they are, and they wait for nobody else."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Any

import trio

from iso_gateway.errors import NoHandshake
from iso_gateway.gateway.config import ListenAt
from iso_gateway.gateway.tls import Secrets
from iso_gateway.net.secured import Secured, shake_hands


class Handshakes:
    """The handshakes under way at all listeners."""

    def __init__(self, tell: Callable[[str, Mapping[str, Any]], None]) -> None:
        self._tell = tell
        self._under_way: dict[trio.CancelScope, str] = {}
        """Each with its listener's name, the oldest first."""

    async def taken(self, at: ListenAt, secrets: Secrets, sock: socket.socket, peer: str) -> Secured | None:
        """Return *sock* secured, or None where that failed: it is closed then, and the log says why.

        Whoever only looks whether the port is open is no trouble. A listener without *secrets* is not what it was when
        it took the connection, and nothing is spoken on that.
        """
        tls = secrets.listeners.get(at.name)
        if tls is None:
            return None
        with trio.CancelScope() as scope:
            self._under_way[scope] = at.name
            try:
                return await shake_hands(sock, tls, at.table.frame_timeout)
            except NoHandshake as error:
                if not error.silent:
                    self._tell("closed", {"listener": at.name, "peer": peer, "cause": str(error)})
            finally:
                del self._under_way[scope]
        return None

    def make_room(self, at: ListenAt) -> bool:
        """Give up the oldest handshake at a listener; return whether there is one."""
        for scope, name in self._under_way.items():
            if name == at.name and not scope.cancel_called:
                scope.cancel()
                return True
        return False
