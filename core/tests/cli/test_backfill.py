"""`tradewind backfill`: asked for, previewed, worked off by a scheduler, listed, ended."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

FILE = """
import pendulum
from tradewind import DAG
from tradewind.operators.empty import EmptyOperator

with DAG("daily", schedule="@daily", start_date=pendulum.datetime(2026, 1, 1)):
    EmptyOperator(task_id="load")
with DAG("by_hand", schedule=None):
    EmptyOperator(task_id="load")
"""
RANGE = ("-s", "2025-03-01", "-e", "2025-03-04")


@pytest.fixture
def made(dags: Path, run) -> Path:
    (dags / "daily.py").write_text(FILE)
    assert run("dag-processor", "--once")[0] == 0
    return dags


def rows(run, *words: str) -> list[dict[str, object]]:
    code, out, err = run(*words, "-o", "json")
    assert code == 0, err
    return json.loads(out)


def test_a_backfill_is_worked_off_by_a_scheduler_and_then_its_dates_are_left_alone(run, made: Path) -> None:
    dry = rows(run, "backfill", "create", "daily", *RANGE, "--dry-run", "--run-backwards")
    assert [(each["logical_date"][:10], each["becomes"]) for each in dry] == [
        (f"2025-03-0{day}", "new run") for day in (4, 3, 2, 1)
    ]
    assert rows(run, "backfill", "list") == []
    code, out, err = run("backfill", "create", "daily", *RANGE)
    assert code == 0, err
    key = out.split()[1]
    assert out.startswith(f"Backfill {key} of daily is made: 4 dates.")
    assert run("scheduler", "-n", "3")[0] == 0
    (listed,) = rows(run, "backfill", "list", "-d", "daily")
    assert (listed["state"], listed["done"], listed["failed"]) == ("success", "4 of 4", 0)
    details = rows(run, "backfill", "details", key)
    assert [each["state"] for each in details] == ["success"] * 4
    assert details[0]["run_id"] == "backfill__2025-03-01T00:00:00+00:00"
    assert len(rows(run, "dags", "list-runs", "-d", "daily")) == 4
    assert rows(run, "dags", "list-runs", "-d", "daily", "--no-backfill") == []
    again = rows(
        run, "dags", "backfill", "daily", "-s", "2025-03-01", "-e", "2025-03-04", "--dry-run", "--reset-dagruns"
    )
    assert {each["becomes"] for each in again} == {"runs again"}
    again = rows(run, "dags", "backfill", "daily", *RANGE, "--dry-run", "--rerun-failed-tasks")
    assert {each["becomes"] for each in again} == {"skipped"}


def test_it_is_paused_goes_on_and_is_cancelled(run, made: Path) -> None:
    key = run("backfill", "create", "daily", *RANGE)[1].split()[1]
    assert run("backfill", "pause", key)[:2] == (0, f"Backfill {key} is paused.\n")
    assert run("backfill", "unpause", key)[:2] == (0, f"Backfill {key} is running.\n")
    code, _, err = run("backfill", "create", "daily", *RANGE)
    assert code == 1
    assert "[backfill-at-work]" in err
    assert run("backfill", "cancel", key)[:2] == (0, f"Backfill {key} is cancelled.\n")
    assert {each["state"] for each in rows(run, "backfill", "details", key)} == {"skipped"}
    code, _, err = run("backfill", "pause", key)
    assert (code, "[backfill-ended]" in err) == (1, True)


@pytest.mark.parametrize(
    ("words", "error_id"),
    [
        (("create", "by_hand", *RANGE), "backfill-without-dates"),
        (("create", "nothing", *RANGE), "no-such-dag"),
        (("details", "7"), "no-such-backfill"),
        (("cancel", "7"), "no-such-backfill"),
    ],
)
def test_what_cannot_be_is_one_sentence(run, made: Path, words: tuple[str, ...], error_id: str) -> None:
    code, out, err = run("backfill", *words)
    assert (code, out) == (1, "")
    assert f"[{error_id}]" in err
