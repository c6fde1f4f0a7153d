"""``iso-gateway keys init``: a new key store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iso_gateway.cli.keys.reach import ask, login, reach, reached
from iso_gateway.cli.keys.typing_in import one_at_a_time, passphrase
from iso_gateway.cli.options import json_option
from iso_gateway.cli.output import complain, say, say_json

if TYPE_CHECKING:
    from iso_gateway.hsm.key_store import KeyStore
    from iso_gateway.hsm.master_key import Making, MasterKey
    from iso_gateway.security.keys import KeyInfo


@click.command()
@reach
@click.option(
    "--components",
    type=click.IntRange(1, 3),
    help="The master key is that of 2 or 3 custodians; 1: a machine's, whole.",
)
@click.option("--passphrase", "by_passphrase", is_flag=True, help="It is stretched from a passphrase (Argon2id).")
@click.option("--test", is_flag=True, help="Every key in it is a test key: refused wherever test = true is not said.")
@json_option
def init(
    *,
    store: Path | None,
    unlock: str,
    config: Path,
    components: int | None,
    by_passphrase: bool,
    test: bool,
    as_json: bool,
) -> None:
    """Begin a key store, and make the key in it that seals the journal's card numbers.

    The master key, under which all others lie, is typed at the terminal; with --unlock it is taken from where it will
    come from at every start: the passphrase, or a component a line, in hexadecimal.

    \b
    iso-gateway keys init --store keys.store --components 3
    iso-gateway keys init --store keys.store --passphrase --test --unlock file:secret
    """  # noqa: D301 -- click's mark for lines that stay as they are
    from iso_gateway.hsm.key_store import KeyStore

    if (components is None) is not by_passphrase:
        raise click.UsageError("say --components 2, --components 3 or --passphrase")
    at = reached(store, unlock, config)
    making, master = _master(at.unlock, components)
    try:
        made = KeyStore.create(at.store, master, making, test=test, actor=login())
    except BaseException:
        master.wipe()
        raise
    try:
        seal = _seal(made)
        check = master.check_value
        said = {"store": str(at.store), "check_value": check, "test": test, "version": made.version}
    finally:
        made.close()
    if as_json:
        say_json(said | {"seal": seal.check_value})
        return
    say(f"{at.store}: begun{', for test keys alone' if test else ''}; the master key's check value is {check}")
    say(f"{seal.ref.name} was made in it, check value {seal.check_value}")
    complain("write both down; without the master key nothing in this store opens again")


def _master(unlock: str, components: int | None) -> tuple[Making, MasterKey]:
    from iso_gateway.hsm.master_key import SIZE, Components, Passphrase, from_components, from_passphrase
    from iso_gateway.hsm.unlocking import Source, typed, unlocked
    from iso_gateway.security.commands import KeySpec
    from iso_gateway.security.keys import KeyAlgorithm, Usage

    source = Source.parse(unlock)
    making = Passphrase(os.urandom(16)) if components is None else Components(components)  # type: ignore[arg-type]
    if source.kind != "prompt":
        return making, unlocked(source, making, typed)
    if isinstance(making, Passphrase):
        return making, from_passphrase(bytearray(passphrase().encode()), making)
    from iso_gateway.hsm.ceremony import component_of, shown

    spec = KeySpec("master", Usage.KEK, KeyAlgorithm.AES, SIZE * 8, "store")
    values = one_at_a_time(
        making.count, "component", lambda text: component_of(text, spec), lambda value: shown(value, spec)
    )
    return making, from_components(values)


def _seal(store: KeyStore) -> KeyInfo:
    from iso_gateway.hsm.sealing import SEAL_KEY
    from iso_gateway.security.commands import Generated, GenerateKey, KeySpec
    from iso_gateway.security.keys import KeyAlgorithm, KeyState, Usage

    spec = KeySpec(SEAL_KEY, Usage.SEAL, KeyAlgorithm.AES, 256, "journal", state=KeyState.ACTIVE)
    return ask(store, GenerateKey(spec), Generated).info
