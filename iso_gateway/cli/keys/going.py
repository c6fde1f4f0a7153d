"""``iso-gateway keys export``: a key leaves, encrypted under another."""

from __future__ import annotations

from pathlib import Path

import click

from iso_gateway.cli.keys.naming import FORMS
from iso_gateway.cli.keys.reach import ask, named, opened, reach
from iso_gateway.cli.options import json_option
from iso_gateway.cli.output import complain, say, say_json


@click.command()
@click.argument("key", metavar="NAME[@VERSION]")
@reach
@click.option("--under", required=True, metavar="KEK", help="The key-encrypting key of the store that its taker has.")
@click.option("--form", type=click.Choice(list(FORMS)), help="What it shall look like.  [default: a key block]")
@json_option
def export(
    *, key: str, store: Path | None, unlock: str, config: Path, under: str, form: str | None, as_json: bool
) -> None:
    """Encrypt a key under another: as a key block (TR-31), or bare where it may leave so.

    \b
    iso-gateway keys export acquirer/acme/pin --under acquirer/acme/master > zpk.txt
    """  # noqa: D301 -- click's mark for lines that stay as they are
    from iso_gateway.security.commands import Exported, ExportKey
    from iso_gateway.security.keys import KeyAlgorithm

    with opened(store, unlock, config) as found:
        info, kek = named(found, key), named(found, under)
        meant = FORMS[form or ("tr31-d" if kek.algorithm is KeyAlgorithm.AES else "tr31-b")]
        wrapped = ask(found, ExportKey(info.ref, kek.ref, meant), Exported).wrapped
    bare = meant in (FORMS["ecb"], FORMS["cbc"])
    text = wrapped.hex().upper() if bare else wrapped.decode("ascii")
    if as_json:
        say_json({"key": str(info.ref), "under": str(kek.ref), "form": meant, "wrapped": text, "kcv": info.check_value})
        return
    say(text)
    complain(f"{info.ref} under {kek.ref}; its check value is {info.check_value}")
