"""A run executes its own version, whatever becomes of the DAG folder meanwhile: with the daemons, on real files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

FLOW = """
import multiprocessing
from pathlib import Path

import pendulum
from tradewind import DAG, task
from tradewind.operators.bash import BashOperator

NUMBER = 7


def square(n):
    from team.late import POWER

    return n**POWER + NUMBER


def everything():
    from team import late

    with multiprocessing.get_context("spawn").Pool(1) as pool:
        squares = pool.map(square, [2, 3])
    return [late.POWER, (Path(__file__).parent / "query.sql").read_text(), squares]


with DAG("flow", schedule=None, start_date=pendulum.datetime(2026, 1, 1), default_args={{"retries": 0}}):

    @task
    def wait(gate):
        Path(gate + ".here").write_text("here")
        return Path(gate).read_text()

    @task
    def look(before):
        return everything()

    def said(number):
        return BashOperator(task_id=f"said_{{number}}", bash_command="outer.sh")

    first = wait.override(task_id="wait_1")({gate!r} + "1")
    second = wait.override(task_id="wait_2")({gate!r} + "2")
    first >> look.override(task_id="look_1")(first) >> said(1) >> second
    second >> look.override(task_id="look_2")(second) >> said(2)
"""
FILES = {
    "team/__init__.py": "",
    "team/late.py": "POWER = 2\n",
    "team/query.sql": "select 1",
    "team/outer.sh": "{% include 'inner.sh' %} and the outer",
    "team/inner.sh": "echo the inner",
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_run_sees_its_own_files_after_the_folder_changed_and_after_it_vanished(deployment, tmp_path: Path) -> None:
    gate = str(tmp_path / "gate")
    for number in (1, 2):
        os.mkfifo(f"{gate}{number}")
        os.mkfifo(f"{gate}{number}.here")
    files = {**FILES, "team/flow.py": FLOW.format(gate=gate)}
    for name, text in files.items():
        (deployment.dags / name).parent.mkdir(exist_ok=True)
        (deployment.dags / name).write_text(text)
    deployment.start("processor", "scheduler", "worker")
    deployment.until("the DAG is there", lambda: "flow" in deployment.dag_ids())
    done = deployment.cli("dags", "trigger", "flow", "--run-id", "one")
    assert done.returncode == 0, done.stderr
    assert Path(f"{gate}1.here").read_text() == "here"
    for name in files:
        (deployment.dags / name).write_text("raise SystemExit('the live folder was read')")
    Path(f"{gate}1").write_text("go on")
    assert Path(f"{gate}2.here").read_text() == "here"
    shutil.rmtree(deployment.dags / "team")
    Path(f"{gate}2").write_text("go on")
    state = deployment.until("the run ends", lambda: deployment.run_state("flow", "one") in ("success", "failed"))
    assert state
    logs = {task: deployment.log("flow", task, "one") for task in ("look_1", "said_1", "look_2", "said_2")}
    assert set(deployment.states("flow", "one").values()) == {"success"}, logs
    assert all("the inner and the outer" in logs[task] for task in ("said_1", "said_2"))
    assert not any("belongs to the DAG folder" in log for log in logs.values())
