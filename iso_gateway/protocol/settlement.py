"""Batch settlement: 0500 with the totals, 0320 with the records, 0320 with the end (flows 2.7, ruling 20).

    gather the batch and its rows -> debts that are under way? wait, up to a limit -> compare
    -> keep the batch, answer                                                         (the gateway's own settlement)
    -> send it on, with the host's numbers -> keep what the host says too, answer               (a forwarded one)

Rule 1: what the terminal hears and what the batch becomes are one commit; a batch that another commit changed
        meanwhile answers like a silent host, and the terminal asks again.
Rule 2: stuck debts hold nothing up: they are in the list of differences, whatever the sums say.
Rule 3: from its totals to the end of its upload a batch takes no transaction (90): what came between would be in
        nobody's sums. Its terminal ends that by the end, by a sign-on, or by its next batch number; and when it says
        nothing of the upload for UPLOAD_LIMIT, it is over as well. Only this process knows: what comes after a restart
        is taken, and listed at the end.
Rule 4: totals that agree confirm the questions of the batch (ruling 2): the terminal has a receipt for each of them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec.structs import replace

from iso_gateway.codec import mask
from iso_gateway.codec.message import Message
from iso_gateway.protocol import reconciling
from iso_gateway.protocol.batch import TRANSITIONS, Batch, BatchState, BatchStep, Detail, Difference, Totals
from iso_gateway.protocol.closing import Closing, Underway
from iso_gateway.protocol.commands import Gather
from iso_gateway.protocol.events import Gathered
from iso_gateway.protocol.forwarding import Forwarding
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.numbering import LAST
from iso_gateway.protocol.peeking import peek
from iso_gateway.protocol.reconciling import Verdict
from iso_gateway.protocol.records import OPEN_DEBT, Change, Entry, Insert, Row, RowState
from iso_gateway.protocol.request import Request, noted
from iso_gateway.protocol.routing import Query, route
from iso_gateway.protocol.setup import UNBATCHED_KEY_LIFE, Acquirer
from iso_gateway.protocol.story import Word, added, line
from iso_gateway.protocol.transaction import State, Step
from iso_gateway.protocol.world import World

LOOKS_AGAIN: Final = 1.0
"""Seconds between two looks at debts that are being paid."""
FIRST: Final = "000001"
_ENDS_UNBALANCED: Final = "202"
UPLOAD_LIMIT: Final = 600.0
"""Seconds after a terminal's last word about its batch; then it may have transactions again (own practice)."""


class Hold(NamedTuple):
    """A batch that takes no transactions."""

    batch: str
    request: str
    """The id of the totals that are being compared; empty: they were answered, and the upload follows."""
    until: float
    """On the monotonic clock, of an upload."""


class Settlement:
    """Closes the batches of terminals."""

    def __init__(self, world: World, closing: Closing, forwarding: Forwarding, underway: Underway) -> None:
        self._world = world
        self._closing = closing
        self._forwarding = forwarding
        self._underway = underway
        self._holds: dict[tuple[str, str], Hold] = {}
        """By listener and terminal."""

    def holds(self, request: Request) -> bool:
        """Return whether the batch of the transaction *request* is being settled."""
        name = request.listener.name, request.terminal
        hold = self._holds.get(name)
        if hold is None:
            return False
        lasts = hold.request in self._underway.requests if hold.request else self._world.now.mono < hold.until
        if lasts and request.batch == hold.batch:
            return True
        del self._holds[name]
        return False

    def signed_on(self, listener: str, terminal: str) -> None:
        """Take in that a terminal begins anew: whatever it was settling, it may have transactions."""
        self._holds.pop((listener, terminal), None)

    def _hold(self, request: Request, *, checking: bool = False) -> None:
        until = self._world.now.mono + UPLOAD_LIMIT
        hold = Hold(request.batch, request.id if checking else "", until)
        self._holds[request.listener.name, request.terminal] = hold

    def arrive(self, request: Request) -> None:
        """Take in a verified message about a batch."""
        request.until = self._world.now.mono + self._world.setup.limits.settlement
        # As long as its batch is being settled, a terminal begins nothing new: that counts against its bound.
        self._underway.busy.setdefault(request.key[:2], set()).add(request.id)
        request.step(Step.SOUGHT)
        if request.kind is Kind.SETTLEMENT:
            self._hold(request, checking=True)
        self.look_again(request)

    def look_again(self, request: Request) -> None:
        """Ask the journal for the batch and its rows."""
        if self._world.now.mono >= request.until:
            self._closing.refuse(request, self._silence(request), "debts of this terminal are under way still")
            return
        self._closing.wait(request, self._world.setup.limits.stage)
        self._world.emit(Gather(request.id, request.key, request.merchant, request.terminal, request.batch))

    def gathered(self, request: Request, event: Gathered) -> None:
        """Take in what the journal has of the batch."""
        if request.state is not State.LOOKING_UP or request.kind not in BATCH_KINDS:
            return
        match request.kind:
            case Kind.SETTLEMENT:
                self._totals(request, event)
            case Kind.UPLOAD:
                self._details(request, event.batch, event.rows)
            case _:
                self._end(request, event.batch, event.rows)

    # 0500

    def _totals(self, request: Request, event: Gathered) -> None:
        said = reconciling.totals_said(request.listener.dialect, request.message)
        if said is None:
            self._closing.refuse(request, "30", "it says no totals")
            return
        same = event.same_key
        if same is not None and same.answer and not self._outdated(request, same):
            request.answer, request.own_code = same.answer, ""
            self._closing.refuse(request, same.code, "answered before")
            return
        rows = tuple(row for row in event.rows if row.id != request.id)
        if any(_under_way(row) for row in rows):
            request.deadline = self._world.now.mono + LOOKS_AGAIN
            self._world.remind(request.deadline, request.id)
            return
        if event.batch is not None and self._is_over(request, event.batch, rows, said):
            return
        batch, rows = self._opened(request, event.batch, rows)
        currency = request.currency or next((row.currency for row in rows if row.currency), "")
        batch = replace(
            batch,
            state=TRANSITIONS[batch.state, BatchStep.TOTALS],
            version=batch.version + 1 if event.batch is not None and batch.key == event.batch.key else 1,
            currency=currency,
            pos=said,
            ours=reconciling.journal_totals(reconciling.in_currency(rows, currency)),
        )
        acquirer = self._asked(rows, request)
        if acquirer is None:
            verdict = Verdict.BALANCED if said == batch.ours else Verdict.NOT_BALANCED
            entry = self._compared(request, batch, rows, verdict, None)
            releasing = () if same is None else (same.id,)
            row = noted(request, self._world.now.wall.date(), request.code)
            self._closing.record_alone(
                request, request.code, (Insert(replace(row, answer=request.answer), releasing), *entry)
            )
            return
        request.acquirer = acquirer.name
        request.instead = reconciling.totals_facts(acquirer.dialect, said)
        batch = replace(batch, acquirer=acquirer.name)

        def conclude(answer: Message) -> Entry:
            verdict = reconciling.verdict_said(acquirer.dialect, answer)
            return self._compared(request, batch, rows, verdict, reconciling.totals_said(acquirer.dialect, answer))

        request.conclude = conclude
        self._forwarding.clear(request)

    def _is_over(self, request: Request, known: Batch, rows: tuple[Row, ...], said: Totals) -> bool:
        """Answer again where the batch is closed and the terminal does not know: the answer to its end got lost."""
        closed = known.closed
        if closed is None or not request.batch or known.pos != said:
            return False
        if any(row.received >= closed and reconciling.signed_amount(row) is not None for row in rows):
            return False  # the number has come again
        verdict = Verdict.BALANCED if known.balanced else Verdict.NOT_BALANCED
        dialect = request.listener.dialect
        theirs = known.host if known.host is not None else known.ours
        shown = known.pos if known.balanced else theirs
        assert shown is not None
        request.answer = reconciling.totals_facts(dialect, shown, verdict)
        self._closing.refuse(request, reconciling.code_of(dialect, verdict), "its batch is closed")
        return True

    def _outdated(self, request: Request, row: Row) -> bool:
        return not request.batch and self._world.now.wall - row.received > UNBATCHED_KEY_LIFE

    def _opened(self, request: Request, known: Batch | None, rows: tuple[Row, ...]) -> tuple[Batch, tuple[Row, ...]]:
        """Return the batch that *request* is about, as it stands before, and the rows of it."""
        wall = self._world.now.wall
        number = request.batch or (known.number if known is not None else FIRST)
        if known is None:
            opened = min((row.received for row in rows), default=wall)
            return Batch(request.merchant, request.terminal, number, opened), rows
        if known.state is not BatchState.CLOSED:
            return known, rows
        # A number that comes again, because the terminal lost its state; or the next count of a dialect without one.
        closed = known.closed or known.opened
        number = request.batch or f"{int(known.number) % LAST + 1:06}"
        fresh = Batch(request.merchant, request.terminal, number, closed, version=known.version)
        return fresh, tuple(row for row in rows if row.received >= closed)

    def _asked(self, rows: tuple[Row, ...], request: Request) -> Acquirer | None:
        """Return whose host is to settle, or None: the gateway itself.

        A batch of several acquirers has no host that knows all of it; and a host that waits for the end of an upload
        would wait for ever for a terminal whose dialect has none.
        """
        world = self._world
        names = {row.host.acquirer for row in rows if row.host is not None and reconciling.sign_of(row.kind)}
        if not names:
            query = Query("", request.message.mti[1], request.terminal, request.currency, 0)
            names = {route(world.setup.routes, query) or ""}
        acquirer = self._closing.acquirer(names.pop()) if len(names) == 1 else None
        if acquirer is None or acquirer.settlement != "forward":
            return None
        there, here = acquirer.dialect.profile.row, request.listener.dialect.profile.row
        tells_the_end = there(Kind.UPLOAD_END) is None or here(Kind.UPLOAD_END) is not None
        return acquirer if there(Kind.SETTLEMENT) is not None and tells_the_end else None

    def _compared(
        self, request: Request, batch: Batch, rows: tuple[Row, ...], verdict: Verdict, host: Totals | None
    ) -> Entry:
        """Decide what the terminal hears; return what is committed with it."""
        dialect = request.listener.dialect
        assert batch.pos is not None
        assert batch.ours is not None
        request.code, request.own_code = reconciling.code_of(dialect, verdict), ""
        shown = host if host is not None else batch.ours
        if verdict is Verdict.ERROR:
            request.answer = reconciling.totals_facts(dialect, batch.pos, verdict)
            return ()
        balanced = verdict is Verdict.BALANCED
        request.answer = reconciling.totals_facts(dialect, batch.pos if balanced else shown, verdict)
        uploads = dialect.profile.row(Kind.UPLOAD_END) is not None
        if uploads:
            self._hold(request)
        step = BatchStep.COMPARED if uploads else BatchStep.SETTLED
        batch = replace(
            batch,
            state=TRANSITIONS[batch.state, step],
            balanced=balanced,
            host=host,
            closed=None if uploads else self._world.now.wall,
            details=(),
            differences=(
                *reconciling.owed(rows),
                *reconciling.of_others(rows, batch.currency),
                *reconciling.in_sums(batch.pos, batch.ours, host),
            ),
        )
        self._world.log("batch", terminal=batch.terminal, merchant=batch.merchant, batch=batch.number,
                        state=str(batch.state), balanced=balanced, differences=len(batch.differences))  # fmt: skip
        request.tell(self._world.now.wall, Word.DECIDED, _said_of(batch))
        counted = reconciling.in_currency(rows, batch.currency)
        return batch, *(self._confirmed(counted, batch) if balanced and batch.pos == batch.ours else ())

    def _confirmed(self, rows: tuple[Row, ...], batch: Batch) -> tuple[Change, ...]:
        """Return the changes by which the questions among *rows* are answered: the terminal counted them."""
        told = line(self._world.now.wall, Word.CONFIRMED, f"the totals of batch {batch.number} agree")
        done, question = {"state": RowState.DONE}, {"state": RowState.UNCONFIRMED}
        return tuple(
            Change(row.id, set=done, where=question, story=added(row.story, told))
            for row in rows
            if row.state is RowState.UNCONFIRMED and reconciling.signed_amount(row) is not None
        )

    # 0320

    def _details(self, request: Request, batch: Batch | None, rows: tuple[Row, ...]) -> None:
        told = reconciling.blocks(request.message)
        if told is None:
            self._closing.refuse(request, "30", "DE 48 holds no records")
            return
        # Where the key of the hash is the security module's, records are told apart by what is shown of their cards.
        fingerprint, here = self._world.lent.fingerprint, not self._world.setup.sealing
        known = {each.stan: each for each in batch.details} if batch is not None else {}
        fresh = {
            each.stan: Detail(
                each.stan, each.amount, mask.pan(each.pan), fingerprint(each.pan.encode()) if each.pan and here else b""
            )
            for each in told
        }
        if batch is None or batch.state is not BatchState.UPLOADING:
            again = batch is not None and known.items() >= fresh.items()
            self._closing.refuse(request, "00" if again else "12", "no totals were answered before")
            return
        kept = replace(
            batch,
            state=TRANSITIONS[batch.state, BatchStep.DETAILS],
            version=batch.version + 1,
            details=tuple({**known, **fresh}.values()),
        )
        self._hold(request)
        # The gateway numbers anew, so the host knows a transaction by another STAN than the terminal.
        stans = {row.stan: row.host.stan for row in rows if row.host is not None and reconciling.sign_of(row.kind)}
        records = request.listener.dialect.spec.fields[48].name
        request.instead = {
            records: reconciling.written_blocks(each._replace(stan=stans.get(each.stan, each.stan)) for each in told)
        }
        self._further(request, kept)

    def _end(self, request: Request, batch: Batch | None, rows: tuple[Row, ...]) -> None:
        self.signed_on(request.listener.name, request.terminal)
        if batch is None or batch.state is not BatchState.UPLOADING:
            again = batch is not None and batch.state is BatchState.CLOSED
            self._closing.refuse(request, "00" if again else "12", "no totals were answered before")
            return
        rows = tuple(row for row in rows if row.received >= batch.opened)
        uploaded = peek(request.message, request.listener.dialect.profile.network_code) == _ENDS_UNBALANCED
        differences: list[Difference] = list(batch.differences)
        if uploaded:
            found = reconciling.per_record(batch.details, rows)
            differences = [*reconciling.owed(rows), *reconciling.of_others(rows, batch.currency), *found]
            if not found:  # every record agrees, and the sums did not
                differences = list(batch.differences)
        kept = replace(
            batch,
            state=TRANSITIONS[batch.state, BatchStep.ENDED],
            version=batch.version + 1,
            closed=self._world.now.wall,
            differences=tuple(differences),
        )
        self._further(request, kept)

    def _further(self, request: Request, batch: Batch) -> None:
        """Keep *batch*, and answer; or send the message on first, to the host that was told the totals."""
        acquirer = self._closing.acquirer(batch.acquirer) if batch.acquirer else None
        if batch.state is BatchState.CLOSED:
            self._world.log("batch", terminal=batch.terminal, merchant=batch.merchant, batch=batch.number,
                            state=str(batch.state), balanced=batch.balanced,
                            differences=len(batch.differences))  # fmt: skip
        if acquirer is None or acquirer.dialect.profile.row(request.kind) is None:
            self._closing.record_alone(request, "00", (batch,))
            return
        request.acquirer = acquirer.name
        request.row_instead = acquirer.dialect.kind_row(request.message)

        def conclude(_answer: Message) -> Entry:
            return (batch,) if request.approved else ()

        request.conclude = conclude
        self._forwarding.clear(request)

    def _silence(self, request: Request) -> str:
        return request.listener.dialect.profile.no_answer


def _under_way(row: Row) -> bool:
    """Return whether the outcome of *row* will be known soon: a debt that is being paid, or an answer that is awaited.

    A reversal of the terminal's own that is under way counts as well.
    """
    owed = row.state in OPEN_DEBT and row.state is not RowState.STUCK
    return owed or (row.state is RowState.SENDING and row.kind not in BATCH_KINDS)


BATCH_KINDS: Final = frozenset({Kind.SETTLEMENT, Kind.UPLOAD, Kind.UPLOAD_END})


def _said_of(batch: Batch) -> str:
    word = "balanced" if batch.balanced else "not balanced"
    who = f"by {batch.acquirer}" if batch.acquirer else "by the gateway"
    return f"batch {batch.number} {word}, {who}; {len(batch.differences)} differences listed"
