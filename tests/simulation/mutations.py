"""Rules broken on purpose: each must be caught by the simulation within the 200 seeds of the everyday tests.

``make mutants`` applies each to a copy of the package and lives days there until an invariant breaks; a mutation that
is not caught is a hole in the simulation.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SEEDS = 200

SCRIPT = f"""
from iso_gateway.simulation.day import Plan
from iso_gateway.simulation.faults import PROFILES
from iso_gateway.simulation.fleet import Fleet
from iso_gateway.simulation.report import lived
fleet = Fleet()
for seed in range(1, {SEEDS} + 1):
    try:
        figures, broken = lived(Plan(seed, 0.5, 10, PROFILES["harsh"]), fleet)
    except Exception as error:
        print(seed, f"raised: {{type(error).__name__}}: {{error}}")
        break
    if broken is not None:
        print(seed, broken)
        break
"""


class Mutation(NamedTuple):
    """One rule, broken."""

    name: str
    patches: tuple[tuple[str, str, str], ...]
    """File, text that stands there once, and what takes its place."""


def one(name: str, file: str, before: str, after: str) -> Mutation:
    """Return a mutation of one place."""
    return Mutation(name, ((file, before, after),))


MUTATIONS = (
    one(
        "a request is sent before its intent is committed",
        "protocol/forwarding.py",
        "        self._world.emit(Journal(request.id, (Insert(row, releasing), *held, *request.tombstone)))\n",
        "        if request.link is not None:\n"
        "            self._links.give(request.link, request.id, request.host_request, request.payload)\n"
        "        self._world.emit(Journal(request.id, (Insert(row, releasing), *held, *request.tombstone)))\n",
    ),
    one(
        "the key lacks the kind of message",
        "protocol/request.py",
        "self.key = (asker.merchant, asker.terminal, self.batch, asker.stan, str(kind))",
        'self.key = (asker.merchant, asker.terminal, self.batch, asker.stan, "")',
    ),
    one(
        "25 settles every reversal",
        "protocol/debts.py",
        "        if at.early:\n            return DebtStep.AGAIN\n",
        "        return DebtStep.SETTLED\n",
    ),
    Mutation(
        "what is owed or reversed is replayed",
        (
            (
                "protocol/arrivals.py",
                "            case RowState.ANSWERED | RowState.DONE | RowState.UNCONFIRMED:\n",
                "            case _ if row.approved:\n",
            ),
            (
                "protocol/arrivals.py",
                'seen = Change(row.id, add={"replays": 1}, where={"state": APPROVED}, story=story)',
                'seen = Change(row.id, add={"replays": 1}, story=story)',
            ),
        ),
    ),
    one(
        "a repeat is a request of its own",
        "protocol/request.py",
        "        claims=() if request.kind in ASKED_ANEW else (request.key,),\n",
        "        claims=(),\n",
    ),
    one(
        "an approval that was handed to nobody counts as delivered",
        "protocol/closing.py",
        "        if row is None or row.state not in APPROVED:\n            request.step(_HANDED_OVER)\n",
        "        if row is None or True:\n            row = None\n            request.step(_HANDED_OVER)\n",
    ),
    one(
        "what the last process was sending is forgotten",
        "protocol/recovery.py",
        "    RowState.SENDING: Fate.UNKNOWN,\n",
        "",
    ),
    one(
        "what the last process owed is forgotten",
        "protocol/recovery.py",
        "    RowState.OWES_REVERSAL: Fate.OWED,\n",
        "",
    ),
    one(
        "attempts are not committed",
        "protocol/debt.py",
        '        "attempts": debt.attempts,\n',
        "",
    ),
    one(
        "refunds reserve nothing",
        "protocol/effects.py",
        'return (Change(original.id, add={"reserved": amount}, where=unchanged, room=amount),)',
        "return ()",
    ),
    one(
        "debts of one terminal go in any order",
        "protocol/ledger.py",
        "        return queue is not None and next(iter(queue.values())) is debt\n",
        "        return queue is not None\n",
    ),
    one(
        "a request that the link may have taken counts as not sent",
        "protocol/forwarding.py",
        '            self.owe(request, "98", f"link lost: {cause}", verdict)\n',
        '            request.code = "91"\n'
        '            self._record(request, {"state": RowState.NOT_SENT, "claims": (), "code": "91"}, ())\n',
    ),
    one(
        "an approval is delivered though its commit failed",
        "protocol/closing.py",
        "                self._owe_all_the_same(request)\n                self._unknown(request)\n",
        "                self._owe_all_the_same(request)\n",
    ),
    one(
        "an answer without a MAC counts as handed over",
        "protocol/answering.py",
        "emit_event(Delivered(request.id, Fate.NOT_HANDED))",
        "emit_event(Delivered(request.id, Fate.HANDED))",
    ),
    one(
        "a reversal has another STAN in each process",
        "protocol/debt.py",
        '        "debt_stan": debt.stan,\n',
        "",
    ),
    one(
        "silence counts as a decline",
        "protocol/forwarding.py",
        '        self.owe(request, "98", f"no answer from the host in time{evidence}", finding.verdict)\n',
        '        request.code = "05"\n        self._record(request, {"state": RowState.DECLINED, "code": "05"}, ())\n',
    ),
    one(
        "what is stuck is not listed with its batch",
        "protocol/settlement.py",
        "                *reconciling.owed(rows),\n",
        "",
    ),
    one(
        "totals are not compared",
        "protocol/settlement.py",
        "verdict = Verdict.BALANCED if said == batch.ours else Verdict.NOT_BALANCED",
        "verdict = Verdict.BALANCED",
    ),
)


def strays(mutation: Mutation) -> list[str]:
    """Return the texts of *mutation* that do not stand in the code once."""
    package = ROOT / "iso_gateway"
    return [before for file, before, _ in mutation.patches if (package / file).read_text("utf-8").count(before) != 1]


def mutated(mutation: Mutation, folder: Path) -> None:
    """Put the package with *mutation* into *folder*."""
    assert not strays(mutation), f"{mutation.name}: the code has changed"
    for part in ("iso_gateway", "specs"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file, before, after in mutation.patches:
        path = folder / "iso_gateway" / file
        path.write_text(path.read_text("utf-8").replace(before, after), "utf-8")


def caught(mutation: Mutation) -> str:
    """Return the first seed that catches *mutation* and how, or the empty text."""
    with tempfile.TemporaryDirectory() as folder:
        mutated(mutation, Path(folder))
        done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"0 raised: {done.stderr.strip().splitlines()[-1]}"
        return done.stdout.strip()


def main() -> int:
    """Try every mutation, or those whose names have a word of the command line in them; return 1 if one goes free."""
    free = 0
    for mutation in MUTATIONS:
        if sys.argv[1:] and not any(word in mutation.name for word in sys.argv[1:]):
            continue
        seed, _, how = caught(mutation).partition(" ")
        free += not seed
        print(f"{seed or 'FREE':>5}  {mutation.name}: {how or 'not caught'}", flush=True)  # noqa: T201
    return 1 if free else 0


if __name__ == "__main__":
    raise SystemExit(main())
