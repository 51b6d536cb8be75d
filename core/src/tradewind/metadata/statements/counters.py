"""Statements on the counters of upstream ends. Whoever writes a counter holds the lock of its task instance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.hot import Hot, any_of
from tradewind.metadata.tables import task_counter, task_instance

_c = task_counter.c
ENDS = ("success", "failed", "upstream_failed", "skipped", "removed")

_ADD = Hot(
    task_counter.update()
    .where(any_of(_c.instance, "ids"))
    .values(
        success=_c.success + sa.bindparam("d_success"),
        failed=_c.failed + sa.bindparam("d_failed"),
        upstream_failed=_c.upstream_failed + sa.bindparam("d_upstream_failed"),
        skipped=_c.skipped + sa.bindparam("d_skipped"),
        removed=_c.removed + sa.bindparam("d_removed"),
    )
)
# The columns to write are the keys of the rows given.
_SET = task_counter.update().where(_c.instance == sa.bindparam("key"))
_WIDEN = (
    task_counter.update()
    .where(
        _c.instance.in_(
            sa.select(task_instance.c.id).where(
                task_instance.c.run == sa.bindparam("of_run"),
                task_instance.c.task_id.in_(sa.bindparam("tasks", expanding=True)),
            )
        )
    )
    .values(waits=_c.waits + sa.bindparam("more"))
)


def add(conn: sa.Connection, instances: Iterable[int], ends: Sequence[int]) -> None:
    """Add upstream ends (success, failed, upstream_failed, skipped, removed) to the counters of `instances`."""
    deltas = {f"d_{name}": count for name, count in zip(ENDS, ends, strict=True)}
    _ADD.run(conn, {"ids": sorted(instances), **deltas})


def put(conn: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write recounted counters: key, waits and the five ends each."""
    if rows:
        conn.execute(_SET, list(rows))


def widen(conn: sa.Connection, run: int, tasks: Iterable[str], more: int) -> None:
    """Let all instances of `tasks` wait for `more` upstream instances than before, after an expansion."""
    conn.execute(_WIDEN, {"of_run": run, "tasks": sorted(tasks), "more": more})
