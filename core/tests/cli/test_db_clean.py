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
