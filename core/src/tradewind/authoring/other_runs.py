"""The template variables that are found out when somebody names them: the dates before and after, which the schedule tells,
the last success, and how many instances the task has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pendulum
from tradewind_plugins.host import current
from tradewind_plugins.mapped import MappedOperator
from tradewind_plugins.task_node import TaskNode

from tradewind.authoring.views import DagRunView, as_moment

OF_LAST_SUCCESS = {
    "prev_data_interval_start_success": "data_interval_start",
    "prev_data_interval_end_success": "data_interval_end",
    "prev_execution_date_success": "logical_date",
    "prev_start_date_success": "start_date",
    "prev_end_date_success": "end_date",
}
"""The variables about the last successful run before, and what of it each of them is."""


def neighbours_of(dag: Any, run: DagRunView) -> dict[str, Callable[[], Any]]:
    """Return ``prev_ds``, ``next_ds`` and their like; for a run that somebody triggered they are its own date."""
    if run.logical_date is None:
        return {}
    moment = run.logical_date

    def before() -> pendulum.DateTime | None:
        if run.external_trigger:
            return moment
        interval = dag.timetable.manual_interval(moment)
        return as_moment(interval.start) if interval.start < moment else None

    def after() -> pendulum.DateTime | None:
        return moment if run.external_trigger else dag.following_schedule(moment)

    return {
        "prev_execution_date": before,
        "prev_ds": lambda: _written(before(), "%Y-%m-%d"),
        "prev_ds_nodash": lambda: _written(before(), "%Y%m%d"),
        "next_execution_date": after,
        "next_ds": lambda: _written(after(), "%Y-%m-%d"),
        "next_ds_nodash": lambda: _written(after(), "%Y%m%d"),
    }


def _written(moment: pendulum.DateTime | None, form: str) -> str | None:
    return None if moment is None else moment.strftime(form)


def past_of(dag_id: str, run: DagRunView) -> dict[str, Callable[[], Any]]:
    """Return the variables about the last successful run before this one; it is asked for once."""
    if run.logical_date is None:
        return {}
    moment = run.logical_date

    @cache
    def last_success() -> Mapping[str, Any] | None:
        return current().last_success(dag_id, before=moment)

    def of_it(name: str) -> Callable[[], Any]:
        return lambda: (last_success() or {}).get(name)

    return {variable: of_it(name) for variable, name in OF_LAST_SUCCESS.items()}


def mapping_of(task: TaskNode, run: DagRunView) -> dict[str, Callable[[], Any]]:
    """Return ``expanded_ti_count``: how many instances a mapped task has in its run; None for one that is not mapped."""
    is_mapped = isinstance(task, MappedOperator) or task.mapped_group() is not None
    if not is_mapped or run.logical_date is None:
        return {"expanded_ti_count": lambda: None}
    moment = run.logical_date

    def count() -> int:
        standings = current().look_at_runs(run.dag_id, [moment], task_ids=[task.task_id])
        return sum(number or 0 for _date, _state, _task_id, _of_instances, number in standings)

    return {"expanded_ti_count": count}
