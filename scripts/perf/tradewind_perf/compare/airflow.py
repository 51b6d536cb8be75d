"""One Apache Airflow that runs: its configuration by environment, its daemons, its database; only what it makes public."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
import sqlalchemy as sa

from tradewind_perf.compare import files
from tradewind_perf.compare.peers import Peer
from tradewind_perf.processes import cpu_seconds, kill, tree
from tradewind_perf.servers import POSTGRESQL, Servers

READY_SECONDS = 240
STOP_SECONDS = 30
PARALLELISM = 8
# Common advice for low latency: never sleep, larger batches, parse seldom, log less.
TUNED = {
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.01",
    "AIRFLOW__SCHEDULER__MAX_TIS_PER_QUERY": "0",
    "AIRFLOW__SCHEDULER__MAX_DAGRUNS_TO_CREATE_PER_LOOP": "50",
    "AIRFLOW__SCHEDULER__MAX_DAGRUNS_PER_LOOP_TO_SCHEDULE": "50",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
    "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
    "AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL": "600",
    "AIRFLOW__SCHEDULER__PARSING_PROCESSES": "1",
}
_SECRET = "only-for-this-measurement-" * 3


@dataclass
class Airflow:
    """An Airflow with a home and a database of its own.

    Arguments:
        peer: the version.
        work: the folder with its environment.
        home: AIRFLOW_HOME, one for each version and mode.
        url: its database, as the kit reaches it.
        server: the database server's process.
        is_tuned: whether it is set up for speed.
    """

    peer: Peer
    work: Path
    home: Path
    url: str
    server: int
    is_tuned: bool
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def dags(self) -> Path:
        """Its folder of DAG files."""
        return self.home / "dags"

    @property
    def ledger(self) -> Path:
        """Where tasks write their times."""
        return self.home / "ledger"

    @property
    def environment(self) -> dict[str, str]:
        """The variables of its commands."""
        database = str(sa.make_url(self.url).set(drivername="postgresql+psycopg2"))
        address = f"http://127.0.0.1:{self.peer.port}"
        variables = {
            "AIRFLOW_HOME": str(self.home),
            "PATH": f"{self.peer.airflow(self.work).parent}:{os.environ.get('PATH', '')}",
            "PERF_LEDGER": str(self.ledger),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
            "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": str(PARALLELISM),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "AIRFLOW__WEBSERVER__WEB_SERVER_PORT": str(self.peer.port),
            "AIRFLOW__WEBSERVER__SECRET_KEY": _SECRET,
            "AIRFLOW__WEBSERVER__WEB_SERVER_HOST": "127.0.0.1",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.peer.port),
            "AIRFLOW__API__BASE_URL": address,
            "AIRFLOW__API__SECRET_KEY": _SECRET,
            "AIRFLOW__API_AUTH__JWT_SECRET": _SECRET,
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        }
        return _without_ours(os.environ) | variables | (TUNED if self.is_tuned else {})

    def command(self, *words: str) -> None:
        """Run one of its commands to the end.

        Raises:
            RuntimeError: it fails, with the end of what it said.
        """
        done = subprocess.run(
            [str(self.peer.airflow(self.work)), *words],
            env=self.environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"airflow {' '.join(words)} failed: {(done.stdout + done.stderr)[-1500:]}")

    def spawn(self, *words: str, more: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start one of its commands in a session of its own."""
        with (self.home / f"{words[0]}.out").open("ab") as log:
            return subprocess.Popen(
                [str(self.peer.airflow(self.work)), *words],
                env=self.environment | (more or {}),
                cwd=self.home,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start(self) -> None:
        """Start its daemons and wait until it says that it is healthy and knows the DAGs of its folder."""
        self.processes += [self.spawn(name) for name in self.peer.daemons]
        deadline = time.monotonic() + READY_SECONDS
        names = [path.stem for path in self.dags.glob("*.py")]  # each file holds one DAG of its name
        known = "SELECT count(*) FROM serialized_dag WHERE dag_id IN ({})".format(
            ", ".join(f"'{each}'" for each in names)
        )
        while not (self._is_healthy() and self.scalar(known) >= len(names)):
            if time.monotonic() > deadline or any(each.poll() is not None for each in self.processes):
                raise RuntimeError(f"{self.peer.name} did not become healthy; see the logs in {self.home}")
            time.sleep(0.25)

    def stop(self) -> None:
        """End its daemons and all that they started."""
        everything = [process for each in self.processes for process in tree(each.pid)]
        for each in self.processes:
            each.send_signal(signal.SIGTERM)
        psutil.wait_procs(everything, timeout=STOP_SECONDS)
        kill(everything)
        for each in self.processes:
            each.wait(STOP_SECONDS)
        self.processes.clear()

    def cpu(self) -> tuple[float, float]:
        """Return the CPU seconds of its daemons with all their children, and of the database server, so far."""
        return cpu_seconds(each.pid for each in self.processes), cpu_seconds([self.server])

    def scalar(self, query: str) -> Any:
        """Return the first value of a query on its database."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]

    def _is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.peer.port}{self.peer.health}", timeout=2) as answer:
                parts = json.load(answer)
        except (urllib.error.URLError, OSError, ValueError):
            return False
        names = ["scheduler"] if self.peer.major == "2" else ["scheduler", "dag_processor"]
        return all(parts[name]["status"] == "healthy" for name in names)


@contextmanager
def prepared(peer: Peer, work: Path, servers: Servers, *, is_tuned: bool) -> Iterator[Airflow]:
    """Yield an Airflow with a migrated database and an empty folder; its daemons are ended with the block."""
    kind = "tuned" if is_tuned else "default"
    name = f"airflow_{peer.major}_{kind}"
    home = work / f"home-{peer.version}-{kind}"
    (home / "dags").mkdir(parents=True, exist_ok=True)
    with psycopg.connect(servers.url(POSTGRESQL), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        connection.execute(f"CREATE DATABASE {name}".encode())
    url = str(sa.make_url(servers.url(POSTGRESQL)).set(database=name))
    server = servers.pid(POSTGRESQL)
    assert server is not None
    airflow = Airflow(peer, work, home, url, server, is_tuned)
    airflow.command("db", "migrate")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    airflow.command("pools", "set", "default_pool", "256", "as many as any scenario asks for")
    try:
        yield airflow
    finally:
        airflow.stop()


def put(airflow: Airflow, *names: str) -> None:
    """Make its folder hold these files of the comparison, and no other."""
    for old in airflow.dags.glob("*.py"):
        old.unlink()
    for name in names:
        (airflow.dags / f"{name}.py").write_text(files.text(name, airflow.peer.major))


def _without_ours(environ: Any) -> dict[str, str]:
    """Leave out what points at the kit's own Python environment."""
    taken = ("TRADEWIND", "VIRTUAL_ENV", "PYTHON")
    return {name: value for name, value in environ.items() if not name.startswith(taken)}
