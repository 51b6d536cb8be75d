"""`tradewind tasks run`: a real try in a process of the person's own, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import sqlalchemy as sa
from tradewind.metadata import tables

FLOW = """
    import os
    from tradewind import DAG, task
    with DAG("flow"):
        @task
        def first():
            print("here", os.getppid())
            return 5
        @task
        def work(n):
            return n + 1
        @task(trigger_rule="all_done")
        def fails():
            raise ValueError("no")
        work(first()) >> fails()
"""


def run_task(house: Any, run: int, *words: str) -> subprocess.CompletedProcess[str]:
    with house.database.read() as conn:
        run_id = conn.execute(sa.select(tables.dag_run.c.run_id).where(tables.dag_run.c.id == run)).scalar_one()
    command = [sys.executable, "-m", "tradewind", "tasks", "run", "flow", words[0], run_id, *words[1:]]
    return subprocess.run(command, env=house.environ, capture_output=True, text=True, check=False)


def test_a_task_runs_as_a_recorded_try_and_what_is_below_goes_on(small_house: Any) -> None:
    house = small_house
    house.deploy(FLOW)
    run, other = house.start_run(), house.start_run()
    done = run_task(house, run, "first")
    assert done.returncode == 0, done.stderr
    assert "here" in done.stdout
    assert done.stdout.endswith("first: success.\n")
    (tried,) = house.tries(run, "first")
    assert (tried.state, tried.try_number, house.xcoms(run)) == ("success", 1, {("first", "return_value"): 5})
    assert (house.states(run)["work"], house.states(other)["first"]) == ("scheduled", "scheduled")
    with house.database.read() as conn:
        (daemon,) = conn.execute(sa.select(tables.daemon))
    assert (daemon.id, daemon.kind, daemon.slots, daemon.ended_at is None) == (tried.worker, "worker", 1, False)


def test_what_a_scheduler_would_not_start_is_refused_by_its_own_sentence(small_house: Any) -> None:
    house = small_house
    house.deploy(FLOW)
    run = house.start_run()
    refused = run_task(house, run, "work")
    assert refused.returncode == 1
    assert "Task 'work' does not run now. Its trigger rule all_success waits for 'first'" in refused.stderr
    assert "[not-now]" in refused.stderr
    assert house.states(run) == {"first": "scheduled", "work": "none", "fails": "none"}
    failed = run_task(house, run, "fails", "--ignore-dependencies")
    assert (failed.returncode, failed.stdout.splitlines()[-1]) == (1, "fails: failed.")
    assert run_task(house, run, "first", "--mark-success").stdout == "first: marked as success.\n"
    assert house.states(run) == {"first": "success", "work": "scheduled", "fails": "none"}
