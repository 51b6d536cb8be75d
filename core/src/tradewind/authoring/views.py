"""What tasks see as ``dag_run`` and ``ti``: read-only values, and the few verbs that go to the host."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pendulum
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.host import XCOM_RETURN_KEY, current
from tradewind_plugins.mapped import MappedOperator

if TYPE_CHECKING:
    from tradewind_plugins.task_node import TaskNode


def as_moment(value: datetime | str | None) -> pendulum.DateTime | None:
    """Return a moment given as a datetime or in ISO form as pendulum's, in UTC where it names no zone."""
    if value is None:
        return None
    moment = datetime.fromisoformat(value.replace("Z", "+00:00")) if isinstance(value, str) else value
    if moment.tzinfo is timezone.utc:  # every try has five of these, and this is a third of the way
        date, time = (moment.year, moment.month, moment.day), (moment.hour, moment.minute, moment.second)
        return pendulum.DateTime(*date, *time, moment.microsecond, tzinfo=pendulum.UTC)
    return pendulum.instance(moment, tz="UTC")


def base_url() -> str:
    """Return the URL of the web server, as people reach it, without a slash at its end."""
    host = current()
    given = host.settings("web", "base_url")
    return (given or f"http://{host.settings('web', 'host')}:{host.settings('web', 'port')}").rstrip("/")


class DagRunView:
    """A run, as its tasks see it."""

    def __init__(self, dag_id: str, values: Mapping[str, Any]) -> None:
        self.dag_id = dag_id
        self.run_id: str = values["run_id"]
        self.run_type: str = values.get("run_type") or "manual"
        self.logical_date = as_moment(values.get("logical_date"))
        self.data_interval_start = as_moment(values.get("data_interval_start"))
        self.data_interval_end = as_moment(values.get("data_interval_end"))
        self.start_date = as_moment(values.get("start_date"))
        self.end_date = as_moment(values.get("end_date"))
        self.state: str = values.get("state") or "running"
        self.conf: dict[str, Any] = dict(values.get("conf") or {})

    @property
    def execution_date(self) -> pendulum.DateTime | None:
        """Airflow's old name of the logical date."""
        return self.logical_date

    @property
    def external_trigger(self) -> bool:
        """Whether somebody triggered the run."""
        return self.run_type == "manual"

    def __repr__(self) -> str:
        return f"<DagRun {self.dag_id} {self.run_id}>"


class MissedSla:
    """A task that had not succeeded by its `sla`, as an `sla_miss_callback` sees it."""

    def __init__(self, dag_id: str, dag_run: DagRunView, task_id: str, due_at: datetime | None) -> None:
        self.dag_id = dag_id
        self.task_id = task_id
        self.dag_run = dag_run
        self.logical_date = self.execution_date = dag_run.logical_date
        self.timestamp = as_moment(due_at)

    def __repr__(self) -> str:
        return f"<MissedSla {self.dag_id}.{self.task_id} of {self.logical_date}>"


class TaskInstanceView:
    """A task instance, as its own code sees it.

    ``skipped_task_ids`` collects what :meth:`skip_downstream` was told; whoever runs the try reports it with the
    outcome, so that the end of the task and the skips are one transaction.
    """

    def __init__(self, task: TaskNode, dag_run: DagRunView, values: Mapping[str, Any]) -> None:
        self.task = task
        self.dag_run = dag_run
        self.dag_id = dag_run.dag_id
        self.task_id = task.task_id
        self.run_id = dag_run.run_id
        self.map_index: int = values.get("map_index", -1)
        self.try_number: int = values.get("try_number", 1)
        self.max_tries: int = values.get("max_tries", task.retries)
        self.state: str = values.get("state") or "running"
        self.hostname: str = values.get("hostname") or ""
        self.start_date = as_moment(values.get("start_date"))
        self.end_date = as_moment(values.get("end_date"))
        self.waiting_since = as_moment(values.get("waiting_since"))
        self.skipped_task_ids: list[str] = []
        self.template_context: dict[str, Any] = {}
        self.rendered_map_index: str | None = None

    @property
    def operator(self) -> str:
        """The name of the class of the task's operator."""
        return self.task.operator_class.__name__ if isinstance(self.task, MappedOperator) else type(self.task).__name__

    @property
    def log(self) -> logging.Logger:
        """The logger whose lines are those of the task."""
        return logging.getLogger("tradewind.task")

    @property
    def duration(self) -> float | None:
        """Seconds that the try took, where it has ended."""
        if self.start_date is None or self.end_date is None:
            return None
        return float((self.end_date - self.start_date).total_seconds())

    @property
    def log_url(self) -> str:
        """The page that shows the log, at the web server that ``web.base_url`` names."""
        query = {"dag_run_id": self.run_id, "task_id": self.task_id}
        query |= {"map_index": str(self.map_index)} if self.map_index >= 0 else {}
        words = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
        return f"{base_url()}/dags/{quote(self.dag_id, safe='')}/grid?{words}&tab=logs"

    def get_dagrun(self) -> DagRunView:
        """Return the run."""
        return self.dag_run

    def get_template_context(self) -> dict[str, Any]:
        """Return the template variables."""
        return self.template_context

    @property
    def execution_date(self) -> pendulum.DateTime | None:
        """Airflow's old name of the run's logical date."""
        return self.dag_run.logical_date

    @property
    def key(self) -> tuple[str, str, str, int, int]:
        """What tells this try from all others: DAG, task, run, try number, map index."""
        return (self.dag_id, self.task_id, self.run_id, self.try_number, self.map_index)

    def xcom_push(self, key: str, value: Any) -> None:
        """Keep ``value`` under ``key`` for other tasks."""
        current().xcom_push(key, value)

    def xcom_pull(
        self,
        task_ids: str | Iterable[str] | None = None,
        dag_id: str | None = None,
        key: str | None = XCOM_RETURN_KEY,
        include_prior_dates: bool = False,
        *,
        map_indexes: int | Iterable[int] | None = None,
        run_id: str | None = None,
        default: Any = None,
    ) -> Any:
        """Return what tasks pushed: one value for one id, a list for several or for a mapped task.

        With ``key=None`` it is what each task pushed last, under whatever key.

        Raises:
            TradewindException: values of earlier runs are asked for, which are not searched; name the ``run_id``.
        """
        if include_prior_dates:
            raise TradewindException(
                f"xcom_pull of task {self.task_id!r}: include_prior_dates is not built yet in Tradewind; name the run_id."
            )
        wanted = task_ids if task_ids is None or isinstance(task_ids, str) else list(task_ids)
        indexes = map_indexes if map_indexes is None or isinstance(map_indexes, int) else list(map_indexes)
        return current().xcom_pull(wanted, key=key, map_indexes=indexes, run_id=run_id, dag_id=dag_id, default=default)

    def skip_downstream(self, task_ids: Iterable[str]) -> None:
        """Have these tasks of the run skipped when this task ends."""
        self.skipped_task_ids.extend(task_id for task_id in task_ids if task_id not in self.skipped_task_ids)

    def __repr__(self) -> str:
        index = f" [{self.map_index}]" if self.map_index >= 0 else ""
        return f"<TaskInstance {self.dag_id}.{self.task_id}{index} {self.run_id} try {self.try_number}>"
