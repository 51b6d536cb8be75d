"""`tradewind --server URL` about callbacks that are owed and deadlines: the same verbs, the same output."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from tradewind.metadata import tables
from tradewind.metadata.engine import Database

Run = Callable[..., tuple[int, str, str]]
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def owed(home: Path, sqlite_url: str) -> None:
    """A run with a callback that waits and three that were given up, and two deadlines of which one was missed."""
    database = Database(sqlite_url)
    run = {"id": 7, "dag_id": "shop", "run_id": "r1", "run_type": "manual", "version_id": 1, "state": "failed"}
    row = {"run": 7, "kind": "on_failure_callback", "state": "failed", "happened_at": NOW, "names": '["alarm", "page"]'}
    failed = row | {"task_id": "load", "map_index": -1, "try_number": 2, "attempts": 5, "done": "[0]"}
    limit = {"run": 7, "kind": "sla", "seconds": 90.0}
    with database.transaction() as conn:
        conn.execute(tables.dag_run.insert(), [run | {"triggered_by": "cli", "queued_at": NOW}])
        conn.execute(tables.callback.insert(), [row | {"due_at": NOW}])
        conn.execute(tables.callback.insert(), [failed | {"error": "page: OSError: no line"}] * 3)
        conn.execute(tables.deadline.insert(), [limit | {"task_id": "load", "due_at": NOW}])
        conn.execute(tables.deadline.insert(), [limit | {"kind": "dagrun_timeout", "task_id": "", "missed_at": NOW}])
    database.dispose()


def listed(said: tuple[int, str, str]) -> list[dict[str, Any]]:
    code, out, err = said
    assert code == 0, err
    found: list[dict[str, Any]] = json.loads(out)
    return found


def test_callbacks(owed: None, both: Run, there: Run) -> None:
    both("callbacks", "list")
    waiting, failed, second, third = listed(both("callbacks", "list", "-o", "json"))
    assert (waiting["state"], waiting["calls"], waiting["task_id"]) == ("waiting", "alarm, page", None)
    assert (failed["state"], failed["calls"], failed["map_index"]) == ("failed", "page", None)
    assert listed(both("callbacks", "list", "-d", "other", "-o", "json")) == []
    assert there("callbacks", "retry", str(failed["id"]))[:2] == (0, "1 callbacks will be called again.\n")
    assert there("callbacks", "discard", str(second["id"]))[:2] == (0, "1 callbacks are discarded.\n")
    assert both("callbacks", "retry", str(third["id"]), str(second["id"]))[2].endswith("[no-such-callback]\n")
    assert [each["id"] for each in listed(both("callbacks", "list", "--failed", "-o", "json"))] == [third["id"]]
    assert there("callbacks", "discard", "--all")[:2] == (0, "1 callbacks are discarded.\n")
    assert both("callbacks", "retry", "--all")[1] == "0 callbacks will be called again.\n"
    assert both("callbacks", "retry")[0] == 2


def test_deadlines(owed: None, both: Run) -> None:
    both("deadlines", "list")
    found = listed(both("deadlines", "list", "-o", "json"))
    assert [(each["task_id"], each["allowed"], each["missed_at"] is None) for each in found] == [
        (None, "0:01:30", False),
        ("load", "0:01:30", True),
    ]
    assert listed(both("deadlines", "list", "--missed", "-d", "shop", "-o", "json")) == found[:1]
    assert listed(both("deadlines", "list", "--limit", "0", "-o", "json")) == []
