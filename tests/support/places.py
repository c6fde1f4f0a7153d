"""Every place where something of a message may come out, as text: for people, scripts, logs and reports of errors."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import trio
from click.testing import CliRunner, Result

from iso_gateway import Message, Spec
from iso_gateway.catalog import load_profile
from iso_gateway.cli import main
from iso_gateway.cli.hostlog import HostLog
from iso_gateway.cli.place import caret
from iso_gateway.codec.describe import describe, summary, to_json
from iso_gateway.errors import CannotRedact, DecodeError, EncodeError, IsoGatewayError
from iso_gateway.framing import Framing
from iso_gateway.inspect import explaining, showing
from iso_gateway.inspect.cards import Cards
from iso_gateway.inspect.differing import compare
from iso_gateway.inspect.leaves import leaves
from iso_gateway.inspect.redacting import Redactor
from tests.support.captures import capture

PORT: Final = 5000


class Case(NamedTuple):
    """A message whose secrets are looked for."""

    spec: Spec
    message: Message
    data: bytes
    folder: Path

    @classmethod
    def of(cls, spec: Spec, message: Message, folder: Path) -> Case:
        """Return the case of *message*, which *spec* can write."""
        return cls(spec, message, spec.encode(message), folder)


Said = Iterator[str]
Place = Callable[[Case], Said]


# In the library


def _described(case: Case) -> Said:
    message = case.message
    yield from (describe(message), str(to_json(message)), summary(message), repr(message), str(message), f"{message}")
    yield str([leaf.shown for leaf in leaves(message)])


def _traced(case: Case) -> Said:
    message = case.spec.decode(case.data, trace=True)
    yield repr(message) + repr(message.spans)
    yield repr(copy.copy(message)) + repr(copy.deepcopy(message))


def _pickled(case: Case) -> Said:
    yield repr(pickle.loads(pickle.dumps(case.message)))  # noqa: TID251 -- its own
    error = fault_of(case, case.data[:-1])
    if error is not None:
        back = pickle.loads(pickle.dumps(error))  # noqa: TID251
        yield repr(back) + str(back) + repr(back.partial)


def _explained(case: Case) -> Said:
    profile = load_profile(case.spec.profile) if case.spec.profile else None
    for data in (case.data, case.data[:-1], case.data + b"\xff"):
        explained = explaining.explain(case.spec, data, profile)
        yield "".join(piece.text for line in showing.of_explained(explained, data) for piece in line)
        yield str(msgspec.to_builtins(explained)) + repr(explained)


def _differing(case: Case) -> Said:
    yield repr(compare(case.message, case.spec.message(case.message.mti, {})))


def _redacted(case: Case) -> Said:
    try:
        yield Redactor(Cards(b"k" * 32)).payload(case.spec, case.data).hex()
    except CannotRedact as error:
        yield from _of_error(error)


def _cannot_be_read(case: Case) -> Said:
    for data in (case.data[:-1], case.data[: len(case.data) // 2], case.data + b"\xff"):
        error = fault_of(case, data)
        if error is not None:
            yield from _of_error(error)
            yield "\n".join(caret(case.spec, data, error)) + repr(error.partial)


def _cannot_be_written(case: Case) -> Said:
    values = dict(case.message.items())
    for number, value in list(values.items())[::3]:
        wrong = values | {number: value * 60}
        for attempt in (
            lambda wrong=wrong: case.spec.message(case.message.mti, wrong),
            lambda number=number, wrong=wrong: case.message.evolve({number: wrong[number]}),
            lambda number=number, wrong=wrong: case.message.response_to({number: wrong[number]}),
            lambda number=number, wrong=wrong: case.spec.carry(number, wrong[number]),
            lambda wrong=wrong: case.spec.encode(Message(case.message.mti, wrong)),
        ):
            try:
                attempt()
            except EncodeError as error:
                yield from _of_error(error)


def fault_of(case: Case, data: bytes) -> DecodeError | None:
    """Return why *data* is no message, None where it is one."""
    try:
        case.spec.decode(data)
    except DecodeError as error:
        return error
    return None


def _of_error(error: IsoGatewayError) -> Said:
    """Yield what becomes of an error: its words, a log, a report with the variables of our frames."""
    yield "".join(traceback.format_exception(error)) + repr(error) + str(error)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    record = logging.LogRecord("any", logging.ERROR, "", 0, "%s %r", (error, error), (type(error), error, None))
    handler.emit(record)
    yield stream.getvalue()
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    ours = [frame for frame in report.stack if "/iso_gateway/" in frame.filename]
    yield "".join(str(frame.locals) for frame in ours)


# On the command line


def _run(*words: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main, list(words), input=given, prog_name="iso-gateway", catch_exceptions=False)


def _command(*words: str, given: str | None = None) -> str:
    return _run(*words, given=given).output


def _commands(*words: str) -> Place:
    """Return the place of a verb that reads a message from stdin."""

    def said(case: Case) -> Said:
        yield _command(*words, "--spec", case.spec.name, "-", given=case.data.hex())

    return said


def _broken(*words: str) -> Place:
    """Return the place of a verb that reads what is left of a message, or has something before it."""

    def said(case: Case) -> Said:
        for data in (case.data[:-1], case.data[1:]):
            yield _command(*words, "--spec", case.spec.name, "-", given=data.hex())

    return said


def _diff(*words: str) -> Place:
    def said(case: Case) -> Said:
        other = case.spec.encode(case.spec.message(case.message.mti, {}))
        name = case.spec.name
        for one, two in ((case.data, other), (other, case.data), (case.data, case.data)):
            yield _command("diff", one.hex(), two.hex(), "--spec", name, *words)

    return said


def _encode(case: Case) -> Said:
    values = dict(case.message.items())
    for number, value in values.items():
        text = value.hex().upper() if isinstance(value, bytes) else value
        field = f"{number}={text * 60}"
        result = _run("encode", "--spec", case.spec.name, "--mti", case.message.mti, "-f", field)
        # A value that long may be good; then the message comes out, and is to.
        yield result.output if result.exit_code else ""


def _pcap(*words: str) -> Place:
    def said(case: Case) -> Said:
        path = case.folder / "some.pcap"
        path.write_bytes(capture([Framing.parse("2be").frame(case.data)], port=PORT))
        yield _command("pcap", str(path), "--port", str(PORT), "--spec", case.spec.name, *words)

    return said


def _logged(form: str) -> Place:
    """Return what a host that shows its messages logs of the whole one and of broken ones."""

    def said(case: Case) -> Said:
        with contextlib.redirect_stderr(io.StringIO()) as log:
            trio.run(_shown_by_host, case, form)
        yield log.getvalue()

    return said


async def _shown_by_host(case: Case, form: str) -> None:
    log = HostLog(form)
    show = log.shown(case.spec)
    for payload in (case.data, case.data[:-1], case.data[: len(case.data) // 2]):
        show("127.0.0.1:5000", payload, "received")
    log.flush()


LIBRARY: Final[dict[str, Place]] = {
    "repr, table, JSON": _described,
    "traced and copied": _traced,
    "pickled": _pickled,
    "explained": _explained,
    "compared": _differing,
    "redacted": _redacted,
    "errors of reading": _cannot_be_read,
}
"""Quick enough for each canary alone."""

COMMANDS: Final[dict[str, Place]] = {
    "errors of writing": _cannot_be_written,
    "decode": _commands("decode"),
    "decode --json": _commands("decode", "--json"),
    "decode --check": _commands("decode", "--check"),
    "decode, broken": _broken("decode"),
    "decode --json, broken": _broken("decode", "--json"),
    "explain": _commands("explain"),
    "explain --json": _commands("explain", "--json"),
    "explain, broken": _broken("explain"),
    "diff": _diff(),
    "diff --all": _diff("--all"),
    "diff --json": _diff("--json"),
    "diff --answer": _diff("--answer"),
    "doctor": _commands("doctor"),
    "doctor --json": _commands("doctor", "--json"),
    "redact": _commands("redact"),
    "encode": _encode,
    "pcap": _pcap("--fields"),
    "pcap --json": _pcap("--json"),
    "host --show": _logged("text"),
    "host --show --log-format json": _logged("json"),
}
"""For messages that have many canaries together."""

SEARCHING: Final = frozenset(
    {"decode, broken", "decode --json, broken", "explain, broken", "doctor", "doctor --json", "errors of writing"}
)
"""Places that take a while."""

UNSAFE: Final[dict[str, Place]] = {
    "decode": _commands("decode", "--unsafe"),
    "decode --json": _commands("decode", "--json", "--unsafe"),
    "explain": _commands("explain", "--unsafe"),
    "explain --json": _commands("explain", "--json", "--unsafe"),
    "diff": _diff("--unsafe"),
    "diff --json": _diff("--json", "--unsafe"),
    "pcap": _pcap("--fields", "--unsafe"),
    "pcap --json": _pcap("--json", "--unsafe"),
}
"""The only way to see them."""
