"""The template variables that are found out when somebody names them: the dates before and after, which the schedule tells,
the last success, events of assets, and how many instances the task has.

They are methods of one object that a context keeps, and not functions made for each try: what a try makes, it makes in pages
that its process has to be given first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final

import pendulum
from tradewind_plugins.host import current
from tradewind_plugins.mapped import MappedOperator
from tradewind_plugins.task_node import TaskNode

from tradewind.authoring.asset_events import InletEvents, OutletEvents, TriggeringEvents
from tradewind.authoring.views import DagRunView, as_moment


class OtherRuns:
    """What a try can find out beside its own run.

    Args:
        dag: the DAG.
        run: the run of the try.
        task: its task.
    """

    def __init__(self, dag: Any, run: DagRunView, task: TaskNode) -> None:
        self._dag = dag
        self._run = run
        self._task = task

    def knows(self, name: str) -> bool:
        """Tell whether there is such a variable: most of them only in a run that has a logical date."""
        return name in VARIABLES and (self._run.logical_date is not None or name in WITHOUT_A_DATE)

    def find_out(self, name: str) -> Any:
        """Return the value of a variable that is known."""
        return VARIABLES[name](self)

    @property
    def moment(self) -> pendulum.DateTime:
        """The run's logical date."""
        found = self._run.logical_date
        if found is None:
            raise AssertionError("no variable that needs a logical date is known in a run without one")
        return found

    def before(self) -> pendulum.DateTime | None:
        """Return the date before, by the schedule; its own for a run that somebody triggered."""
        if self._run.external_trigger:
            return self.moment
        interval = self._dag.timetable.manual_interval(self.moment)
        return as_moment(interval.start) if interval.start < self.moment else None

    def after(self) -> pendulum.DateTime | None:
        """Return the date after, by the schedule; its own for a run that somebody triggered."""
        found: pendulum.DateTime | None = (
            self.moment if self._run.external_trigger else self._dag.following_schedule(self.moment)
        )
        return found

    @cached_property
    def last_success(self) -> Mapping[str, Any]:
        """The last successful run before this one; empty where there is none. It is asked for once."""
        return current().last_success(self._dag.dag_id, before=self.moment) or {}

    def inlet_events(self) -> InletEvents:
        """Return the events of the task's inlets."""
        return InletEvents(self._task.inlets)

    def outlet_events(self) -> OutletEvents:
        """Return what the task says of its outlets: nothing yet."""
        return OutletEvents(self._task.outlets)

    def instances(self) -> int | None:
        """Return how many instances a mapped task has in its run; None for one that is not mapped."""
        is_mapped = isinstance(self._task, MappedOperator) or self._task.mapped_group() is not None
        if not is_mapped or self._run.logical_date is None:
            return None
        standings = current().look_at_runs(self._run.dag_id, [self.moment], task_ids=[self._task.task_id])
        return sum(number or 0 for _date, _state, _task_id, _of_instances, number in standings)


Variables = Mapping[str, Callable[[OtherRuns], Any]]


def _of_last_success(name: str) -> Callable[[OtherRuns], Any]:
    return lambda others: others.last_success.get(name)


def _written(moment: pendulum.DateTime | None, form: str) -> str | None:
    return None if moment is None else moment.strftime(form)


BY_SCHEDULE: Final[Variables] = {
    "prev_execution_date": OtherRuns.before,
    "prev_ds": lambda others: _written(others.before(), "%Y-%m-%d"),
    "prev_ds_nodash": lambda others: _written(others.before(), "%Y%m%d"),
    "next_execution_date": OtherRuns.after,
    "next_ds": lambda others: _written(others.after(), "%Y-%m-%d"),
    "next_ds_nodash": lambda others: _written(others.after(), "%Y%m%d"),
}
"""``prev_ds``, ``next_ds`` and their like: cheap, and seldom asked for."""
EVENTS: Final[Variables] = {
    "inlet_events": OtherRuns.inlet_events,
    "outlet_events": OtherRuns.outlet_events,
    "triggering_asset_events": lambda _others: TriggeringEvents(by_uri=False),
    "triggering_dataset_events": lambda _others: TriggeringEvents(by_uri=True),
}
"""Events of assets; what made the run, or came to an inlet, is read when somebody looks into them."""
AT_HAND: Final = (*BY_SCHEDULE, *EVENTS)
"""What nobody has to be asked for."""
WITHOUT_A_DATE: Final[Variables] = {**EVENTS, "expanded_ti_count": OtherRuns.instances}
"""What a run without a logical date has, too."""
VARIABLES: Final[Variables] = {
    **BY_SCHEDULE,
    **WITHOUT_A_DATE,
    "prev_data_interval_start_success": _of_last_success("data_interval_start"),
    "prev_data_interval_end_success": _of_last_success("data_interval_end"),
    "prev_execution_date_success": _of_last_success("logical_date"),
    "prev_start_date_success": _of_last_success("start_date"),
    "prev_end_date_success": _of_last_success("end_date"),
}
"""All of them."""
