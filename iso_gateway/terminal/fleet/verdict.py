"""The result of a run: what was measured, what is wrong with it, as data and as lines."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from iso_gateway.terminal.fleet import slo
from iso_gateway.terminal.fleet.agreement import Agreement
from iso_gateway.terminal.fleet.histogram import RELATIVE_ERROR
from iso_gateway.terminal.fleet.schedule import Mix
from iso_gateway.terminal.fleet.slo import Judged, Objective
from iso_gateway.terminal.fleet.tally import Tally
from iso_gateway.terminal.records import Outcome

KEPT: Final = 0.99
"""The share of the intended rate that counts as kept."""
LATE: Final = 0.25
"""Seconds: where the fleet itself saw 1 in 100 later than this after its intended time, it is too slow for the rate."""


class Plan(NamedTuple):
    """What a run is to be."""

    to: str
    spec: str
    terminals: int
    rate: float
    duration: float
    mix: Mix
    seed: int
    objectives: tuple[Objective, ...] = ()


class Run(NamedTuple):
    """What came of the run as a whole."""

    intended: int
    """Transactions whose time had come when the load ended."""
    in_time: int
    """Those of them that were sent by then."""
    not_sent: int
    """Those that were never sent."""
    seconds: float
    """How long the load lasted; shorter than planned where it was interrupted."""
    processor: float = 0.0
    """The share of one processor that the fleet took."""
    interrupted: bool = False
    connections: int = 0
    """Terminals that were connected when the load began."""
    stopped: str = ""
    """Why the fleet ended it itself, in one sentence; empty: it did not."""


class Verdict:
    """A run, judged."""

    def __init__(self, plan: Plan, run: Run, tally: Tally, agreement: Agreement | None, no_ledger: str = "") -> None:
        """Judge *run*; where there is no *agreement*, *no_ledger* says why."""
        self.plan, self.run, self.tally, self.agreement, self.no_ledger = plan, run, tally, agreement, no_ledger
        self.intended_rate = plan.rate
        self.achieved_rate = run.in_time / run.seconds if run.seconds else 0.0
        self.own_lag = tally.lag.quantile(0.99) or 0.0
        """Seconds after their intended times, within which the fleet saw 99 of 100."""
        self.rate_kept = run.in_time >= KEPT * run.intended and self.own_lag <= LATE
        self.judged: tuple[Judged, ...] = slo.judge(
            plan.objectives, tally.took.quantile, self._measured(), max(tally.sent, 0)
        )

    def __repr__(self) -> str:
        return f"<Verdict, {len(self.findings())} findings>"

    def _measured(self) -> dict[str, float | None]:
        took = self.tally.took
        return {
            "mean": took.mean,
            "max": took.largest / 1e6 if took.count else None,
            **{str(each): self.tally.outcomes[each] for each in (Outcome.APPROVED, Outcome.DECLINED, Outcome.UNKNOWN)},
            "not_sent": self.run.not_sent,
            "rate": self.achieved_rate,
        }

    @property
    def rate_reason(self) -> str:
        """Why the rate was not kept, in one sentence; empty: it was."""
        if self.rate_kept:
            return ""
        run = self.run
        missed = f"{run.intended - run.in_time} of {run.intended} transactions were not sent in time"
        if self.own_lag > LATE:
            return (
                f"the fleet itself is too slow for this rate here: it took {run.processor:.0%} of a processor, "
                f"and saw 1 in 100 more than {self.own_lag * 1e3:.0f} ms after it was due"
            )
        if run.connections < self.plan.terminals or self.tally.reconnected:
            return f"{missed}: terminals had no connection ({self.tally.reconnected} were lost)"
        return (
            f"{missed}: their terminals still waited for answers; more --terminals can keep the rate, "
            f"with {_ms(self.tally.took.quantile(0.5))} ms to an answer in the middle"
        )

    def findings(self) -> list[str]:
        """Return what is wrong, one sentence each; none: all is as it should be."""
        found = [self.run.stopped] if self.run.stopped else []
        found += [] if self.rate_kept else [self.rate_reason]
        missed = [each for each in self.judged if not each.met]
        found += [f"not met: {each.objective.text} ({each.objective.said(each.value)})" for each in missed]
        agreement = self.agreement
        if agreement is not None and agreement.differences:
            found.append(f"the ledgers differ in {_times(agreement.differences, 'transaction')}")
            found += [difference.line() for difference in agreement.shown]
            if agreement.differences > len(agreement.shown):
                found.append(f"and {agreement.differences - len(agreement.shown)} more")
        if owed := self._owed():
            found.append(f"{_times(owed, 'outcome')} unknown still, the reversals not answered: they are owed")
        if self.tally.refused_sign_ons and not self.tally.sent:
            found.append("no terminal could sign on")
        return found

    def _owed(self) -> int:
        return self.agreement.owed if self.agreement is not None else sum(each.owed for each in self.tally.entries)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data; durations in milliseconds, None where nothing was measured."""
        tally, run, plan, agreement = self.tally, self.run, self.plan, self.agreement
        return {
            "to": plan.to,
            "spec": plan.spec,
            "terminals": plan.terminals,
            "duration": round(run.seconds, 3),
            "seed": plan.seed,
            "mix": {str(verb): weight for verb, weight in plan.mix.items()},
            "intended": run.intended,
            "sent": tally.sent,
            "not_sent": run.not_sent,
            "approved": tally.outcomes[Outcome.APPROVED],
            "declined": tally.outcomes[Outcome.DECLINED],
            "unknown": tally.outcomes[Outcome.UNKNOWN],
            "intended_rate": self.intended_rate,
            "achieved_rate": round(self.achieved_rate, 3),
            "rate_kept": self.rate_kept,
            "rate_reason": self.rate_reason or None,
            "p50_ms": _ms(tally.took.quantile(0.5)),
            "p90_ms": _ms(tally.took.quantile(0.9)),
            "p99_ms": _ms(tally.took.quantile(0.99)),
            "p999_ms": _ms(tally.took.quantile(0.999)),
            "max_ms": _ms(tally.took.largest / 1e6 if tally.took.count else None),
            "quantile_error": RELATIVE_ERROR,
            "fleet_lag_p99_ms": _ms(tally.lag.quantile(0.99)),
            "waited_p99_ms": _ms(tally.waited.quantile(0.99)),
            "processor": round(run.processor, 3),
            "codes": {code or "none": count for code, count in sorted(tally.codes.items())},
            "kinds": {str(verb): count for verb, count in tally.kinds.items()},
            "instead": {str(verb): count for verb, count in tally.instead.items()},
            "debts": dict(tally.debts),
            "reconnected": tally.reconnected,
            "unexpected_messages": tally.strays,
            "interrupted": run.interrupted,
            "slo": [{"objective": each.objective.text, "met": each.met} for each in self.judged],
            "ledger": None
            if agreement is None
            else {
                "matched": agreement.matched,
                "differences": agreement.differences,
                "owed": agreement.owed,
                "not_compared": agreement.not_compared,
                "shown": [difference._asdict() for difference in agreement.shown],
            },
            "findings": self.findings(),
        }

    def lines(self) -> list[str]:
        """Return it as people read it, without the findings."""
        tally, run, plan = self.tally, self.run, self.plan
        kept = "kept" if self.rate_kept else "NOT kept"
        rate = f"{self.achieved_rate:.1f} a second of {self.intended_rate:g}, {kept}"
        stopped = " · stopped" if run.stopped else " · interrupted" if run.interrupted else ""
        lines = [
            f"{plan.terminals} terminals · {tally.sent} sent in {round(run.seconds, 1):g} s · {rate}{stopped}",
            f"{self._outcomes()} · codes {self._codes()}",
            f"latency from the intended time: {self._latency()}",
        ]
        if tally.instead:
            made = ", ".join(f"{count} {verb}" for verb, count in tally.instead.items())
            lines.append(f"without an earlier transaction to be about: {made}; one was made instead")
        if debts := tally.debts.total():
            lines.append(f"reversals and repeats: {debts} ({_counted(tally.debts)})")
        lines += [f"unknown, {count} times: {why}" for why, count in tally.why.most_common(3)]
        lines += [f"{each.objective.text}: {'met' if each.met else 'not met'}" for each in self.judged]
        lines.append(self._ledger())
        return lines

    def _outcomes(self) -> str:
        return " · ".join(f"{self.tally.outcomes[each]} {each}" for each in list(Outcome)[:3])

    def _codes(self) -> str:
        return ", ".join(f"{code or 'none'} {count}" for code, count in sorted(self.tally.codes.items())) or "none"

    def _latency(self) -> str:
        took = self.tally.took
        if not took.count:
            return "nothing was answered"
        shares = " · ".join(f"p{name} {_ms(took.quantile(share))} ms" for name, share in _SHARES)
        return f"{shares} · max {_ms(took.largest / 1e6)} ms"

    def _ledger(self) -> str:
        agreement = self.agreement
        if agreement is None:
            return f"ledgers not compared: {self.no_ledger}"
        said = f"ledgers: {agreement.matched} agree, {agreement.differences} differ, "
        # A gateway in between may owe its host something still: it is not asked, and this must not deny it.
        said += f"{agreement.owed} owed by the terminals"
        if agreement.not_compared:
            said += f"; {agreement.not_compared} not compared, too old to be remembered"
        return said


_SHARES: Final = (("50", 0.5), ("90", 0.9), ("99", 0.99), ("99.9", 0.999))


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1e3, 3 if seconds < 0.1 else 1)


def _times(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.items())
