"""The group ``iso-gateway keys``."""

from __future__ import annotations

import click

from iso_gateway.cli.lazy import Lazy, LazyGroup

COMMANDS = {
    "init": Lazy("iso_gateway.cli.keys.begin:init", "begin a key store, from components or a passphrase"),
    "import": Lazy("iso_gateway.cli.keys.coming:import_", "take in a key: components, or encrypted under another"),
    "generate": Lazy("iso_gateway.cli.keys.coming:generate", "make a new key"),
    "export": Lazy("iso_gateway.cli.keys.going:export", "encrypt a key under another, to be sent"),
    "list": Lazy("iso_gateway.cli.keys.listing:list_", "tell of every key: never its value"),
    "kcv": Lazy("iso_gateway.cli.keys.listing:kcv", "tell a key's check value"),
    "rotate": Lazy("iso_gateway.cli.keys.life:rotate", "bring a new version of a key into use, and retire the old one"),
    "destroy": Lazy("iso_gateway.cli.keys.life:destroy", "wipe a version of a key, for good"),
    "audit": Lazy("iso_gateway.cli.keys.listing:audit", "check that the audit file is whole"),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def keys() -> None:
    """Make a key store, and see to the keys in it; a gateway may be using it meanwhile.

    A running gateway learns of new keys with 'iso-gateway reload'.
    """
