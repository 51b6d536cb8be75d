"""What the maintenance DAGs are made of: asking the worker to remove what is over, batch by batch, and telling of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.host import current
from tradewind_plugins.operator import BaseOperator

Report = dict[str, Any]
NOUNS: Mapping[str, str] = {
    "dag_run": "runs",
    "xcom": "XComs",
    "dag": "DAGs",
    "dag_version": "versions",
    "daemon": "ended daemons",
    "dag_file": "files that are gone",
    "backfill": "backfills",
    "asset_event": "asset events",
    "audit_event": "entries of the audit log",
    "stored_xcom": "stored values",
    "task_log": "logs",
    "version_files": "copies of versions on this host",
}
BATCH = 1000


class MaintenanceOperator(BaseOperator):
    """Removes what is over, of one kind. Only the DAGs that come with Tradewind may run it.

    The task holds no connection to the database: its worker removes a batch for each message. A run that its schedule has made
    removes; one that somebody triggered only tells what would be removed, unless the param ``dry_run`` is false.

    Args:
        kind: ``dag_run``, ``xcom``, ``dag``, ``dag_version``, ``daemon``, ``dag_file``, ``backfill``, ``asset_event``,
            ``audit_event``, ``stored_xcom``, ``task_log`` or ``version_files``.

    The result is a dict: ``dry_run``, ``removed`` (kind, DAG, number), ``kept`` (kind, DAG, reason, number), ``is_limited``
    (whether the limit was reached, so that the next run has more to remove).
    """

    ui_color = "#eeeee4"

    def __init__(self, *, kind: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind

    def execute(self, context: Mapping[str, Any]) -> Report:
        """Ask until nothing is left, or the limit is reached.

        Raises:
            TradewindException: the task's DAG does not come with Tradewind.
        """
        params = context["params"]
        is_dry = params.get("dry_run")
        if is_dry is None:
            is_dry = context["dag_run"].run_type != "scheduled"
        left = int(params.get("limit") or current().settings("maintenance", "limit") or BATCH)
        asked = {key: params.get(key) for key in ("dag_id", "keep_days", "keep_runs")}
        report: Report = {"dry_run": is_dry, "removed": {}, "kept": {}, "is_limited": False}
        after: str | None = ""
        while after is not None and not report["is_limited"]:
            done = current().maintain(self.kind, most=min(left, BATCH), dry_run=is_dry, after=after, **asked)
            add(report, done)
            after = done["after"]
            left -= 0 if is_dry else sum(sum(each.values()) for each in _rows(done).values())
            report["is_limited"] = left <= 0 and after is not None
        for line in lines(report):
            self.log.info("%s", line)
        return report


def _rows(done: Mapping[str, Any]) -> Mapping[str, Mapping[str, int]]:
    """Return what counts for the limit: logs go with their runs."""
    return {kind: by_dag for kind, by_dag in done["removed"].items() if kind != "task_log"}


def add(report: Report, more: Mapping[str, Any]) -> None:
    """Add what was removed and kept to a report."""
    for kind, by_dag in more["removed"].items():
        of_kind = report["removed"].setdefault(kind, {})
        for dag_id, number in by_dag.items():
            of_kind[dag_id] = of_kind.get(dag_id, 0) + number
    for kind, kept_by_dag in more["kept"].items():
        for dag_id, reasons in kept_by_dag.items():
            report["kept"].setdefault(kind, {}).setdefault(dag_id, {}).update(reasons)


def tell(reports: Mapping[str, Report | None]) -> Report:
    """Print and return one report of those of several steps.

    Raises:
        TradewindException: a step has none, so it has failed.
    """
    there = [each for each in reports.values() if each is not None]
    found: Report = {"dry_run": any(each["dry_run"] for each in there), "removed": {}, "kept": {}}
    for each in there:
        add(found, each)
    found["is_limited"] = any(each["is_limited"] for each in there)
    for line in lines(found):
        print(line)
    if failed := [step for step, each in reports.items() if each is None]:
        raise TradewindException(f"These steps have failed, their logs say why: {', '.join(failed)}.")
    return found


def lines(report: Report) -> list[str]:
    """Return a report in words."""
    verb = "would be removed" if report["dry_run"] else "removed"
    found = []
    for kind, by_dag in report["removed"].items():
        found += [f"{_of(dag_id)}{number:,} {NOUNS[kind]} {verb}" for dag_id, number in by_dag.items()]
    for kind, kept_by_dag in report["kept"].items():
        for dag_id, reasons in kept_by_dag.items():
            found += [f"{_of(dag_id)}{n:,} {NOUNS[kind]} kept: {reason}" for reason, n in reasons.items()]
    if report["is_limited"]:
        found.append("the limit is reached, the next run goes on (setting maintenance.limit, or the param limit)")
    if report["dry_run"]:
        found.append("nothing was removed: trigger the DAG with the param dry_run=false, or wait for its schedule")
    return found or ["nothing is over"]


def _of(dag_id: str) -> str:
    return f"{dag_id}: " if dag_id else ""
