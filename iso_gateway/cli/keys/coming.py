"""``iso-gateway keys import|generate``: how keys come into the store."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from iso_gateway.cli.keys.naming import FORMS, FREEDOM, KINDS, USAGES, spec_of, unusual
from iso_gateway.cli.keys.reach import ask, login, named, now, opened, reach
from iso_gateway.cli.keys.typing_in import one_at_a_time
from iso_gateway.cli.options import json_option
from iso_gateway.cli.output import complain, say, say_json
from iso_gateway.errors import KeyStoreError

if TYPE_CHECKING:
    from iso_gateway.hsm.key_store import KeyStore
    from iso_gateway.security.commands import KeySpec
    from iso_gateway.security.keys import KeyInfo

LARGEST = 8192
"""Characters of an encrypted key that is read."""


class Came(NamedTuple):
    """An encrypted key."""

    under: str
    form: str | None
    text: str


def _what(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say what a new key is to be."""
    for option in (
        click.option("--pending", is_flag=True, help="It waits for 'keys rotate' before it is used."),
        click.option(
            "--exportable",
            type=click.Choice(list(FREEDOM)),
            default="never",
            show_default=True,
            help="How it may leave again; sensitive: bare under a KEK too.",
        ),
        click.option("--owner", default="", metavar="OWNER", help="Whose it is.  [default: all but its last part]"),
        click.option("--kind", type=click.Choice(list(KINDS)), help="Algorithm and length.  [default: tdes-128]"),
        click.option("--usage", type=click.Choice(list(USAGES)), help="What it is for.  [default: as its name says]"),
    ):
        function = option(function)
    return function


@click.command("import")
@click.argument("name")
@reach
@_what
@click.option("--components", type=click.IntRange(1, 3), help="Of so many custodians; 1: a test key, whole.")
@click.option("--under", default="", metavar="KEK", help="It comes encrypted under this key of the store.")
@click.option("--form", type=click.Choice(list(FORMS)), help="What it looks like, encrypted.  [default: a key block]")
@click.option("--from", "file", type=click.File("r"), default="-", help="Where the encrypted key is.  [default: stdin]")
@click.option("--check-value", default="", metavar="HEX", help="The key's, as its partner told it.")
@click.option("--test", is_flag=True, help="It is a test key.")
@json_option
def import_(
    *,
    name: str,
    store: Path | None,
    unlock: str,
    config: Path,
    components: int | None,
    under: str,
    form: str | None,
    file: Any,
    check_value: str,
    test: bool,
    as_json: bool,
    **what: Any,
) -> None:
    """Take in a key, from components or encrypted under another key.

    Components are typed one after the other, each custodian alone at the screen; with no terminal they are lines of
    standard input. A bare key needs its check value, a key block proves itself.

    \b
    iso-gateway keys import acquirer/acme/master --components 3 --check-value 08D7B4
    iso-gateway keys import acquirer/acme/pin --under acquirer/acme/master --from zpk.txt
    """  # noqa: D301 -- click's mark for lines that stay as they are
    if (components is None) is not bool(under):
        raise click.UsageError("say --components 2, --components 3 or --under KEK")
    if under and test:
        raise click.UsageError("a key is a test key where the one is that it comes under")
    spec = _spec(name, what)
    sent = _check_value(check_value)
    with opened(store, unlock, config) as found:
        if components is not None:
            info = _from_components(found, spec, components, sent, test=test)
        else:
            info = _under(found, spec, Came(under, form, _line(file)), sent)
        _say(found, info, "imported", as_json=as_json)


@click.command()
@click.argument("name")
@reach
@_what
@json_option
def generate(*, name: str, store: Path | None, unlock: str, config: Path, as_json: bool, **what: Any) -> None:
    """Make a new key, or a new version of one; 'keys export' sends it to a partner."""
    from iso_gateway.security.commands import Generated, GenerateKey

    spec = _spec(name, what)
    with opened(store, unlock, config) as found:
        info = ask(found, GenerateKey(spec), Generated).info
        _say(found, info, "made", as_json=as_json)


def _spec(name: str, what: dict[str, Any]) -> KeySpec:
    said = unusual(name)
    if said:
        complain(said)
    return spec_of(
        name,
        what["usage"] or "",
        what["kind"] or "",
        what["owner"],
        what["exportable"],
        pending=what["pending"],
    )


def _from_components(store: KeyStore, spec: KeySpec, count: int, sent: bytes, *, test: bool) -> KeyInfo:
    from iso_gateway.hsm.ceremony import check_possible, component_of, entered, shown

    test = test or store.test
    check_possible(store, spec, count, test=test)
    values = one_at_a_time(count, "component", lambda text: component_of(text, spec), lambda value: shown(value, spec))
    return entered(store, spec, values, sent, since=now(), actor=login(), test=test)


def _under(store: KeyStore, spec: KeySpec, came: Came, sent: bytes) -> KeyInfo:
    from iso_gateway.security.commands import Imported, ImportKey
    from iso_gateway.security.keys import KeyAlgorithm

    kek = named(store, came.under)
    meant = FORMS[came.form or ("tr31-d" if kek.algorithm is KeyAlgorithm.AES else "tr31-b")]
    bare = meant in (FORMS["ecb"], FORMS["cbc"])
    if bare and not sent:
        raise click.UsageError("a bare key proves nothing of itself: say its --check-value")
    try:
        wrapped = bytes.fromhex(came.text) if bare else came.text.encode("ascii")
    except ValueError:
        raise KeyStoreError("what came is no encrypted key of that form") from None
    return ask(store, ImportKey(spec, kek.ref, meant, wrapped, sent), Imported).info


def _line(file: Any) -> str:
    if file is sys.stdin and sys.stdin.isatty():
        return str(click.prompt("the encrypted key", err=True)).strip()
    text = file.read(LARGEST + 1).strip()
    if not text or len(text) > LARGEST:
        raise KeyStoreError(f"{'no' if not text else 'too long an'} encrypted key came")
    return str(text)


def _check_value(text: str) -> bytes:
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b"-"
    if text and len(value) < 2:
        raise click.UsageError("--check-value has 4 or more hexadecimal digits")
    return value


def _say(store: KeyStore, info: KeyInfo, done: str, *, as_json: bool) -> None:
    info = named(store, str(info.ref))  # a test store marks what it keeps
    if as_json:
        from iso_gateway.cli.keys.listing import row

        say_json(row(info))
        return
    test = ", a test key" if info.test else ""
    say(f"{info.ref}: {done}, {info.state}{test}; its check value is {info.check_value}")
