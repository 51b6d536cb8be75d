"""Making runs, starting them and closing them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.clock import Clock
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import continuations, deadlines, gates, instances, runs
from tradewind.metadata.statements.continuations import Continuation
from tradewind.metrics.catalogue import RUN_DURATION
from tradewind.metrics.recording import observe
from tradewind.transitions import callbacks, notices
from tradewind.transitions.graph import Graph, leaves
from tradewind.transitions.planning import PlannedTask, plan, unstarted
from tradewind.transitions.settling import gate_of
from tradewind.transitions.states import ENDED, ENDED_RUN, RunState, TaskState

DEFAULT_EXECUTOR = "LocalExecutor"
DEFAULT_QUEUE = "default"
EXPAND = "expand"
"""Kind of the continuation that expands a mapped task; its payload is {"task": task id}."""
PAUSE_AFTER_FAILURES = "pause_after_failures"
"""Kind of the continuation that pauses a DAG after too many failed runs in a row; its payload is {"most": how many}."""


def create_run(
    conn: sa.Connection,
    *,
    version_id: int,
    graph: Graph,
    run_id: str,
    run_type: str,
    logical_date: datetime | None,
    data_interval_start: datetime | None,
    data_interval_end: datetime | None,
    conf: Mapping[str, Any],
    triggered_by: str,
    clock: Clock,
    ids: Ids,
    executor: str = DEFAULT_EXECUTOR,
    queue: str = DEFAULT_QUEUE,
    starts_anyway: bool = False,
    gate: runs.Gate | None = None,
) -> int:
    """Insert a run with all its instances, and start it at once if its DAG is not paused and has room for one more run.

    What needs no process (empty tasks, and what their ends decide below) ends here, in memory: rows that nobody else can see
    yet are written in their decided state, so no cap applies. A run that has to wait is `queued`, with everything undecided;
    `recount.start_queued` starts it later.

    Arguments:
        graph: the version's graph.
        conf: JSON values given with a manual run.
        triggered_by: `cli`, `scheduler`, `rest_api`, `ui`, `operator`, `test`.
        executor, queue: those of tasks that name none.
        starts_anyway: whether it starts even if its DAG is paused or has no room: who asks has a limit of its own.
        gate: what the transaction has read under the lock of the DAG's row; None reads it.
    Returns:
        the key of the new `dag_run` row.
    Raises:
        sqlalchemy.exc.IntegrityError: when the DAG has a run of this `run_id` already.
    """
    now = clock.now()
    dag_id = graph.dag_id
    gate = gate or runs.gate(conn, dag_id, run_type=run_type)
    starts = gate is None or starts_anyway or (not gate.is_paused and gate.running < gate.max_active_runs)
    planned = (plan if starts else unstarted)(graph, logical_date)
    run = ids.block(1)[0]
    unfinished = sum(len(each.map_indexes) for each in planned if each.state not in ENDED)
    is_over = starts and unfinished == 0
    state = _end_state(graph, planned) if is_over else (RunState.RUNNING if starts else RunState.QUEUED)
    row = {
        "id": run,
        "dag_id": dag_id,
        "run_id": run_id,
        "run_type": run_type,
        "version_id": version_id,
        "state": state,
        "logical_date": logical_date,
        "data_interval_start": data_interval_start,
        "data_interval_end": data_interval_end,
        "conf": json.dumps(dict(conf)),
        "triggered_by": triggered_by,
        "queued_at": now,
        "started_at": now if starts else None,
        "ended_at": now if is_over else None,
    }
    runs.add(conn, row, unfinished=unfinished)
    where = {"executor": executor, "queue": queue}
    _add_instances(conn, planned, run=run, dag_id=dag_id, now=now, ids=ids, where=where)
    _add_expansions(conn, planned, run=run, now=now, ids=ids)
    gated = (each for each in planned if each.is_gated)
    gates.add(conn, [(run, *gate_of(each.task, index)) for each in gated for index in each.map_indexes])
    _set_limits(conn, row, graph, now=now)
    return run


def _set_limits(conn: sa.Connection, row: Mapping[str, Any], graph: Graph, *, now: datetime) -> None:
    """Write the deadlines of a new run; and if it is over already, what follows from that."""
    run, state = row["id"], row["state"]
    _add_slas(conn, run, graph, run_type=row["run_type"], after=row["data_interval_end"])
    _add_deadlines(conn, row, graph)
    if state in ENDED_RUN:
        notices.run_ended(conn, run, state=state, now=now)
        callbacks.run_ended(conn, run, graph, state=state, now=now)
        observe(RUN_DURATION, 0.0, dag_id=graph.dag_id, state=state)
    elif state == RunState.RUNNING:
        limit_run(conn, run, graph, now=now)


def _add_instances(
    conn: sa.Connection,
    planned: Sequence[PlannedTask],
    *,
    run: int,
    dag_id: str,
    now: datetime,
    ids: Ids,
    where: Mapping[str, str],
) -> None:
    keys = iter(ids.block(sum(len(each.map_indexes) for each in planned)))
    rows: list[dict[str, Any]] = []
    counts: list[dict[str, Any]] = []
    for each in planned:
        common = {"run": run, "dag_id": dag_id, **_instance_values(each, now, where)}
        counters = each.counters._asdict()
        for map_index, key in zip(each.map_indexes, keys, strict=False):
            rows.append({"id": key, "map_index": map_index, **common})
            counts.append({"instance": key, **counters})
    instances.add(conn, rows, counts)
    notices.made(conn, rows)


def _instance_values(planned: PlannedTask, now: datetime, where: Mapping[str, str]) -> dict[str, Any]:
    task = planned.task
    return {
        "task_id": task.task_id,
        "rank": task.rank,
        "state": planned.state,
        "try_number": 0,
        "max_tries": task.retries,
        "token": 0,
        "priority": task.priority,
        "pool": task.pool,
        "pool_slots": task.pool_slots,
        "executor": task.executor or where["executor"],
        "queue": task.queue or where["queue"],
        "scheduled_at": now if planned.state == TaskState.SCHEDULED else None,
        "ended_at": now if planned.state in ENDED else None,
    }


def _add_expansions(conn: sa.Connection, planned: Iterable[PlannedTask], *, run: int, now: datetime, ids: Ids) -> None:
    expandable = [each.task.task_id for each in planned if each.is_expandable]
    keys = ids.block(len(expandable)) if expandable else range(0)
    rows = [Continuation(key, run, EXPAND, {"task": task}) for key, task in zip(keys, expandable, strict=True)]
    continuations.add(conn, rows, now=now)


def _end_state(graph: Graph, planned: Iterable[PlannedTask]) -> str:
    failed, deciding = {TaskState.FAILED, TaskState.UPSTREAM_FAILED}, set(leaves(graph))
    is_failed = any(each.state in failed for each in planned if each.task.task_id in deciding)
    return RunState.FAILED if is_failed else RunState.SUCCESS


def close_finished(conn: sa.Connection, candidates: Mapping[int, Graph], *, now: datetime, ids: Ids) -> dict[int, str]:
    """Close those of `candidates` that have nothing unfinished, and return their end states.

    Call it last in a transaction that has changed `run_progress`: that row's lock makes sure that only one transaction
    sees zero.
    """
    closed: dict[int, str] = {}
    if not candidates:
        return closed
    for run, started_at in runs.at_zero(conn, candidates):
        failures = instances.leaf_failures(conn, run, leaves(candidates[run]))
        closed[run] = RunState.FAILED if failures else RunState.SUCCESS
        close_run(conn, run, candidates[run], closed[run], started_at=started_at, now=now, ids=ids)
    return closed


def close_run(
    conn: sa.Connection,
    run: int,
    graph: Graph,
    state: str,
    *,
    started_at: datetime | None,
    now: datetime,
    ids: Ids,
    reason: str | None = None,
) -> None:
    """Write a run's end and what follows from it.

    Arguments:
        reason: why, in Airflow's word, for the DAG's callback; by default that of the state.
    """
    runs.close(conn, run, state=state, now=now)
    notices.run_ended(conn, run, state=state, now=now)
    callbacks.run_ended(conn, run, graph, state=state, now=now, reason=reason)
    took = 0.0 if started_at is None else (now - started_at).total_seconds()
    observe(RUN_DURATION, took, dag_id=graph.dag_id, state=state)
    most = graph.max_consecutive_failed_runs
    if most and state == RunState.FAILED:
        # Not here: its DAG's row is locked before runs are, and this transaction holds one
        rest = Continuation(ids.block(1)[0], run, PAUSE_AFTER_FAILURES, {"most": most})
        continuations.add(conn, [rest], now=now)


def limit_run(conn: sa.Connection, run: int, graph: Graph, *, now: datetime) -> None:
    """Write by when a run must have ended that starts now, again or for the first time."""
    if graph.dagrun_timeout is None:
        return
    seconds = graph.dagrun_timeout
    deadlines.delete(conn, run, deadlines.RUN_TIMEOUT, [""])
    due_at = now + timedelta(seconds=seconds)
    row = {"run": run, "kind": deadlines.RUN_TIMEOUT, "task_id": "", "seconds": seconds, "due_at": due_at}
    deadlines.add(conn, [row])


def _add_slas(conn: sa.Connection, run: int, graph: Graph, *, run_type: str, after: datetime | None) -> None:
    """Write by when tasks of a scheduled run must have succeeded: so long after its data interval."""
    if graph.slas and run_type == "scheduled" and after is not None:
        rows = [
            {"run": run, "kind": deadlines.SLA, "task_id": task, "seconds": seconds}
            | {"due_at": after + timedelta(seconds=seconds)}
            for task, seconds in sorted(graph.slas.items())
        ]
        deadlines.add(conn, rows)


def _add_deadlines(conn: sa.Connection, row: Mapping[str, Any], graph: Graph) -> None:
    """Write by when a new run must have succeeded, as its DAG's `deadline` says; not what counts from a date that it has not."""
    rows = []
    for number, (reference, seconds) in enumerate(graph.deadlines):
        begin = row[reference] if reference in ("queued_at", "logical_date") else datetime.fromisoformat(reference)
        if begin is not None:
            due_at = begin + timedelta(seconds=seconds)
            kind = f"{deadlines.DEADLINE}{number}"
            rows.append({"run": row["id"], "kind": kind, "task_id": "", "seconds": seconds, "due_at": due_at})
    deadlines.add(conn, rows)


def pause_after_failures(conn: sa.Connection, dag_id: str, most: int) -> bool:
    """Pause a DAG whose last `most` ended runs have all failed; tell whether that was so. Its row is locked."""
    states = runs.last_ends(conn, dag_id, most)
    if len(states) < most or set(states) != {RunState.FAILED}:
        return False
    runs.pause(conn, dag_id)
    return True
