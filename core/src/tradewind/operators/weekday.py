"""A branch by the day of the week."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import pendulum

from tradewind.authoring.weekday import DayChoice, WeekDay
from tradewind.operators.branch import BaseBranchOperator, follow_ids

__all__ = ["BranchDayOfWeekOperator", "WeekDay"]


class BranchDayOfWeekOperator(BaseBranchOperator):
    """Chooses by the day of the week.

    Args:
        follow_task_ids_if_true: what to follow on these days: the id of a task or group downstream, or several.
        follow_task_ids_if_false: what to follow on the others.
        week_day: a day by its English name (in any case) or as a :class:`WeekDay`, or several of them.
        use_task_logical_date: whether the day is that of the run's logical date, in UTC, and not today in the time
            zone of the DAG.
        use_task_execution_day: the old name of ``use_task_logical_date``; taken with a warning.

    Raises ``TradewindException`` when ``week_day`` names what is not a day, or none.
    """

    def __init__(
        self,
        *,
        follow_task_ids_if_true: str | Iterable[str],
        follow_task_ids_if_false: str | Iterable[str],
        week_day: str | WeekDay | Iterable[str | WeekDay],
        use_task_logical_date: bool = False,
        use_task_execution_day: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if use_task_execution_day:
            message = f"Task {self.task_id!r}: the argument use_task_execution_day is called use_task_logical_date now"
            warnings.warn(message, DeprecationWarning, stacklevel=3)
        self.follow_task_ids_if_true = follow_ids(follow_task_ids_if_true)
        self.follow_task_ids_if_false = follow_ids(follow_task_ids_if_false)
        self.week_day = week_day
        self.use_task_logical_date = use_task_logical_date or use_task_execution_day
        self._days = DayChoice(week_day, f"Task {self.task_id!r}")

    def choose_branch(self, context: Mapping[str, Any]) -> str | list[str]:
        """Return what to follow on this day."""
        moment = context["logical_date"] if self.use_task_logical_date else pendulum.now(context["dag"].timezone)
        return self.follow_task_ids_if_true if moment in self._days else self.follow_task_ids_if_false
