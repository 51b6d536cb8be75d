"""A deployment: the daemons as real processes on a real database, driven as an operator would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest
from tradewind.metadata import migrating
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import listings

Found = TypeVar("Found")
PATIENCE = 40.0
COMMANDS = {"processor": ["dag-processor"], "worker": ["worker"], "scheduler": ["scheduler", "--no-worker"]}


class Deployment:
    """Daemons and what an operator does with them."""

    def __init__(self, home: Path, url: str) -> None:
        self.home = home
        self.dags = home / "dags"
        self.dags.mkdir(parents=True)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = os.environ | {
            "TRADEWIND_HOME": str(home),
            "TRADEWIND__DATABASE__URL": url,
            "TRADEWIND__DAGS__PAUSED_AT_CREATION": "false",
            "TRADEWIND__EXECUTION__KILL_DELAY": "2",
        }
        self.database = Database(url)
        migrating.migrate(self.database)

    def start(self, *names: str) -> None:
        """Start daemons by name: processor, worker, scheduler."""
        for name in names:
            with (self.home / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    [sys.executable, "-m", "tradewind", *COMMANDS[name]],
                    env=self.environment,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )

    def kill(self, name: str) -> None:
        """SIGKILL one daemon's own process."""
        self.processes[name].kill()
        self.processes[name].wait(PATIENCE)

    def stop(self) -> dict[str, int]:
        """Stop every daemon with SIGTERM and return their exit codes."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        return {name: self._ended(process) for name, process in self.processes.items()}

    def _ended(self, process: subprocess.Popen[bytes]) -> int:
        try:
            return process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            for each in [*psutil.Process(process.pid).children(recursive=True), process]:
                each.kill()
            return process.wait(PATIENCE)

    def cli(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one command of the command line."""
        return subprocess.run(
            [sys.executable, "-m", "tradewind", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def rows(self, *words: str) -> list[dict[str, Any]]:
        """Run a listing command and return its rows."""
        done = self.cli(*words, "-o", "json")
        assert done.stdout, done.stderr
        rows: list[dict[str, Any]] = json.loads(done.stdout)
        return rows

    def put(self, name: str, text: str) -> None:
        """Write a DAG file whole: into another place, then under its name."""
        half = self.home / f"{name}.new"
        half.write_text(text)
        half.replace(self.dags / name)

    def states(self, dag_id: str, run_id: str) -> dict[str, str]:
        """Return the state of each task of a run."""
        with self.database.read() as connection:
            [run] = listings.list_runs(connection, dag_id=dag_id, run_id=run_id)
            return {task.task_id: task.state for task in listings.list_tasks(connection, run.id)}

    def run_state(self, dag_id: str, run_id: str) -> str | None:
        """Return the state of a run, None when there is none of that name."""
        with self.database.read() as connection:
            found = listings.list_runs(connection, dag_id=dag_id, run_id=run_id)
        return found[0].state if found else None

    def dag_ids(self) -> list[str]:
        """Return the ids of the DAGs that are there."""
        with self.database.read() as connection:
            return [each.dag_id for each in listings.list_dags(connection)]

    def log(self, dag_id: str, task_id: str, run_id: str, *more: str) -> str:
        """Return the log of a task's last try."""
        return self.cli("tasks", "logs", dag_id, task_id, run_id, *more).stdout

    def until(self, what: str, look: Callable[[], Found], patience: float = PATIENCE) -> Found:
        """Look again and again until `look` returns something true; fail with the daemons' logs after `patience` s."""
        pause = threading.Event()
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            pause.wait(0.05)
        raise AssertionError(f"not within {patience} s: {what}\n{self.all_logs()}")

    def all_logs(self) -> str:
        """Return the ends of the daemons' logs."""
        return "\n".join(f"--- {path.name}\n{path.read_text()[-4000:]}" for path in sorted(self.home.glob("*.log")))


@pytest.fixture
def deploy(tmp_path: Path) -> Iterator[Callable[[str], Deployment]]:
    """Make a deployment, without running daemons, on the database of a URL; all are stopped at the end."""
    made: list[Deployment] = []

    def make(url: str) -> Deployment:
        made.append(Deployment(tmp_path / f"home{len(made) or ''}", url))
        return made[-1]

    yield make
    for deployment in made:
        deployment.stop()
        deployment.database.dispose()


@pytest.fixture
def deployment(database_url: str, deploy: Callable[[str], Deployment]) -> Deployment:
    """A deployment without running daemons, on each kind of database."""
    return deploy(database_url)
