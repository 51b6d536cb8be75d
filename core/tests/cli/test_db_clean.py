"""`tradewind db clean` by the command line: retention, dry runs, what is refused."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path

import pytest

YESTERDAY = int((time.time() - 86400) * 1_000_000)


@pytest.fixture
def ran(run, dags: Path) -> None:
    """A run that is to end long ago, one that has succeeded after it, and one that waits."""
    for run_id in ("old", "good", "open"):
        assert run("dags", "trigger", "shop", "--run-id", run_id)[0] == 0


def end_run(home: Path, run_id: str, ended_at: int = 1_000_000) -> None:
    """Let a run have ended long ago, or at another moment."""
    with sqlite3.connect(home / "metadata" / "tradewind.db") as connection:
        connection.execute("UPDATE dag_run SET state = 'success', ended_at = ? WHERE run_id = ?", (ended_at, run_id))
    connection.close()


def rows(out: str) -> dict[str, dict[str, object]]:
    """Return what is listed by table."""
    return {row["table"]: row for row in json.loads(out)}


def test_a_dry_run_counts_and_a_real_one_deletes(run, home: Path, ran: None) -> None:
    end_run(home, "old")
    end_run(home, "good", YESTERDAY)
    words = ("db", "clean", "--clean-before-timestamp", "2026-01-01", "-t", "dag_run,job", "-o", "json")
    found = rows(run(*words, "--dry-run")[1])
    assert (found["dag_run"]["rows"], found["dag_run"]["of"]) == (1, 3)
    assert len(json.loads(run("dags", "list-runs", "-o", "json")[1])) == 3
    code, out, err = run(*words, "--yes", "--skip-archive")
    assert code == 0
    assert rows(out)["dag_run"]["deleted"] == 1
    assert "dag_run: 1 deleted" in err
    assert [each["run_id"] for each in json.loads(run("dags", "list-runs", "-o", "json")[1])] == ["open", "good"]


def test_retention_is_configured_by_table(run, home: Path, ran: None, monkeypatch: pytest.MonkeyPatch) -> None:
    end_run(home, "old")
    end_run(home, "good", YESTERDAY)
    code, _, err = run("db", "clean", "--yes")
    assert code == 2
    assert "retention.dag_run = 90" in err
    monkeypatch.setenv("TRADEWIND__RETENTION__DAG_RUN", "30")
    assert set(rows(run("db", "clean", "--dry-run", "-o", "json")[1])) == {
        "dag_run",
        "stored XCom values that nothing refers to",
    }
    assert rows(run("db", "clean", "--yes", "-o", "json")[1])["dag_run"]["deleted"] == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--clean-before-timestamp", "soon"), "'soon' is no date or time"),
        (
            ("--clean-before-timestamp", "2026-01-01", "-t", "task_instance"),
            "go with their runs: name the table dag_run",
        ),
        (("--clean-before-timestamp", "2026-01-01", "-t", "slots"), "There is no table 'slots' to clean"),
    ],
)
def test_what_is_refused(run, home: Path, words: tuple[str, ...], told: str) -> None:
    code, _, err = run("db", "clean", *words)
    assert code == 2
    assert told in err


def test_dags_have_limits_of_their_own(run, home: Path, ran: None, monkeypatch: pytest.MonkeyPatch) -> None:
    end_run(home, "old")
    end_run(home, "good", YESTERDAY)
    monkeypatch.setenv("TRADEWIND__RETENTION__DAG_RUN", "30")
    counted = ("db", "clean", "-t", "dag_run", "--dry-run", "-o", "json")
    assert rows(run(*counted)[1])["dag_run"]["rows"] == 1
    monkeypatch.setenv("TRADEWIND__RETENTION__DAGS", "sh*:keep_runs=2")
    assert rows(run(*counted)[1])["dag_run"]["rows"] == 0
    monkeypatch.setenv("TRADEWIND__RETENTION__DAGS", "sh*")
    assert "'sh*' in retention.dags is no limit" in run(*counted)[2]


def test_one_setting_loads_the_maintenance_dags_which_are_not_paused(
    run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "dags").mkdir()
    monkeypatch.setenv("TRADEWIND__MAINTENANCE__ENABLED", "true")
    assert run("dag-processor", "--once")[0] == 0
    listed = json.loads(run("dags", "list", "-o", "json")[1])
    assert {each["dag_id"]: each["paused"] for each in listed} == {
        "maintenance_history": False,
        "maintenance_stale": False,
    }
    assert json.loads(run("dags", "list-import-errors", "-o", "json")[1]) == []
    monkeypatch.delenv("TRADEWIND__MAINTENANCE__ENABLED")
    assert run("dag-processor", "--once")[0] == 0
    assert json.loads(run("dags", "list", "-o", "json")[1]) == []


def test_logs_whose_runs_are_gone_go_from_this_hosts_folder_where_they_are_named(run, home: Path, ran: None) -> None:
    folders = [home / "logs" / "dag_id=shop" / f"run_id={name}" for name in ("gone", "old")]
    for folder in folders:
        (folder / "task_id=t").mkdir(parents=True)
        (folder / "task_id=t" / "attempt=1.log").write_text("x")
    words = ("db", "clean", "--clean-before-timestamp", "2999-01-01", "-o", "json")
    assert "task_log" not in rows(run(*words, "--dry-run")[1])
    assert rows(run(*words, "-t", "task_log", "--dry-run")[1])["task_log"]["rows"] == 1
    assert rows(run(*words, "-t", "task_log", "--yes")[1])["task_log"]["deleted"] == 1
    assert [folder.exists() for folder in folders] == [False, True]
