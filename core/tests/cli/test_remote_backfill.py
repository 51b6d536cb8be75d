"""`tradewind --server URL` about daemons, drains and backfills: the same verbs, the same output."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tradewind.cli.runs import following
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import backfills as statements
from tradewind.transitions import backfills, daemons

Run = Callable[..., tuple[int, str, str]]
LIVE, EXPIRED = timedelta(hours=1), timedelta(seconds=-1)


@pytest.fixture
def announced(home: Path, sqlite_url: str) -> None:
    """Two workers that live on two hosts, one whose lease expired, and a hundred schedulers that have ended."""
    database, clock = Database(sqlite_url), SystemClock()
    with database.transaction() as conn:
        for name, host, lease in (("w1", "north", LIVE), ("w2", "south", LIVE), ("w3", "west", EXPIRED)):
            leases = daemons.Leases(lease)
            known = {"daemon_id": name, "kind": "worker", "host": host, "executor": "LocalExecutor", "slots": 2}
            daemons.register(conn, **known, pid=7, clock=clock, leases=leases)
        for number in range(105):
            name = f"s{number:03}"
            leases = daemons.Leases(LIVE)
            daemons.register(conn, daemon_id=name, kind="scheduler", host="east", pid=8, clock=clock, leases=leases)
            daemons.end_daemon(conn, name, "stopped", clock=clock)
    database.dispose()


def rows(said: tuple[int, str, str]) -> list[dict[str, object]]:
    """What a command printed as JSON."""
    code, out, err = said
    assert code == 0, err
    return json.loads(out)


def without(said: list[dict[str, object]], *moving: str) -> list[dict[str, object]]:
    """Rows without what is different a moment later."""
    return [{name: value for name, value in row.items() if name not in moving} for row in said]


def test_daemons(both: Run, there: Run, run: Run, announced: None) -> None:
    assert len(rows(both("jobs", "list", "--limit", "102", "--job-type", "scheduler", "-o", "json"))) == 102
    assert len(rows(both("jobs", "list", "--limit", "0", "--hostname", "east", "-o", "json"))) == 105
    assert both("jobs", "list", "--limit", "3", "--job-type", "SchedulerJob")[0] == 0
    words = ("jobs", "list", "--job-type", "worker", "-o", "json")
    far = rows(there(*words))
    assert without(far, "lag_seconds") == without(rows(run(*words)), "lag_seconds")
    assert {row["id"]: row["state"] for row in far} == {"w1": "lives", "w2": "lives", "w3": "expired"}
    assert all(0 <= row["lag_seconds"] < 60 for row in far)
    assert both("jobs", "check", "--job-type", "worker", "--hostname", "north")[:2] == (
        0,
        "Lives: worker (pid 7 on north).\n",
    )
    assert both("jobs", "check", "--limit", "0")[2].endswith("[several-daemons]\n")
    assert both("jobs", "check", "--job-type", "scheduler")[2].endswith("[no-daemon]\n")
    assert both("jobs", "list", "--limit", "-1")[0] == 2


def test_status(there: Run, run: Run, announced: None) -> None:
    far, here = (json.loads(each("status", "-o", "json")[1]) for each in (there, run))
    moving = ("lag_seconds", "lease_seconds_left")
    assert [(name, [list(row) for row in each]) for name, each in far.items()] == [
        (name, [list(row) for row in each]) for name, each in here.items()
    ]
    assert {name: without(each, *moving) for name, each in far.items()} == {
        name: without(each, *moving) for name, each in here.items()
    }
    lines = there("status")[1].splitlines()
    assert len(lines) == len(run("status")[1].splitlines())
    assert lines[4].rstrip().endswith("+00:00")  # an instant to the second, as in any table
    assert there("status", "-o", "yaml")[0] == 0


def test_drains(both: Run, there: Run, run: Run, announced: None) -> None:
    (made,) = rows(there("drains", "add", "w1", "--reason", "new disk", "-o", "json"))
    assert (made["kind"], made["name"], made["at_work"], made["reason"]) == ("worker", "w1", 0, "new disk")
    out = there("drains", "add", "south")[1]
    assert out.startswith("Every worker on south is drained, 0 tries go on: `tradewind drains release ")
    assert both("drains", "add", "nort")[2].endswith("did you mean north? `tradewind jobs list --job-type worker` "
                                                     "shows them. [no-such-worker]\n")  # fmt: skip
    both("drains", "list")
    keys = [str(row["id"]) for row in rows(both("drains", "list", "-o", "json"))]
    assert both("drains", "release", keys[0], "5")[2].endswith("[no-such-drain]\n")
    assert there("drains", "release", *keys)[:2] == (
        0,
        "Worker w1 takes tries again.\nEvery worker on south takes tries again.\n",
    )
    assert both("drains", "list")[2] == "Nothing is drained.\n"


FILE = """
import pendulum
from tradewind import DAG
from tradewind.operators.empty import EmptyOperator

with DAG("daily", schedule="@daily", start_date=pendulum.datetime(2026, 1, 1)):
    EmptyOperator(task_id="load")
with DAG("by_hand", schedule=None):
    EmptyOperator(task_id="load")
"""
DATES = ("-s", "2025-03-01", "-e", "2025-03-04")


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server is asked again at once."""
    monkeypatch.setattr(following, "ASK_SECONDS", 0.02)


@pytest.mark.usefixtures("often")
def test_backfills(dags: Path, sqlite_url: str, both: Run, there: Run, run: Run) -> None:
    (dags / "daily.py").write_text(FILE)
    (dags / "broken.py").write_text("from tradewind import DAG\n1 / 0\n")
    assert run("dag-processor", "--once")[0] == 0
    assert both("backfill", "list")[2].startswith("No backfills yet: ")
    both("backfill", "create", "daily", *DATES, "--dry-run", "--run-backwards")
    assert len(rows(both("backfill", "create", "daily", *DATES, "--dry-run", "-o", "json"))) == 4
    long = ("backfill", "create", "daily", "-s", "2020-01-01", "-e", "2024-12-31", "--dry-run", "-o", "json")
    assert len(rows(run(*long))) == 1827
    assert there(*long)[2] == "These are the first 1000 of 1827 dates.\n"
    for wrong, error_id in (("by_hand", "backfill-without-dates"), ("dayly", "no-such-dag"), ("xyzzy", "no-such-dag")):
        code, _, err = both("backfill", "create", wrong, *DATES)
        assert (code, err.endswith(f"[{error_id}]\n")) == (1, True), err
    assert (
        "did you mean daily? `tradewind dags list` shows all. 1 file could not"
        in both("backfill", "create", "dayly", *DATES)[2]
    )
    code, out, err = there("backfill", "create", "daily", *DATES, "-c", '{"n": 1}', "--max-active-runs", "2")
    assert (code, err) == (0, "")
    key = out.split()[1]
    assert out == f"Backfill {key} of daily is made: 4 dates. `tradewind backfill details {key}` shows them.\n"
    assert both("backfill", "create", "daily", *DATES)[2].endswith("[backfill-at-work]\n")
    both("backfill", "list")
    (listed,) = rows(both("backfill", "list", "-d", "daily", "-o", "json"))
    assert (listed["state"], listed["done"]) == ("running", "0 of 4")
    assert [row["state"] for row in rows(both("backfill", "details", key, "-o", "json"))] == ["pending"] * 4
    assert there("backfill", "pause", key)[:2] == (0, f"Backfill {key} is paused.\n")
    assert there("backfill", "unpause", key)[:2] == (0, f"Backfill {key} is running.\n")
    assert there("backfill", "cancel", key)[:2] == (0, f"Backfill {key} is cancelled.\n")
    assert both("backfill", "pause", key)[2].endswith("[backfill-ended]\n")
    both("backfill", "details", key)
    for verb in ("details", "pause", "cancel"):
        assert both("backfill", verb, "7")[2].endswith("[no-such-backfill]\n")
    canceller = threading.Thread(target=cancel_open, args=(sqlite_url,))
    canceller.start()
    code, _, err = there("backfill", "create", "daily", *DATES, "--wait")
    canceller.join()
    assert (code, err.endswith(": cancelled, 4 of 4 dates are done, 0 failed.\n")) == (1, True)


def cancel_open(url: str) -> None:
    """Cancel the one backfill that is open, as soon as there is one."""
    database = Database(url)

    def cancel(connection: sa.Connection) -> bool:
        found = statements.list_all(connection, only_open=True)
        for each in found:
            backfills.change(connection, each.id, backfills.CANCELLED, clock=SystemClock())
        return bool(found)

    while not database.write(cancel):
        threading.Event().wait(0.02)
    database.dispose()
