"""``iso-gateway diff``: what differs between two messages, by path down to the tag; or between two rows of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from iso_gateway.cli.options import json_option, schema_option, spec_option, unsafe_option
from iso_gateway.cli.output import say, say_json
from iso_gateway.cli.paint import show

if TYPE_CHECKING:
    from iso_gateway.codec.message import Message
    from iso_gateway.codec.spec import Spec
    from iso_gateway.inspect.differing import Answered, Difference
    from iso_gateway.inspect.told import Row


@click.command()
@click.argument("left", metavar="A")
@click.argument("right", metavar="B")
@spec_option
@click.option("--other-spec", metavar="NAME|FILE", help="The spec of B.  [default: that of A]")
@click.option(
    "--ignore", default="", metavar="7,11,55.9F37", help="Leave these out: elements, parts, ranges (41-43), names."
)
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

    A and B are hex in any dress, files, or - for stdin; a file may have a message a line, and then those of one type,
    STAN and terminal are compared. Told are values by path, parts in another order (#), and what says the same in
    other bytes (=). With --answer, what requests and answers are matched by (DE 3, 4, 7, 11, 41, 42, 49) has to come
    back unchanged, and the answer has to have what the rules of its profile require.

    Of a jPOS log whose elements are masked, the others are compared.

    Exits 0 where they agree, 1 where they differ, an answer does not fit its request, or something was masked and so
    not compared; 2 for an --ignore of nothing.
    """
    from iso_gateway.catalog import load_spec
    from iso_gateway.inspect.ignoring import ignored
    from iso_gateway.inspect.pairing import paired

    spec = load_spec(spec_name)
    masked: list[str] = []
    try:
        ours = _read(spec, left, "A", masked)
        theirs = _read(load_spec(other_spec) if other_spec else spec, right, "B", masked)
    except click.ClickException as error:
        if as_json and error.exit_code == 1:
            _say_unread(error)
        raise
    left_out = [*ignored(ignore, [*ours, *theirs]), *masked]
    single = len(ours) == len(theirs) == 1
    pairs = [(ours[0], theirs[0])] if single else paired(ours, theirs, answers=answer)
    comparisons = [_Comparison(one, other, left_out, answer=answer, unsafe=unsafe) for one, other in pairs]
    wrong = sum(each.wrong for each in comparisons)
    if as_json:
        _print_json(comparisons, wrong, answer=answer, single=single, masked=masked)
        return 1 if wrong or masked else 0
    for each in comparisons:
        if not single:
            say(each.title)
        each.show(everything=everything)
    say(_summed(comparisons, wrong, answer=answer, single=single))
    return 1 if wrong or masked else 0


class _Comparison:
    """Two messages that were compared, or one without a partner."""

    def __init__(
        self, left: Message | None, right: Message | None, ignore: list[str], *, answer: bool, unsafe: bool
    ) -> None:
        from iso_gateway.inspect.differing import How, answered, compare
        from iso_gateway.inspect.explaining import one_line

        self.left = one_line(left) if left is not None else ""
        self.right = one_line(right) if right is not None else ""
        self.differences: list[Difference] = []
        self.answered: list[Answered] = []
        self.wrong = 1
        """How many differ or are wrong; a message without a partner counts as one."""
        if left is None or right is None:
            return
        if answer:
            self.answered = answered(left, right, ignore, unsafe=unsafe)
            self.wrong = sum(each.wrong for each in self.answered)
        else:
            self.differences = compare(left, right, ignore, unsafe=unsafe, wire=True)
            self.wrong = sum(each.how is not How.SAME for each in self.differences)

    @property
    def title(self) -> str:
        """Which messages they are."""
        if self.left and self.right:
            return self.left if self.left == self.right else f"{self.left}  /  {self.right}"
        return f"only in A: {self.left}" if self.left else f"only in B: {self.right}"

    def show(self, *, everything: bool) -> None:
        """Print what differs."""
        from iso_gateway.inspect import showing

        if self.answered:
            show(showing.of_answered(self.answered))
        else:
            show(showing.of_differences(self.differences, same=everything))

    def rows(self) -> list[Row]:
        """Return what differs as data."""
        if self.answered:
            return [_row(each.difference, str(each.made), each.why, wrong=each.wrong) for each in self.answered]
        return [_row(each) for each in self.differences]


def _say_unread(error: click.ClickException) -> None:
    from iso_gateway.inspect.told import Diffed

    say_json(Diffed([], unread=error.message))


def _print_json(comparisons: list[_Comparison], wrong: int, *, answer: bool, single: bool, masked: list[str]) -> None:
    import msgspec

    from iso_gateway.inspect.told import Diffed, Pair

    fields = comparisons[0].rows() if single else []
    pairs = [] if single else [Pair(each.left, each.right, each.rows()) for each in comparisons]
    unset = msgspec.UNSET
    say_json(
        Diffed(
            fields, different=unset if answer else wrong, wrong=wrong if answer else unset, pairs=pairs, masked=masked
        )
    )


def _summed(comparisons: list[_Comparison], wrong: int, *, answer: bool, single: bool) -> str:
    """Return what came of it, in one line."""
    if not single:
        good = sum(not each.wrong for each in comparisons)
        return f"\n{good} of {len(comparisons)} {'are answered' if answer else 'are the same'}"
    if answer:
        return f"\n{wrong} wrong" if wrong else "\nit answers the request"
    count = len(comparisons[0].differences)
    return f"{wrong} of {count} differ" if wrong else f"the same, {count} elements and parts"


def _read(spec: Spec, given: str, which: str, masked: list[str]) -> list[Message]:
    """Return the messages that are given; a DecodeError is told with which of the two it is.

    What a log has masked in them is added to *masked*.
    """
    from iso_gateway.cli.several import messages_given
    from iso_gateway.errors import DecodeError

    found: list[Message] = []
    some = messages_given((given,), spec, masked)
    for number, data in enumerate(some, 1):
        try:
            found.append(spec.decode(data))
        except DecodeError as error:
            name = which if len(some) == 1 else f"message {number} of {which}"
            raise click.ClickException(f"{name} is no message of {spec.name}: {error}") from None
    return found


def _row(difference: Difference, made: str = "", why: str = "", *, wrong: bool = False) -> Row:
    from iso_gateway.inspect.told import Row

    how = str(difference.how)
    sides = difference.left, difference.right
    return Row(difference.path, difference.name, how, *sides, made, wrong, why, hidden=difference.hidden)
