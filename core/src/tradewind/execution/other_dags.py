"""Answering what tasks ask of other DAGs: make a run, tell how runs stand; by direct calls to the database."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import cast

import sqlalchemy as sa
from tradewind_plugins.exceptions import DagNotFound, TradewindException

from tradewind.config import Config
from tradewind.execution.instants import EPOCH, MICROSECOND, microseconds
from tradewind.execution.messages import LastSuccess, LookAtRuns, Reply, Start, TriggerRun
from tradewind.metadata.clock import Clock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import listings
from tradewind.metadata.statements import other_dags as statements
from tradewind.metadata.wakeups import SCHEDULER
from tradewind.serialization import SerializedDag
from tradewind.transitions import child_runs
from tradewind.transitions.graph import Graphs

OVERTAKEN = "a newer dispatch of this task exists, or its state was set by hand"


class OtherDags:
    """Answers requests about DAGs that are not the task's own.

    Arguments:
        wake: wakes the daemons that listen to these channels.
        is_home: whether the tries that ask are in this database; if not, they are not asked for their token.
    """

    def __init__(
        self,
        database: Database,
        config: Config,
        *,
        graphs: Graphs,
        clock: Clock,
        ids: Ids,
        wake: Callable[[set[str]], None],
        is_home: bool = True,
    ) -> None:
        self._database = database
        self._executor = config.executor
        self._graphs = graphs
        self._clock = clock
        self._ids = ids
        self._wake = wake
        self._is_home = is_home

    def answer(self, start: Start, request: TriggerRun | LastSuccess | LookAtRuns) -> Reply:
        """Answer what a task asks of other runs."""
        match request:
            case TriggerRun():
                return self.trigger(start, request)
            case LastSuccess():
                return self.last_success(request)
            case LookAtRuns():
                return self.look(request)

    def trigger(self, start: Start, request: TriggerRun) -> Reply:
        """Make a run, in one transaction; asked again by the same dispatch, the answer is the same run."""

        wanted = child_runs.Wanted(
            request.dag_id,
            request.run_id,
            _moment(request.logical_date),
            json.loads(request.conf),
            request.reset,
            by=(start.instance, start.token) if self._is_home else None,
        )

        def work(conn: sa.Connection) -> child_runs.ChildRun:
            return child_runs.make(
                conn,
                wanted,
                graphs=self._graphs,
                clock=self._clock,
                ids=self._ids,
                executor=self._executor.default,
                queue=self._executor.queue,
            )

        try:
            made = self._database.write(work)
        except child_runs.OvertakenError:
            return Reply(error=OVERTAKEN)
        except TradewindException as error:
            return Reply(error=str(error), missing=isinstance(error, DagNotFound))
        if made.is_made:
            self._wake({SCHEDULER})
        return Reply(
            {
                "run_id": made.run_id,
                "logical_date": microseconds(made.logical_date),
                "state": made.state,
                "is_made": made.is_made,
            }
        )

    def last_success(self, request: LastSuccess) -> Reply:
        """Return the last successful run of a DAG before a logical date."""
        with self._database.read() as conn:
            found = statements.last_success(conn, request.dag_id, _moment(request.before))
        if found is None:
            return Reply()
        return Reply({name: value if name == "run_id" else microseconds(value) for name, value in found.items()})

    def look(self, request: LookAtRuns) -> Reply:
        """Tell how runs and their tasks stand."""
        dates = [_moment(each) for each in request.logical_dates]
        with self._database.read() as conn:
            try:
                task_ids = self._tasks(conn, request)
            except TradewindException as error:
                return Reply(error=str(error), missing=True)
            found = statements.standings(conn, request.dag_id, dates, task_ids)
        return Reply([[microseconds(s.logical_date), s.run_state, s.task_id, s.state, s.count] for s in found])

    def _tasks(self, conn: sa.Connection, request: LookAtRuns) -> Sequence[str] | None:
        """Return the tasks that are asked for; None where it is the runs.

        Raises:
            TradewindException: something that must be there is not.
        """
        if request.group_id is None and not request.checks:
            return request.task_ids
        found = listings.list_dags(conn, dag_id=request.dag_id, include_inactive=not request.checks)
        if not found:
            raise TradewindException(
                f"There is no DAG {request.dag_id!r}, or its file is gone: `tradewind dags list` shows all."
            )
        dag = cast(SerializedDag, self._graphs.get(conn, found[0].version_id))
        if request.group_id is not None:
            return _of_group(dag, request.group_id)
        missing = sorted(set(request.task_ids or ()) - set(dag.tasks))
        if missing:
            raise TradewindException(f"DAG {dag.dag_id!r} has no task {missing[0]!r}.")
        return request.task_ids


def _moment(microseconds: int) -> datetime:
    return EPOCH + microseconds * MICROSECOND


def _of_group(dag: SerializedDag, group_id: str) -> list[str]:
    """Return the tasks in a group and in the groups inside it.

    Raises:
        TradewindException: there is no such group.
    """
    if group_id not in dag.groups:
        raise TradewindException(f"DAG {dag.dag_id!r} has no task group {group_id!r}.")
    inside = {group_id}
    pending = [group_id]
    while pending:
        around = pending.pop()
        below = [each.group_id for each in dag.groups.values() if each.parent_id == around]
        inside |= set(below)
        pending += below
    return [task.task_id for task in dag.tasks.values() if task.group_id in inside]
