"""What a recording says of each request of its clients: what came back, and when."""

from __future__ import annotations

from dataclasses import dataclass, field

from iso_gateway.codec import mti
from iso_gateway.codec.message import Message
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.peeking import peek
from iso_gateway.traffic.recorded import Ended, Entry, Recording, Side, Spoken

IDENTIFYING = (3, 4, 24, 25, 41, 42, 49, 70)
"""The elements that, beside message type and kind, tell one request from another; none of them is new each time."""


@dataclass(slots=True, eq=False)
class Exchange:
    """One request of a client, and what it got."""

    request: Entry
    answers: list[Entry] = field(default_factory=list)
    """Several where the server answered twice; none: it stayed silent."""
    hung_up: Entry | None = None
    """The server ended the connection instead of answering."""

    @property
    def message(self) -> Message:
        """The request."""
        assert self.request.message is not None
        return self.request.message

    def delay(self, entry: Entry) -> float:
        """Return how many seconds after the request *entry* was."""
        return max(0.0, entry.line.at - self.request.line.at)


def exchanges(recording: Recording) -> list[Exchange]:
    """Return the requests of the clients of *recording*, in order, each with what came back on its connection.

    An answer is of the latest request of its type, STAN and, where both name one, terminal.
    """
    found: list[Exchange] = []
    by_connection: dict[int, list[Exchange]] = {}
    for entry in recording.entries:
        line, message = entry.line, entry.message
        asked = by_connection.setdefault(line.connection, [])
        if isinstance(line, Spoken) and message is not None:
            if line.side is Side.CLIENT and mti.is_request(message.mti):
                found.append(Exchange(entry))
                asked.append(found[-1])
            elif line.side is Side.SERVER and not mti.is_request(message.mti):
                exchange = next((each for each in reversed(asked) if answers(message, each.message)), None)
                if exchange is not None:
                    exchange.answers.append(entry)
        elif isinstance(line, Ended):
            # Who closed first, that one hung up; the other only follows.
            if line.side is Side.SERVER and asked and not asked[-1].answers:
                asked[-1].hung_up = entry
            asked.clear()
    return found


def answers(answer: Message, request: Message) -> bool:
    """Return whether *answer* can be the one to *request*."""
    if not mti.is_request(request.mti) or mti.MTI(request.mti).response() != mti.original(answer.mti):
        return False
    if answer.get(11) != request.get(11):
        return False
    return not (41 in answer and 41 in request and answer.text(41) != request.text(41))


def identity(message: Message, dialect: Dialect | None) -> dict[str, str]:
    """Return what tells *message* from other requests, by name or number, without what is new in each.

    Card numbers are not in it: those of a redacted recording are others than those of who asks.
    """
    said = {"mti": mti.original(message.mti)}
    if dialect is not None:
        row = dialect.kind_row(message)
        said["kind"] = "" if row is None else str(row.kind)
        said[dialect.profile.network_code] = peek(message, dialect.profile.network_code)
    said |= {str(number): message.text(number) for number in IDENTIFYING}
    return {key: value for key, value in said.items() if value}
