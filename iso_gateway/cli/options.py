"""The options that mean the same in every command."""

from __future__ import annotations

import math
from typing import Any

import click


class Seconds(click.FloatRange):
    """A number of seconds, which is a number."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return *value* as a float in the range."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is no number of seconds.", param, ctx)
        return number


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
    help="Length 2be, 2le, 2bcd or 4ascii, then -inclusive, +tpdu, +cup as the other side has it: 2be+tpdu.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="One object on one line, last on stdout.")

unsafe_option = click.option("--unsafe", is_flag=True, help="Show what is masked: card numbers, tracks, PINs.")
