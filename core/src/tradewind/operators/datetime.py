"""A branch by the time of day, or by the date."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from datetime import datetime, time, timezone
from typing import Any

import pendulum
from tradewind_plugins.exceptions import TradewindException

from tradewind.operators.branch import BaseBranchOperator, follow_ids


class BranchDateTimeOperator(BaseBranchOperator):
    """Chooses by whether the present, or the run's logical date, lies between two bounds.

    Args:
        follow_task_ids_if_true: what to follow between the bounds, both of them included: the id of a task or group
            downstream, or several.
        follow_task_ids_if_false: what to follow before and after.
        target_lower: the lower bound, a datetime or a time of day; None for none. Without a time zone, it is in that
            of the DAG. A time of day is of the day that the moment it is compared with has in UTC, as in Airflow.
        target_upper: the upper bound, likewise. If it lies before the lower one and either is a time of day, it is of
            the day after.
        use_task_logical_date: whether the logical date is compared, and not the present.
        use_task_execution_date: the old name of ``use_task_logical_date``; taken with a warning.

    Raises ``TradewindException`` when there is neither bound, or one is something else.
    """

    def __init__(
        self,
        *,
        follow_task_ids_if_true: str | Iterable[str],
        follow_task_ids_if_false: str | Iterable[str],
        target_lower: datetime | time | None,
        target_upper: datetime | time | None,
        use_task_logical_date: bool = False,
        use_task_execution_date: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, bound in (("target_lower", target_lower), ("target_upper", target_upper)):
            if bound is not None and not isinstance(bound, (datetime, time)):
                raise TradewindException(f"Task {self.task_id!r}: {name} is a datetime, a time or None, not {bound!r}.")
        if target_lower is None and target_upper is None:
            raise TradewindException(f"Task {self.task_id!r} needs target_lower or target_upper, or both.")
        if use_task_execution_date:
            message = f"Task {self.task_id!r}: the argument use_task_execution_date is called use_task_logical_date now"
            warnings.warn(message, DeprecationWarning, stacklevel=3)
        self.follow_task_ids_if_true = follow_ids(follow_task_ids_if_true)
        self.follow_task_ids_if_false = follow_ids(follow_task_ids_if_false)
        self.target_lower = target_lower
        self.target_upper = target_upper
        self.use_task_logical_date = use_task_logical_date or use_task_execution_date

    def choose_branch(self, context: Mapping[str, Any]) -> str | list[str]:
        """Return what to follow at this moment."""
        moment = context["logical_date"] if self.use_task_logical_date else datetime.now(timezone.utc)
        lower, upper = _bounds(self.target_lower, self.target_upper, moment, context["dag"].timezone)
        inside = (lower is None or lower <= moment) and (upper is None or moment <= upper)
        return self.follow_task_ids_if_true if inside else self.follow_task_ids_if_false


def _bounds(
    lower: datetime | time | None, upper: datetime | time | None, moment: datetime, zone: str
) -> tuple[pendulum.DateTime | None, pendulum.DateTime | None]:
    """Return the bounds around a moment."""
    begin, end = _at(lower, moment, zone), _at(upper, moment, zone)
    of_two_days = not (isinstance(lower, datetime) and isinstance(upper, datetime))
    if begin is not None and end is not None and end < begin and of_two_days:
        return begin, end.add(days=1)
    return begin, end


def _at(bound: datetime | time | None, moment: datetime, zone: str) -> pendulum.DateTime | None:
    if bound is None:
        return None
    return pendulum.instance(bound if isinstance(bound, datetime) else datetime.combine(moment, bound), tz=zone)
