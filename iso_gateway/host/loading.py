"""What the settings of a host name: spec, profile, framing, keys, scenario. All that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from iso_gateway.catalog import load_profile, load_spec
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import ConfigError, Problem, ProblemsError
from iso_gateway.framing import Framing
from iso_gateway.host.scenario.reading import load_scenario
from iso_gateway.host.scenario.scenario import Scenario
from iso_gateway.host.settings import HostSettings
from iso_gateway.hsm.held_file import held_keys
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.sealing import unusable
from iso_gateway.security.held import HeldKeys

Found = TypeVar("Found")


class Loaded(NamedTuple):
    """What settings name."""

    dialect: Dialect
    framing: Framing
    zone: ZoneInfo
    keys: HeldKeys
    scenario: Scenario | None


def loaded(settings: HostSettings) -> Loaded:
    """Return what *settings* name.

    Raises:
        ConfigError: with every setting that names nothing known, and every fault of a file that one names.
    """
    problems: list[Problem] = []
    spec = _tried("spec", problems, lambda: load_spec(settings.spec))
    framing = _tried("framing", problems, lambda: Framing.parse(settings.framing))
    zone = _tried("time_zone", problems, lambda: _zone(settings.time_zone))
    name = settings.profile or (spec.profile if spec is not None else "")
    if spec is not None and not name:
        problems.append(Problem("profile", f"spec {spec.name} names no profile, so one is needed here"))
    profile = _tried("profile", problems, lambda: load_profile(name)) if name else None
    keys = _tried("keys", problems, lambda: _keys(settings, spec))
    dialect = None if spec is None or profile is None else Dialect(spec, profile)
    scenario = None if dialect is None else _scenario(settings, dialect, problems)
    if problems or dialect is None or framing is None or zone is None or keys is None:
        raise ConfigError(problems)
    return Loaded(dialect, framing, zone, keys, scenario)


def _tried(key: str, problems: list[Problem], find: Callable[[], Found]) -> Found | None:
    """Return what *find* finds, or None with its problems added to *problems*, said to be those of *key*."""
    try:
        return find()
    except ProblemsError as error:
        problems += [Problem(key, problem.at(error.source)) for problem in error.problems]
        return None


def _scenario(settings: HostSettings, dialect: Dialect, problems: list[Problem]) -> Scenario | None:
    """Return the scenario that *settings* name; its faults keep their file and line."""
    if not settings.scenario:
        return None
    try:
        return load_scenario(settings.scenario, dialect, settings.seed or None)
    except ConfigError as error:
        problems += [problem._replace(source=problem.source or error.source) for problem in error.problems]
        return None


def _keys(settings: HostSettings, spec: Spec | None) -> HeldKeys:
    """Return the keys that a host with *settings* holds.

    Raises:
        ConfigError: they cannot be read, or messages of *spec* cannot be protected with them as is wanted.
    """
    if not settings.protection.keyed and not settings.issuing:
        return HeldKeys()
    keys = held_keys(settings.keys)
    own = keys.zone if settings.keys_of == "zone" else keys.terminal
    problems = [] if spec is None else unusable(spec, settings.protection, own, awaited=True)
    if problems:
        raise ConfigError([Problem(f"protection.{problem.path}", problem.message) for problem in problems])
    return keys


def _zone(name: str) -> ZoneInfo:
    """Return the time zone *name*.

    Raises:
        ConfigError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError([Problem("", "no such time zone; a name like Europe/Vienna or UTC expected")]) from None
