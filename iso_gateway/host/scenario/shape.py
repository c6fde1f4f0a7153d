"""What a scenario file may say, key by key; `reading` makes rules of it."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from iso_gateway.errors import Problem, ProblemsError
from iso_gateway.host.judging.expectations import ExpectationShape

MOST_RULES: Final = 1000
State = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,40}$", description="a word of letters, digits and . _ -")]
Values = dict[str, str]
"""Element or part, by number, path or name, and what it gets."""


class RespondShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is answered."""

    code: Annotated[str, Meta(pattern=r"^([0-9A-Z]{2,4})?$", description="a response code, as in 51")] = ""
    """A code of 1987 or of the dialect; 00 approves whatever the ordinary rules say. Empty: they decide."""
    approve: Annotated[
        str,
        Meta(
            pattern=r"^([0-9]{1,12}|[1-9][0-9]?%|available)?$", description="a part (50%), minor units, or 'available'"
        ),
    ] = ""
    """How much of the amount is approved, with 10: a part (50%), minor units, or what is available."""
    record: bool = True
    """Whether the ledger hears of it; false: the answer says what the host has not done."""
    set: Values = {}
    """What elements and parts of the answer say; `absent` takes one out."""
    copy: list[str] | Values = {}
    """Elements copied: a list of those of the request, or for each where from (request.60, original.37)."""
    template: Values = {}
    """Text with places in it: {request.11}, {original.37}, {now:%m%d}, {digits:6}."""
    balance: Annotated[
        str, Meta(pattern=r"^(-?[0-9]{1,12}|available)?$", description="minor units, or 'available'")
    ] = ""
    """What DE 54 says is available."""
    emv: dict[
        Annotated[str, Meta(pattern=r"^(91|71|72|8A)$", description="one of the tags 91, 71, 72, 8A")],
        Annotated[str, Meta(pattern=r"^([0-9A-Fa-f]{2}){1,127}$", description="1 to 127 bytes in hexadecimal")],
    ] = {}
    """Data of the issuer in DE 55: authentication data (91), scripts (71, 72), response code (8A)."""


class SendShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A message that the host sends of its own accord."""

    after: str = "0s"
    """How long after the request came: 250ms, 2s."""
    kind: Literal["", "echo", "cut_over", "key_change"] = ""
    """A message of network management, as the dialect has it."""
    mti: Annotated[str, Meta(pattern=r"^([0-9]{4})?$", description="four digits")] = ""
    """Any other: 0800, 0620. STAN, time, terminal and merchant are filled in."""
    set: Values = {}
    copy: list[str] | Values = {}
    template: Values = {}

    def __post_init__(self) -> None:
        """Refuse what names no message, or two."""
        if bool(self.kind) == bool(self.mti):
            raise ProblemsError([Problem("", "expected either kind or mti")])
        if self.kind and (self.set or self.copy or self.template):
            raise ProblemsError([Problem("kind", "its elements are the dialect's; with mti they can be set")])


class Answering(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What becomes of the messages that a rule means."""

    respond: RespondShape = RespondShape()
    """What is answered; without it the ordinary rules of the host decide."""
    fault: str = ""
    """What goes wrong with the answer, in words: silence, delay=2s, wrong=stan|mac ..."""
    send: list[SendShape] = []
    """What the host sends of its own accord afterwards."""


class RuleShape(Answering, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One rule."""

    name: Annotated[str, Meta(max_length=80, description="a name of at most 80 characters")] = ""
    """For logs; empty: its place in the list."""
    when: Values = {}
    """Conditions: which messages it means."""
    states: list[State] | State = msgspec.field(name="in", default=[])
    """In which state, or states, it is asked; without it in any."""
    then: State | Literal[""] = ""
    """The state that follows."""


class StatesShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose states there are, and which is the first."""

    of: Literal["terminal", "host"] = "terminal"
    first: State = "start"


class ScenarioShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A scenario file."""

    title: str = ""
    seed: Annotated[str, Meta(max_length=80)] = "0"
    """What all chance is made from; the option --seed counts before it."""
    states: StatesShape = StatesShape()
    otherwise: Answering = Answering()
    """What becomes of a message that fits none of the rules; without it the ordinary rules of the host decide."""
    rules: Annotated[list[RuleShape], Meta(max_length=MOST_RULES)] = []
    expect: Annotated[list[ExpectationShape], Meta(max_length=MOST_RULES)] = []
    """What terminals are to do next; see `judging.expectations`."""


def plain(data: Any) -> Any:
    """Return *data* of Python as a file would have it: every scalar as text."""
    match data:
        case dict():
            return {str(key): plain(each) for key, each in data.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(each) for each in data]
        case bytes():
            return data.hex().upper()
        case bool():
            return "true" if data else "false"
        case None:
            return ""
        case _:
            return str(data)
