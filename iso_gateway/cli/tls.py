"""The options of TLS: ``--tls-...``, as the mock host and ``send`` take them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from iso_gateway.errors import ConfigError, Problem

if TYPE_CHECKING:
    from iso_gateway.net.tls import ClientTLS, ServerTLS

File: Final = click.Path(path_type=Path)

TLS_DIALLING: Final = ("tls_ca", "tls_fingerprint", "tls_name", "tls_cert", "tls_key")
"""The parameters of who dials; each of them asks for TLS."""

_OPTIONS: Final = {
    "certificate": "tls-cert",
    "key": "tls-key",
    "client_ca": "tls-client-ca",
    "ca": "tls-ca",
    "fingerprints.0": "tls-fingerprint",
}
"""The options, by what `net.tls` calls them."""


class Dialling(NamedTuple):
    """What was said of TLS towards a server."""

    wanted: bool
    ca: Path | None
    fingerprint: str
    name: str
    certificate: Path | None
    key: Path | None

    def towards(self, host: str) -> ClientTLS | None:
        """Return how to dial the server that is called *host*, or None for in clear.

        Raises:
            ConfigError: with every fault.
        """
        from iso_gateway.net.clock import read_system
        from iso_gateway.net.tls import client_tls

        if not self.wanted:
            return None
        pins = [self.fingerprint] if self.fingerprint else []
        with _as_options():
            return client_tls(self.ca, pins, self.name or host, self.certificate, self.key, now=read_system()[1])


def tls_dialling(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of one that dials; *command* gets them as ``dialling``."""

    @functools.wraps(command)
    def with_dialling(*, tls: bool, **rest: Any) -> Any:
        ca, fingerprint, name, certificate, key = said = [rest.pop(each) for each in TLS_DIALLING]
        wanted = tls or any(said)
        return command(dialling=Dialling(wanted, ca, fingerprint, name, certificate, key), **rest)

    for option in (
        click.option("--tls-key", type=File, metavar="FILE", help="Its key."),
        click.option("--tls-cert", type=File, metavar="FILE", help="The certificate to show (PEM)."),
        click.option(
            "--tls-name",
            default="",
            metavar="NAME",
            help="What it must be for.  [default: the host dialled]",
        ),
        click.option("--tls-fingerprint", default="", metavar="SHA256", help="The other side's certificate itself."),
        click.option("--tls-ca", type=File, metavar="FILE", help="Who issues the other side's certificate (PEM)."),
        click.option("--tls", is_flag=True, help="Speak TLS; it needs --tls-ca or --tls-fingerprint, which imply it."),
    ):
        with_dialling = option(with_dialling)
    return with_dialling


def tls_listening(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of one that listens; *command* gets them as ``tls``, a ServerTLS or None."""

    @functools.wraps(command)
    def with_tls(*, tls_cert: Path | None, tls_key: Path | None, tls_client_ca: Path | None, **rest: Any) -> Any:
        return command(tls=_listening(tls_cert, tls_key, tls_client_ca), **rest)

    for option in (
        click.option(
            "--tls-client-ca", type=File, metavar="FILE", help="Who issues the certificates that links must show (PEM)."
        ),
        click.option("--tls-key", type=File, metavar="FILE", help="Its key."),
        click.option("--tls-cert", type=File, metavar="FILE", help="Speak TLS with this certificate (PEM)."),
    ):
        with_tls = option(with_tls)
    return with_tls


def _listening(certificate: Path | None, key: Path | None, client_ca: Path | None) -> ServerTLS | None:
    """Return how links are taken, or None for in clear.

    Raises:
        ConfigError: with every fault.
    """
    from iso_gateway.net.clock import read_system
    from iso_gateway.net.tls import server_tls

    said: Mapping[str, Path | None] = {"tls-cert": certificate, "tls-key": key}
    if not any((certificate, key, client_ca)):
        return None
    if certificate is None or key is None:
        raise ConfigError([Problem(option, "missing: TLS needs both") for option, file in said.items() if file is None])
    with _as_options():
        return server_tls(certificate, key, client_ca, now=read_system()[1])


@contextmanager
def _as_options() -> Iterator[None]:
    """Have faults name options."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError([Problem(_OPTIONS[problem.path], problem.message) for problem in error.problems]) from error
