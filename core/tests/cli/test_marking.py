"""`tradewind tasks mark`, `tradewind dags mark-run`, `tradewind tasks set-priority`, and what `tradewind tasks run` refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SHOP = """
from tradewind import dag, task

@dag(schedule=None, is_paused_upon_creation=False)
def work():
    @task
    def first(): ...

    @task
    def second(): ...

    @task
    def beside(): ...

    first() >> second()
    beside()

work()
"""


@pytest.fixture
def work(dags: Path, run) -> None:
    """A DAG with three daily runs that have begun and wait for a worker."""
    (dags / "work.py").write_text(SHOP)
    assert run("dag-processor", "--once")[0] == 0
    for day in (1, 2, 3):
        assert run("dags", "trigger", "work", "-r", f"r{day}", "-e", f"2026-03-0{day}")[0] == 0


def states(run, run_id: str) -> dict[str, str]:
    rows = json.loads(run("tasks", "states-for-dag-run", "work", run_id, "-o", "json")[1])
    return {row["task_id"]: row["state"] for row in rows}


def test_a_preview_shows_what_a_mark_changes_and_changes_nothing(run, work) -> None:
    code, out, _ = run("tasks", "mark", "work", "first", "r1", "failed", "--dry-run", "-o", "json")
    assert code == 0
    assert json.loads(out) == [
        {
            "dag_id": "work",
            "run_id": "r1",
            "run_state": "running",
            "run_becomes": "running",
            "task_id": "first",
            "map_index": None,
            "state": "scheduled",
            "becomes": "failed",
            "is_stopped": False,
        }
    ]
    said = "Run r1 of work: 1 task instances marked; the run is running and would be running."
    assert said in run("tasks", "mark", "work", "first", "r1", "failed", "-n")[1]
    assert states(run, "r1") == {"first": "scheduled", "second": "none", "beside": "scheduled"}


def test_tasks_are_marked_with_neighbours_and_in_other_runs(run, work) -> None:
    code, out, _ = run("tasks", "mark", "work", "first", "r1", "success", "-m", "by the bank", "-y")
    assert (code, "Run r1 of work: 1 task instances marked" in out) == (0, True)
    assert states(run, "r1") == {"first": "success", "second": "scheduled", "beside": "scheduled"}
    assert run("tasks", "state", "work", "first", "r1") == (
        0,
        "success\n",
        "marked as success by hand: by the bank\n",
    )
    assert run("tasks", "mark", "work", "second", "2026-03-02", "skipped", "-u", "--future", "-y")[0] == 0
    assert [set(states(run, each).values()) for each in ("r2", "r3")] == [{"skipped", "scheduled"}] * 2
    assert states(run, "r1")["second"] == "scheduled"


def test_a_whole_run_is_marked_and_its_neighbours_go_on(run, work) -> None:
    code, out, _ = run("dags", "mark-run", "work", "r1", "failed", "-y")
    assert (code, "the run was running and is failed" in out) == (0, True)
    assert set(states(run, "r1").values()) == {"skipped"}
    assert run("dags", "state", "work", "r1")[1] == "failed\n"
    assert run("dags", "mark-run", "work", "r1", "success", "-y")[0] == 0
    assert set(states(run, "r1").values()) == {"success"}
    assert run("dags", "state", "work", "r2")[1] == "running\n"


def test_what_cannot_be_marked_is_said_in_a_sentence(run, work) -> None:
    assert "are to be marked by hand. Nobody can be asked here" in run("dags", "mark-run", "work", "r1", "failed")[2]
    assert "has no task 'frist'; did you mean first?" in run("tasks", "mark", "work", "frist", "r1", "failed", "-y")[2]
    assert "There is no run 'r9'" in run("dags", "mark-run", "work", "r9", "failed", "-y")[2]
    assert run("dags", "mark-run", "work", "r1", "failed", "-y")[0] == 0
    code, _, err = run("dags", "mark-run", "work", "r1", "failed", "-y")
    assert (code, "Nothing changes: all that you named is failed already" in err) == (1, True)
    assert "[nothing-to-mark]" in err


def test_the_priority_of_what_waits_is_changed(run, work) -> None:
    code, out, _ = run("tasks", "set-priority", "work", "r2", "40", "-t", "beside", "-o", "json")
    row = {"task_id": "beside", "map_index": None, "state": "scheduled", "priority": 40, "before": 1}
    assert (code, json.loads(out)) == (0, [row])
    assert run("tasks", "mark", "work", "beside", "r2", "success", "-y")[0] == 0
    err = run("tasks", "set-priority", "work", "r2", "40", "-t", "beside")[2]
    assert "Nothing of run r2 that waits has another priority. 1 have ended already." in err
    assert (
        "has no task 'besid'; did you mean beside?" in run("tasks", "set-priority", "work", "r2", "4", "-t", "besid")[2]
    )


def test_a_task_that_does_not_run_now_is_refused_and_each_reason_is_left_aside_by_name(run, work) -> None:
    words = ("tasks", "run", "work", "second", "r1")
    waits = "Task 'second' does not run now. Its trigger rule all_success waits for 'first' (scheduled)"
    for flags in ([], ["--force"], ["--local", "--ignore-depends-on-past"], ["--depends-on-past", "ignore"]):
        code, _, err = run(*words, *flags)
        assert (code, waits in err) == (1, True)
    assert run("holds", "add", "work", "-t", "second")[0] == 0
    assert "is held since" in run(*words, "--ignore-dependencies")[2]
    assert run(*words, "--mark-success")[1] == "second: marked as success.\n"
    assert "It has ended as success" in run(*words, "--ignore-all-dependencies")[2]
    assert "is held since" in run(*words, "--force", "--ignore-dependencies")[2]
    assert states(run, "r1")["second"] == "success", "what is refused is not cleared either"
    assert "Task 'second' has no instances" in run(*words, "--map-index", "2")[2]
    assert "The run has no task 'x'" in run("tasks", "run", "work", "x", "r1")[2]
