"""Where to listen or to dial, ``HOST:PORT``."""

from __future__ import annotations

from typing import NamedTuple, Self

from iso_gateway.errors import ConfigError, Problem


class Address(NamedTuple):
    """A host and a port; ``str()`` is the form that people write."""

    host: str
    """A name or an IP address, without brackets."""
    port: int
    """From 0 to 65535; 0 lets the system choose where one listens."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``127.0.0.1:5000``, ``pos.example:5000`` or ``[::1]:5000``.

        Raises:
            ConfigError: *text* is no such address.
        """
        host, colon, port = text.strip().rpartition(":")
        if not colon or not host or "/" in host:
            everywhere = "; 0.0.0.0:PORT listens everywhere" if colon and not host else ""
            raise _wrong(text, f"HOST:PORT expected{everywhere}")
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        elif ":" in host:
            raise _wrong(text, "an IPv6 address stands in brackets, [::1]:5000")
        if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535):
            raise _wrong(text, "the port is a number from 0 to 65535")
        try:
            host.encode("idna")
        except UnicodeError:
            raise _wrong(text, "the host is no name") from None
        if not host or not host.isprintable() or " " in host:
            raise _wrong(text, "the host is no name")
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _wrong(text: str, expected: str) -> ConfigError:
    return ConfigError([Problem("", f"{text!r} is no address: {expected}")])
