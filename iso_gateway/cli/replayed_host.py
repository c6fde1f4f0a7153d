"""``iso-gateway host --replay``: a host that answers from a recording."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import trio

from iso_gateway.catalog import load_profile
from iso_gateway.cli.host import HostLog, run_host
from iso_gateway.errors import ConfigError, Problem
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.traffic.recorded import Recording, read_recording
from iso_gateway.traffic.server import RecordedHost

if TYPE_CHECKING:
    from iso_gateway.net.address import Address
    from iso_gateway.net.tls import ServerTLS


def serve_recording(file: Path, address: Address, speed: float, log_format: str, tls: ServerTLS | None) -> None:
    """Answer at *address* what *file* says, until SIGTERM, SIGINT or the admin socket's drain.

    Raises:
        RecordingError: it is no recording.
        ConfigError: the address cannot be listened at.
    """
    if tls is not None:
        raise ConfigError([Problem("", "--replay answers in clear: leave the options of TLS out")])
    recording = read_recording(file)
    log = HostLog(log_format)
    server = RecordedHost(recording, dialect_of(recording), log, speed=speed)

    def ready(bound: Address, socket: Path) -> None:
        if log_format == "json":
            log("ready", {"listening": str(bound), "admin": str(socket)})
        else:
            what = f"{recording.spec.name}, {recording.framing}, replaying {file}"
            click.echo(f"listening on {bound} ({what}), admin socket {socket}", err=True)

    trio.run(run_host, server, address, ready, partial(verbs, server))


def dialect_of(recording: Recording) -> Dialect | None:
    """Return the spec of *recording* with its profile, or None where it names none."""
    profile = recording.spec.profile
    return Dialect(recording.spec, load_profile(profile)) if profile else None


def verbs(server: RecordedHost, stop: trio.Event) -> dict[str, Any]:
    """Return what the admin socket of a running host understands."""

    def drain(_arguments: dict[str, Any]) -> dict[str, Any]:
        stop.set()
        return {"links": len(server.status()["links"])}

    return {"status": lambda _arguments: server.status(), "drain": drain}
