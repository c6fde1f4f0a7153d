"""TLS of a gateway: what the configuration says, made into contexts; and how long each certificate is good."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from iso_gateway.errors import ConfigError, Problem
from iso_gateway.gateway.lines import Lines
from iso_gateway.gateway.shape import DialTLSTable, GatewayFile, ListenTLSTable
from iso_gateway.net.clock import read_system
from iso_gateway.net.tls import FINGERPRINT, ClientTLS, Own, ServerTLS, client_tls, server_tls

WARN_BEFORE: Final = 30
"""Days before a certificate's end from which on the log says so."""

ID: Final = "{id}"
"""What stands for each terminal's id in the certificate that it is bound to."""


class Secrets(msgspec.Struct, frozen=True):
    """The TLS of all listeners and links that have it, by name. A reload makes new ones."""

    listeners: dict[str, ServerTLS] = {}
    links: dict[str, ClientTLS] = {}

    def parties(self) -> Iterator[tuple[str, ServerTLS | ClientTLS]]:
        """Yield each with its name, as people say it."""
        yield from ((f"listener {name}", tls) for name, tls in self.listeners.items())
        yield from ((f"link {name}", tls) for name, tls in self.links.items())


def read_secrets(
    file: GatewayFile, folder: Path, listeners: Sequence[str], links: Sequence[Sequence[tuple[str, str]]]
) -> tuple[Secrets, list[Problem]]:
    """Return the TLS of a configuration, and what is wrong with it.

    Args:
        file: the configuration.
        folder: where files lie unless their paths are absolute.
        listeners: the listeners' names.
        links: the name and host of each link, by acquirer; empty where they could not be read.
    """
    found, problems = Secrets(), list[Problem]()
    now = read_system()[1]
    for index, (name, table) in enumerate(zip(listeners, file.listeners, strict=True)):
        if table.tls is not None:
            with _below(f"listener.{index}.tls", problems):
                found.listeners[name] = _of_listener(table.tls, folder, now)
    for index, (dialled, acquirer) in enumerate(zip(links, file.acquirers, strict=True)):
        if acquirer.tls is not None:
            with _below(f"acquirer.{index}.tls", problems):
                tls = _of_acquirer(acquirer.tls, folder, now)
                found.links.update({name: _meant(tls, host) for name, host in dialled})
    asking = {
        name for name, at in zip(listeners, file.listeners, strict=True) if at.tls is not None and at.tls.client_ca
    }
    for index, terminals in enumerate(file.terminals):
        for name in (terminals.listeners or listeners) if terminals.certificate else ():
            if name in listeners and name not in asking:
                said = f"listener {name} asks for no certificate; give it a client_ca in its [listener.tls]"
                problems.append(Problem(f"terminals.{index}.certificate", said))
    return found, problems


@contextmanager
def _below(path: str, problems: list[Problem]) -> Iterator[None]:
    """Note the problems of the table at *path*."""
    try:
        yield
    except ConfigError as error:
        problems += [Problem(f"{path}.{problem.path}", problem.message) for problem in error.problems]


def _of_listener(table: ListenTLSTable, folder: Path, now: datetime) -> ServerTLS:
    problems = [
        Problem(key, f"missing: the PEM file of the {what}")
        for key, what in (("certificate", "certificate that terminals are shown"), ("key", "certificate's key"))
        if not getattr(table, key)
    ]
    if table.client and not table.client_ca:
        problems.append(Problem("client_ca", "missing: who issues the certificates of terminals"))
    if problems:
        raise ConfigError(problems)
    client_ca = folder / table.client_ca if table.client_ca else None
    optional = table.client == "optional"
    return server_tls(folder / table.certificate, folder / table.key, client_ca, now=now, optional=optional)


def _of_acquirer(table: DialTLSTable, folder: Path, now: datetime) -> ClientTLS:
    ca, certificate, key = (folder / text if text else None for text in (table.ca, table.certificate, table.key))
    return client_tls(ca, table.fingerprints, table.server_name, certificate, key, now=now)


def _meant(tls: ClientTLS, host: str) -> ClientTLS:
    """Return *tls* for the server that is dialled as *host*."""
    return tls if tls.server_name else replace(tls, server_name=host)


def bound_to(pattern: str, terminal: str) -> str:
    """Return the name that the certificate of *terminal* must have."""
    if pattern.lower().startswith(FINGERPRINT):
        return FINGERPRINT + pattern[len(FINGERPRINT) :].lower().replace(":", "")
    return pattern.replace(ID, terminal.strip())


def new_in(new: Secrets, old: Secrets) -> list[str]:
    """Return in words who has other certificates, keys or authorities than before."""
    before = {name: tls.digest for name, tls in old.parties()}
    return [
        f"certificates of {name} read again"
        for name, tls in new.parties()
        if name in before and before[name] != tls.digest
    ]


def standing(secrets: Secrets, now: datetime) -> dict[str, Any]:
    """Return what `status` says: who has TLS, whether terminals show certificates, and for how long ours is good."""
    said: dict[str, Any] = {}
    for name, tls in secrets.parties():
        said[name] = {"days": tls.own.days(now) if tls.own is not None else None}
        if isinstance(tls, ServerTLS):
            said[name]["client_certificate"] = tls.client
    return said


def warn(secrets: Secrets, lines: Lines, now: datetime) -> None:
    """Log which of our certificates end soon; one that serves several is told of once."""
    ending: dict[Own, list[str]] = {}
    for name, tls in secrets.parties():
        if tls.own is not None and tls.own.days(now) < WARN_BEFORE:
            ending.setdefault(tls.own, []).append(name)
    for own, names in ending.items():
        said = {"file": own.file, "days": max(own.days(now), 0), "ends": f"{own.ends:%Y-%m-%d}", "of": ", ".join(names)}
        lines.write(now, "certificate ends", said, "warning")
