"""What the mock host writes to stderr: a line for each event, and messages whole where that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from iso_gateway.codec.message import Message
    from iso_gateway.codec.spec import Spec
    from iso_gateway.host.server import Tap

QUIET: Final = frozenset({"connected"})
"""Events that are not worth a line of a person's screen."""
WARNED: Final = frozenset({"undecodable", "refused", "not recorded", "fault", "finding", "no room", "withheld"})
"""Those that a person is to look at."""


class HostLog:
    """Writes the host's events to stderr."""

    def __init__(self, form: str) -> None:
        import sys

        from iso_gateway.gateway.lines import Lines
        from iso_gateway.net.clock import now

        self._lines = Lines(sys.stderr, form)
        self._json = form == "json"
        self._now = now

    def __call__(self, event: str, fields: Mapping[str, Any]) -> None:
        """Write one event, unless people need not see it."""
        if self._json or event not in QUIET:
            level = "warning" if event in WARNED or "offset" in fields else "info"
            self._lines.write(self._now().wall, event, fields, level)

    def shown(self, spec: Spec) -> Tap:
        """Return what writes messages of *spec*, drawn as everywhere: under a line of text, or as fields of JSON."""
        import sys

        from iso_gateway.cli.paint import in_colour, painted
        from iso_gateway.codec.describe import table, to_json
        from iso_gateway.errors import DecodeError
        from iso_gateway.page import plain

        drawn = painted if sys.stderr.isatty() and in_colour() else plain

        def show(peer: str, payload: bytes, which: str) -> None:
            fields: dict[str, Any] = {"peer": peer, "bytes": len(payload)}
            try:
                message: Message | None = spec.decode(payload)
            except DecodeError as error:
                message, fields["cause"] = error.partial, str(error)
            told = to_json(message) if self._json and message is not None else {}
            under = "" if self._json or message is None else drawn(table(message))
            self._lines.write(self._now().wall, which, fields | told, under=under)

        return show

    def gather(self) -> None:
        """Have the lines of one moment go out in one write, from now on; inside trio."""
        from iso_gateway.net.poller import the_poller

        self._lines.flush_by = the_poller().put_off

    def flush(self) -> None:
        """Write what was gathered and nobody has written."""
        self._lines.flush()
