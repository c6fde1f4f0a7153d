"""``iso-gateway diff``: what differs between two messages, by path down to the tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from iso_gateway.cli.given import bytes_given
from iso_gateway.cli.options import json_option, schema_option, spec_option, unsafe_option
from iso_gateway.cli.output import say, say_json
from iso_gateway.cli.paint import show

if TYPE_CHECKING:
    from iso_gateway.codec.message import Message
    from iso_gateway.codec.spec import Spec
    from iso_gateway.inspect.differing import Difference
    from iso_gateway.inspect.told import Row


@click.command()
@click.argument("left", metavar="A")
@click.argument("right", metavar="B")
@spec_option
@click.option("--other-spec", metavar="NAME|FILE", help="The spec of B.  [default: that of A]")
@click.option("--ignore", default="", metavar="7,11,55.9F37", help="Leave these elements or parts out.")
@click.option("--answer", is_flag=True, help="B answers A: what it echoed, changed, left out and added.")
@click.option("--all", "everything", is_flag=True, help="Also what is the same.")
@json_option
@schema_option("diff")
@unsafe_option
def diff(
    *,
    left: str,
    right: str,
    spec_name: str,
    other_spec: str | None,
    ignore: str,
    answer: bool,
    everything: bool,
    as_json: bool,
    unsafe: bool,
) -> int:
    """Tell what differs between two messages.

    A and B are hex in any dress, files, or - for stdin. With --answer, what requests and answers are matched by (DE 3,
    4, 7, 11, 41, 42, 49) has to come back unchanged.

    Exits 0 where they agree, 1 where they differ or an answer does not fit its request.
    """
    from iso_gateway.catalog import load_spec
    from iso_gateway.inspect import showing
    from iso_gateway.inspect.differing import How, answered, compare
    from iso_gateway.inspect.told import Diffed

    spec = load_spec(spec_name)
    ours = _read(spec, left, "A")
    theirs = _read(load_spec(other_spec) if other_spec else spec, right, "B")
    ignored = [each.strip() for each in ignore.split(",") if each.strip()]
    if answer:
        found = answered(ours, theirs, ignored, unsafe=unsafe)
        wrong = sum(each.wrong for each in found)
        if as_json:
            rows = [_row(each.difference, str(each.made), wrong=each.wrong) for each in found]
            say_json(Diffed(rows, wrong=wrong))
        else:
            show(showing.of_answered(found))
            say(f"\n{wrong} wrong" if wrong else "\nit answers the request")
        return 1 if wrong else 0
    differences = compare(ours, theirs, ignored, unsafe=unsafe)
    count = sum(each.how is not How.SAME for each in differences)
    if as_json:
        say_json(Diffed([_row(each) for each in differences], different=count))
    else:
        show(showing.of_differences(differences, same=everything))
        say(f"{count} of {len(differences)} differ" if count else f"the same, {len(differences)} elements and parts")
    return 1 if count else 0


def _read(spec: Spec, given: str, which: str) -> Message:
    """Return the message that is given; a DecodeError is told with which of the two it is."""
    from iso_gateway.errors import DecodeError

    try:
        return spec.decode(bytes_given((given,), spec))
    except DecodeError as error:
        raise click.ClickException(f"{which} is no message of {spec.name}: {error}") from None


def _row(difference: Difference, made: str = "", *, wrong: bool = False) -> Row:
    from iso_gateway.inspect.told import Row

    how = str(difference.how)
    return Row(difference.path, difference.name, how, difference.left, difference.right, made, wrong)
