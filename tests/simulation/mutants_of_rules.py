"""Mutants that one actor at a time can show: a rule is left out, or is another one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from simulation.mutation import Patches, mutant, swap
from simulation.scenario import START
from tradewind.metadata import dialects
from tradewind.metadata.statements import admission as admission_statements
from tradewind.metadata.statements import claims as claim_statements
from tradewind.metadata.statements import counters, instances, runs, xcoms
from tradewind.metadata.statements import daemons as daemon_statements
from tradewind.metadata.tables import EPOCH, MICROSECOND, task_instance
from tradewind.scheduling.scheduler import Scheduler
from tradewind.transitions import (
    admission,
    applying,
    claims,
    continuing,
    daemons,
    ends,
    expansion,
    handover,
    recording,
    recount,
    settling,
)
from tradewind.transitions import clear as clearing
from tradewind.transitions.daemons import Leases
from tradewind.transitions.graph import xcom_sources
from tradewind.transitions.states import TaskState, TryState


@mutant
def no_token_check(_: Any) -> Patches:
    """An outcome counts whatever its token says."""
    return [swap(ends, "is_current", lambda _outcome, row: row.state == TaskState.RUNNING)]


@mutant
def counters_after_commit(database: Any) -> Patches:
    """Counters are written in a transaction of their own, after the commit: a crash in between loses them."""
    write = counters.add

    def later(_conn: Any, keys: Any, counts: Any) -> None:
        keys = list(keys)
        database.after_commit.append(lambda conn: write(conn, keys, counts))

    return [swap(applying.counters, "add", later)]


@mutant
def lock_by_id(_: Any) -> Patches:
    """Task rows are locked in the order of their ids, in which instances expanded later come last."""

    def by_id(statement: Any) -> Any:
        return statement.order_by(None).order_by(task_instance.c.id)

    of_targets = instances._lock_targets
    named = [
        swap(instances, name, by_id(getattr(instances, name))) for name in ("_LOCK_IDS", "_LOCK_AFTER", "_LOCK_RUN")
    ]
    return [*named, swap(instances, "_lock_targets", lambda runs: by_id(of_targets(runs)))]


@mutant
def adjust_on_clear(_: Any) -> Patches:
    """A clear takes one success away from what is below, instead of recounting."""

    def adjust(conn: Any, graph: Any, rows: Any) -> Any:
        open_tasks = {row.task_id for row in rows if row.state == TaskState.NONE}
        changed = []
        for row in rows:
            lost = sum(above in open_tasks for above in graph.tasks[row.task_id].upstream)
            changed.append(replace(row, success=max(0, row.success - lost)))
        counters.put(conn, [{"key": row.id, "success": row.success} for row in changed])
        return changed

    return [swap(clearing, "recount", adjust), swap(recount, "recount", adjust)]


@mutant
def handover_ignores_priority(_: Any) -> Patches:
    """Slots go to a successor although somebody waits for them with a higher priority."""
    return [swap(handover, "outranked", lambda _rows, _waiting: set())]


@mutant
def handover_pays_with_nothing(_: Any) -> Patches:
    """Every successor is admitted, whatever slots the ended task had."""
    return [swap(handover, "pay", lambda ready, _freed: handover.Split(tuple(ready), ()))]


@mutant
def claim_without_state_check(_: Any) -> Patches:
    """A claim takes rows that are running, too."""
    ti = task_instance.c
    statement = claim_statements._CLAIM
    wider = statement.with_only_columns(*statement.selected_columns).where(sa.true())
    wider._where_criteria = (
        ti.state.in_(["queued", "running"]),
        *(each for each in statement._where_criteria if "state" not in str(each)),
    )
    return [swap(claim_statements, "_CLAIM", wider)]


@mutant
def claim_without_nonce(_: Any) -> Patches:
    """A claim asked again after a lost reply claims anew; the first tickets are nobody's."""
    return [swap(claims, "reclaim", lambda _conn, _worker, _nonce: ())]


@mutant
def retry_for_ever(_: Any) -> Patches:
    """A failed try is followed by another one, however many there were."""
    return [swap(recording, "may_retry", lambda outcome, _row: outcome.retry)]


@mutant
def reschedule_consumes_a_try(_: Any) -> Patches:
    """A reschedule counts as an attempt."""
    values = recording.instance_values
    return [swap(ends, "instance_values", lambda each: {**values(each), "try_number": each.row.try_number})]


@mutant
def takeover_on_silence(_: Any) -> Patches:
    """A worker's tries are taken over as soon as its lease expires."""
    find, ask = daemons.find_gone, daemons.is_anybody_gone

    def at_once(leases: Leases) -> Leases:
        return replace(leases, isolation_grace=leases.duration)

    return [
        swap(daemons, "find_gone", lambda conn, *, clock, leases: find(conn, clock=clock, leases=at_once(leases))),
        swap(daemons, "is_anybody_gone", lambda *, clock, leases: ask(clock=clock, leases=at_once(leases))),
    ]


@mutant
def evidence_forgets_starts(_: Any) -> Patches:
    """Tries whose code had begun are dispatched again as if it had not."""
    return [swap(daemons.TryState, "LOST", TryState.NEVER_STARTED)]


@mutant
def occupancy_ignored(_: Any) -> Patches:
    """Admission takes every pool and DAG for empty."""
    nothing = admission_statements.Occupancy({}, {}, {})
    return [swap(admission.admission, "occupancy", lambda _conn: nothing)]


@mutant
def first_misfit_blocks(_: Any) -> Patches:
    """Admission stops at the first candidate that does not fit."""

    def choose(candidates: Any, room: Any, *, limit: int, lanes: Any = None) -> list[Any]:
        chosen: list[Any] = []
        for candidate in candidates:
            if len(chosen) == limit or not room.fits(candidate):
                break
            room.take(candidate)
            chosen.append(candidate)
        return chosen

    return [swap(admission, "choose", choose)]


@mutant
def admission_in_no_order(_: Any) -> Patches:
    """Admission begins with the lowest priority."""
    candidates = admission_statements.candidates
    return [swap(admission_statements, "candidates", lambda *args, **more: candidates(*args, **more)[::-1])]


@mutant
def claim_past_the_slots(_: Any) -> Patches:
    """A claim takes one more try than the worker has room for."""
    take = claims.take
    return [swap(claims, "take", lambda conn, claimer, *, most, clock: take(conn, claimer, most=most + 1, clock=clock))]


@mutant
def decide_again(_: Any) -> Patches:
    """Every further upstream end decides anew, also what an early rule has decided."""
    press = settling._press

    def again(found: Any, task: Any, row: Any, *rest: Any) -> Any:
        return press(found, task, replace(row, state=TaskState.NONE), *rest)

    return [swap(settling, "_press", again)]


@mutant
def repeated_outcome_counts_twice(_: Any) -> Patches:
    """The same report again is recorded again."""

    def record(conn: Any, ends: Any, rows: Any) -> None:
        known = instances.tries(conn, [(row["instance"], row["token"]) for row in rows])
        write(conn, ends, [row for row in rows if (row["instance"], row["token"]) not in known])

    write = instances.record
    return [
        swap(ends, "is_current", lambda outcome, row: row.token == outcome.token),
        swap(instances, "record", record),
    ]


@mutant
def close_without_progress(_: Any) -> Patches:
    """A run is closed without asking whether anything is unfinished."""
    return [swap(runs, "at_zero", lambda _conn, candidates: [(run, None) for run in sorted(candidates)])]


@mutant
def zero_length_never_ends(_: Any) -> Patches:
    """A mapped task over an empty list is left as it is."""
    expand = expansion.expand

    def lazy(conn: Any, run: Any, task_id: str, *, graph: Any, **more: Any) -> bool:
        for source, key in xcom_sources(graph.tasks[task_id]):
            if xcoms.length(conn, run.id, source, key) == 0:
                return False
        return bool(expand(conn, run, task_id, graph=graph, **more))

    return [swap(continuing, "expand", lazy)]


@mutant
def expansion_forgets_downstream(_: Any) -> Patches:
    """What is below an expanded task goes on waiting for one instance."""
    return [swap(counters, "widen", lambda *_args: None)]


@mutant
def rest_of_cascade_lost(_: Any) -> Patches:
    """What passes the cap of a transaction is forgotten."""
    return [swap(applying, "_leave", lambda *_args, **_more: None)]


@mutant
def skips_forgotten(_: Any) -> Patches:
    """What a branch does not follow runs all the same."""
    return [swap(ends, "_forced", lambda _graph, _outcome: set())]


@mutant
def lease_not_renewed(_: Any) -> Patches:
    """A renewal is answered, and moves nothing."""
    return [swap(daemon_statements, "renew", lambda *_args, **_more: True)]


@mutant
def skip_cascade_not_counted(_: Any) -> Patches:
    """What a rule skips is not counted by those below it."""
    one = settling.one

    def uncounted(state: str, count: int = 1) -> Any:
        return settling.NOTHING if state == TaskState.SKIPPED else one(state, count)

    return [swap(settling, "one", uncounted)]


@mutant
def wake_ups_are_all(_: Any) -> Patches:
    """A scheduler without a wake-up sleeps for ever: the net under a lost NOTIFY is gone."""

    def pause(self: Scheduler, stepped: Any, *, is_deaf: bool) -> float:
        return 10_000.0 if stepped.next_due is None else PAUSE(self, stepped, is_deaf=is_deaf)

    return [swap(Scheduler, "pause", pause)]


@mutant
def outcome_rejected_with_lease(database: Any) -> Patches:
    """An outcome counts only while the lease of its worker holds."""
    current = ends.is_current

    def strict(outcome: Any, row: Any) -> bool:
        found = database.world.calm.rows(f"SELECT expires_at FROM daemon WHERE id = '{row.worker}'")
        is_valid = all(expires_at > microseconds(database.world.clock.at) for (expires_at,) in found)
        return bool(is_valid and current(outcome, row))

    return [swap(ends, "is_current", strict)]


@mutant
def pulse_ignored(_: Any) -> Patches:
    """Leases are judged at once when the database is back."""

    def beat(conn: Any, *, gap: timedelta, sql_now: Any) -> None:
        write(conn, gap=timedelta(days=365), sql_now=sql_now)

    write = daemon_statements.beat
    return [swap(daemon_statements, "beat", beat)]


@mutant
def claim_in_no_order(_: Any) -> Patches:
    """A claim takes what it finds first, whatever its priority."""
    ti = task_instance.c
    return [
        swap(claim_statements, name, getattr(claim_statements, name).order_by(None).order_by(ti.priority, ti.id))
        for name in ("_CLAIM", "_CLAIM_QUEUES")
    ]


@mutant
def expansion_forgets_progress(_: Any) -> Patches:
    """The run does not learn that it has more instances now."""
    advance = runs.advance

    def only_down(conn: Any, ended: Any) -> None:
        advance(conn, {run: count for run, count in ended.items() if count > 0})

    return [swap(runs, "advance", only_down)]


@mutant
def clear_keeps_expansions(_: Any) -> Patches:
    """A mapped task that is cleared with what it expands over keeps its old length."""
    return [swap(clearing, "_collapsing", lambda _graph, _tasks: set())]


@mutant
def clear_keeps_xcoms(_: Any) -> Patches:
    """What cleared instances pushed stays."""
    return [swap(xcoms, "forget", lambda _conn, _keys: None)]


@mutant
def clear_takes_running(_: Any) -> Patches:
    """A clear does not mind what is running."""

    def idle(row: Any) -> Any:
        return replace(row, state=TaskState.FAILED) if row.state == TaskState.RUNNING else row

    look = instances.lock_run
    return [swap(instances, "lock_run", lambda conn, run: [idle(row) for row in look(conn, run)])]


@mutant
def pause_ignored(_: Any) -> Patches:
    """Runs of a paused DAG start all the same."""
    gate = runs.gate

    def awake(conn: Any, dag_id: str, **more: Any) -> Any:
        found = gate(conn, dag_id, **more)
        return None if found is None else replace(found, is_paused=False)

    return [swap(runs, "gate", awake)]


@mutant
def retry_at_once(_: Any) -> Patches:
    """A retry does not wait for its delay."""
    values = recording.instance_values
    return [swap(ends, "instance_values", lambda each: {**values(each), "due_at": values(each)["due_at"] and START})]


@mutant
def clear_keeps_tokens(_: Any) -> Patches:
    """A clear does not raise tokens."""
    clear = clearing._cleared
    return [swap(clearing, "_cleared", lambda row, *more: replace(clear(row, *more), token=row.token))]


@mutant
def refusal_is_the_end(_: Any) -> Patches:
    """A transaction that the database refuses is not repeated."""
    return [swap(dialects, "is_transient", lambda _error: False)]


PAUSE = Scheduler.pause


def microseconds(instant: Any) -> int:
    """Return an instant as the database keeps it."""
    return int((instant - EPOCH) // MICROSECOND)
