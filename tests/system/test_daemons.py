"""The main job with real processes: a file becomes runs; it changes, breaks and goes; daemons are killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest
from tradewind.metadata.statements import listings

pytestmark = pytest.mark.long

GATED = """
import os
import pendulum
from tradewind import dag, task

WORD = "{word}"

@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1))
def gated():
    @task
    def first():
        print("first says", WORD)
        with open({gate!r}) as gate:
            gate.read()
        return WORD

    @task
    def second(word):
        print("second says", WORD)
        return WORD + word

    second(first())

gated()
"""


def gate(path: Path) -> str:
    """Make a FIFO: whoever opens it waits for the other side."""
    os.mkfifo(path)
    return str(path)


def open_gate(path: str) -> None:
    """Let the task that waits at the FIFO go on."""
    with open(path, "w") as file:  # noqa: PTH123
        file.write("go")


def test_a_file_becomes_runs_and_a_run_keeps_its_code(deployment, tmp_path: Path) -> None:
    here = gate(tmp_path / "gate")
    deployment.start("processor", "worker", "scheduler")
    deployment.put("gated.py", GATED.format(word="old", gate=here))
    deployment.until("the file is picked up", deployment.dag_ids)
    assert deployment.cli("dags", "trigger", "gated", "--run-id", "one").returncode == 0
    deployment.until("first runs", lambda: deployment.states("gated", "one")["first"] == "running")

    deployment.put("gated.py", GATED.format(word="new", gate=here))
    deployment.until("a second version", lambda: version(deployment) == 2)
    open_gate(here)
    deployment.until("the run ends", lambda: deployment.run_state("gated", "one") == "success")
    assert "second says old" in deployment.log("gated", "second", "one")

    assert deployment.cli("dags", "trigger", "gated", "--run-id", "two").returncode == 0
    deployment.until("first runs again", lambda: deployment.states("gated", "two")["first"] == "running")
    open_gate(here)
    deployment.until("the second run ends", lambda: deployment.run_state("gated", "two") == "success")
    assert "second says new" in deployment.log("gated", "second", "two")

    deployment.put("gated.py", "this is not Python\n")
    deployment.until("the error is known", lambda: import_errors(deployment))
    [error] = deployment.rows("dags", "list-import-errors")
    assert error["file"] == "gated.py"
    assert error["line"] == 1
    assert deployment.dag_ids() == ["gated"], "a broken file is no evidence"

    (deployment.dags / "gated.py").unlink()
    deployment.until("the DAG is gone", lambda: deployment.dag_ids() == [])
    assert deployment.rows("dags", "list-import-errors") == []
    assert deployment.run_state("gated", "one") == "success", "history stays"
    assert deployment.stop() == {"processor": 0, "worker": 0, "scheduler": 0}


def version(deployment) -> int | None:
    """The newest version's number that a run would get."""
    with deployment.database.read() as connection:
        return connection.exec_driver_sql("SELECT max(number) FROM dag_version WHERE dag_id = 'gated'").scalar()


def import_errors(deployment) -> int:
    """How many files have an error."""
    with deployment.database.read() as connection:
        return len(listings.list_import_errors(connection))


# MariaDB's part in it, rows and locks, is tested beside transitions
@pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
def test_each_daemon_may_be_killed(deployment, tmp_path: Path) -> None:
    here = gate(tmp_path / "gate")
    deployment.start("processor", "worker", "scheduler")
    deployment.put("gated.py", GATED.format(word="old", gate=here))
    deployment.until("the file is picked up", deployment.dag_ids)

    # The scheduler: the task goes on, and what follows is scheduled without it
    deployment.cli("dags", "trigger", "gated", "--run-id", "one")
    deployment.until("first runs", lambda: deployment.states("gated", "one")["first"] == "running")
    deployment.kill("scheduler")
    open_gate(here)
    deployment.until("the run ends", lambda: deployment.run_state("gated", "one") == "success")
    deployment.start("scheduler")

    # The processor: what it knew stays, and a new one picks up the next change
    deployment.kill("processor")
    deployment.cli("dags", "trigger", "gated", "--run-id", "two")
    deployment.until("first runs", lambda: deployment.states("gated", "two")["first"] == "running")
    open_gate(here)
    deployment.until("the run ends", lambda: deployment.run_state("gated", "two") == "success")
    deployment.start("processor")

    # The supervisor of the local executor: its task's processes are ended, the try is lost, a new one takes its place
    deployment.put(
        "gated.py",
        GATED.format(word="new", gate=here).replace(
            "@task\n    def first", "@task(retries=1, retry_delay=0)\n    def first"
        ),
    )
    deployment.until("a second version", lambda: version(deployment) == 2)
    deployment.cli("dags", "trigger", "gated", "--run-id", "three")
    deployment.until("first runs", lambda: deployment.states("gated", "three")["first"] == "running")
    supervisor = supervisor_of(deployment.processes["worker"].pid)
    processes = [supervisor, *supervisor.children(recursive=True)]
    supervisor.send_signal(signal.SIGKILL)
    psutil.wait_procs(processes, timeout=8)
    living = {each: each.status() for each in processes if each.is_running()}
    assert living == {}, "nothing of the dead supervisor lives on"
    deployment.until("the try is lost and tried again", lambda: tries(deployment, "three") == ["lost"])
    deployment.until("first runs again", lambda: deployment.states("gated", "three")["first"] == "running")
    open_gate(here)
    deployment.until("the run ends", lambda: deployment.run_state("gated", "three") == "success")
    assert tries(deployment, "three") == ["lost", "success"]
    assert "first says new" in deployment.log("gated", "first", "three", "--try-number", "1")
    assert "first says new" in deployment.log("gated", "first", "three", "--try-number", "2")


def supervisor_of(pid: int) -> psutil.Process:
    """The supervisor under the process that watches it."""
    [supervisor] = psutil.Process(pid).children()
    return supervisor


def tries(deployment, run_id: str) -> list[str]:
    """How the tries of `first` ended, in order."""
    query = (
        "SELECT task_try.state FROM task_try JOIN task_instance ON task_instance.id = task_try.instance"
        " JOIN dag_run ON dag_run.id = task_instance.run"
        f" WHERE dag_run.run_id = '{run_id}' AND task_id = 'first' ORDER BY task_try.token"
    )
    with deployment.database.read() as connection:
        return [row[0] for row in connection.exec_driver_sql(query)]
