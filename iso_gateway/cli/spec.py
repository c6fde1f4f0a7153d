"""``iso-gateway spec``: the specs that are shipped, and the schema of those that are written."""

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


@spec.command("schema")
@click.argument("what", type=click.Choice(["spec", "profile"]), default="spec")
def schema(*, what: str) -> None:
    """Print the JSON Schema of a spec file or a profile file, for editors and other programs."""
    from iso_gateway.catalog.schema import profile_schema, spec_schema, written

    say(written(spec_schema() if what == "spec" else profile_schema()).rstrip("\n"))
