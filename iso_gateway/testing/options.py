"""What a test or its project says of the fixtures, by ``@pytest.mark.iso_host(...)`` and in the ini file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from iso_gateway.errors import ConfigError, Problem
from iso_gateway.host.settings import HostSettings
from iso_gateway.protocol.protection import Protection, method_said
from iso_gateway.settings import read

_PROTECTING: Final = {"mac": "mac", "covers": "covered", "pin_format": "pin", "ksn": "ksn", "exchange": "exchange"}
"""What the marker says of MACs, PIN blocks and keys, as the options of ``iso-gateway host`` are called, and what it
sets."""


class HostOptions(msgspec.Struct, frozen=True):
    """What a test wants of its host."""

    settings: HostSettings
    strict: bool = True
    """Whether a message that fits none of the test's rules, though they are about its kind, fails the test."""

    judge: bool = False
    """Whether the test fails where its terminal breaks a rule that all terminals are held against."""


class TerminalOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who the test's terminal is."""

    terminal: str = "TERM0001"
    """DE 41."""
    merchant: str = "MERCHANT0000001"
    """DE 42."""
    timeout: float = 5.0
    """Seconds that it waits for an answer; an attribute of the fixture, too."""
    reverse_first: bool | None = None
    """Whether it sends an owed reversal before anything else; None: as the dialect's terminals do."""


class GatewayOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a test wants of its gateway; seconds are short, as tests are."""

    spec: str = ""
    """Of its listener; empty: the host's."""
    framing: str = ""
    """Of its listener; empty: the host's, or with another ``spec`` that of the ini file."""
    host_timeout: float = 2.0
    """Seconds until a host has not answered."""
    sign_on: bool = True
    """Whether it signs on first."""
    partial_approval: bool = False
    """Whether the terminals can take an approval for a part of the amount."""
    settlement: str = "own"
    """Who closes the batches of terminals: ``own`` or ``forward``."""


def host_options(said: Mapping[str, Any], project: Mapping[str, str]) -> HostOptions:
    """Return what the marker *said*, over what the *project* has in its ini file.

    Raises:
        ConfigError: with everything that is wrong.
    """
    given = {key: value for key, value in project.items() if value} | dict(said)
    problems: list[Problem] = []
    flags = {name: given.pop(name, default) for name, default in (("strict", True), ("judge", False))}
    problems += [Problem(name, "expected True or False") for name, flag in flags.items() if not isinstance(flag, bool)]
    protection = _protection(given, problems)
    settings, wrong = read(HostSettings, {key: _plain(value) for key, value in given.items()})
    problems += wrong
    if problems or settings is None:
        raise ConfigError(problems)
    return HostOptions(msgspec.structs.replace(settings, protection=protection), **flags)


Options = TypeVar("Options", GatewayOptions, TerminalOptions)


def options_of(kind: type[Options], said: Mapping[str, Any]) -> Options:
    """Return what a marker *said*, as a *kind*.

    Raises:
        ConfigError: with everything that is wrong.
    """
    options, problems = read(kind, {key: _plain(value) for key, value in said.items()})
    if options is None:
        raise ConfigError(problems)
    return options


def _protection(given: dict[str, Any], problems: list[Problem]) -> Protection:
    """Take out of *given* what is about MACs, PIN blocks and keys, and return it."""
    said = {key: given.pop(key) for key in _PROTECTING if key in given}
    data = {_PROTECTING[key]: _plain(value) for key, value in said.items()}
    if isinstance(data.get("mac"), str):
        data["mac"] = method_said(data["mac"])
    names = {setting: key for key, setting in _PROTECTING.items()}
    protection, wrong = read(Protection, data)
    problems += [Problem(names.get(each.path.partition(".")[0], each.path), each.message) for each in wrong]
    return protection or Protection()


def _plain(value: Any) -> Any:
    """Return *value* as a file would have it."""
    return str(value) if isinstance(value, Path) else value
