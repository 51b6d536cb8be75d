"""`tradewind drains`: workers and hosts by name, with release."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.transitions import daemons


@pytest.fixture
def workers(home: Path, sqlite_url: str) -> None:
    """Two workers that live, on two hosts."""
    database, clock = Database(sqlite_url), SystemClock()
    leases = daemons.Leases(duration=timedelta(hours=1))
    for name, host in (("w1", "north"), ("w2", "south")):
        database.write(
            lambda c, name=name, host=host: daemons.register(
                c,
                daemon_id=name,
                kind="worker",
                host=host,
                pid=1,
                executor="LocalExecutor",
                slots=2,
                clock=clock,
                leases=leases,
            )
        )
    database.dispose()


def test_a_worker_or_a_host_is_drained_and_released(run, workers) -> None:
    code, out, _ = run("drains", "add", "w1", "--reason", "new disk", "-o", "json")
    (made,) = json.loads(out)
    assert (code, made["kind"], made["name"], made["at_work"], made["reason"]) == (0, "worker", "w1", 0, "new disk")
    out = run("drains", "add", "south")[1]
    assert out.startswith("Every worker on south is drained, 0 tries go on: `tradewind drains release ")
    rows = json.loads(run("drains", "list", "-o", "json")[1])
    assert [(row["kind"], row["name"]) for row in rows] == [("worker", "w1"), ("host", "south")]
    code, out, _ = run("drains", "release", *[str(row["id"]) for row in rows])
    assert (code, out) == (0, "Worker w1 takes tries again.\nEvery worker on south takes tries again.\n")
    assert run("drains", "list")[2] == "Nothing is drained.\n"


def test_what_is_not_there_is_said(run, workers) -> None:
    code, _, err = run("drains", "add", "nort")
    assert (code, "No worker of the id 'nort' lives, and none on a host of that name; did you mean north?" in err) == (
        1,
        True,
    )
    assert "There is no drain 5" in run("drains", "release", "5")[2]
