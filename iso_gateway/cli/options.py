"""The options that mean the same in every command."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class Seconds(click.FloatRange):
    """A number of seconds, which is a number."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return *value* as a float in the range."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is no number of seconds.", param, ctx)
        return number


if TYPE_CHECKING:
    _Speed = click.ParamType[float]
else:
    _Speed = click.ParamType  # of older releases it takes no type


class Speed(_Speed):
    """How many times as fast as recorded, ``1x``, ``0.5x``, ``10x``; ``max`` is 0.0: as fast as can be."""

    name = "speed"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:  # noqa: ARG002 -- click's
        """Return what the help shows."""
        return "1x|2x|max"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return *value* as a number."""
        if isinstance(value, float):
            return value
        if value == "max":
            return 0.0
        try:
            speed = float(str(value).removesuffix("x"))
        except ValueError:
            speed = math.nan
        if not 0.001 <= speed <= 1000:
            self.fail(f"{value!r} is no speed: 1x as recorded, 2x twice as fast, max as fast as can be.", param, ctx)
        return speed


spec_option = click.option(
    "--spec",
    "spec_name",
    default="iso87-ascii",
    show_default=True,
    metavar="NAME|FILE",
    help="A shipped spec (see 'spec list'), or the path of a YAML file.",
)

framing_option = click.option(
    "--framing",
    "framing_name",
    default="2be",
    show_default=True,
    metavar="FRAMING",
    help="Length 2be, 2le, 2bcd, 4be or 4ascii, then -inclusive, +tpdu, +cup as the other side has it: 2be+tpdu.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="One object on one line, last on stdout.")

unsafe_option = click.option("--unsafe", is_flag=True, help="Show what is masked: card numbers, tracks, PINs.")


def schema_option(verb: str) -> Callable[[Decorated], Decorated]:
    """Return an option that prints the JSON Schema of what *verb* writes as JSON, and ends the command."""

    def show(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 -- click's signature
        if wanted and not ctx.resilient_parsing:
            from iso_gateway.inspect.schemas import written

            click.echo(written(verb), nl=False)
            ctx.exit(0)

    return click.option(
        "--json-schema", is_flag=True, is_eager=True, expose_value=False, callback=show, help="The schema of --json."
    )
