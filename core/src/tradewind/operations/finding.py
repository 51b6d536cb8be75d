"""Finding the DAG, the run and the task that an operation is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa

from tradewind.metadata.statements import listings
from tradewind.metadata.statements.browsing import instances, runs
from tradewind.operations.context import Context
from tradewind.operations.errors import NotFoundError

if TYPE_CHECKING:
    from tradewind.serialization import SerializedDag


def require_dag(connection: sa.Connection, dag_id: str) -> listings.DagRow:
    """Return a DAG, also one whose file is gone.

    Raises:
        NotFoundError: there is no such DAG.
    """
    found = listings.list_dags(connection, dag_id=dag_id, include_inactive=True)
    if not found:
        raise NotFoundError(f"There is no DAG {dag_id!r}.", error_id="no-such-dag")
    return found[0]


def require_run(connection: sa.Connection, dag_id: str, run_id: str) -> Any:
    """Return a run with its note.

    Raises:
        NotFoundError: the DAG has no such run.
    """
    found = runs.get(connection, dag_id, run_id)
    if found is None:
        raise NotFoundError(f"There is no run {run_id!r} of a DAG {dag_id!r}.", error_id="no-such-run")
    return found


def run_of(connection: sa.Connection, dag_id: str, run_id: str) -> listings.RunRow:
    """Return a run as lists show it, which is what a question why it does not go on is asked with.

    Raises:
        NotFoundError: there is none.
    """
    found = listings.list_runs(connection, dag_id=dag_id, run_id=run_id)
    if not found:
        raise NotFoundError(f"There is no run {run_id!r} of a DAG {dag_id!r}.", error_id="no-such-run")
    return found[0]


def require_instance(connection: sa.Connection, dag_id: str, run_id: str, task_id: str, map_index: int | None) -> Any:
    """Return a task instance; without an index that of a task that is not mapped.

    Raises:
        NotFoundError: there is none, or the task is mapped and no index was given.
    """
    run = require_run(connection, dag_id, run_id)
    found = instances.get(connection, run.id, task_id, map_index)
    if not found:
        index = "" if map_index is None or map_index < 0 else f"[{map_index}]"
        raise NotFoundError(f"Run {run_id!r} of DAG {dag_id!r} has no task {f'{task_id}{index}'!r}.")
    if map_index is None and found[-1].map_index >= 0:
        raise NotFoundError(f"Task {task_id!r} is mapped in run {run_id!r}: add the index of an instance, from 0.")
    return found[0]


def graph_of(context: Context, connection: sa.Connection, version_id: int) -> SerializedDag:
    """Return a version of a DAG.

    Raises:
        LookupError: there is no such version.
    """
    return cast("SerializedDag", context.tools.graphs.get(connection, version_id))


def newest_graph(context: Context, connection: sa.Connection, dag_id: str) -> SerializedDag:
    """Return the newest version of a DAG.

    Raises:
        NotFoundError: there is no such DAG.
    """
    return graph_of(context, connection, require_dag(connection, dag_id).version_id)
