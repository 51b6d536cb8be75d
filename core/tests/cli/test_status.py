"""`tradewind status`: daemons, what is at work, what waits and why, connections."""

from __future__ import annotations

import json

import pytest
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.transitions import daemons
from tradewind.transitions.daemons import WORKER, Leases


def announce(url: str, *kinds: str) -> None:
    database = Database(url)
    for kind in kinds:
        more = {"executor": "LocalExecutor", "slots": 3} if kind == WORKER else {}
        with database.transaction() as conn:
            daemons.register(
                conn, daemon_id=kind, kind=kind, host="h", pid=7, clock=SystemClock(), leases=Leases(), **more
            )
    database.dispose()


def looked(run, *words: str) -> dict[str, list[dict[str, object]]]:
    code, out, _ = run("status", *words, "-o", "json")
    assert code == 0
    return json.loads(out)


def test_it_says_which_daemons_are_missing_and_why_a_run_waits(run, dags):
    assert run("dags", "trigger", "shop")[0] == 0
    found = looked(run)
    reasons = {each["what"]: each["why"] for each in found["waiting"]}
    assert "paused" in reasons["queued runs of shop"]
    assert {each["why"].split(" lives")[0] for each in found["waiting"] if each["what"] == "everything"} == {
        "No scheduler",
        "No DAG processor",
        "No worker",
    }
    assert found["daemons"] == []
    assert {"what": "runs_queued", "value": 1} in found["at_work"]


def test_a_ready_task_waits_for_a_worker_until_one_lives(run, dags, sqlite_url):
    assert run("dags", "unpause", "shop")[0] == 0
    assert run("dags", "trigger", "shop")[0] == 0
    announce(sqlite_url, "scheduler", "processor")
    (row,) = looked(run)["waiting"][1:]
    assert (row["count"], row["what"]) == (1, "ready tasks of shop")
    assert row["why"] == "No worker of LocalExecutor lives: start `tradewind worker`."
    assert row["seconds"] >= 0
    announce(sqlite_url, WORKER)
    found = looked(run)
    assert found["waiting"][0]["why"] == "There is room: the next step of a scheduler admits them."
    assert [(each["daemon"], each["state"]) for each in found["daemons"]] == [
        ("processor", "lives"),
        ("scheduler", "lives"),
        ("worker", "lives"),
    ]
    assert {"what": "slots_of_live_workers", "value": 3} in found["at_work"]


def test_people_see_tables_and_pipes_lines(run, dags):
    code, out, _ = run("status")
    assert code == 0
    assert "Daemons: nothing." in out
    assert "No scheduler lives" in out
    code, out, _ = run("status", "-o", "plain")
    assert out.splitlines()[0] == "at_work\truns_queued\t0"


@pytest.mark.parametrize(
    ("database_url", "beside"),
    [
        pytest.param("postgresql", 2, marks=pytest.mark.postgres),
        pytest.param("mariadb", 0, marks=pytest.mark.mariadb),
    ],
    indirect=["database_url"],
)
def test_on_a_server_it_counts_connections_and_says_how_many_there_may_be(
    run, database_url, beside, tmp_path, monkeypatch
):
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path))
    monkeypatch.setenv("TRADEWIND__DATABASE__URL", database_url)
    announce(database_url, "scheduler", "processor", WORKER)
    other = Database(database_url)
    with other.read() as conn:
        conn.exec_driver_sql("SELECT 1")
        rows = looked(run)["connections"]
    other.dispose()
    now, most, allowed = rows[-3:]
    assert (now["of"], now["how"]) == ("all", "now")
    assert now["connections"] == sum(each["connections"] for each in rows[:-3]) >= 1
    assert most["connections"] == 3 * (5 + beside)
    assert most["how"] == f"at most: 3 daemons × (database.pool_size 5 + {beside} for wake-ups)"
    assert allowed["connections"] > 0
