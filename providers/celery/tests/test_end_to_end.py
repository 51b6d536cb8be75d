"""All daemons as real processes, Celery's workers and a real Redis: what happens to messages changes nothing."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from textwrap import dedent

import pytest

pytestmark = [pytest.mark.backed_by("real", "Redis"), pytest.mark.long_module, pytest.mark.long]

PATIENCE = 60
DAG = """
from tradewind import DAG
from tradewind.operators.bash import BashOperator

MARKS = {marks!r}
STARTED = "echo $$ >> " + MARKS + "/{{{{ run_id }}}}.{{{{ task.task_id }}}}"

with DAG("flow", schedule=None):
    wait = "; until [ -e " + MARKS + "/{{{{ run_id }}}}.go ]; do sleep 0.05; done"
    slow = BashOperator(task_id="slow", bash_command=STARTED + wait)
    last = BashOperator(task_id="last", bash_command=STARTED, queue="large")
    slow >> last
"""


class Town:
    """The daemons, and what an operator does with them.

    Arguments:
        home: TRADEWIND_HOME.
        url: of the broker.
        until: waits for a condition.
    """

    def __init__(self, home, url, until):
        self.home = home
        self.marks = home / "marks"
        self.until = until
        self.processes = {}
        for folder in (self.marks, home / "dags"):
            folder.mkdir(parents=True)
        (home / "dags" / "flow.py").write_text(dedent(DAG).format(marks=str(self.marks)))
        throttle = {"unacked_restore_interval": 1, "unacked_restore_throttle": 1}
        options = {
            "broker_url": url,
            "visibility_timeout": 1,
            "worker_concurrency": 2,
            "celery_config": {"broker_transport_options": throttle},
        }
        self.environment = {
            **os.environ,
            "TRADEWIND_HOME": str(home),
            "TRADEWIND__DAGS__PAUSED_AT_CREATION": "false",
            "TRADEWIND__EXECUTOR__DEFAULT": "CeleryExecutor",
            "TRADEWIND__EXECUTOR__OPTIONS": json.dumps({"CeleryExecutor": options}),
        }
        assert self.cli("db", "migrate").returncode == 0

    def cli(self, *words):
        """Run one command."""
        command = [sys.executable, "-m", "tradewind", *words]
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False, timeout=PATIENCE
        )

    def start(self, name, *words):
        """Start a daemon."""
        with (self.home / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "tradewind", *words], env=self.environment, stdout=log, stderr=log
            )

    def worker(self, name):
        """Start a Celery worker and wait until it takes messages."""
        log = self.home / f"{name}.log"
        self.start(name, "celery", "worker", "--hostname", name, "--queues", "default,large", "--without-mingle")
        self.until(lambda: " ready." in log.read_text(), f"{name} is ready", PATIENCE)

    def rows(self, sql, *values):
        """Ask the database."""
        with closing(sqlite3.connect(self.home / "tradewind.db")) as connection:
            return connection.execute(sql, values).fetchall()

    def trigger(self, run_id):
        """Make a run and wait until its slow task has begun."""
        done = self.cli("dags", "trigger", "flow", "--run-id", run_id)
        assert done.returncode == 0, done.stderr
        self.until(lambda: self.starts(run_id, "slow"), f"the slow task of {run_id} starts\n{self.logs()}", PATIENCE)

    def starts(self, run_id, task_id):
        """Return how often a task's command was started."""
        mark = self.marks / f"{run_id}.{task_id}"
        return len(mark.read_text().splitlines()) if mark.exists() else 0

    def finish(self, run_id):
        """Let the slow task end, and see that the run succeeds with each task started once."""
        (self.marks / f"{run_id}.go").touch()
        state = lambda: self.rows("SELECT state FROM dag_run WHERE run_id = ?", run_id)[0][0]  # noqa: E731
        self.until(lambda: state() in ("success", "failed"), f"{run_id} ends", PATIENCE)
        assert state() == "success", self.logs()
        assert [self.starts(run_id, each) for each in ("slow", "last")] == [1, 1]

    def wait(self, name):
        """Wait for the end of a daemon; return its exit code."""
        return self.processes.pop(name).wait(PATIENCE)

    def logs(self):
        """Return what all daemons wrote."""
        return "\n".join(f"--- {each.name}\n{each.read_text()[-3000:]}" for each in sorted(self.home.glob("*.log")))

    def stop(self):
        """Stop all daemons; what a test has left running ends before."""
        for mark in self.marks.glob("*.slow"):
            mark.with_suffix(".go").touch()
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        for name, process in self.processes.items():
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(PATIENCE)
                raise AssertionError(f"{name} did not stop: {self.logs()}") from None


@pytest.fixture(scope="module")
def town(tmp_path_factory, redis_server, until):
    made = Town(tmp_path_factory.mktemp("town"), redis_server.url, until)
    try:
        made.start("processor", "dag-processor")
        made.start("scheduler", "scheduler", "--no-worker")
        made.start("dispatcher", "worker", "--executor", "CeleryExecutor")
        made.until(lambda: made.rows("SELECT 1 FROM dag WHERE dag_id = 'flow'"), "the DAG is there", PATIENCE)
        yield made
    finally:
        made.stop()


def test_messages_that_come_again_start_nothing_twice_and_a_worker_that_is_killed_loses_nothing(town):
    town.worker("one")
    town.trigger("again")
    town.worker("other")
    logs = [town.home / f"{each}.log" for each in ("one", "other")]
    again = lambda: any(word in each.read_text() for each in logs for word in ("runs here already", "came first"))  # noqa: E731
    town.until(again, f"the message comes again\n{town.logs()}", PATIENCE)
    town.processes["one"].kill()
    town.wait("one")
    town.finish("again")
    town.processes["other"].terminate()
    assert town.wait("other") == 0


def test_a_broker_that_is_killed_and_started_again_loses_nothing(town, redis_server, killed):
    town.worker("worker")
    town.trigger("away")
    with killed(redis_server):
        (town.marks / "away.go").touch()  # its end cannot be acknowledged, and what comes after it cannot be sent
        said = lambda: "cannot take 1 tickets" in (town.home / "dispatcher.log").read_text()  # noqa: E731
        town.until(said, "it is said", PATIENCE)
    town.finish("away")
    assert "sesame" not in town.logs()
