"""What goes wrong, and how often: the profiles ``none``, ``mild`` and ``harsh``, as tables of rates."""

from __future__ import annotations

from typing import Final

import msgspec

from iso_gateway.simulation.chance import Chance


class Faults(msgspec.Struct, frozen=True):
    """How often each thing goes wrong."""

    # Of every message to or from a host.
    request_lost: float = 0.0
    """The host never sees it."""
    request_slow: float = 0.0
    """It is on its way for seconds; a host that would decide after its time-out never does."""
    request_twice: float = 0.0
    overtaken: float = 0.0
    """Messages that came after it are decided first."""
    host_silent: float = 0.0
    """Decided and recorded, and nobody is told."""
    answer_slow: float = 0.0
    answer_late: float = 0.0
    """After everybody has given up."""
    answer_twice: float = 0.0
    answer_broken: float = 0.0
    """What comes back is no message."""
    half_written: float = 0.0
    """The link breaks while a frame is being written."""
    reversal_refused: float = 0.0
    """Of all transactions: the host answers 12 or 30 to each of its reversals."""

    # Of every exchange with a terminal.
    line_slow: float = 0.0
    """The request is on its way for seconds, and may arrive after the terminal has hung up."""
    line_drops: float = 0.0
    """The connection breaks while the answer is awaited."""
    walks_away: float = 0.0
    """The connection ends before an answer is written, and the terminal never asks about that request again."""
    answer_cut: float = 0.0
    """The connection breaks while the answer is written."""
    answer_lost: float = 0.0
    """The socket takes the answer, and the terminal never sees it."""

    # Of every command that the node gives, and of every group that is committed.
    death_between: float = 0.0
    """The process dies before the command is carried out."""
    commit_slow: float = 0.0
    commit_failed: float = 0.0
    """A disk error, and nothing was committed."""
    commit_unsure: float = 0.0
    """A disk error, and all was committed."""

    # Of every question to the security module.
    mac_wrong: float = 0.0
    """A MAC was changed on the way: A0. Of all but terminals' reversals, whose originals are then an operator's to
    decide (ruling 12)."""
    module_fails: float = 0.0
    """It makes no MAC, and says so."""
    module_silent: float = 0.0
    """It never says anything."""

    # Times in an hour.
    link_drops: float = 0.0
    """For each link."""
    host_restarts: float = 0.0
    """For each host; its ledger stays."""
    deaths: float = 0.0
    """Of the gateway's process, whatever it is at."""
    disk_full: float = 0.0
    """For some seconds, nothing can be committed."""


PROFILES: Final[dict[str, Faults]] = {
    "none": Faults(),
    "mild": Faults(
        request_lost=0.003, request_slow=0.01, request_twice=0.002, overtaken=0.02, host_silent=0.005,
        answer_slow=0.02, answer_late=0.003, answer_twice=0.003, answer_broken=0.001, half_written=0.001,
        reversal_refused=0.01,
        line_slow=0.01, line_drops=0.01, walks_away=0.003, answer_cut=0.003, answer_lost=0.003,
        death_between=0.000_01, commit_slow=0.002, commit_failed=0.000_3, commit_unsure=0.000_3,
        mac_wrong=0.002, module_fails=0.001, module_silent=0.001,
        link_drops=0.2, host_restarts=0.1, deaths=0.05, disk_full=0.05,
    ),
    "harsh": Faults(
        request_lost=0.015, request_slow=0.05, request_twice=0.01, overtaken=0.05, host_silent=0.03,
        answer_slow=0.06, answer_late=0.03, answer_twice=0.02, answer_broken=0.005, half_written=0.008,
        reversal_refused=0.05,
        line_slow=0.05, line_drops=0.05, walks_away=0.02, answer_cut=0.02, answer_lost=0.02,
        death_between=0.000_1, commit_slow=0.01, commit_failed=0.003, commit_unsure=0.003,
        mac_wrong=0.02, module_fails=0.01, module_silent=0.01,
        link_drops=2.0, host_restarts=1.0, deaths=1.0, disk_full=0.5,
    ),
}  # fmt: skip

KINDS: Final = Faults.__struct_fields__
"""The names of all faults."""

HOUR: Final = 3600.0


class Trouble:
    """The faults of one day, and how often each happened."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.count = dict.fromkeys(KINDS, 0)

    def strikes(self, chance: Chance, kind: str) -> bool:
        """Return whether *kind* happens now, and count it."""
        if not chance.hits(getattr(self.faults, kind)):
            return False
        self.count[kind] += 1
        return True

    def until_next(self, chance: Chance, kind: str) -> float | None:
        """Return the seconds until *kind*, which comes some times in an hour, happens next; None: never."""
        rate: float = getattr(self.faults, kind)
        return chance.pause(HOUR / rate) if rate else None

    def end(self) -> None:
        """Let nothing go wrong any more."""
        self.faults = PROFILES["none"]
