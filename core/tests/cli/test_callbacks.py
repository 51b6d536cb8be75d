"""`tradewind callbacks`: what is owed, what was given up and why; try again, or let go."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from tradewind.metadata import tables
from tradewind.metadata.engine import Database

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def owed(home: Any, sqlite_url: str) -> None:
    """Three callbacks of one run: one waits, two were given up."""
    database = Database(sqlite_url)
    run = {"id": 7, "dag_id": "shop", "run_id": "r1", "run_type": "manual", "version_id": 1, "state": "failed"}
    row = {"run": 7, "kind": "on_failure_callback", "state": "failed", "happened_at": NOW, "names": '["alarm", "page"]'}
    with database.transaction() as conn:
        conn.execute(tables.dag_run.insert(), [run | {"triggered_by": "cli", "queued_at": NOW}])
        conn.execute(tables.callback.insert(), [row | {"due_at": NOW}])
        failed = row | {"task_id": "load", "map_index": -1, "try_number": 2, "attempts": 5, "done": "[0]"}
        conn.execute(tables.callback.insert(), [failed | {"error": "page: OSError: no line"}] * 2)
    database.dispose()


def listed(run: Any, *words: str) -> list[dict[str, Any]]:
    code, out, _ = run("callbacks", "list", "-o", "json", *words)
    assert code == 0
    found: list[dict[str, Any]] = json.loads(out)
    return found


def test_what_is_owed_is_listed_with_what_failed(run: Any, owed: None) -> None:
    waiting, failed, _ = listed(run)
    assert (waiting["state"], waiting["calls"], waiting["task_id"]) == ("waiting", "alarm, page", None)
    assert (failed["state"], failed["calls"], failed["error"]) == ("failed", "page", "page: OSError: no line")
    assert (failed["dag_id"], failed["run_id"], failed["task_id"], failed["try"]) == ("shop", "r1", "load", 2)
    assert len(listed(run, "--failed")) == 2
    assert listed(run, "--dag-id", "other") == []


def test_what_was_given_up_is_tried_again_or_discarded(run: Any, owed: None) -> None:
    _, first, second = listed(run)
    assert run("callbacks", "retry", str(first["id"]))[:2] == (0, "1 callbacks will be called again.\n")
    assert [each["id"] for each in listed(run, "--failed")] == [second["id"]]
    assert run("callbacks", "discard", "--all")[:2] == (0, "1 callbacks are discarded.\n")
    assert [each["state"] for each in listed(run)] == ["waiting", "waiting"]


def test_one_that_was_not_given_up_is_named(run: Any, owed: None) -> None:
    waiting = listed(run)[0]["id"]
    code, _, err = run("callbacks", "retry", str(waiting))
    assert code == 1
    assert f"Callback {waiting} is none that was given up: `tradewind callbacks list --failed`" in err
    code, _, err = run("callbacks", "discard")
    assert code == 2
    assert "Name callbacks by their ids, or give --all." in err


def test_notifiers_of_plugins_are_listed(run: Any, home: Any) -> None:
    found = json.loads(run("providers", "notifications", "-o", "json")[1])
    assert {
        "name": "EmailNotifier",
        "path": "tradewind.notifications.email.EmailNotifier",
        "provider": "tradewind",
    } in found


def test_triggers_of_plugins_are_listed(run: Any, home: Any) -> None:
    found = json.loads(run("providers", "triggers", "-o", "json")[1])
    assert {"name": "FileTrigger", "path": "tradewind.triggers.file.FileTrigger", "provider": "tradewind"} in found


def test_deadlines_are_listed_the_missed_ones_first(run: Any, home: Any, sqlite_url: str) -> None:
    database = Database(sqlite_url)
    made = {"id": 7, "dag_id": "shop", "run_id": "r1", "run_type": "scheduled", "version_id": 1, "state": "failed"}
    with database.transaction() as conn:
        conn.execute(tables.dag_run.insert(), [made | {"triggered_by": "cli", "queued_at": NOW}])
        row = {"run": 7, "kind": "sla", "seconds": 90.0}
        conn.execute(tables.deadline.insert(), [row | {"task_id": "load", "due_at": NOW}])
        conn.execute(tables.deadline.insert(), [row | {"task_id": "read", "missed_at": NOW}])
    database.dispose()
    found = json.loads(run("deadlines", "list", "-o", "json")[1])
    assert [(each["task_id"], each["allowed"], each["missed_at"] is None) for each in found] == [
        ("read", "0:01:30", False),
        ("load", "0:01:30", True),
    ]
    assert len(json.loads(run("deadlines", "list", "--missed", "-d", "shop", "-o", "json")[1])) == 1
