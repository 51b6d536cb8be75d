"""A stage for scenarios: a fresh home, a database, and the daemons as processes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import sqlalchemy as sa
from services.postgres import postgres_server
from tradewind.cli.session import Session, open_session
from tradewind.cli.triggering import trigger
from tradewind.metadata import migrating
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import listings
from tradewind.transitions.states import ENDED_RUN

DAGS = Path(__file__).parent / "dags"
DAEMONS: Mapping[str, tuple[str, ...]] = {
    "processor": ("dag-processor",),
    "worker": ("worker",),
    "scheduler": ("scheduler", "--no-worker"),
}
READY_SECONDS = 60


@dataclass
class Stage:
    """A running set of daemons on a database of their own."""

    home: Path
    environment: dict[str, str]
    session: Session
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    seconds_to_ready: float = 0.0

    @property
    def database(self) -> Database:
        """The stage's database."""
        return self.session.database

    @property
    def ledger(self) -> Path:
        """Where tasks write their times."""
        return self.home / "ledger"

    def run(self, dag_id: str, seconds: float = 120.0) -> float:
        """Trigger a DAG, wait for the end of its run, and return the seconds from before the trigger until the end is seen.

        Raises:
            TimeoutError: when it does not end in time.
            RuntimeError: when it does not succeed.
        """
        self.ledger.unlink(missing_ok=True)
        began = time.monotonic()
        made = trigger(self.session, dag_id, run_id=None, logical_date=SystemClock().now(), conf={})
        while time.monotonic() - began < seconds:
            with self.database.read() as connection:
                run = listings.list_runs(connection, key=made.run)[0]
            if run.state in ENDED_RUN:
                if run.state != "success":
                    raise RuntimeError(f"the run of {dag_id} ended as {run.state}")
                return time.monotonic() - began
            time.sleep(0.01)
        raise TimeoutError(f"the run of {dag_id} did not end within {seconds} s")

    def times(self) -> list[tuple[str, int, int]]:
        """Return (task, began, ended) of the last run, in ns, by the time they began."""
        rows = [line.split() for line in self.ledger.read_text().splitlines()]
        return sorted(((name, int(began), int(ended)) for name, began, ended in rows), key=lambda row: row[1])

    def cpu_seconds(self) -> float:
        """Return the CPU that the daemons and their children used so far."""
        return sum(_cpu(each) for process in self.processes.values() for each in _tree(process.pid))

    def memory(self) -> dict[str, float]:
        """Return the proportional set size of each daemon with its children, in MiB."""
        return {
            name: sum(_pss(each) for each in _tree(process.pid)) / 2**20 for name, process in self.processes.items()
        }


@contextmanager
def open_stage(kind: str, *, files: tuple[str, ...], environment: Mapping[str, str] | None = None) -> Iterator[Stage]:
    """Start the daemons on a fresh database and wait until the files' DAGs are known; stop all at the end.

    Arguments:
        kind: `sqlite` or `postgresql` (with fsync, as in production).
        files: names in the kit's folder of DAG files.
        environment: more variables for the daemons.
    """
    with ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="tradewind-perf-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        url = stack.enter_context(postgres_server(fsync=True)) if kind == "postgresql" else f"sqlite:///{home}/perf.db"
        (home / "dags").mkdir()
        for name in files:
            shutil.copy(DAGS / name, home / "dags")
        variables = {
            "TRADEWIND_HOME": str(home),
            "TRADEWIND__DATABASE__URL": url,
            "TRADEWIND__DAGS__PAUSED_AT_CREATION": "false",
            "PERF_LEDGER": str(home / "ledger"),
        } | dict(environment or {})
        os.environ.update(variables)
        session = stack.enter_context(open_session(check=False))
        migrating.migrate(session.database)
        stage = Stage(home, dict(os.environ), session)
        stack.callback(_stop, stage)
        began = time.monotonic()
        for name, words in DAEMONS.items():
            stage.processes[name] = _start(stage, words)
        _await_dags(stage, len(files))
        stage.seconds_to_ready = time.monotonic() - began
        yield stage


def _start(stage: Stage, words: tuple[str, ...]) -> subprocess.Popen[bytes]:
    log = (stage.home / f"{words[0]}.log").open("wb")
    return subprocess.Popen(
        [sys.executable, "-m", "tradewind", *words],
        env=stage.environment,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def _stop(stage: Stage) -> None:
    for process in stage.processes.values():
        process.send_signal(signal.SIGTERM)
    for process in stage.processes.values():
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _await_dags(stage: Stage, files: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        with stage.database.read() as connection:
            found = len({each.path for each in listings.list_dags(connection)})
            kinds = listings.latest_daemons(connection)
        if found == files and {"scheduler", "worker"} <= set(kinds):
            return
        dead = [name for name, process in stage.processes.items() if process.poll() is not None]
        if dead:
            text = "\n".join((stage.home / f"{DAEMONS[name][0]}.log").read_text()[-2000:] for name in dead)
            raise RuntimeError(f"ended at once: {', '.join(dead)}\n{text}")
        time.sleep(0.05)
    raise TimeoutError(f"only {found} of {files} files were read within {READY_SECONDS} s")


def postgres_backends_cpu() -> float:
    """Return the CPU seconds that all PostgreSQL processes of this machine have used so far."""
    return sum(_cpu(each) for each in psutil.process_iter() if each.name() == "postgres")


def statement_count(database: Database) -> int:
    """Return how many statements PostgreSQL counted, without transaction control; 0 on other databases."""
    if database.dialect != "postgresql":
        return 0
    query = "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE query !~* '^(BEGIN|COMMIT|ROLLBACK|SET|SHOW|LISTEN)'"
    with database.engine.connect() as connection:
        connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS pg_stat_statements"))
        connection.commit()
        return int(connection.execute(sa.text(query)).scalar_one())


def _tree(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0
