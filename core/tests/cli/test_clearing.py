"""`tradewind tasks clear` in full: its preview, other runs, one index, and other DAGs by markers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

LED = """
from tradewind import DAG
from tradewind.operators.empty import EmptyOperator
from tradewind.sensors.external_task import ExternalTaskMarker

with DAG("leads", schedule=None, is_paused_upon_creation=False):
    EmptyOperator(task_id="work") >> ExternalTaskMarker(
        task_id="tell", external_dag_id="led", external_task_id="take", recursion_depth=1
    )
with DAG("led", schedule=None, is_paused_upon_creation=False):
    EmptyOperator(task_id="before") >> EmptyOperator(task_id="take") >> EmptyOperator(task_id="after")
    ExternalTaskMarker(task_id="farther", external_dag_id="leads", external_task_id="work", execution_date="{{ tomorrow_ds }}")
"""


@pytest.fixture
def led(dags: Path, run) -> Path:
    """Two DAGs of which one marks a task of the other, with three daily runs each that have succeeded."""
    (dags / "led.py").write_text(LED)
    assert run("dag-processor", "--once")[0] == 0
    for dag_id in ("leads", "led"):
        for day in (1, 2, 3):
            assert run("dags", "trigger", dag_id, "-r", f"r{day}", "-e", f"2026-03-0{day}")[0] == 0
    return dags


def cleared(run, *words: str) -> list[tuple[str, str, str]]:
    code, out, err = run("tasks", "clear", *words, "--dry-run", "-o", "json")
    assert code == 0, err
    return [(row["dag_id"], row["run_id"], row["task_id"]) for row in json.loads(out)]


def run_states(run, dag_id: str) -> dict[str, str]:
    rows = json.loads(run("dags", "list-runs", "-d", dag_id, "-o", "json")[1])
    return {row["run_id"]: row["state"] for row in rows}


def test_a_preview_says_what_would_become_of_what_and_changes_nothing(run, led: Path) -> None:
    code, out, _ = run("tasks", "clear", "leads", "-r", "r1", "-t", "tell", "--dry-run", "-o", "json")
    assert (code, json.loads(out)[0]) == (
        0,
        {
            "dag_id": "leads",
            "run_id": "r1",
            "run_state": "success",
            "run_becomes": "queued",
            "task_id": "tell",
            "map_index": None,
            "state": "success",
            "effect": "runs again",
            "marked_by": None,
        },
    )
    assert [(row["dag_id"], row["task_id"], row["marked_by"]) for row in json.loads(out)[1:]] == [
        ("led", "take", "tell"),
        ("led", "after", "tell"),
    ]
    out = run("tasks", "clear", "leads", "-r", "r1", "-t", "tell", "-n")[1]
    assert "Run r1 of led is success, and is queued again." in out
    assert "Nothing was changed." in out
    assert set(run_states(run, "led").values()) == {"success"}


def test_other_runs_are_named_by_one(run, led: Path) -> None:
    words = ("leads", "-t", "work", "-r")
    assert [each[1] for each in cleared(run, *words, "r2")] == ["r2"]
    assert [each[1] for each in cleared(run, *words, "r2", "--past")] == ["r2", "r1"]
    assert [each[1] for each in cleared(run, *words, "2026-03-02", "--future")] == ["r3", "r2"]
    assert [each[1] for each in cleared(run, *words, "r2", "--past", "--future", "-e", "2026-03-02")] == ["r2", "r1"]
    code, _, err = run("tasks", "clear", "leads", "--past", "-y")
    assert (code, "--past and --future are about the run that --run-id names" in err) == (2, True)


def test_a_clear_goes_where_a_marker_leads_and_no_farther_than_it_may(run, led: Path) -> None:
    code, out, _ = run("tasks", "clear", "leads", "-r", "r1", "-t", "tell", "-y")
    assert (code, "3 task instances in 2 runs run again." in out) == (0, True)
    assert run_states(run, "led") == {"r3": "success", "r2": "success", "r1": "queued"}
    assert cleared(run, "leads", "-r", "r2", "-t", "tell", "--only-this-dag") == [("leads", "r2", "tell")]
    # From `farther` to tomorrow's `work` and `tell`, and from there on: as far as the first allows
    assert ("led", "r3", "take") in cleared(run, "led", "-r", "r2", "-t", "farther")
    code, _, err = run("tasks", "clear", "leads", "-r", "r2", "-t", "tell|work", "-y")
    assert code == 0, err


def test_markers_that_lead_too_far_are_an_error_that_names_the_last(run, led: Path) -> None:
    longer = 'EmptyOperator(task_id="after")'
    last = 'ExternalTaskMarker(task_id="last", external_dag_id="leads", external_task_id="work")'
    (led / "led.py").write_text(LED.replace(longer, f"{longer} >> {last}"))
    assert run("dag-processor", "--once")[0] == 0
    assert run("dags", "trigger", "led", "-r", "r4", "-e", "2026-03-04")[0] == 0
    assert run("dags", "trigger", "leads", "-r", "r4", "-e", "2026-03-04")[0] == 0
    code, _, err = run("tasks", "clear", "leads", "-r", "r4", "-t", "tell", "-y")
    assert code == 1
    assert "Marker 'last' of DAG 'led' is one more than the 1 in a row" in err
    assert "[marker-too-deep]" in err
    assert run_states(run, "leads")["r4"] == "success"
