"""The coming runs of DAGs whose timetables their file defines: its code is asked here, in the child, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone

from tradewind.authoring.dag import DAG
from tradewind.timetables import CustomTimetable, DataInterval, TimeRestriction
from tradewind.transitions.listings import to_listing

Last = Callable[[str], "list[str] | None"]


def listings_of(dags: Mapping[str, DAG], last: Last) -> dict[str, str]:
    """Return the coming runs of those DAGs whose timetables the scheduler cannot ask, each as JSON.

    Args:
        last: gives start and end of the data interval of a DAG's last scheduled run.
    """
    now = datetime.now(timezone.utc)
    found = {}
    for dag_id, dag in dags.items():
        timetable = dag.timetable
        if isinstance(timetable, CustomTimetable) and not timetable.is_installed:
            ended = last(dag_id)
            interval = None if ended is None else DataInterval(*map(datetime.fromisoformat, ended))
            bounds = TimeRestriction(dag.start_date, dag.end_date, dag.catchup is True)
            found[dag_id] = to_listing(timetable.listed(interval, bounds, now))
    return found
