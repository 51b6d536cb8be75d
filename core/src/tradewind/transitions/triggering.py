"""Making a run because somebody asks for one: for the CLI, the API, the UI and operators alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from tradewind_plugins.exceptions import DagNotFound, DagRunAlreadyExists, ParamValidationError

from tradewind.metadata.clock import Clock
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import listings, runs
from tradewind.serialization import SerializedDag
from tradewind.transitions.graph import Graphs
from tradewind.transitions.runs import create_run

MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Triggered:
    """A run that was made: its key, its name, and whether its DAG is paused, so that it does not start."""

    run: int
    run_id: str
    is_paused: bool


def trigger(
    conn: sa.Connection,
    dag_id: str,
    *,
    logical_date: datetime,
    conf: Mapping[str, Any],
    triggered_by: str,
    graphs: Graphs,
    clock: Clock,
    ids: Ids,
    executor: str,
    queue: str,
    run_id: str | None = None,
    note: str | None = None,
    data_interval: tuple[datetime, datetime] | None = None,
) -> Triggered:
    """Make a run of a DAG's newest version.

    Arguments:
        logical_date: what the run is about.
        conf: JSON values for the run; those named as the DAG's params are checked against their schemas.
        triggered_by: `cli`, `rest_api`, `ui` or `operator`.
        executor, queue: those of tasks that name none.
        run_id: the run's name; by default `manual__` and the logical date.
        note: what somebody says of the run.
        data_interval: its start and end; by default the last complete one, as the schedule has it.
    Raises:
        DagNotFound: when there is no such DAG, or its file is gone.
        ParamValidationError: when a value does not fit its param.
        DagRunAlreadyExists: when the DAG has a run of that name.
    """
    gate = runs.gate(
        conn, dag_id, run_type=MANUAL
    )  # locks the DAG's row first: the processor replaces versions that no run uses
    found = listings.list_dags(conn, dag_id=dag_id)
    if not found:
        raise DagNotFound(f"There is no DAG {dag_id!r}: `tradewind dags list` shows all.")
    dag = found[0]
    graph = cast(SerializedDag, graphs.get(conn, dag.version_id))
    check_params(graph, conf)
    begin, end = data_interval or _last_complete(graph, logical_date)
    name = name_of(run_id, logical_date)
    try:
        with conn.begin_nested():
            run = create_run(
                conn,
                version_id=dag.version_id,
                graph=graph,
                run_id=name,
                run_type=MANUAL,
                logical_date=logical_date,
                data_interval_start=begin,
                data_interval_end=end,
                conf=conf,
                triggered_by=triggered_by,
                clock=clock,
                ids=ids,
                executor=executor,
                queue=queue,
                gate=gate,
            )
    except IntegrityError as error:
        raise DagRunAlreadyExists(
            f"DAG {dag_id!r} already has a run {name!r}: give another run id or logical date."
        ) from error
    if note:
        runs.write_note(conn, run, note)
    return Triggered(run, name, dag.is_paused)


def _last_complete(graph: SerializedDag, logical_date: datetime) -> tuple[datetime, datetime]:
    interval = graph.timetable.manual_interval(logical_date)
    return interval.start, interval.end


def name_of(run_id: str | None, logical_date: datetime) -> str:
    """Return the name of a run that somebody asks for."""
    return run_id or f"{MANUAL}__{logical_date.isoformat()}"


def check_params(dag: SerializedDag, conf: Mapping[str, Any]) -> None:
    """Return if the values of `conf` and the defaults fit the DAG's params.

    Raises:
        ParamValidationError: naming every param that is wrong, its value and what it should be.
    """
    wrong = []
    for name, param in dag.params.items():
        try:
            if name in conf:
                param.resolve(conf[name], name)
            else:
                param.resolve(name=name)
        except ParamValidationError as error:
            wrong.append(str(error))
    if wrong:
        raise ParamValidationError(" ".join(wrong))
