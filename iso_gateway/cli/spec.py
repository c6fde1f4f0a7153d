"""``iso-gateway spec``: the specs that are shipped."""

from __future__ import annotations

import click

from iso_gateway.cli.lazy import LazyGroup
from iso_gateway.cli.options import json_option
from iso_gateway.cli.output import say, say_json


@click.group(cls=LazyGroup)
def spec() -> None:
    """The message specs that are shipped."""


@spec.command("list")
@json_option
def list_specs(*, as_json: bool) -> None:
    """List their names, versions and titles."""
    from iso_gateway.catalog import load_spec
    from iso_gateway.catalog.shelf import spec_names

    specs = [load_spec(name) for name in spec_names()]
    if as_json:
        say_json({"specs": [{"name": each.name, "version": each.version, "title": each.title} for each in specs]})
        return
    width = max(len(each.name) for each in specs)
    for each in specs:
        say(f"{each.name:<{width}}  {each.version}  {each.title}")
