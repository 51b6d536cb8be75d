"""Ending: outcomes come in, and in one transaction their tries are recorded, what they decide below moves, runs close,
and
freed slots are handed over or claimed.

Order of locks: the runs (shared), the task rows by (run, rank, map index), `run_progress` last. Claiming passes over
rows
that others hold, so it waits for nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as sa

from tradewind.metadata.clock import Clock
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import claims as claim_statements
from tradewind.metadata.statements import deferrals, instances, labels, runs, stopped, xcoms
from tradewind.metadata.statements.claims import ClaimRow
from tradewind.metadata.statements.instances import LockedInstance, Owner
from tradewind.metadata.wakeups import TRIGGERER, worker_channel
from tradewind.transitions import assets, callbacks, claims, handover, notices
from tradewind.transitions.applying import apply
from tradewind.transitions.graph import (
    Graph,
    Graphs,
    Where,
    both,
    descendants,
    is_limited,
    is_paired,
    matters_later,
    reach,
    stopped_by,
)
from tradewind.transitions.recording import (
    ALREADY_RECORDED,
    RECORDED,
    Recorded,
    answer_late,
    deferral_values,
    instance_values,
    is_current,
    record,
    require_reportable,
    try_values,
    xcom_values,
)
from tradewind.transitions.runs import close_finished
from tradewind.transitions.scopes import read_setups
from tradewind.transitions.settling import Pressure, Settlement, press_down, settle, single, within
from tradewind.transitions.states import ENDED, TaskState, TryState
from tradewind.transitions.values import Answer, Claimer, EndResult, Outcome, Ticket

MOST_ROWS = 500
"""How many rows below its outcomes one transaction locks; the rest is a continuation."""

SCHEDULER = "scheduler"
"""The wake-up channel of schedulers; that of an executor's workers is `worker:<executor>`."""


@dataclass(slots=True)
class _Batch:
    """What one call has found and done so far; `queued` are executors of locked instances that waited for a worker before."""

    owners: Mapping[int, Owner]
    graphs: Mapping[int, Graph]
    recorded: list[Recorded] = field(default_factory=list)
    late: list[tuple[Outcome, LockedInstance | None]] = field(default_factory=list)
    ready: list[LockedInstance] = field(default_factory=list)
    queued: dict[int, str] = field(default_factory=dict)
    ended: dict[int, int] = field(default_factory=dict)
    unfinished: set[int] = field(default_factory=set)
    wake: set[str] = field(default_factory=set)
    has_callbacks: bool = False


def end(
    conn: sa.Connection,
    outcomes: Sequence[Outcome],
    *,
    graphs: Graphs,
    clock: Clock,
    ids: Ids,
    claimer: Claimer | None = None,
    fast_follow: bool = True,
) -> EndResult:
    """Record outcomes and everything they bring about.

    Arguments:
        outcomes: any number, of any runs, new, repeated or late; each gets its answer.
        graphs: where the runs' versions are found.
        claimer: the reporting worker, if it can take more work: successors are handed to it, then queued tries.
        fast_follow: False leaves everything that became ready to the scheduler.
    Returns:
        answers in the order of the outcomes, tickets to start, channels to wake after the commit, and closed runs.
    Raises:
        ValueError: for an outcome that no worker may report; nothing is written then.
    """
    for outcome in outcomes:
        require_reportable(outcome)
    first = {(outcome.instance, outcome.token): outcome for outcome in reversed(outcomes)}
    owners = instances.share_runs(conn, [outcome.instance for outcome in outcomes])
    versions = {owner.version_id: graphs.get(conn, owner.version_id) for owner in owners.values()}
    batch = _Batch(owners, {owner.run: versions[owner.version_id] for owner in owners.values()})
    batch.late += [(outcome, None) for outcome in first.values() if outcome.instance not in owners]
    todo = [outcome for outcome in first.values() if outcome.instance in owners]
    while todo:
        todo = _end_some(conn, todo, batch, now=clock.now(), ids=ids)
    answers = _answers(conn, outcomes, batch)
    tickets = _follow(conn, batch, claimer, answers, clock=clock, fast_follow=fast_follow)
    _tell_passed_over(batch, tickets)
    closed = _advance(conn, batch, tickets, now=clock.now(), ids=ids)
    if closed:
        batch.wake.add(SCHEDULER)
    has_callbacks = batch.has_callbacks or any(batch.graphs[run].callbacks for run in closed)
    return EndResult(answers, tickets, frozenset(batch.wake), closed, has_callbacks)


def _end_some(conn: sa.Connection, todo: list[Outcome], batch: _Batch, *, now: datetime, ids: Ids) -> list[Outcome]:
    """Lock and end as many outcomes as the cap allows, in the order of the locks, and return the others."""
    targets = {run: _reach(batch.graphs[run], batch.owners, outcomes) for run, outcomes in _by_run(todo, batch).items()}
    most = MOST_ROWS + len(todo)
    found = instances.lock_with_targets(conn, {outcome.instance for outcome in todo}, targets, most=most + 1)
    rows, cut = within(found, most)
    if cut is not None:
        rows = [*rows, *_beyond(conn, todo, batch, rows, cut)]
    by_id = {row.id: row for row in rows}
    batch.queued |= {row.id: row.executor for row in rows if row.state == TaskState.QUEUED}
    locked = [outcome for outcome in todo if outcome.instance in by_id]
    newly = _record(conn, locked, by_id, batch)
    if assets.tries_told(conn, newly, batch.owners, now=now, ids=ids):
        batch.wake.add(SCHEDULER)
    settlements = {
        run: settle(
            batch.graphs[run],
            (row for row in rows if row.run == run),
            _pressures(batch.graphs[run], [each for each in newly if each.row.run == run]),
            cut=(cut.rank, cut.map_index) if cut is not None and cut.run == run else None,
            setups=read_setups(conn, run, batch.graphs[run], targets[run]),
        )
        for run in sorted({each.row.run for each in newly})
    }
    batch.ready += apply(conn, settlements, now=now, ids=ids)
    if _matters_later(batch, newly, settlements):
        batch.wake.add(SCHEDULER)
    _account(batch, newly, settlements)
    missing = [outcome for outcome in todo if outcome.instance not in by_id]
    if cut is not None and locked:
        return missing
    batch.late += [(outcome, None) for outcome in missing]
    return []


def _beyond(
    conn: sa.Connection, todo: Sequence[Outcome], batch: _Batch, rows: Sequence[LockedInstance], cut: LockedInstance
) -> list[LockedInstance]:
    """Lock the outcomes' own rows in the run of the cut where none is within: what a failure stops may be all before it."""
    locked = {row.id for row in rows}
    if any(outcome.instance in locked for outcome in todo):
        return []
    mine = [each.instance for each in todo if batch.owners[each.instance].run == cut.run]
    return instances.lock_with_targets(conn, mine, {}, most=len(mine))


def _by_run(outcomes: Iterable[Outcome], batch: _Batch) -> dict[int, list[Outcome]]:
    found: dict[int, list[Outcome]] = {}
    for outcome in outcomes:
        found.setdefault(batch.owners[outcome.instance].run, []).append(outcome)
    return found


def _reach(graph: Graph, owners: Mapping[int, Owner], outcomes: Iterable[Outcome]) -> dict[str, Where]:
    """Return the tasks that outcomes of one run may touch, whatever the locked rows will say."""
    pressed: dict[str, set[str]] = {}
    at: dict[str, Where] = {}
    forced: set[str] = set()
    again: set[str] = set()
    for outcome in outcomes:
        state = TaskState.FAILED if outcome.state == TryState.LOST else outcome.state
        if state not in ENDED:
            continue
        owner = owners[outcome.instance]
        task, here = graph.tasks[owner.task_id], frozenset({owner.map_index})
        skipped = _forced(graph, outcome) | stopped_by(graph, task.task_id, state)
        for below in task.downstream:
            pressed.setdefault(below, set()).add(state)
        for below in {*task.downstream, *skipped, *task.in_scope}:
            is_beside = is_paired(task, graph.tasks[below]) and not (graph.fail_stop and state == TaskState.FAILED)
            where = here if is_beside and below not in task.in_scope else None
            at[below] = both(at[below], where) if below in at else where
        forced |= skipped
        again |= set(task.in_scope)
    return reach(graph, pressed, forced, again, at)


def _forced(graph: Graph, outcome: Outcome) -> set[str]:
    """Return the tasks that an outcome skips by name; one that its version does not have is nobody's to skip."""
    named = {task_id for task_id in outcome.skip if task_id in graph.tasks}
    if not outcome.skip_all:
        return named
    return {task_id for task_id in descendants(graph, named) if not graph.tasks[task_id].is_teardown}


def _record(
    conn: sa.Connection, outcomes: Iterable[Outcome], rows: Mapping[int, LockedInstance], batch: _Batch
) -> list[Recorded]:
    newly: list[Recorded] = []
    for outcome in outcomes:
        row = rows[outcome.instance]
        if is_current(outcome, row):
            newly.append(record(outcome, row, batch.graphs[row.run].tasks[row.task_id]))
        else:
            batch.late.append((outcome, row))
    tries = [try_values(each) for each in newly if each.outcome.state != TryState.NEVER_STARTED]
    instances.record(conn, [instance_values(each) for each in newly], tries)
    labels.store(conn, [(each.row.id, each.outcome.label) for each in newly if each.outcome.label is not None])
    notices.tries_ended(conn, newly)
    resumed = _went_on(conn, newly)
    batch.has_callbacks |= callbacks.tries_ended(conn, newly, batch.graphs)
    _store_xcoms(conn, newly, resumed)
    batch.recorded += newly
    return newly


def _went_on(conn: sa.Connection, newly: Sequence[Recorded]) -> frozenset[int]:
    """Write what newly deferred instances wait for; forget what others waited for, and return those that went on after it."""
    again = [each.row for each in newly if each.row.token > 1]
    before = deferrals.tokens(conn, [row.id for row in again]) if again else {}
    resumed = frozenset(row.id for row in again if row.id in before and before[row.id] + 1 == row.token)
    # A dispatch whose code never began goes on once more with the same: its next token is two further
    kept = {each.row.id for each in newly if each.outcome.state == TryState.NEVER_STARTED} & resumed
    deferrals.keep_for(conn, kept, by=2)
    deferrals.forget(conn, set(before) - kept)
    deferrals.add(conn, [values for each in newly if (values := deferral_values(each)) is not None])
    return resumed


def _store_xcoms(conn: sa.Connection, newly: Iterable[Recorded], resumed: Collection[int]) -> None:
    """Store what the tries pushed, in place of what earlier tries of the same instances did."""
    # Only an instance that was dispatched before can have pushed before; one that went on keeps what its try has pushed.
    again = [each.row for each in newly if each.row.token > 1 and each.row.id not in resumed]
    xcoms.forget_before(
        conn, [(row.run, row.task_id, row.map_index, row.started_at) for row in again if row.started_at is not None]
    )
    xcoms.store(conn, [values for each in newly for values in xcom_values(each)])


def _pressures(graph: Graph, newly: Sequence[Recorded]) -> dict[str, Pressure]:
    ends = [each for each in newly if each.is_end]
    pressures = press_down(graph, [(each.row.task_id, each.row.map_index, each.state) for each in ends])
    for each in ends:
        for task_id in _forced(graph, each.outcome):
            pressure = pressures.setdefault(task_id, single())
            if is_paired(graph.tasks[each.row.task_id], graph.tasks[task_id]):
                pressure.special(each.row.map_index).is_forced = True
            else:
                pressure.is_forced = pressure.is_for_all = True
        for task_id in stopped_by(graph, each.row.task_id, each.state):
            pressure = pressures.setdefault(task_id, single())
            pressure.is_forced = pressure.is_stopped = pressure.is_for_all = True
    return pressures


def _account(batch: _Batch, newly: Iterable[Recorded], settlements: Mapping[int, Settlement]) -> None:
    for each in newly:
        run = each.row.run
        batch.ended[run] = batch.ended.get(run, 0) + each.is_end
        if not each.is_end:
            batch.unfinished.add(run)
            batch.wake.add(SCHEDULER)
        if each.state == TaskState.DEFERRED:
            batch.wake.add(TRIGGERER)
    for run, found in settlements.items():
        batch.ended[run] = batch.ended.get(run, 0) + found.ended
        if found.expand or found.left or found.gated:
            batch.unfinished.add(run)
            batch.wake.add(SCHEDULER)
        if TaskState.SCHEDULED in found.decided:
            batch.unfinished.add(run)


def _matters_later(batch: _Batch, newly: Iterable[Recorded], settlements: Mapping[int, Settlement]) -> bool:
    """Whether something ended that another run may wait for."""
    ended = [each.row for each in newly if each.is_end]
    ended += [row for found in settlements.values() for rows in found.decided.values() for row in rows]
    return any(matters_later(batch.graphs[row.run], row.task_id) for row in ended)


def _answers(
    conn: sa.Connection,
    outcomes: Sequence[Outcome],
    batch: _Batch,
) -> tuple[Answer, ...]:
    found = {
        (each.row.id, each.outcome.token): Answer(each.row.id, each.outcome.token, RECORDED, each.state)
        for each in batch.recorded
    }
    if batch.late:
        tries = instances.tries(conn, [(outcome.instance, outcome.token) for outcome, _ in batch.late])
        found.update({(o.instance, o.token): answer_late(o, row, tries) for o, row in batch.late})
        stopped.forget(conn, tries)  # whoever was told from outside that it has ended has heard it
    answers = []
    for outcome in outcomes:
        answer = found[outcome.instance, outcome.token]
        answers.append(answer)
        if answer.verdict == RECORDED:
            # The same try once more in this batch: only its first report is news.
            found[outcome.instance, outcome.token] = replace(answer, verdict=ALREADY_RECORDED)
    return tuple(answers)


def _follow(
    conn: sa.Connection,
    batch: _Batch,
    claimer: Claimer | None,
    answers: Sequence[Answer],
    *,
    clock: Clock,
    fast_follow: bool,
) -> tuple[Ticket, ...]:
    """Schedule what became ready, hand slots over, and let the claimer claim."""
    if claimer is not None and any(answer.verdict == ALREADY_RECORDED for answer in answers):
        # The report was sent before: its answer got lost, and with it perhaps the tickets it brought.
        again = claims.reclaim(conn, claimer.worker, claimer.nonce)
        if again:
            _leave_to_scheduler(conn, batch, batch.ready, clock=clock)
            return again
    freed = [each.row for each in batch.recorded]
    if not batch.ready or not fast_follow:
        _leave_to_scheduler(conn, batch, batch.ready, clock=clock)
        return _claim_only(conn, batch, claimer, has_freed=bool(freed), clock=clock)
    return _hand_over(conn, batch, claimer, freed, clock=clock)


def _leave_to_scheduler(conn: sa.Connection, batch: _Batch, rows: Sequence[LockedInstance], *, clock: Clock) -> None:
    if rows:
        keys = [row.id for row in rows]
        instances.settle(conn, keys, state=TaskState.SCHEDULED, now=clock.now(), is_end=False)
        batch.wake.add(SCHEDULER)


def _claim_only(
    conn: sa.Connection, batch: _Batch, claimer: Claimer | None, *, has_freed: bool, clock: Clock
) -> tuple[Ticket, ...]:
    if claimer is None:
        if has_freed and SCHEDULER not in batch.wake and claim_statements.is_any_scheduled(conn):
            batch.wake.add(SCHEDULER)
        return ()
    return _claim_more(conn, batch, claimer, most=claimer.free, clock=clock)


def _claim_more(conn: sa.Connection, batch: _Batch, claimer: Claimer, *, most: int, clock: Clock) -> tuple[Ticket, ...]:
    taken = claims.take(conn, claimer, most=most, clock=clock)
    if taken.is_refill_needed:
        batch.wake.add(SCHEDULER)
    return taken.tickets


def _hand_over(
    conn: sa.Connection,
    batch: _Batch,
    claimer: Claimer | None,
    freed: Sequence[LockedInstance],
    *,
    clock: Clock,
) -> tuple[Ticket, ...]:
    # What has a limit of its own waits for admission, which counts for it
    limited = [row for row in batch.ready if is_limited(batch.graphs[row.run].tasks[row.task_id])]
    _leave_to_scheduler(conn, batch, limited, clock=clock)
    if any(is_limited(batch.graphs[row.run].tasks[row.task_id]) for row in freed):
        batch.wake.add(SCHEDULER)
    split = handover.pay([row for row in batch.ready if row not in limited], freed)
    waiting = {
        (pool, executor): claim_statements.who_waits(conn, pool=pool, executor=executor, priority=priority)
        for (pool, executor), priority in handover.buckets(split.paid).items()
    }
    outranked = handover.outranked(split.paid, waiting)
    paid = [row for row in split.paid if row.id not in outranked]
    starting = handover.startable(paid, waiting, claimer)
    started = {row.id for row in starting}
    queued = [row for row in paid if row.id not in started]
    _leave_to_scheduler(conn, batch, [*split.unpaid, *(row for row in split.paid if row.id in outranked)], clock=clock)
    if queued:
        instances.admit(conn, [row.id for row in queued], now=clock.now())
    tickets = _start(conn, batch, starting, claimer, clock=clock)
    if handover.slots(paid) < handover.slots(freed) and any(found.is_any_scheduled for found in waiting.values()):
        batch.wake.add(SCHEDULER)
    if claimer is not None and (queued or not waiting or any(found.is_any_queued for found in waiting.values())):
        tickets += _claim_more(conn, batch, claimer, most=claimer.free - len(tickets), clock=clock)
    claimed = {ticket.instance for ticket in tickets}
    batch.wake |= {worker_channel(row.executor) for row in queued if row.id not in claimed}
    return tickets


def _tell_passed_over(batch: _Batch, tickets: Iterable[Ticket]) -> None:
    """Wake the workers of what was queued before: while its row is locked here, claims pass over it."""
    claimed = {ticket.instance for ticket in tickets}
    batch.wake |= {worker_channel(executor) for key, executor in batch.queued.items() if key not in claimed}


def _start(
    conn: sa.Connection,
    batch: _Batch,
    rows: Sequence[LockedInstance],
    claimer: Claimer | None,
    *,
    clock: Clock,
) -> tuple[Ticket, ...]:
    if claimer is None or not rows:
        return ()
    claims.start(conn, [row.id for row in rows], claimer, clock=clock)
    return tuple(claims.started(_claim_row(row, batch)) for row in rows)


def _claim_row(row: LockedInstance, batch: _Batch) -> ClaimRow:
    owner = next(owner for owner in batch.owners.values() if owner.run == row.run)
    return ClaimRow(
        instance=row.id,
        token=row.token,
        try_number=row.try_number,
        max_tries=row.max_tries,
        run=row.run,
        dag_id=owner.dag_id,
        run_id=owner.run_id,
        task_id=row.task_id,
        map_index=row.map_index,
        version_id=owner.version_id,
        executor=row.executor,
        queue=row.queue,
    )


def _advance(
    conn: sa.Connection, batch: _Batch, tickets: Iterable[Ticket], *, now: datetime, ids: Ids
) -> dict[int, str]:
    """Write the runs' progress, and close those that came to zero; where something is known to be open, do not ask."""
    runs.advance(conn, {run: count for run, count in batch.ended.items() if count})
    known_open = batch.unfinished | {ticket.run for ticket in tickets}
    candidates = {run: batch.graphs[run] for run, count in batch.ended.items() if count and run not in known_open}
    return close_finished(conn, candidates, now=now, ids=ids)
