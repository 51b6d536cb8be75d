"""Named ways to break the product. The simulation must find each: a checker that finds nothing proves nothing.

A mutant replaces one named seam of the product while a block runs. Each comes with the seeds that are known to find it, so
that the test is quick; `run.py --mutant NAME` searches from seed 0 on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from unittest import mock

import sqlalchemy as sa
from tradewind.metadata.statements import admission as admission_statements
from tradewind.metadata.statements import claims as claim_statements
from tradewind.metadata.statements import counters, instances, runs, xcoms
from tradewind.metadata.tables import task_instance
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

Patches = list[Any]
MUTANTS: dict[str, Callable[[Any], Patches]] = {}


def mutant(make: Callable[[Any], Patches]) -> Callable[[Any], Patches]:
    """Register a mutant under its function's name; it gets the simulation's database."""
    MUTANTS[make.__name__.replace("_", "-")] = make
    return make


@contextlib.contextmanager
def mutated(name: str | None, database: Any) -> Iterator[None]:
    """Break the product in the named way while the block runs; None leaves it whole."""
    with contextlib.ExitStack() as stack:
        for patch in MUTANTS[name](database) if name else []:
            stack.enter_context(patch)
        yield


def swap(place: Any, name: str, value: Any) -> Any:
    """Return a patch of one attribute."""
    return mock.patch.object(place, name, value)


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
    return [swap(claims, "reclaim", lambda _conn, _claimer: ())]


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

    def choose(candidates: Any, room: Any, *, limit: int) -> list[Any]:
        chosen: list[Any] = []
        for candidate in candidates:
            if len(chosen) == limit or not room.fits(candidate):
                break
            room.take(candidate)
            chosen.append(candidate)
        return chosen

    return [swap(admission, "choose", choose)]


@mutant
def decide_again(_: Any) -> Patches:
    """Every further upstream end decides anew, also what an early rule has decided."""
    press = settling._press

    def again(found: Any, task: Any, row: Any, pressure: Any) -> Any:
        return press(found, task, replace(row, state=TaskState.NONE), pressure)

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
def run_not_locked(_: Any) -> Patches:
    """Ends do not lock their runs, so a clear may come between."""
    return [swap(instances, "_SHARE_RUNS", instances._SHARE_RUNS.with_for_update(of=[], skip_locked=True))]


@mutant
def rest_of_cascade_lost(_: Any) -> Patches:
    """What passes the cap of a transaction is forgotten."""
    return [swap(applying, "_leave", lambda *_args, **_more: None)]


@mutant
def skips_forgotten(_: Any) -> Patches:
    """What a branch does not follow runs all the same."""
    return [swap(ends, "_forced", lambda _graph, _outcome: set())]


KNOWN_SEEDS: dict[str, tuple[int, ...]] = {
    "no-token-check": (6,),
    "counters-after-commit": (12,),
    "lock-by-id": (0,),
    "adjust-on-clear": (0,),
    "handover-ignores-priority": (3,),
    "handover-pays-with-nothing": (0,),
    "claim-without-state-check": (0,),
    "claim-without-nonce": (21,),
    "retry-for-ever": (0,),
    "reschedule-consumes-a-try": (0,),
    "takeover-on-silence": (12,),
    "evidence-forgets-starts": (7,),
    "occupancy-ignored": (0,),
    "first-misfit-blocks": (3,),
    "decide-again": (0,),
    "repeated-outcome-counts-twice": (3,),
    "close-without-progress": (0,),
    "zero-length-never-ends": (6,),
    "expansion-forgets-downstream": (64,),
    "run-not-locked": (0,),
    "rest-of-cascade-lost": (0,),
    "skips-forgotten": (5,),
}
"""Seeds that find each mutant. After a change of the scenarios, `run.py --mutant NAME` finds new ones."""
