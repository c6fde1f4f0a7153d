"""What commands are given to look at: hex in any dress, a file, or stdin; and JSON likewise.

What stands there instead of a message is told in one line, with what could be understood of it; that is a finding, as
a broken message is. A file that is not there, and a folder, are wrong usage.
"""

from __future__ import annotations

import codecs
import contextlib
import re
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from iso_gateway.cli.foreign import foreign, foreign_text
from iso_gateway.cli.intake import HEAD, LARGEST, LONGEST, NotHex, Taken, no_file, of_file, of_stdin
from iso_gateway.cli.output import complain

if TYPE_CHECKING:
    from iso_gateway.codec.spec import Spec

STDIN: Final = "-"
_CONTROL: Final = r"[^\t\n\v\f\r -~]"
"""What no text has in which somebody wrote hex."""


_NO_BYTES: Final = (
    "the elements of a message in a jPOS log, and no bytes, which alone say how it is framed and written:"
    " 'iso-gateway explain --spec ...' reads them"
)
_HEADERS: Final = 40
"""Bytes of the headers of a packet, at least."""


class Given(NamedTuple):
    """The bytes that are given, as far as they were understood."""

    data: bytes
    unread: str = ""
    """Why it is not all, and where the rest begins; empty where it is."""
    masked: tuple[str, ...] = ()
    """Elements that a log had masked, and that are therefore left out."""


class NoMessage(click.ClickException):
    """What is given shows no bytes of a message, or not only those of one."""

    exit_code = 1


def text_given(given: str | None) -> str:
    """Return JSON that is given as it is, in a file or on stdin."""
    if given is not None and given.lstrip().startswith("{"):
        return given
    taken = of_stdin(LARGEST) if given in (None, STDIN) else of_file(str(given), LARGEST)
    if taken is None:
        raise click.UsageError(f"{given}: neither JSON nor a file")
    if taken.more:
        raise click.UsageError(f"{given or 'stdin'}: {taken.size}, at most {LARGEST >> 20} MiB are read")
    try:
        return taken.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise click.UsageError("not UTF-8") from None


def understood(given: tuple[str, ...], spec: Spec) -> Given:
    """Return what is given as hex, in a file or on stdin, as far as it shows bytes: those of one message at most.

    Raises:
        click.UsageError: there is no such file, or it cannot be read.
    """
    taken, where = taken_in(given)
    found = _of(taken, where, spec)
    if len(found.data) <= LONGEST and not taken.more:
        return found
    size = taken.size if taken.more else f"{len(found.data):,} bytes"
    said = f"{where}{size}, of which the first {LONGEST:,} of a message are looked at"
    return Given(found.data[:LONGEST], found.unread or said)


def bytes_given(given: tuple[str, ...], spec: Spec) -> bytes:
    """Return all that is given as hex, in a file or on stdin.

    Raises:
        NoMessage: it is no hex, or not all of it is, or it is too much.
        click.UsageError: there is no such file, or it cannot be read.
    """
    return whole(*taken_in(given, LARGEST), spec)


def whole(taken: Taken, where: str, spec: Spec, masked: list[str] | None = None) -> bytes:
    """Return all that was taken in as hex; where *masked* is given, also what a log has beside masked elements.

    Raises:
        NoMessage: it is no hex, or not all of it is, or it is too much.
    """
    if taken.more:
        raise NoMessage(f"{where}more than {LARGEST >> 20} MiB, which is as much as is read")
    found = _of(taken, where, spec)
    if found.masked and masked is not None:
        complain(found.unread)
        masked += found.masked
    elif found.unread:
        raise NoMessage(found.unread)
    return found.data


def raw_given(given: tuple[str, ...]) -> tuple[list[bytes], str]:
    """Return what may be meant by what is given, where nobody knows a spec, and why it is not all of it.

    What hex shows, and text as it stands: nobody knows whether that is a message, so it is no fault where it is no hex.

    Raises:
        click.UsageError: there is no such file, or it cannot be read.
    """
    taken, where = taken_in(given)
    raw, text = taken.content, _as_text(taken.content)
    found: list[bytes] = []
    known = foreign_text(text)
    if not re.search(_CONTROL, text):
        try:
            found.append(read_hex(_whole(text, taken)))
            known = "" if found[0] else known  # JSON and XML may have hex in them: lines of a log
        except NotHex as error:
            if not text.strip():
                return [], f"{where}{error}"
            from iso_gateway.cli.texts import texts

            if begun := texts(text):
                return [each.encode() for each in begun], ""
            found += [error.before] if error.before else []
    if _is_jpos(text) and not found:
        return [], f"{where}{_NO_BYTES}"
    if said := foreign(raw) or known or (found and foreign(found[0])):
        return [], f"{where}{said}"
    unread = f"{where}{taken.size}, of which only the start is looked at" if taken.more else ""
    return [*dict.fromkeys([*found, raw.rstrip(b"\r\n") if raw.isascii() else raw])], unread


def taken_in(given: tuple[str, ...], head: int = HEAD) -> tuple[Taken, str]:
    """Return what is given, and what it is called where it is told of: ``file: ``."""
    if not given or given == (STDIN,):
        return of_stdin(head), "stdin: "
    taken = of_file(given[0], head) if len(given) == 1 else None
    if taken is not None:
        return taken, f"{given[0]}: "
    if len(given) == 1 and (why := no_file(given[0])) and not _is_hex(given[0]):
        raise click.UsageError(why)
    text = " ".join(given).replace("\u00a0", " ")  # as web pages have it between digits
    return Taken(text.encode("ascii", "replace")), ""


def read_hex(text: str) -> bytes:
    """Return the bytes that *text* shows: at once where it is digits and nothing else, and else as `dresses` reads it.

    What knows all the dresses of hex takes longer to load than a message to read.

    Raises:
        NotHex: it shows none, or breaks off.
    """
    digits = text.strip()
    if len(digits) <= HEAD and digits.isalnum():
        with contextlib.suppress(ValueError):
            return bytes.fromhex(digits)
    from iso_gateway.cli import dresses

    return dresses.read_hex(text)


def _is_hex(text: str) -> bool:
    try:
        read_hex(text)
    except NotHex:
        return False
    return True


def _of(taken: Taken, where: str, spec: Spec) -> Given:
    """Return the message in what was taken in: what hex shows, text of a dialect that is text, and otherwise itself."""
    raw = taken.content
    if said := foreign(raw):
        return Given(b"", where + said)
    text = _as_text(raw)
    if text.isascii() and _is_message(text, spec):
        return Given(text.rstrip("\r\n").encode())
    if re.search(_CONTROL, text):
        return Given(raw)
    is_jpos = _is_jpos(text)
    try:
        if is_jpos:
            return _of_jpos(text, where, spec)
        data = _shown(_whole(text, taken), spec)
        message = _message(data, spec)
    except NotHex as error:
        known = foreign_text(text) if not is_jpos else ""
        return Given(b"" if known else error.before, where + (known or f"{'' if is_jpos else 'no hex: '}{error}"))
    said = foreign(data)
    return Given(b"", where + said) if said else Given(message)


def _is_jpos(text: str) -> bool:
    return "<isomsg" in text and "<field" in text


def _of_jpos(text: str, where: str, spec: Spec) -> Given:
    """Return the message that a jPOS log shows by its elements, without those that are masked there."""
    from iso_gateway.cli.jposlog import Masked, read_isomsg

    try:
        return Given(read_isomsg(text, spec))
    except Masked as error:
        return Given(error.before, f"{where}{error}", error.paths)


def _shown(text: str, spec: Spec) -> bytes:
    """Return what *text* shows as hex, or the message that it has as text.

    Raises:
        NotHex: it shows nothing, or breaks off.
    """
    if re.fullmatch(r"[0-9A-Fa-f\s]*", text):  # what most people give
        return read_hex(text)
    from iso_gateway.cli.texts import read_texts, text_given, texts

    if len(read := read_texts(text, spec)) == 1 >= len(texts(text)):
        return read[0]
    try:
        return read_hex(text)
    except NotHex:
        if (found := text_given(text, spec)) is None:
            raise
        return found


def _message(data: bytes, spec: Spec) -> bytes:
    """Return the message in *data*: without the headers of a packet, and the frame in that."""
    if len(data) < _HEADERS or (spec.plan.mti_codec == "ascii" and data[:4] in spec.plan.mti_reading):
        return data
    from iso_gateway.cli.framed import unwrapped

    return unwrapped(spec, data)


def _as_text(raw: bytes) -> str:
    """Return *raw* as text, one character a byte where it is none; what Windows marks as UTF-16 is that."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = raw.decode("utf-16", "replace")
        return text if text.isascii() else raw.decode("latin-1")
    return raw.removeprefix(codecs.BOM_UTF8).decode("latin-1")


def _whole(text: str, taken: Taken) -> str:
    """Return the lines of *text* that are whole, where more follows; of one line, an even number of characters."""
    if not taken.more:
        return text
    whole = text.rpartition("\n")[0]
    return whole or text[: len(text) - len(text) % 4]


def _is_message(text: str, spec: Spec) -> bool:
    """Return whether *text* is a message itself, as it may be in some dialects."""
    if spec.plan.mti_codec != "ascii" or text[:4] not in spec.plan.mtis:
        return False
    if re.search("[G-Zg-wyz]", text):
        return True
    if not text.strip().isalnum():
        return False
    # All of it may be hexadecimal digits: those of another message, or of this one a bitmap and numbers.
    from iso_gateway.cli.framed import reads

    return reads(spec, text.strip().encode())
