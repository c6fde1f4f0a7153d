"""``iso-gateway keys rotate|destroy``: new versions come into use, old ones go."""

from __future__ import annotations

from pathlib import Path

import click

from iso_gateway.cli.keys.reach import ask, named, opened, reach, versions
from iso_gateway.cli.options import json_option
from iso_gateway.cli.output import complain, say, say_json
from iso_gateway.errors import KeyStoreError
from iso_gateway.security.keys import KeyState


@click.command()
@click.argument("name")
@reach
@click.option("--generate", is_flag=True, help="Make the new version here, of the same kind.")
@json_option
def rotate(*, name: str, store: Path | None, unlock: str, config: Path, generate: bool, as_json: bool) -> None:
    """Bring the newest version of a key into use, and have the one before retire.

    The new version is the one that was imported with --pending; or it is made here, for a key that no partner has, or
    gets by 'keys export'. What retires still opens and verifies what the other side made before it changed over;
    'keys destroy' ends that.
    """
    from iso_gateway.security.commands import Change, Changed, GenerateKey, KeySpec, SetState

    with opened(store, unlock, config) as found:
        infos = versions(found, name)
        if not infos:
            raise KeyStoreError(f"no key {name}; 'iso-gateway keys list' tells what there is")
        newest = infos[-1]
        first: GenerateKey | SetState
        if generate:
            spec = KeySpec(
                name,
                newest.usage,
                newest.algorithm,
                newest.bits,
                newest.owner,
                newest.exportability,
                KeyState.ACTIVE,
            )
            first = GenerateKey(spec)
        elif newest.state is KeyState.PENDING:
            first = SetState(newest.ref, KeyState.ACTIVE)
        else:
            raise KeyStoreError(f"{newest.ref} is {newest.state}: import a new version --pending, or say --generate")
        retiring = [info.ref for info in infos if info.state is KeyState.ACTIVE]
        parts = (first, *(SetState(ref, KeyState.RETIRING) for ref in retiring))
        ask(found, Change(parts), Changed)
        now = versions(found, name)[-1]
    if as_json:
        say_json({"active": str(now.ref), "kcv": now.check_value, "retiring": [str(ref) for ref in retiring]})
        return
    say(f"{now.ref}: active, check value {now.check_value}")
    for ref in retiring:
        say(f"{ref}: retiring")
    complain("a running gateway uses it after 'iso-gateway reload'")


@click.command()
@click.argument("key", metavar="NAME@VERSION")
@reach
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def destroy(*, key: str, store: Path | None, unlock: str, config: Path, yes: bool, as_json: bool) -> None:
    """Wipe one version of a key, for good. That it was there, and its check value, stays known.

    Backups of the store still have it until they are destroyed too.
    """
    from iso_gateway.hsm.sealing import SEAL_KEY
    from iso_gateway.security.commands import SetState, Settled

    if "@" not in key:
        raise click.UsageError("say which version: NAME@VERSION")
    with opened(store, unlock, config) as found:
        info = named(found, key)
        if info.state is KeyState.DESTROYED:
            raise KeyStoreError(f"{info.ref} is destroyed already, since {info.since:%Y-%m-%d %H:%M} UTC")
        if info.ref.name == SEAL_KEY:
            complain("the card numbers that were sealed under it in the journal can never be read again")
        if not yes:
            click.confirm(f"destroy {info.ref}, {info.state}, check value {info.check_value}?", abort=True, err=True)
        info = ask(found, SetState(info.ref, KeyState.DESTROYED), Settled).info
    if as_json:
        say_json({"key": str(info.ref), "state": info.state})
    else:
        say(f"{info.ref}: destroyed")
