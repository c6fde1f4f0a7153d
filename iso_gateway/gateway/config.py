"""``gateway.toml`` -> what the node and its edge need; every fault at once, with file and line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import time
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec.structs import replace

from iso_gateway.catalog import load_profile, load_spec, located, read_toml
from iso_gateway.catalog.toml_text import MAX_CHARACTERS
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import ConfigError, Problem, ProblemsError, did_you_mean
from iso_gateway.framing import Framing
from iso_gateway.gateway import protecting
from iso_gateway.gateway.protecting import protection
from iso_gateway.gateway.shape import AcquirerTable, GatewayFile, JournalTable, ListenerTable, RouteTable
from iso_gateway.gateway.store_key import read_store_key
from iso_gateway.gateway.tls import Secrets, bound_to, read_secrets
from iso_gateway.net.address import Address
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.routing import Route
from iso_gateway.protocol.session import Timing
from iso_gateway.protocol.setup import Acquirer, Debtor, Limits, Listener, Setup
from iso_gateway.settings import read

MAX_TERMINALS: Final = 200_000


class ListenAt(msgspec.Struct, frozen=True):
    """One listener's sockets."""

    name: str
    address: Address
    framing: Framing
    table: ListenerTable
    """But for what it says of TLS: `Config.tls` has that, so that new certificates leave the rest as it is."""
    secure: bool = False
    """Whether TLS is spoken."""


class LinkTo(msgspec.Struct, frozen=True):
    """One link's socket."""

    name: str
    address: Address
    framing: Framing
    table: AcquirerTable
    """As `ListenAt`'s."""
    secure: bool = False


class JournalAt(msgspec.Struct, frozen=True):
    """Where the journal lies, and its key."""

    path: Path
    key_file: Path | None
    """None: the security module has it."""


class Config(msgspec.Struct, frozen=True):
    """A configuration that can be run."""

    path: Path
    file: GatewayFile
    setup: Setup
    listeners: tuple[ListenAt, ...]
    links: tuple[LinkTo, ...]
    journal: JournalAt | None = None
    """None: in memory."""
    tls: Secrets = Secrets()
    lines: Mapping[str, int] = {}
    """The line of each setting, by its path."""

    def wrong(self, problems: Iterable[Problem]) -> ConfigError:
        """Return *problems*, which showed after it was read, as an error with file and lines."""
        return ConfigError(located(problems, self.lines), str(self.path))


def load(path: str | os.PathLike[str]) -> Config:
    """Read the configuration at *path*.

    Raises:
        ConfigError: with every fault, ``file:line: path: message``.
    """
    source = os.fspath(path)
    try:
        with Path(path).open("rb") as stream:
            text = stream.read(4 * MAX_CHARACTERS + 1).decode("utf-8-sig")  # one character has at most 4 bytes
    except OSError as error:
        hint = "; 'iso-gateway init' writes one" if isinstance(error, FileNotFoundError) else ""
        raise ConfigError([Problem("", f"cannot be read: {error.strerror}{hint}")], source) from None
    except UnicodeDecodeError:
        raise ConfigError([Problem("", "not UTF-8")], source) from None
    except ValueError:  # a null character in the name
        raise ConfigError([Problem("", "cannot be read: no name of a file")], source) from None
    data, lines = read_toml(text, source)
    file, problems = read(GatewayFile, data)
    if problems:
        # What is well-formed is checked all the same: one reading tells everything that is to be mended.
        file, _ = read(GatewayFile, _filled(_without(data, problems)))
    config = None
    if file is not None:
        builder = _Builder(file, Path(path).parent)
        config = builder.build(Path(path))
        known = {problem.path for problem in problems}
        problems += [problem for problem in builder.problems if problem.path not in known]
    if config is None or problems:
        raise ConfigError(sorted(located(problems, lines), key=lambda problem: problem.line or 0), source)
    return replace(config, lines=lines)


def _filled(data: Any) -> Any:
    """Return *data* with something harmless where a key is missing that has no default; its absence is told of."""
    needed: dict[str, dict[str, Any]] = {
        "listener": {"name": "?", "address": "127.0.0.1:0"},
        "acquirer": {"name": "?", "links": ["127.0.0.1:0"]},
        "terminals": {"ids": []},
    }
    for table, keys in needed.items():
        rows = data.setdefault(table, [{}]) or [{}]
        for number, row in enumerate(rows):
            for key, value in keys.items():
                row.setdefault(key, f"missing-{number}" if value == "?" else value)
        data[table] = rows
    for row in data.get("route", []):
        row.setdefault("acquirer", data["acquirer"][0]["name"])
    return data


def _without(data: object, problems: Sequence[Problem]) -> object:
    """Return a copy of *data* without the keys that *problems* name."""
    bad = {problem.path for problem in problems}

    def copied(value: object, path: str) -> object:
        if isinstance(value, dict):
            return {key: copied(inner, f"{path}{key}.") for key, inner in value.items() if f"{path}{key}" not in bad}
        if isinstance(value, list):
            # A table that is none keeps its place, so that the paths of those behind it stay right.
            gap: list[object] = [{}] if path.count(".") == 1 else []
            kept = [[copied(inner, f"{path}{n}.")] if f"{path}{n}" not in bad else gap for n, inner in enumerate(value)]
            return [inner for inners in kept for inner in inners]
        return value

    return copied(data, "")


class _Builder:
    """Turns the file's tables into the node's, gathering problems."""

    def __init__(self, file: GatewayFile, folder: Path) -> None:
        self.file = file
        self.folder = folder
        self.problems: list[Problem] = []
        self._dialects: dict[str, Dialect] = {}
        self._bound: dict[str, dict[str, str]] = {}
        """Which certificate a terminal must show, by listener."""

    def build(self, path: Path) -> Config | None:
        listen = [self._listen_at(index, table) for index, table in enumerate(self.file.listeners)]
        named = {index: table.name for index, table in enumerate(self.file.listeners) if table.name}
        self._unique(named, "listener", "name")
        # Port 0 is another port each time; but without a name, the address is the name.
        own = {
            index: table.address
            for index, table in enumerate(self.file.listeners)
            if not (table.name and table.address.endswith(":0"))
        }
        self._unique(own, "listener", "address")
        terminals = self._terminals([at.name for at in listen])
        acquirers = [self._acquirer(index, table) for index, table in enumerate(self.file.acquirers)]
        self._unique({index: table.name for index, table in enumerate(self.file.acquirers)}, "acquirer", "name")
        routes = [self._route(index, table) for index, table in enumerate(self.file.routes)]
        listeners = {}
        for index, (at, table) in enumerate(zip(listen, self.file.listeners, strict=True)):
            dialect = self._dialect(table.spec, f"listener.{index}.spec")
            if dialect is not None:
                self._fitting(at.name, dialect)
                zone = self._zone(table.timezone, f"listener.{index}.timezone") if table.timezone else None
                listeners[at.name] = Listener(
                    at.name, dialect, terminals[at.name], table.partial_approval, protection(table), zone,
                    certificates=self._bound.get(at.name, {}),
                )  # fmt: skip
        journal = self._journal(self.file.journal)
        dialled = [[(to.name, to.address.host) for to in found[1]] if found else [] for found in acquirers]
        tls, wrong = read_secrets(self.file, self.folder, [at.name for at in listen], dialled)
        self.problems += [*wrong, *protecting.problems(self.file, self._legs())]
        if self.problems:
            return None
        if not routes:
            # One acquirer needs no routes; several without a rule would be a guess.
            routes = [Route(self.file.acquirers[0].name)]
            if len(acquirers) > 1:
                self.problems.append(Problem("route", "several acquirers and no [[route]]: say which gets what"))
        limits = self.file.limits
        setup = Setup(
            listeners=listeners,
            acquirers={acquirer.name: acquirer for acquirer, _ in filter(None, acquirers)},
            routes=tuple(filter(None, routes)),
            limits=Limits(limits.per_connection, limits.per_terminal, limits.per_link),
            sealing=self.file.journal.seal == "module",
        )
        links = tuple(link for _, links in filter(None, acquirers) for link in links)
        return Config(path, self.file, setup, tuple(listen), links, journal, tls)

    def _legs(self) -> Iterator[tuple[str, ListenerTable | AcquirerTable, Spec]]:
        """Yield the legs whose specs can be read, with the paths of their tables."""
        tables: list[tuple[str, ListenerTable | AcquirerTable]] = [
            *((f"listener.{index}", table) for index, table in enumerate(self.file.listeners)),
            *((f"acquirer.{index}", table) for index, table in enumerate(self.file.acquirers)),
        ]
        for path, table in tables:
            if table.spec in self._dialects:
                yield path, table, self._dialects[table.spec].spec

    def _journal(self, table: JournalTable) -> JournalAt | None:
        """Return where the journal lies; its folder and its key must be there before money is taken."""
        if not table.path:
            if table.store_key_file:
                self.problems.append(Problem("journal.store_key_file", "a key, and no journal: name it with path"))
            return None
        path = self.folder / table.path
        key_file = self.folder / (table.store_key_file or f"{table.path}.key")
        if (wrong := _no_journal_at(path)) is not None:
            self.problems.append(Problem("journal.path", wrong))
        if table.seal == "file":
            self._try("journal.store_key_file", (read_store_key, key_file))
        return JournalAt(path, key_file if table.seal == "file" else None)

    def _try(self, path: str, make: Sequence[object]) -> object | None:
        """Return ``make[0](*make[1:])``, or None with its problems noted at *path*."""
        function, *arguments = make
        assert callable(function)
        try:
            return function(*arguments)  # type: ignore[no-any-return]
        except ProblemsError as error:
            key = path.rpartition(".")[2]
            for problem in error.problems:
                inner = "" if problem.path in ("", key) else f"{problem.path}: "
                where = f" (in {problem.at(error.source).partition(': ')[0]})" if problem.path and inner else ""
                self.problems.append(Problem(path, inner + problem.message + where))
            return None

    def _dialect(self, spec: str, path: str) -> Dialect | None:
        if spec in self._dialects:
            return self._dialects[spec]
        source = os.fspath(self.folder / spec) if spec.endswith((".yaml", ".yml")) else spec
        loaded = self._try(path, (load_spec, source))
        if loaded is None:
            return None
        profile = self._try(path, (load_profile, loaded.profile))  # type: ignore[attr-defined]
        if profile is None:
            return None
        dialect = self._dialects[spec] = Dialect(loaded, profile)  # type: ignore[arg-type]
        return dialect

    def _listen_at(self, index: int, table: ListenerTable) -> ListenAt:
        address = self._try(f"listener.{index}.address", (Address.parse, table.address))
        framing = self._try(f"listener.{index}.framing", (Framing.parse, table.framing))
        plain = replace(table, tls=None)
        return ListenAt(table.name or table.address, address, framing, plain, secure=table.tls is not None)  # type: ignore[arg-type]

    def _unique(self, said: Mapping[int, str], what: str, key: str) -> None:
        """Complain of what two tables say that only one may; *said* is by the table's number."""
        for index, value in said.items():
            if any(earlier < index and value == other for earlier, other in said.items()):
                self.problems.append(Problem(f"{what}.{index}.{key}", f"{value} stands in an earlier [[{what}]]"))

    def _fitting(self, listener: str, dialect: Dialect) -> None:
        """Complain of terminals that can never be heard at *listener*: its spec cannot carry their name."""
        fields = dialect.spec.fields
        for index, table in enumerate(self.file.terminals):
            if table.listeners and listener not in table.listeners:
                continue
            ends = (end for pattern in table.ids for end in pattern.split(".."))
            for key, de, names in (("ids", 41, ends), ("merchant", 42, [table.merchant])):
                for name in names:
                    if de in fields and len(name) > fields[de].max:
                        said = f"{name!r}: DE {de} of {dialect.spec.name} has {fields[de].max} characters"
                        self._once(Problem(f"terminals.{index}.{key}", said))

    def _once(self, problem: Problem) -> None:
        if problem not in self.problems:
            self.problems.append(problem)

    def _terminals(self, listeners: list[str]) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {name: {} for name in listeners}
        count = 0
        for index, table in enumerate(self.file.terminals):
            for name in table.listeners:
                if name not in found:
                    hint = did_you_mean(name, listeners, len(self.problems))
                    self.problems.append(Problem(f"terminals.{index}.listeners", f"no listener {name!r}{hint}"))
            for pattern in table.ids:
                ids = list(self._counted(pattern, f"terminals.{index}.ids"))
                count += len(ids)
                if count > MAX_TERMINALS:
                    self.problems.append(Problem(f"terminals.{index}.ids", f"more than {MAX_TERMINALS} terminals"))
                    return found
                for name in table.listeners or listeners:
                    found.get(name, {}).update(dict.fromkeys(ids, table.merchant))
                    if table.certificate:
                        bound = {each: bound_to(table.certificate, each) for each in ids}
                        self._bound.setdefault(name, {}).update(bound)
        return found

    def _counted(self, pattern: str, path: str) -> Iterator[str]:
        """Yield the ids that *pattern* means: itself, or every one from A to B."""
        first, dots, last = pattern.partition("..")
        if "*" in pattern or not pattern.strip():
            self.problems.append(Problem(path, f"{pattern!r}: an id, or FIRST..LAST, expected"))
            return
        if not dots:
            yield pattern
            return
        low, high = re.search(r"\d+$", first), re.search(r"\d+$", last)
        if low is None or high is None or first[: low.start()] != last[: high.start()] or len(first) != len(last):
            self.problems.append(Problem(path, f"{pattern!r}: two ids that differ in their last digits expected"))
            return
        start, end = int(low[0]), int(high[0])
        if not 0 <= end - start < MAX_TERMINALS:
            self.problems.append(Problem(path, f"{pattern!r}: from low to high, {MAX_TERMINALS} ids at the most"))
            return
        for number in range(start, end + 1):
            yield f"{first[: low.start()]}{number:0{len(low[0])}}"

    def _zone(self, name: str, path: str) -> ZoneInfo | None:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.problems.append(Problem(path, f"no time zone {name!r}; IANA names: Europe/Vienna"))
            return None

    def _acquirer(self, index: int, table: AcquirerTable) -> tuple[Acquirer, list[LinkTo]] | None:
        path = f"acquirer.{index}"
        dialect = self._dialect(table.spec, f"{path}.spec")
        framing = self._try(f"{path}.framing", (Framing.parse, table.framing))
        addresses = [
            self._try(f"{path}.links.{number}", (Address.parse, text)) for number, text in enumerate(table.links)
        ]
        zone = self._zone(table.timezone, f"{path}.timezone")
        if zone is None or dialect is None or framing is None or None in addresses:
            return None
        if table.sign_on and dialect.profile.row(Kind.SIGN_ON) is None:
            self.problems.append(Problem(f"{path}.sign_on", f"the profile {dialect.profile.name} has no sign-on"))
            return None
        names = [
            table.name if len(table.links) == 1 else f"{table.name}-{number}"
            for number in range(1, len(table.links) + 1)
        ]
        plain = replace(table, tls=None)
        links = [
            LinkTo(name, address, framing, plain, secure=table.tls is not None)  # type: ignore[arg-type]
            for name, address in zip(names, addresses, strict=True)
        ]
        hours, minutes = table.cut_over.split(":")
        acquirer = Acquirer(
            name=table.name,
            dialect=dialect,
            links=tuple(names),
            zone=zone,
            cut_over=time(int(hours), int(minutes)),
            institution=table.institution,
            batch=table.batch,
            compared=tuple(table.compared),
            host_timeout=table.host_timeout,
            late_window=table.late_window,
            sign_on=table.sign_on,
            sends_rrn=table.sends_rrn,
            protection=protection(table),
            settlement=table.settlement,
            timing=Timing(table.answer_timeout, table.echo_every, table.sign_on_again),
            debtor=Debtor(table.repeat_after, table.repeat_at_most, table.debt_days * 86400, table.debts_at_once),
        )
        return acquirer, links

    def _route(self, index: int, table: RouteTable) -> Route | None:
        path = f"route.{index}"
        names = [acquirer.name for acquirer in self.file.acquirers]
        if table.acquirer not in names:
            hint = did_you_mean(table.acquirer, names, len(self.problems))
            self.problems.append(Problem(f"{path}.acquirer", f"no acquirer {table.acquirer!r}{hint}"))
        amount = None
        if table.amount:
            if len(table.amount) != 2 or table.amount[0] > table.amount[1]:
                self.problems.append(Problem(f"{path}.amount", "two numbers expected, from and to, in minor units"))
                return None
            amount = (table.amount[0], table.amount[1])
        pan = tuple((low, high or low) for low, _, high in (text.partition("-") for text in table.pan))
        for number, (low, high) in enumerate(pan):
            if low[: len(high)] > high[: len(low)]:
                self.problems.append(Problem(f"{path}.pan.{number}", "no card number lies in it: from low to high"))
        return Route(
            table.acquirer, pan, tuple(table.message_class), tuple(table.terminal), tuple(table.currency), amount
        )


def _no_journal_at(path: Path) -> str | None:
    """Return why no journal can lie at *path*, or None."""
    try:
        if not path.parent.is_dir():
            return f"no folder {path.parent}; make it"
        if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
            return f"{path}: cannot be written"
    except OSError as error:  # a name that is too long, links in a circle
        return f"{path}: {(error.strerror or '').lower()}"
    return None
