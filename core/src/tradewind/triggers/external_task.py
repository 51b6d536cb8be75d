"""Triggers that wait for runs of DAGs and for tasks in them. They ask the triggerer, never the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from tradewind_plugins.host import current
from tradewind_plugins.triggers import BaseTrigger, TriggerEvent

from tradewind.sensors.standings import Awaited, verdict


class WorkflowTrigger(BaseTrigger):
    """Fires when a DAG's runs, or tasks in them, are in the states that are wanted.

    The event is ``{"status": "success"}``, ``"failed"`` or ``"skipped"``.

    Args:
        external_dag_id: the DAG.
        execution_dates: logical dates of the runs.
        external_task_ids, external_task_group_id: tasks or a group in them; neither for the runs themselves.
        failed_states, skipped_states, allowed_states: as of :class:`ExternalTaskSensor`.
        poke_interval: seconds between two looks.
        soft_fail: what the sensor says of itself; not looked at here.
    """

    def __init__(  # noqa: PLR0917  (in the order of Airflow)
        self,
        external_dag_id: str,
        execution_dates: Sequence[datetime],
        external_task_ids: Collection[str] | None = None,
        external_task_group_id: str | None = None,
        failed_states: Iterable[str] | None = None,
        skipped_states: Iterable[str] | None = None,
        allowed_states: Iterable[str] | None = None,
        poke_interval: float = 2.0,
        soft_fail: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.external_dag_id = external_dag_id
        self.execution_dates = list(execution_dates)
        self.external_task_ids = None if external_task_ids is None else list(external_task_ids)
        self.external_task_group_id = external_task_group_id
        self.failed_states = list(failed_states or ())
        self.skipped_states = list(skipped_states or ())
        self.allowed_states = list(allowed_states or ("success",))
        self.poke_interval = poke_interval
        self.soft_fail = soft_fail

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """See `BaseTrigger.serialize`."""
        return "tradewind.triggers.external_task.WorkflowTrigger", dict(vars(self))

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until the verdict is clear."""
        awaited = Awaited(
            dates=tuple(self.execution_dates),
            task_ids=self.external_task_ids,
            of_group=self.external_task_group_id is not None,
            allowed=frozenset(self.allowed_states),
            skipped=frozenset(self.skipped_states),
            failed=frozenset(self.failed_states),
        )
        while (found := verdict(await asyncio.to_thread(self._look), awaited)) == "waiting":
            await asyncio.sleep(self.poke_interval)
        yield TriggerEvent({"status": "success" if found == "there" else found})

    def _look(self) -> Sequence[Sequence[Any]]:
        return current().look_at_runs(
            self.external_dag_id,
            self.execution_dates,
            task_ids=self.external_task_ids,
            group_id=self.external_task_group_id,
        )


class DagStateTrigger(BaseTrigger):
    """Fires when runs of a DAG are in one of the states; the event is a dict of the states by run id.

    Args:
        dag_id: the DAG.
        states: the states.
        execution_dates: logical dates of the runs; the newest run of each counts.
        run_ids: names of the runs, in place of their dates.
        poll_interval: seconds between two looks.
    """

    def __init__(
        self,
        dag_id: str,
        states: Sequence[str],
        execution_dates: Sequence[datetime] | None = None,
        poll_interval: float = 5.0,
        run_ids: Sequence[str] | None = None,
    ) -> None:
        super().__init__()
        self.dag_id = dag_id
        self.states = [str(getattr(each, "value", each)) for each in states]
        self.execution_dates = list(execution_dates or ())
        self.poll_interval = poll_interval
        self.run_ids = None if run_ids is None else list(run_ids)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """See `BaseTrigger.serialize`."""
        return "tradewind.triggers.external_task.DagStateTrigger", dict(vars(self))

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until all of the runs are there."""
        wanted = len(self.run_ids if self.run_ids is not None else self.execution_dates)
        while True:
            found = await asyncio.to_thread(self._look)
            if len(found) == wanted and all(state in self.states for state in found.values()):
                break
            await asyncio.sleep(self.poll_interval)
        yield TriggerEvent(found)

    def _look(self) -> dict[str, str]:
        if self.run_ids is not None:
            return states_of_runs(self.dag_id, self.run_ids)
        rows = current().look_at_runs(self.dag_id, self.execution_dates)
        return {row[0].isoformat(): row[1] for row in rows}


def states_of_runs(dag_id: str, run_ids: Sequence[str]) -> dict[str, str]:
    """Return the states of those of the runs that there are, by run id."""
    page = current().read_table("dag_run", {"dag_id": [dag_id], "run_id": list(run_ids)}, {}, None, ["conf"])
    return {row["run_id"]: row["state"] for row in page["rows"]}
