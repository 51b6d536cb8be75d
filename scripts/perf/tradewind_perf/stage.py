"""A stage for scenarios: a fresh home, a fresh database, and daemons as processes of their own."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from tradewind.cli.shared.session import Session
from tradewind.config import load
from tradewind.metadata import tables
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.wakeups import SCHEDULER, Wakeups, open_wakeups
from tradewind.transitions import triggering
from tradewind.transitions.graph import Graphs
from tradewind.transitions.loading import open_graphs
from tradewind.transitions.states import ENDED_RUN

from tradewind_perf.processes import MIB, cpu_seconds, generation, kill, largest, proportional_bytes, tree
from tradewind_perf.servers import Store

DAGS = Path(__file__).parent / "dags"
WORDS: Mapping[str, tuple[str, ...]] = {
    "processor": ("dag-processor",),
    "worker": ("worker",),
    "scheduler": ("scheduler", "--no-worker"),
    "triggerer": ("triggerer",),
    "webserver": ("webserver", "--port", "0"),
}
USUAL = ("processor", "worker", "scheduler")
PATIENCE = 200.0
LOOK_SECONDS = 0.005
PARENTS_GENERATION = 3
"""Below a worker: its watcher is the daemon, which starts the supervisor, which starts the zygote, which forks them."""


@dataclass
class Stage:
    """A home with daemons on a database of their own.

    Arguments:
        home: TRADEWIND_HOME.
        store: the database.
        environment: variables of all daemons.
        session: the database as the kit has it open.
    """

    home: Path
    store: Store
    environment: dict[str, str]
    session: Session
    daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _watched: sa.Connection | None = None
    _mouth: Wakeups | None = None

    @property
    def database(self) -> Database:
        """The stage's database."""
        return self.session.database

    @functools.cached_property
    def _graphs(self) -> Graphs:
        return open_graphs(self.session.config.plugins.codec)

    @property
    def ledger(self) -> Path:
        """Where tasks write their times."""
        return self.home / "ledger"

    # --- Daemons

    def start(self, kind: str, name: str = "", *more: str, environment: Mapping[str, str] | None = None) -> float:
        """Start a daemon and wait until it says that it is ready; return the seconds that took.

        Arguments:
            kind: a key of `WORDS`.
            name: what it is called here, its kind by default.
            more: words behind the command.
            environment: variables of this one alone.
        Raises:
            RuntimeError: it ended, or said nothing in time, with the end of its log.
        """
        name = name or kind
        variables = self.environment | {"TRADEWIND__DATABASE__URL": self.store.url_for(kind)} | dict(environment or {})
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
            address = self.home / f"{name}.ready"
            address.unlink(missing_ok=True)
            ear.bind(str(address))
            ear.settimeout(0.5)
            began = time.monotonic()
            self.daemons[name] = self._spawn((*WORDS[kind], *more), name, variables | {"NOTIFY_SOCKET": str(address)})
            self._await_ready(name, ear, began)
            return time.monotonic() - began

    def stop(self, *names: str) -> None:
        """End daemons, all by default, and wait for them."""
        chosen = {name: self.daemons.pop(name) for name in names or tuple(self.daemons) if name in self.daemons}
        for process in chosen.values():
            process.send_signal(signal.SIGTERM)
        for process in chosen.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                kill(tree(process.pid))  # a task leads a session of its own: the daemon's group would leave it behind
                process.wait(30)

    def log(self, name: str) -> str:
        """Return the end of a daemon's log."""
        return (self.home / f"{name}.log").read_text(errors="replace")[-2000:]

    def _spawn(self, words: Sequence[str], name: str, variables: dict[str, str]) -> subprocess.Popen[bytes]:
        with (self.home / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tradewind", *words],
                env=variables,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _await_ready(self, name: str, ear: socket.socket, began: float) -> None:
        while time.monotonic() - began < PATIENCE:
            try:
                if b"READY=1" in ear.recv(4096):
                    return
            except TimeoutError:
                if self.daemons[name].poll() is not None:
                    break
        raise RuntimeError(f"{name} did not become ready:\n{self.log(name)}")

    # --- DAGs and runs

    def add(self, files: Mapping[str, str]) -> None:
        """Put DAG files into the folder, whole at once each."""
        for name, text in files.items():
            half = self.home / "half.py"
            half.write_text(text)
            half.replace(self.home / "dags" / name)

    def await_dags(self, number: int) -> None:
        """Wait until so many DAGs are known.

        Raises:
            TimeoutError, RuntimeError: they are not in time, or a daemon ended.
        """
        self.await_count(sa.select(sa.func.count()).select_from(tables.dag), number, "DAGs are known")

    def make_pools(self) -> None:
        """Make the three pools, without a limit that counts, that the DAGs of empty tasks share."""
        pools = [{"name": f"pool_{number}", "slots": 100000} for number in range(3)]
        with self.database.transaction() as connection:
            connection.execute(tables.pool.insert(), pools)

    def switch(self, *, is_paused: bool) -> None:
        """Pause all DAGs, or let them go."""
        with self.database.transaction() as connection:
            connection.execute(sa.update(tables.dag).values(is_paused=is_paused))

    def run(self, dag_id: str) -> float:
        """Trigger a DAG, and return the seconds from before that until its run is seen to have succeeded."""
        self.ledger.unlink(missing_ok=True)
        began = time.monotonic()
        self.trigger([dag_id])
        self.await_runs()
        return time.monotonic() - began

    def trigger(self, dag_ids: Iterable[str]) -> None:
        """Make a run of each DAG, each in a transaction of its own, as a client does that stays connected."""
        clock = SystemClock()
        ids = RandomIds(clock.now)
        executor = self.session.config.executor
        for dag_id in dag_ids:
            make = functools.partial(
                triggering.trigger,
                dag_id=dag_id,
                run_id=None,
                logical_date=clock.now(),
                conf={},
                triggered_by="cli",
                graphs=self._graphs,
                clock=clock,
                ids=ids,
                executor=executor.default,
                queue=executor.queue,
            )
            self.database.write(make)
            self.wake()

    def wake(self) -> None:
        """Tell schedulers that there is work."""
        if self._mouth is None:
            self._mouth = open_wakeups(self.database, self.home)
        self._mouth.notify([SCHEDULER])

    def await_runs(self, seconds: float = PATIENCE) -> None:
        """Wait until no run is unfinished.

        Raises:
            TimeoutError: some still are.
            RuntimeError: one did not succeed, or a daemon ended.
        """
        run = tables.dag_run.c
        # Literal, so that the partial index serves it: beside a million instances a scan would cost more than the tasks
        is_open = sa.text("state IN ('queued', 'running')")
        unfinished = sa.select(sa.func.count()).select_from(tables.dag_run).where(is_open)
        self._await(lambda: f"{left} runs are unfinished" if (left := self._scalar(unfinished)) else "", seconds)
        bad = self._scalar(sa.select(sa.func.count()).where(run.state == "failed"))
        if bad:
            raise RuntimeError(f"{bad} runs failed; the worker's log ends with:\n{self.log('worker')}")

    def await_ended(self, number: int) -> None:
        """Wait until so many runs have ended in all."""
        ended = sa.select(sa.func.count()).where(tables.dag_run.c.state.in_(ENDED_RUN))
        self.await_count(ended, number, "runs have ended")

    def await_count(
        self,
        query: sa.Select[Any],
        wanted: int,
        what: str,
        *,
        seconds: float = PATIENCE,
        every: float = LOOK_SECONDS,
    ) -> None:
        """Wait until a query counts so many; `what` is counted. Where nobody measures, `every` so many seconds will do."""

        def lacking() -> str:
            found = self._scalar(query)
            return f"{found} of {wanted} {what}" if found < wanted else ""

        self._await(lacking, seconds, every=every)

    def times(self) -> list[tuple[str, int, int]]:
        """Return (task, began, ended) of what ran since the last `run` began, in ns, by the time they began."""
        rows = [line.split() for line in self.ledger.read_text().splitlines()]
        return sorted(((name, int(began), int(ended)) for name, began, ended in rows), key=lambda row: row[1])

    def _scalar(self, query: sa.Select[Any]) -> int:
        # One connection for all looks, in transactions of their own
        if self._watched is None:
            self._watched = self.database.engine.connect()
        found = int(self._watched.execute(query).scalar_one())
        self._watched.rollback()
        return found

    def _await(self, lacking: Callable[[], str], seconds: float = PATIENCE, *, every: float = LOOK_SECONDS) -> None:
        """Look until nothing is lacking; what is, is told when the time is over."""
        deadline = time.monotonic() + seconds
        while said := lacking():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{said} after {seconds:.0f} s")
            dead = [name for name, process in self.daemons.items() if process.poll() is not None]
            if dead:
                raise RuntimeError(f"{dead[0]} ended by itself:\n{self.log(dead[0])}")
            time.sleep(every)

    # --- What it uses

    def cpu(self) -> float:
        """Return the CPU seconds of all daemons with all their children, and of the database server, so far."""
        server = [] if self.store.server is None else [self.store.server]
        return cpu_seconds([*(process.pid for process in self.daemons.values()), *server])

    def memory(self) -> dict[str, float]:
        """Return the proportional set size of each daemon with its children, in MiB."""
        return {name: proportional_bytes(process.pid) / MIB for name, process in self.daemons.items()}

    def parent_mib(self) -> float:
        """Return the private memory of the largest warm parent, in MiB: what a task's process is forked from.

        Raises:
            RuntimeError: the worker has none.
        """
        parents = generation(self.daemons["worker"].pid, PARENTS_GENERATION)
        if not parents:
            raise RuntimeError(f"the worker has no warm parent:\n{self.log('worker')}")
        return largest(parents) / MIB

    def close(self) -> None:
        """Stop the daemons and leave the database."""
        self.stop()
        if self._watched is not None:
            self._watched.close()
        if self._mouth is not None:
            self._mouth.close()
        self.database.dispose()


@contextmanager
def open_stage(
    store: Store,
    *,
    files: Sequence[str] = (),
    texts: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    daemons: Sequence[str] = USUAL,
) -> Iterator[Stage]:
    """Start daemons on a database, and wait until the files are read; stop all at the end.

    Arguments:
        store: a fresh database.
        files: names in the kit's folder of DAG files.
        texts: more DAG files, by name.
        environment: variables for the daemons, and for the kit's own session.
        daemons: which to start, in this order.
    """
    with ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="tradewind-perf-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        (home / "dags").mkdir()
        variables = dict(os.environ) | {
            "TRADEWIND_HOME": str(home),
            "TRADEWIND__DATABASE__URL": store.url,
            "TRADEWIND__DAGS__PAUSED_AT_CREATION": "false",
            "PERF_LEDGER": str(home / "ledger"),
        }
        variables |= dict(environment or {})
        loaded = load(home, {name: value for name, value in variables.items() if name.startswith("TRADEWIND")})
        stage = Stage(home, store, variables, Session(loaded, Database(store.url)))
        stack.callback(stage.close)
        stage.add({name: (DAGS / name).read_text() for name in files} | dict(texts or {}))
        for kind in daemons:
            stage.start(kind)
        if "processor" in daemons:
            paths = sa.select(sa.func.count(sa.distinct(tables.dag.c.path)))
            stage.await_count(paths, len(files) + len(texts or {}), "files are read")
        yield stage
