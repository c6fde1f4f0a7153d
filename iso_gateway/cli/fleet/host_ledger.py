"""The other ledger: the mock host's, through its admin socket, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from iso_gateway.errors import AdminError, ConfigError, NoAnswer, NoConnection

if TYPE_CHECKING:
    from pathlib import Path

    from iso_gateway.terminal.fleet.agreement import Agreement
    from iso_gateway.terminal.fleet.course import Course

SETTLING: Final = 15.0
"""Seconds that a gateway has to pay debts to its host: it tries again after 1, 2 and 4 s, and some more."""
AGAIN: Final = 0.5
"""Seconds between two looks."""


class HostLedger:
    """What the host remembers from now on."""

    def __init__(self, path: Path | None, why: str = "") -> None:
        """Use the admin socket at *path*; None: there is none, and *why* not.

        Raises:
            NoConnection: nobody listens there.
        """
        from iso_gateway.admin.client import call

        self.path = path
        self.why = why
        """Why the ledgers are not compared; empty: they are, or can be."""
        self._since = 0
        if path is not None:
            self._since = int(call(path, "ledger", most=0).get("latest", 0))

    @classmethod
    def found(cls, path: Path | None) -> HostLedger:
        """Return the ledger of the host with the admin socket *path*; without one, of the only host that runs here.

        Raises:
            NoConnection: nobody listens at *path*.
        """
        from iso_gateway.admin.places import find_sockets

        if path is not None:
            return cls(path)
        try:
            running = find_sockets("host")
        except ConfigError as error:
            return cls(None, str(error))
        if not running:
            return cls(None, "no mock host of this user is running here; name its admin socket with --host-admin")
        if len(running) > 1:
            return cls(None, f"{len(running)} mock hosts are running here; name one's admin socket with --host-admin")
        try:
            return cls(running[0])
        except (NoConnection, NoAnswer, AdminError) as error:
            return cls(None, str(error))

    async def compared(self, course: Course) -> Agreement | None:
        """Return how the terminals' ledger compares with the host's; None where that cannot be had, see `why`.

        Where something was reversed and they differ, it is tried again for SETTLING seconds: a gateway takes a reversal
        over, and may pay the debt to its host a little later.
        """
        import trio

        from iso_gateway.terminal.fleet.agreement import compare

        if self.path is None:
            return None
        tally = course.tally
        until = trio.current_time() + SETTLING
        while True:
            try:
                rows = await self._rows(self.path)
            except (NoConnection, NoAnswer, AdminError) as error:
                self.why = str(error)
                return None
            agreement = compare(tally.entries, rows, forgotten=tally.forgotten + self._forgotten)
            if not (agreement.differences and tally.debts) or trio.current_time() >= until:
                return agreement
            await trio.sleep(AGAIN)

    _forgotten = 0
    """Transactions since the beginning that the host remembers no more."""

    async def _rows(self, path: Path) -> list[dict[str, Any]]:
        from iso_gateway.admin.client import ask

        rows: list[dict[str, Any]] = []
        since = self._since
        while True:
            said = await ask(path, "ledger", since=since)
            self._forgotten = max(int(said.get("forgotten", 0)) - self._since, 0)
            rows += said["transactions"]
            if not said["transactions"] or rows[-1]["serial"] >= said["latest"]:
                return rows
            since = rows[-1]["serial"]
