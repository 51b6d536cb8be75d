"""Make a dump of the metadata database as this release leaves it, with data, for the tests that migrate it.

Usage: python scripts/make_dump.py NAME          (NAME such as 0.1-issue2; once for each release)

Runs the real daemons on the DAGs of `core/tests/metadata/dumps/everything.py`, on SQLite and on PostgreSQL, until there is a task
instance in each state; kills them; and writes NAME.sqlite.sql.gz and NAME.postgresql.sql.gz beside those DAGs.

For an earlier release, put its packages in front: git worktree add ../then COMMIT, and run this with
PYTHONPATH=../then/core/src:../then/plugins-api/src. 0.1-issue2 is of commit 497b7ec.
"""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
from services.postgres import postgres_dump, postgres_server

DUMPS = Path(__file__).parent.parent / "core" / "tests" / "metadata" / "dumps"
FERNET_KEY = "dHJhZGV3aW5kLXRlc3RzLWZlcm5ldC1rZXktMTIzNDU="  # a test's, and no secret
DAEMONS = (["dag-processor"], ["worker"], ["scheduler", "--no-worker"])
PATIENCE = 60.0
WAITING = {
    "holds": "running",
    "finds_no_slot": "scheduled",
    "fails_once": "up_for_retry",
    "polls": "up_for_reschedule",
    "total": "none",
}


class Deployment:
    """A deployment in one folder, on one database."""

    def __init__(self, home: Path, url: str) -> None:
        self.dags = home / "dags"
        self.dags.mkdir(parents=True)
        self.environment = os.environ | {
            "TRADEWIND_HOME": str(home),
            "TRADEWIND__DATABASE__URL": url,
            "TRADEWIND__SECURITY__FERNET_KEY": FERNET_KEY,
            "TRADEWIND__DAGS__PAUSED_AT_CREATION": "false",
            "TRADEWIND_DUMP_GATE": str(home / "gate"),
        }

    def cli(self, *words: str, accepted: tuple[int, ...] = (0,)) -> str:
        """Run a command and return what it prints."""
        command = [sys.executable, "-m", "tradewind", *words]
        done = subprocess.run(command, env=self.environment, check=False, capture_output=True, text=True)
        if done.returncode not in accepted:
            raise SystemExit(f"{words} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def fill(self) -> None:
        """Let there be everything that a database holds."""
        self.cli("db", "migrate")
        self.cli("connections", "add", "warehouse", "--conn-uri", "postgres://me:hunter2@db.example.org:5433/sales?a=b")
        self.cli("variables", "set", "greeting", "hello from 0.1", "--description", "what a test reads")
        self.cli("pools", "set", "narrow", "1", "one at a time")
        daemons = [psutil.Popen([sys.executable, "-m", "tradewind", *words], env=self.environment) for words in DAEMONS]
        try:
            self._run()
            # A worker that does not move while its lease lasts: what is admitted now stays queued
            for process in whole(daemons[1]):
                process.suspend()
            self.cli("dags", "trigger", "versioned", "--run-id", "late")
            until("a task is queued", lambda: self.states("versioned", "late") == {"says": "queued"})
        finally:
            started = [each for daemon in daemons for each in whole(daemon)]
            for process in started:
                process.kill()
            psutil.wait_procs(started)

    def _run(self) -> None:
        source = (DUMPS / "everything.py").read_text()
        self._put("everything.py", source)
        self._put("mistaken.py", "from tradewind import dag\nraise RuntimeError(dag)\n")
        until("the DAGs are there", lambda: "everything" in self.cli("dags", "list"))
        until("the mistake is seen", lambda: "mistaken" in self.cli("dags", "list-import-errors", accepted=(0, 1)))
        for dag_id in ("broken", "versioned"):
            self.cli("dags", "trigger", dag_id, "--run-id", "old")
        until("the first version ran", lambda: self.states("versioned", "old") == {"says": "success"})
        self._put("everything.py", source.replace('WORD = "first"', 'WORD = "second"'))
        until("a second version", lambda: '"version": 2' in self._versioned_runs())
        self.cli("dags", "trigger", "everything", "--run-id", "open", "--conf", '{"asked": "for"}')
        until("each task is where it waits", self._is_waiting)
        until("the failed run ended", lambda: "upstream_failed" in self.states("broken", "old").values())

    def _put(self, name: str, text: str) -> None:
        half = self.dags.parent / f"{name}.new"
        half.write_text(text)
        half.replace(self.dags / name)

    def _versioned_runs(self) -> str:
        self.cli("dags", "trigger", "versioned")
        return self.cli("dags", "list-runs", "-d", "versioned", "-o", "json")

    def _is_waiting(self) -> bool:
        found = self.states("everything", "open")
        return all(found.get(task_id) == state for task_id, state in WAITING.items())

    def states(self, dag_id: str, run_id: str) -> dict[str, str]:
        """Return the states of a run's tasks."""
        rows = json.loads(self.cli("tasks", "states-for-dag-run", dag_id, run_id, "-o", "json"))
        return {row["task_id"]: row["state"] for row in rows}


def whole(process: psutil.Process) -> list[psutil.Process]:
    """Return a process and all it started, itself first."""
    return [process, *process.children(recursive=True)]


def until(what: str, look: Callable[[], bool]) -> None:
    """Look again until it is so."""
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.5)):
        if look():
            return
        pause.wait(0.5)
    raise SystemExit(f"not within {PATIENCE} s: {what}")


def main(name: str) -> None:
    """Write both dumps."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tradewind.db"
        Deployment(Path(folder) / "sqlite", f"sqlite:///{path}").fill()
        write(f"{name}.sqlite.sql.gz", sqlite_dump(path))
        with postgres_server() as url:
            Deployment(Path(folder) / "postgresql", url).fill()
            write(f"{name}.postgresql.sql.gz", postgres_dump(url))


def sqlite_dump(path: Path) -> str:
    """Return a SQLite file as SQL."""
    with sqlite3.connect(path) as connection:
        text = "\n".join(connection.iterdump())
    connection.close()
    return text


def write(name: str, text: str) -> None:
    """Write a compressed file that depends on its content only."""
    (DUMPS / name).write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{DUMPS / name}: {len(text)} characters, compressed {(DUMPS / name).stat().st_size}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
