"""What the lowered kernel needs to know of the place of tasks and of durations."""
from datetime import timedelta

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.graph import Frame, current_frame

__all__ = ["as_timedelta", "frame_for"]


def as_timedelta(value, where):
    """Return a duration given as a timedelta or as a number of seconds."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return timedelta(seconds=value)
    raise TradewindException("{} must be a timedelta or a number of seconds, not {!r}.".format(where, value))


def frame_for(dag, task_group):
    """Return where a new task belongs: as its arguments say, else where the code stands."""
    if task_group is not None:
        raise TradewindException("Airflow 1.10 has no task groups; leave task_group out")
    return current_frame() if dag is None else Frame(dag)
