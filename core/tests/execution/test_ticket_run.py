"""Where a ticket has got to: real processes of `tradewind tasks run-try`, and an executor of a plugin that starts them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import sqlalchemy as sa
from tradewind.metadata import tables

FLOW = """
from tradewind import DAG, task

with DAG("flow"):
    @task(executor="TownExecutor")
    def first(): return 5

    @task(executor="TownExecutor")
    def work(number): return number + 1

    work(first())
"""
TOWN = '''
import subprocess
import sys

from tradewind_plugins.contracts.executor import Capacity, Executor, Submission, Ticket, run_try_words
from tradewind_plugins.declarations import Declared
from tradewind_plugins.hooks import hookimpl


class TownExecutor(Executor):
    """A process of this host for each ticket, and each ticket twice."""

    lists_all = True

    def __init__(self, setup):
        self.setup = setup
        self.processes = {}

    @classmethod
    def open(cls, setup):
        return cls(setup)

    def submit(self, tickets):
        for each in tickets:
            words = [sys.executable, "-m", "tradewind", *run_try_words(each, self.setup.name)]
            self.processes[each] = [subprocess.Popen(words, env=dict(self.setup.environ)) for _ in range(2)]
        return [Submission(ticket=each, accepted=True) for each in tickets]

    def cancel(self, tickets):
        pass

    def list_alive(self):
        return [each for each, processes in self.processes.items() if any(one.poll() is None for one in processes)]

    def capacity(self):
        return Capacity(free=None, total=4)

    def stop(self, *, drain_seconds=0.0):
        for processes in self.processes.values():
            for one in processes:
                one.wait(drain_seconds)


@hookimpl
def tradewind_executors():
    return [Declared(name="TownExecutor", path="towns:TownExecutor", summary="Towns.")]
'''


@pytest.fixture
def town(small_house: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A house with the executor's plugin installed, for its processes."""
    site = tmp_path / "site"
    info = site / "tradewind_towns-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "towns.py").write_text(TOWN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tradewind-towns\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tradewind]\ntradewind-towns = towns\n")
    small_house.environ["PYTHONPATH"] = str(site)
    small_house.deploy(dedent(FLOW))
    return small_house


@pytest.fixture
def lone(small_house: Any, tmp_path: Path):
    """A house with one task for an executor, which works as long as the file `wait` is in the test's folder."""
    text = f"""
    import time
    from pathlib import Path
    from tradewind import DAG, task

    with DAG("flow"):
        @task(executor="TownExecutor", retries=1, retry_delay=0)
        def work():
            Path({str(tmp_path / "began")!r}).touch()
            while Path({str(tmp_path / "wait")!r}).exists():
                time.sleep(0.01)  # in a task
            return 5

        work()
    """
    small_house.deploy(dedent(text))
    return small_house


def queued(house: Any) -> tuple[int, int]:
    """Start a run, have its first task queued for the executor, and return the run and the instance."""
    run = house.start_run()
    (row, *_) = house.instances(run).values()
    with house.database.transaction() as conn:
        t = tables.task_instance
        conn.execute(t.update().where(t.c.id == row.id).values(state="queued", queued_at=house.clock.now()))
    return run, row.id


def started(house: Any, instance: int, token: int = 1, **more: str) -> subprocess.Popen[str]:
    words = ["tasks", "run-try", str(instance), str(token), "--executor", "TownExecutor"]
    return subprocess.Popen(
        [sys.executable, "-m", "tradewind", *words],
        env={**house.environ, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_try_is_run_to_its_end(lone: Any) -> None:
    run, instance = queued(lone)
    process = started(lone, instance)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert lone.xcoms(run) == {("work", "return_value"): 5}
    assert lone.run_state(run) == "success"
    with lone.database.read() as conn:
        (row,) = conn.execute(sa.select(tables.daemon).where(tables.daemon.c.executor == "TownExecutor"))
    assert (row.slots, row.ended_at is not None) == (None, True)
    assert list((lone.home / "workers").glob("*.journal")) == []


def test_a_ticket_that_comes_twice_or_late_runs_once(lone: Any) -> None:
    run, instance = queued(lone)
    twins = [started(lone, instance) for _ in range(3)]
    told = [each.communicate(timeout=60)[0] for each in twins]
    assert [each.returncode for each in twins] == [0, 0, 0], told
    assert sum("another ticket of it came first" in each for each in told) == 2
    late = started(lone, instance)
    assert "another ticket of it came first" in late.communicate(timeout=60)[0]
    assert (late.returncode, len(lone.tries(run))) == (0, 1)


def killed(house: Any, run: int, process: subprocess.Popen[str]) -> None:
    """Kill the process that runs a try, and wait for the one that watches it."""
    row = house.until(lambda: (found := house.instances(run)["work"]).state == "running" and found, "it runs")
    with house.database.read() as conn:
        pid = conn.execute(sa.select(tables.daemon.c.pid).where(tables.daemon.c.id == row.worker)).scalar_one()
    os.kill(pid, signal.SIGKILL)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGKILL, told


def test_a_try_whose_process_is_killed_is_reported_at_once(lone: Any, tmp_path: Path) -> None:
    (tmp_path / "wait").touch()
    run, instance = queued(lone)
    process = started(lone, instance)
    lone.until((tmp_path / "began").exists, "its code runs")
    killed(lone, run, process)
    (ended,) = lone.tries(run)
    assert (ended.state, ended.cause) == ("lost", "worker process killed by signal 9 [task-lost]")


def test_a_try_that_is_killed_before_its_code_ran_is_dispatched_again(lone: Any, tmp_path: Path) -> None:
    (tmp_path / "wait").touch()
    run, instance = queued(lone)
    killed(lone, run, started(lone, instance))
    row = lone.instances(run)["work"]
    assert row.state != "running", "long before the isolation grace"


def test_a_try_is_ended_by_a_signal(lone: Any, tmp_path: Path) -> None:
    (tmp_path / "wait").touch()
    run, instance = queued(lone)
    process = started(lone, instance)
    lone.until((tmp_path / "began").exists, "its code runs")
    process.terminate()
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 0, told
    (ended,) = lone.tries(run)
    assert ended.state == "failed"
    assert ended.cause.startswith("its worker was stopped")


def test_a_database_that_is_away_is_told_by_the_exit_code(lone: Any, tmp_path: Path) -> None:
    _, instance = queued(lone)
    process = started(lone, instance, TRADEWIND__DATABASE__URL=f"sqlite:///{tmp_path}/no-such-folder/there.db")
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 75, told
    assert "is not claimed" in told


def test_a_dag_runs_on_an_executor_that_is_given_tickets(town: Any) -> None:
    command = [sys.executable, "-m", "tradewind", "worker", "--executor", "TownExecutor"]
    with (town.home / "dispatcher.out").open("wb") as output:
        daemon = subprocess.Popen(command, env=town.environ, stdout=output, stderr=output)
        town.workers.append(daemon)  # type: ignore[arg-type]
        run, state = town.run_dag()
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(60)
    told = (town.home / "dispatcher.out").read_text()
    assert (state, daemon.returncode) == ("success", 0), told
    assert town.xcoms(run) == {("first", "return_value"): 5, ("work", "return_value"): 6}
    assert [each.state for each in town.tries(run)] == ["success"]
    with town.database.read() as conn:
        assert all(row.ended_at for row in conn.execute(sa.select(tables.daemon.c.ended_at)))
