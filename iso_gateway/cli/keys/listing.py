"""``iso-gateway keys list|kcv|audit``: what may be said of keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iso_gateway.cli.keys.reach import ask, named, opened, reach
from iso_gateway.cli.options import json_option
from iso_gateway.cli.output import complain, say, say_json

if TYPE_CHECKING:
    from iso_gateway.security.keys import KeyInfo

SHOWN = ("NAME", "VERSION", "STATE", "SINCE (UTC)", "USAGE", "KIND", "LEAVES", "CHECK VALUE", "")


@click.command("list")
@reach
@click.option("--owner", default="", metavar="PREFIX", help="Only keys whose owner begins so.")
@json_option
def list_(*, store: Path | None, unlock: str, config: Path, owner: str, as_json: bool) -> None:
    """Tell of every key: its name, version, state, usage and check value, never its value."""
    from iso_gateway.cli.office.tables import columns

    with opened(store, unlock, config) as found:
        infos = [info for info in found.infos() if info.owner.startswith(owner)]
        version, test, path = found.version, found.test, str(found.path)
    if as_json:
        say_json({"store": path, "version": version, "test": test, "keys": [row(info) for info in infos]})
        return
    say(f"{path}: version {version}, {len(infos)} keys{', of test keys alone' if test else ''}")
    if infos:
        for line in columns([SHOWN, *map(_cells, infos)], frozenset({1})):
            say(line)


@click.command()
@click.argument("key", metavar="NAME[@VERSION]")
@reach
@click.option("--length", type=click.IntRange(2, 5), default=3, show_default=True, help="Bytes of it.")
@json_option
def kcv(*, key: str, store: Path | None, unlock: str, config: Path, length: int, as_json: bool) -> None:
    """Tell a key's check value, made anew from the key: zeros encrypted, or of AES the CMAC of zeros."""
    from iso_gateway.security.commands import Checked, CheckValue

    with opened(store, unlock, config) as found:
        info = named(found, key)
        value = ask(found, CheckValue(info.ref, length), Checked).check_value.hex().upper()
    if as_json:
        say_json({"key": str(info.ref), "kcv": value})
    else:
        say(f"{info.ref}  {value}")


@click.command()
@reach
@json_option
def audit(*, store: Path | None, unlock: str, config: Path, as_json: bool) -> int:
    """Check that no line of the audit file was changed, taken out or cut off; exit code 1 where one was."""
    with opened(store, unlock, config) as found:
        wrong = found.check_audit()
        path, version = str(found.audit_path), found.version
    if as_json:
        say_json({"audit": path, "version": version, "whole": not wrong, "reason": wrong})
    elif wrong:
        complain(f"{path}: {wrong}")
    else:
        say(f"{path}: whole, up to version {version} of the store")
    return 1 if wrong else 0


def row(info: KeyInfo) -> dict[str, Any]:
    """Return what ``--json`` says of a key."""
    return {
        "name": info.ref.name,
        "version": info.ref.version,
        "state": info.state,
        "since": info.since.isoformat(),
        "usage": info.usage,
        "algorithm": info.algorithm,
        "bits": info.bits,
        "mode": info.mode,
        "exportability": info.exportability,
        "owner": info.owner,
        "kcv": info.check_value,
        "test": info.test,
    }


def _cells(info: KeyInfo) -> tuple[str, ...]:
    kind = f"{info.algorithm.name} {info.bits}"
    since = f"{info.since:%Y-%m-%d %H:%M}"
    test = "test" if info.test else ""
    usage = f"{info.usage} {info.usage.name.lower().replace('_', ' ')}"
    free = {"E": "key block", "S": "any form", "N": "never"}[info.exportability]
    ref = info.ref
    return ref.name, str(ref.version), str(info.state), since, usage, kind, free, info.check_value, test
