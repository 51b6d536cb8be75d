"""An operator that lets only the latest run of a schedule go on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from tradewind.operators.branch import BaseBranchOperator


class LatestOnlyOperator(BaseBranchOperator):
    """Skips what comes directly after it, unless the run is the latest of its DAG's schedule.

    A run is the latest from the end of its data interval until the next run is due. A run that somebody triggered goes
    on always, and so does the last one of a schedule that has no next run, such as ``@once``. Catching up after a
    pause, only the last of the missed runs goes on. What is skipped is skipped whatever its trigger rule; tasks after
    it follow theirs.

    With a timetable of moments (``CronTriggerTimetable``), whose intervals have no length, a run is the latest from its
    own moment until the next; Airflow 2 finds none of them the latest.
    """

    ui_color = "#eef3e2"

    def choose_branch(self, context: Mapping[str, Any]) -> list[str]:
        """Return all direct downstream if the run is the latest, and nothing if not."""
        downstream = sorted(context["task"].downstream_task_ids)
        run = context["dag_run"]
        if run.external_trigger:
            self.log.info("Run %s was triggered: going on.", run.run_id)
            return downstream
        end, due = run.data_interval_end, _next_due(context["dag"], run)
        now = datetime.now(timezone.utc)
        if due is None:
            self.log.info("Run %s is the last of its schedule: going on.", run.run_id)
            return downstream
        if end < now <= due:
            self.log.info("Run %s is the latest until %s: going on.", run.run_id, due.isoformat())
            return downstream
        self.log.info("Run %s is not the latest (that was from %s to %s): skipping.", run.run_id, end, due.isoformat())
        return []


def _next_due(dag: Any, run: Any) -> datetime | None:
    """Return when the run after ``run`` is due, whatever the DAG's end date; None where the schedule has no next run."""
    end = run.data_interval_end
    following = dag.timetable.next_run(after=end, earliest=end, latest=None, catchup=True, now=end)
    return None if following is None else following.run_at
