"""Every error that iso_gateway raises on purpose, and how they hang together.

    IsoGatewayError
    ├── ProblemsError            several faults, told all at once
    │   ├── SpecError            a spec or profile that cannot be used
    │   ├── ConfigError          a configuration that cannot be used
    │   └── RecordingError       a recording that cannot be read, or would be overwritten
    ├── EncodeError              our own message cannot be written: a bug of the caller
    ├── DecodeError              their bytes are no message of this spec
    │   └── IncompleteError      ... so far: they end before the message does
    ├── CannotCarry              a message of one dialect that the other cannot say
    ├── CannotRedact             a message in which not all that is secret can be replaced
    ├── FramingError             their bytes are no frame
    │   ├── FrameTooLong         the announced length is over the configured bound
    │   ├── BadFrame             a length or network header that cannot be one
    │   └── FrameCutShort        the peer closed in the middle of a frame
    ├── CaptureError             a file that is no capture of traffic
    ├── LocalProtocolError       an event that cannot happen in this state: a bug of ours
    ├── StoreError               the journal cannot be read or written
    ├── KeyStoreError            the key store or its audit file cannot be read or written
    ├── ModuleFailed             the security module cannot be started
    ├── SecurityError            what a key was wanted for is refused
    │   ├── PinBlockError        no PIN block of that format and card under that key
    │   ├── PinPolicyError       a translation between formats that is not allowed
    │   ├── KsnError             a key serial number that gives no key
    │   ├── KeyBlockError        a key block that does not open
    │   └── KeyMaterialError     bytes that may not serve as a key
    ├── NoConnection             nobody listens there, or the link is gone
    │   └── NoHandshake          ... or the peer and we do not agree on a TLS connection
    ├── NoAnswer                 the request went out, and nothing came back in time
    └── AdminError               what the admin socket of a running process refused

The texts name places (file and line, field path, offset) and what was expected; never a value, since a
value may be a card number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from iso_gateway.codec.message import Message


class IsoGatewayError(Exception):
    """The root of all errors of this package."""

    def bare(self) -> Self:
        """Return this error without its traceback and what led to it.

        Frames keep what they worked on, and tools that report errors print it: a message in clear.
        """
        self.__context__ = self.__cause__ = None
        return self.with_traceback(None)


class Problem(NamedTuple):
    """One fault of a spec, profile or configuration."""

    path: str
    """Where: dotted keys and list indices, ``fields.55.length`` or ``acquirer.0.links``."""
    message: str
    """What is wrong and what was expected, one line."""
    line: int | None = None
    """The line in the file, from 1, where it is known."""
    source: str = ""
    """The file, where it is another one than that which was to be read: a spec's base."""

    def at(self, source: str) -> str:
        """Return the one-line form, ``file:line: path: message``; *source* is the file that was to be read."""
        file = self.source or source
        place = file if self.line is None else f"{file}:{self.line}"
        return ": ".join(part for part in (place, self.path, self.message) if part)


SHOWN_PROBLEMS: Final = 100
"""How many faults of one input are written out; of what is no spec at all, each line is one."""


class ProblemsError(IsoGatewayError):
    """All the faults of one input, found in one reading.

    ``str()`` is one line per fault, in the order of the file; of more than `SHOWN_PROBLEMS`, the number of the rest.
    """

    def __init__(self, problems: Iterable[Problem], source: str = "") -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        self.source = source
        super().__init__(self.problems, source)

    @property
    def lines(self) -> list[str]:
        """The faults as people read them: see `__str__`."""
        found = [problem.at(self.source) for problem in self.problems[:SHOWN_PROBLEMS]]
        if more := len(self.problems) - len(found):
            found.append(f"{self.source}: and {more} more" if self.source else f"and {more} more")
        return found

    def __str__(self) -> str:
        return "\n".join(self.lines)


class SpecError(ProblemsError):
    """A message spec or a profile that cannot be used."""


class ConfigError(ProblemsError):
    """A configuration that cannot be used."""


class RecordingError(ProblemsError):
    """A recording of traffic that cannot be read or begun."""


class EncodeError(IsoGatewayError):
    """A message that its spec cannot write; *field* is the path of the culprit, ``"2"`` or ``"55.9F26"``."""

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        self.reason = reason
        super().__init__(field, reason)

    def __str__(self) -> str:
        return f"{element(self.field)}: {self.reason}"


class DecodeError(IsoGatewayError):
    """Bytes that are no message of the spec, and that no further bytes would make one.

    ``str()`` reads ``DE 55.9F26 at byte 187: 3 bytes left, 8 needed``.
    """

    missing: int = 0
    """How many bytes more are needed at least: 0 but in an `IncompleteError`."""

    def __init__(self, field: str, offset: int, expected: str, partial: Message | None = None) -> None:
        self.field = field
        """The path: ``"mti"``, ``"bitmap"``, ``"55"``, ``"55.9F26"``; ``""`` for what follows the last field."""
        self.offset = offset
        """The byte in the input where reading stopped, from 0."""
        self.expected = expected
        """What was found and expected there, without values."""
        self.partial = partial
        """What was read before, or None where not even the MTI was."""
        super().__init__(field, offset, expected, partial)

    def __str__(self) -> str:
        return f"{element(self.field)} at byte {self.offset}: {self.expected}"

    def __repr__(self) -> str:
        # Not what was read before: where a bitmap was spoiled, digits of a card stand in fields that nobody masks.
        return f"{type(self).__name__}({str(self)!r})"


class IncompleteError(DecodeError):
    """Bytes that are the beginning of a message: what could be read of it is good, and it ends too early.

    Where the end of the bytes is the end of the frame, the message was cut short; who reads a stream without
    frames asks for `missing` bytes more and tries again.
    """

    def __init__(self, field: str, offset: int, expected: str, partial: Message | None, missing: int) -> None:
        super().__init__(field, offset, expected, partial)
        self.missing = missing
        """How many bytes more are needed, from 1. A lower bound: what they say may ask for more."""
        self.args = (field, offset, expected, partial, missing)


class CannotCarry(IsoGatewayError):  # noqa: N818 -- reads better at the call
    """A message that the other side's dialect has no words for; *code* is the canonical refusal, 30 or 40."""

    def __init__(self, code: str, field: str, reason: str) -> None:
        self.code = code
        self.field = field
        self.reason = reason
        super().__init__(code, field, reason)

    def __str__(self) -> str:
        return f"{element(self.field)}: {self.reason}"


class CannotRedact(IsoGatewayError):  # noqa: N818 -- reads better at the call
    """A message of which it is not proved that what is secret was replaced; *field* is the path of the culprit."""

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        self.reason = reason
        super().__init__(field, reason)

    def __str__(self) -> str:
        return f"{element(self.field)}: {self.reason}"


class FramingError(IsoGatewayError):
    """Bytes on a connection that are no frame; *offset* counts from the start of the stream."""

    def __init__(self, offset: int, reason: str) -> None:
        self.offset = offset
        self.reason = reason
        super().__init__(offset, reason)

    def __str__(self) -> str:
        return f"byte {self.offset} of the stream: {self.reason}"


class FrameTooLong(FramingError):  # noqa: N818 -- reads better at the call
    """A frame announced longer than the configured bound; nothing of it was kept."""


class BadFrame(FramingError):  # noqa: N818
    """A length or network header that cannot be one."""


class FrameCutShort(FramingError):  # noqa: N818
    """The peer closed inside a frame."""


class CaptureError(IsoGatewayError):
    """A file that does not begin as a capture of traffic does."""


class LocalProtocolError(IsoGatewayError):
    """An event that cannot happen in this state: our own bug, never the peer's."""


class StoreError(IsoGatewayError):
    """The journal cannot be read or written."""


class KeyStoreError(IsoGatewayError):
    """The key store or its audit file cannot be read or written; the text never shows what they hold."""


class ModuleFailed(IsoGatewayError):  # noqa: N818 -- reads better at the call
    """The security module cannot be started: no master key, a wrong one, a store or a library that it cannot use."""


class SecurityError(IsoGatewayError):
    """What a key was wanted for is refused; the text is constant and tells nothing of what was given."""


class PinBlockError(SecurityError):
    """No PIN block of that format and card under that key. Which of them is wrong is told to nobody."""

    def __init__(self) -> None:
        super().__init__("no PIN block of this format and card under this key")


class PinPolicyError(SecurityError):
    """A translation that PCI PIN requirement 3-3 does not allow."""

    def __init__(self) -> None:
        super().__init__("this translation of a PIN block is not allowed (PCI PIN, requirement 3-3)")


class KsnError(SecurityError):
    """A key serial number of the wrong length, or whose counter gives no key: zero, too many bits, used up."""


class KeyBlockError(SecurityError):
    """A key block that does not open: malformed, changed, or under another key."""

    def __init__(self) -> None:
        super().__init__("no key block under this key")


class KeyMaterialError(SecurityError):
    """Bytes that may not serve as a key: of the wrong length, weak, or with equal halves."""


class NoConnection(IsoGatewayError):  # noqa: N818
    """Nobody listens there, or the connection is gone."""


class NoHandshake(NoConnection):
    """There is a connection, and no TLS on it; *silent* where the peer came and went without a byte."""

    def __init__(self, reason: str, *, silent: bool = False) -> None:
        self.silent = silent
        super().__init__(reason)


class NoAnswer(IsoGatewayError):  # noqa: N818
    """A request went out and nothing came back in time: its outcome is unknown."""


class AdminError(IsoGatewayError):
    """What was asked of a running process through its admin socket, and was refused."""


def element(field: str) -> str:
    """Return a field path as people say it: ``DE 55.9F26``, ``MTI``, ``message``."""
    if field[:1].isdigit():
        return f"DE {field}"
    return {"mti": "MTI", "": "message"}.get(field, field)


HINTED: Final = 50
"""How often the nearest word is looked for in one input: each look takes some 50 microseconds."""
LONGEST_WORD: Final = 64
"""Characters of a word that are compared with others; the time for it grows with the length."""


def did_you_mean(name: str, known: Sequence[str], told: int = 0) -> str:
    """Return ``", did you mean 'timeout'?"`` for the nearest of *known*, or the empty string.

    Args:
        name: the word that was written.
        known: the words that could have been meant.
        told: how many faults of the same input were told before; behind `HINTED` of them nothing is looked for.
    """
    import difflib  # noqa: PLC0415 -- few mistakes are made, and every command begins with this page

    near = difflib.get_close_matches(name[:LONGEST_WORD], known, n=1) if told < HINTED else []
    return f", did you mean {near[0]!r}?" if near else ""
