"""`tradewind jobs`: who lives, judged by the database's clock, with Airflow's flags."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from datetime import timedelta

import pytest
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.transitions import daemons
from tradewind.transitions.daemons import Leases

LIVE, EXPIRED = Leases(timedelta(hours=1)), Leases(timedelta(seconds=-1))
Add = Callable[..., None]


@pytest.fixture
def add(home, sqlite_url: str) -> Add:
    """Announce a daemon."""

    def announce(
        daemon_id: str, kind: str, *, host: str = "h", leases: Leases = LIVE, cause: str | None = None
    ) -> None:
        database, clock = Database(sqlite_url), SystemClock()
        with database.transaction() as conn:
            daemons.register(conn, daemon_id=daemon_id, kind=kind, host=host, pid=7, clock=clock, leases=leases)
            if cause is not None:
                daemons.end_daemon(conn, daemon_id, cause, clock=clock)
        database.dispose()

    return announce


def test_without_a_living_one_it_says_so(run, add: Add) -> None:
    add("a", "scheduler", leases=EXPIRED)
    add("b", "scheduler", cause="stopped")
    code, out, err = run("jobs", "check")
    assert (code, out) == (1, "")
    assert err.startswith("tradewind: No daemon lives: `tradewind jobs list`")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 0),
        (["--job-type", "SchedulerJob"], 0),
        (["--job-type", "scheduler"], 0),
        (["--job-type", "worker"], 1),
        (["--job-type", "DagProcessorJob"], 1),
        (["--hostname", "far"], 0),
        (["--hostname", "nowhere"], 1),
        (["--local"], 0),
        (["--limit", "0"], 1),
        (["--limit", "0", "--allow-multiple"], 0),
        (["--limit", "2", "--allow-multiple"], 0),
        (["--allow-multiple"], 2),
        (["--limit", "-1"], 2),
        (["--local", "--hostname", "far"], 2),
    ],
    ids=str,
)
def test_each_choice(run, add: Add, words: list[str], code: int) -> None:
    add("a", "scheduler", host="far")
    add("b", "scheduler", host=socket.gethostname())
    add("c", "worker", leases=EXPIRED)
    assert run("jobs", "check", *words)[0] == code


def test_the_list_tells_lag_lease_and_cause(run, add: Add) -> None:
    add("a", "scheduler")
    add("b", "worker", leases=EXPIRED)
    add("c", "processor", cause="stopped")
    code, out, _ = run("jobs", "list", "-o", "json")
    assert code == 0
    rows = {row["id"]: row for row in json.loads(out)}
    assert {key: row["state"] for key, row in rows.items()} == {"a": "lives", "b": "expired", "c": "ended"}
    assert 0 <= rows["a"]["lag_seconds"] < 60
    assert rows["a"]["lease_until"] > rows["a"]["latest_heartbeat"]
    assert rows["c"]["end_cause"] == "stopped"
    assert [row["id"] for row in json.loads(run("jobs", "list", "--job-type", "worker", "-o", "json")[1])] == ["b"]
