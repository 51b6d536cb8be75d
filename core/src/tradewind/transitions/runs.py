"""Making runs, starting them and closing them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.clock import Clock
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import continuations, instances, runs
from tradewind.metadata.statements.continuations import Continuation
from tradewind.transitions.graph import Graph, leaves
from tradewind.transitions.planning import PlannedTask, plan, unstarted
from tradewind.transitions.states import ENDED, RunState, TaskState

EXPAND = "expand"
"""Kind of the continuation that expands a mapped task; its payload is {"task": task id}."""


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
) -> int:
    """Insert a run with all its instances, and start it at once if its DAG is not paused and has room for one more run.

    What needs no process (empty tasks, and what their ends decide below) ends here, in memory: rows that nobody else can
    see yet are written in their decided state, so no cap applies. A run that has to wait is `queued`, with everything
    undecided; `recount.start_queued` starts it later.

    Arguments:
        graph: the version's graph.
        conf: JSON values given with a manual run.
        triggered_by: `cli`, `scheduler`, `rest_api`, `ui`, `operator`, `test`.
    Returns:
        the key of the new `dag_run` row.
    Raises:
        sqlalchemy.exc.IntegrityError: when the DAG has a run of this `run_id` already.
    """
    now = clock.now()
    dag_id = graph.dag_id
    gate = runs.gate(conn, dag_id)
    starts = gate is None or (not gate.is_paused and gate.running < gate.max_active_runs)
    planned = plan(graph) if starts else unstarted(graph)
    run = ids.block(1)[0]
    unfinished = sum(len(each.map_indexes) for each in planned if each.state not in ENDED)
    is_over = starts and unfinished == 0
    state = _end_state(planned) if is_over else (RunState.RUNNING if starts else RunState.QUEUED)
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
    _add_instances(conn, planned, run=run, dag_id=dag_id, now=now, ids=ids)
    _add_expansions(conn, planned, run=run, now=now, ids=ids)
    return run


def _add_instances(
    conn: sa.Connection, planned: Iterable[PlannedTask], *, run: int, dag_id: str, now: datetime, ids: Ids
) -> None:
    planned = list(planned)
    keys = iter(ids.block(sum(len(each.map_indexes) for each in planned)))
    rows: list[dict[str, Any]] = []
    counts: list[dict[str, Any]] = []
    for each in planned:
        for map_index in each.map_indexes:
            key = next(keys)
            rows.append(
                new_instance(each.task, key=key, run=run, dag_id=dag_id, map_index=map_index, state=each.state, now=now)
            )
            counts.append({"instance": key, **each.counters._asdict()})
    instances.add(conn, rows, counts)


def new_instance(
    task: Any, *, key: int, run: int, dag_id: str, map_index: int, state: str, now: datetime
) -> dict[str, Any]:
    """Return the row of a new instance."""
    return {
        "id": key,
        "run": run,
        "dag_id": dag_id,
        "task_id": task.task_id,
        "map_index": map_index,
        "rank": task.rank,
        "state": state,
        "try_number": 0,
        "max_tries": task.retries,
        "token": 0,
        "priority": task.priority,
        "pool": task.pool,
        "pool_slots": task.pool_slots,
        "executor": task.executor,
        "queue": task.queue,
        "scheduled_at": now if state == TaskState.SCHEDULED else None,
        "ended_at": now if state in ENDED else None,
    }


def _add_expansions(conn: sa.Connection, planned: Iterable[PlannedTask], *, run: int, now: datetime, ids: Ids) -> None:
    expandable = [each.task.task_id for each in planned if each.is_expandable]
    keys = ids.block(len(expandable)) if expandable else range(0)
    rows = [Continuation(key, run, EXPAND, {"task": task}) for key, task in zip(keys, expandable, strict=True)]
    continuations.add(conn, rows, now=now)


def _end_state(planned: Iterable[PlannedTask]) -> str:
    failed = {TaskState.FAILED, TaskState.UPSTREAM_FAILED}
    is_failed = any(each.state in failed for each in planned if not each.task.downstream)
    return RunState.FAILED if is_failed else RunState.SUCCESS


def close_finished(conn: sa.Connection, candidates: Mapping[int, Graph], *, now: datetime) -> dict[int, str]:
    """Close those of `candidates` that have nothing unfinished, and return their end states.

    Call it last in a transaction that has changed `run_progress`: that row's lock makes sure that only one transaction
    sees zero.
    """
    closed: dict[int, str] = {}
    if not candidates:
        return closed
    for run in runs.at_zero(conn, candidates):
        failures = instances.leaf_failures(conn, run, leaves(candidates[run]))
        closed[run] = RunState.FAILED if failures else RunState.SUCCESS
        runs.close(conn, run, state=closed[run], now=now)
    return closed
