"""``iso-gateway host --replay``: a host that answers from a recording."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import trio
from click.core import ParameterSource

from iso_gateway.catalog import load_profile
from iso_gateway.cli.host import run_host
from iso_gateway.cli.hostlog import HostLog
from iso_gateway.errors import ConfigError, Problem
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.traffic.recorded import Recording, read_recording
from iso_gateway.traffic.server import RecordedHost

if TYPE_CHECKING:
    from iso_gateway.net.address import Address


TAKEN: Final = {"port", "bind", "log_format", "replay", "speed"}
"""What may be said beside the recording."""


def serve_recording(file: Path, address: Address, speed: float, log_format: str) -> None:
    """Answer at *address* what *file* says, until SIGTERM, SIGINT or the admin socket's drain.

    Raises:
        RecordingError: it is no recording.
        ConfigError: the address cannot be listened at, or options say how else to answer.
    """
    context = click.get_current_context()
    given = [name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    strange = [f"--{name.removesuffix('_name').replace('_', '-')}" for name in given if name not in TAKEN]
    if strange:
        said = "the recording says all: leave it out" if len(strange) == 1 else "the recording says all: leave them out"
        raise ConfigError([Problem("replay", f"{', '.join(strange)}: {said}")])
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
