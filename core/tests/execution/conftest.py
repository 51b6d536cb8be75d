"""A house with a real database, real versions and real worker processes; the test plays the scheduler."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from textwrap import dedent
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import request
from tradewind.authoring.loading import dag_module_name, load_dags
from tradewind.config import Config, load
from tradewind.execution.desk import Desk
from tradewind.execution.journal import Journal
from tradewind.execution.lifecycle import Exchange, TaskLifecycle, Unreachable
from tradewind.execution.log_stores import keys_of_tries
from tradewind.execution.logs import FileLogStore
from tradewind.execution.messages import PushXCom, Start
from tradewind.metadata import tables
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements import listings
from tradewind.metadata.wakeups import SCHEDULER, Wakeups, open_wakeups, wait
from tradewind.serialization.writing import serialize, structure_hash
from tradewind.transitions import admission, claims, daemons, ends, runs, timers
from tradewind.transitions.loading import open_graphs
from tradewind.transitions.values import Claimer, Outcome, Ticket
from tradewind.web.app import create_app
from waitress.server import create_server

PATIENCE = 60.0
SHOWN = "from tradewind import DAG, task\nwith DAG('flow'):\n    @task\n    def work(): ...\n    work()\n"
WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
ENDED = frozenset({"success", "failed"})


@dataclass
class House:
    """One installation: its home, database, versions, runs and workers."""

    home: Path
    database: Database
    config: Config
    environ: dict[str, str]
    wakeups: Wakeups
    clock: SystemClock = field(default_factory=SystemClock)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    suffix: str = field(default_factory=lambda: uuid4().hex)

    def __post_init__(self) -> None:
        self.ids = RandomIds(self.clock.now)
        self.graphs = open_graphs()
        self.logs = FileLogStore(self.config.logs.folder)

    def deploy(
        self, files: Mapping[str, str] | str, path: str = "flow.py", *, unchecked: bool = False, shown: str = SHOWN
    ) -> None:
        """Store the DAGs of `path` as new versions with all `files` as their sources, as parsing does it.

        `unchecked` serves files that shall not be imported here: their DAGs are those of the file `shown`.
        """
        files = {path: files} if isinstance(files, str) else files
        folder = self.home / "dags"
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(dedent(text))
        source_hash = self._store_sources(folder, list(files), path)
        source = folder / path
        if unchecked:
            source = self.home / "shown.py"
            source.write_text(shown)
        sys.path.insert(0, str(folder))
        # Python knows a cached file by second and size: texts of one length that follow each other would be mixed up
        writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        try:
            dags = load_dags(source, dag_module_name(path))
        finally:
            sys.dont_write_bytecode = writes
            sys.path.remove(str(folder))
            for name in files:
                sys.modules.pop(dag_module_name(name), None)
        for dag_id, dag in dags.items():
            self._store_version(dag_id, path, serialize(dag), source_hash)

    def _store_sources(self, folder: Path, names: list[str], path: str) -> str:
        blobs = {name: (folder / name).read_bytes() for name in names}
        hashes = {name: hashlib.sha256(data).hexdigest() for name, data in blobs.items()}
        manifest = json.dumps({"path": path, "files": hashes}, sort_keys=True).encode()
        source_hash = hashlib.sha256(manifest).hexdigest()
        rows = {hashes[name]: data for name, data in blobs.items()} | {source_hash: manifest}
        with self.database.transaction() as conn:
            known = set(conn.execute(sa.select(tables.source_blob.c.hash)).scalars())
            new = [{"hash": each, "data": zlib.compress(data)} for each, data in rows.items() if each not in known]
            if new:
                conn.execute(tables.source_blob.insert(), new)
        return source_hash

    def _store_version(self, dag_id: str, path: str, serialized: bytes, source_hash: str) -> None:
        version = self.ids.block(1)[0]
        row = {
            "id": version,
            "dag_id": dag_id,
            "number": version % 1_000_000_007 % 2_000_000_000,
            "structure_hash": structure_hash(serialized),
            "source_hash": source_hash,
            "bundle": "local",
            "path": path,
            "serialized": serialized.decode(),
            "created_at": self.clock.now(),
        }
        dag = {"dag_id": dag_id, "bundle": "local", "path": path, "version_id": version, "is_paused": False}
        dag |= {"is_active": True, "max_active_runs": 100, "max_active_tasks": 1000}
        with self.database.transaction() as conn:
            conn.execute(tables.dag_version.insert().values(row))
            conn.execute(tables.dag.delete().where(tables.dag.c.dag_id == dag_id))
            conn.execute(tables.dag.insert().values(dag))
        self.versions[dag_id] = version

    def start_run(self, dag_id: str = "flow", *, conf: dict[str, Any] | None = None, run_type: str = "manual") -> int:
        """Make a run of the newest version and admit what is ready."""
        version = self.versions[dag_id]

        def work(conn: sa.Connection) -> int:
            return runs.create_run(
                conn,
                version_id=version,
                graph=self.graphs.get(conn, version),
                run_id=f"manual__{self.ids.block(1)[0]}",
                run_type=run_type,
                logical_date=WHEN,
                data_interval_start=WHEN,
                data_interval_end=WHEN,
                conf=conf or {},
                triggered_by="test",
                clock=self.clock,
                ids=self.ids,
                executor="LocalExecutor",
                queue="default",
            )

        run = self.database.write(work)
        self.admit()
        return run

    def admit(self) -> None:
        """Do a scheduler's round: release what is due, admit what has room, wake the workers."""
        self.database.write(lambda conn: timers.release_due(conn, clock=self.clock))
        admitted = self.database.write(lambda conn: admission.admit(conn, clock=self.clock))
        if admitted.executors:
            self.wakeups.notify(f"worker:{each}" for each in admitted.executors)

    def start_worker(self, name: str = "w1", **settings: Any) -> subprocess.Popen[bytes]:
        """Start a worker process; `settings` are configuration keys such as `executor__slots=4`."""
        environ = {**self.environ, "TRADEWIND_WORKER": self.worker_id(name)}
        environ |= {f"TRADEWIND__{key.upper()}": str(value) for key, value in settings.items()}
        with (self.home / f"{name}.out").open("ab") as output:
            command = [sys.executable, "-m", "tradewind.execution.worker"]
            process = subprocess.Popen(command, env=environ, stdout=output, stderr=output)
        self.workers.append(process)
        self.until(lambda: self.is_registered(self.worker_id(name)), f"worker {name} registers")
        return process

    def worker_id(self, name: str) -> str:
        """The id of a worker's row. No other house has it: a dead worker's processes are looked for on the whole host."""
        return f"{name}-{self.suffix}"

    def is_registered(self, worker: str) -> bool:
        """Whether a worker of this id has told the database of itself."""
        with self.database.read() as conn:
            return conn.execute(sa.select(tables.daemon.c.id).where(tables.daemon.c.id == worker)).first() is not None

    def until(self, is_so: Callable[[], Any], what: str) -> Any:
        """Wait for wake-ups, doing the scheduler's work, until `is_so()` is true; return its value."""
        deadline = time.monotonic() + PATIENCE
        while not (value := is_so()):
            if time.monotonic() > deadline:
                outputs = {path.name: path.read_text() for path in self.home.glob("*.out")}
                raise AssertionError(f"not within {PATIENCE:g} s: {what}\n{outputs}")
            wait(self.wakeups, 0.2)
            self.admit()
        return value

    def finish(self, run: int) -> str:
        """Wait for the end of a run and return its state."""
        return str(self.until(lambda: self.run_state(run) in ENDED and self.run_state(run), f"run {run} ends"))

    def run_dag(self, dag_id: str = "flow", **options: Any) -> tuple[int, str]:
        """Start a run, wait for its end, return its key and its state."""
        run = self.start_run(dag_id, **options)
        return run, self.finish(run)

    def run_state(self, run: int) -> str:
        with self.database.read() as conn:
            return str(conn.execute(sa.select(tables.dag_run.c.state).where(tables.dag_run.c.id == run)).scalar_one())

    def states(self, run: int) -> dict[str, str]:
        """States by task id, or `task[index]` for mapped instances."""
        return {name: row.state for name, row in self.instances(run).items()}

    def instances(self, run: int) -> dict[str, Any]:
        t = tables.task_instance.c
        with self.database.read() as conn:
            rows = conn.execute(sa.select(tables.task_instance).where(t.run == run).order_by(t.rank, t.map_index))
            return {row.task_id if row.map_index < 0 else f"{row.task_id}[{row.map_index}]": row for row in rows}

    def tries(self, run: int, task_id: str = "work") -> list[Any]:
        """The ended tries of a task, the oldest first."""
        t = tables.task_try.c
        query = sa.select(tables.task_try).where(t.instance == self.instances(run)[task_id].id).order_by(t.token)
        with self.database.read() as conn:
            return list(conn.execute(query))

    def xcom_rows(self, run: int) -> list[Any]:
        """The rows of a run's XComs."""
        with self.database.read() as conn:
            return list(conn.execute(sa.select(tables.xcom).where(tables.xcom.c.run == run)))

    def last_value(self, run: int, task_id: str = "work") -> Any:
        """What a task returned, where that is in the database."""
        (row,) = (row for row in self.xcom_rows(run) if (row.task_id, row.key) == (task_id, "return_value"))
        return json.loads(row.value)

    def xcoms(self, run: int) -> dict[tuple[str, str], Any]:
        """Values by (task id or `task[index]`, key)."""
        x = tables.xcom.c
        with self.database.read() as conn:
            rows = list(conn.execute(sa.select(tables.xcom).where(x.run == run)))
        name = {row: row.task_id if row.map_index < 0 else f"{row.task_id}[{row.map_index}]" for row in rows}
        return {(name[row], row.key): json.loads(row.value) for row in rows}

    def log(self, run: int, task_id: str = "work", map_index: int = -1) -> str:
        """The log of the newest try."""
        with self.database.read() as conn:
            (found,) = listings.list_runs(conn, key=run)
            tasks = listings.list_tasks(conn, run)
        (task,) = (each for each in tasks if (each.task_id, each.map_index) == (task_id, map_index))
        keys = keys_of_tries(self.database, self.logs, found, task)
        return self.logs.read(keys[-1]).decode() if keys else ""

    def claim_for(self, worker: str) -> Ticket:
        """Make a run and claim its one task for a worker that exists as a row only."""

        def register(conn: sa.Connection) -> None:
            daemons.register(
                conn,
                daemon_id=worker,
                kind="worker",
                host="h",
                pid=1,
                executor="LocalExecutor",
                slots=1,
                clock=self.clock,
                leases=daemons.Leases(),
            )

        self.database.write(register)
        self.start_run()
        claimer = Claimer(worker, "LocalExecutor", 1, self.ids.nonce())
        (ticket,) = self.database.write(lambda conn: claims.claim(conn, claimer, clock=self.clock))
        return ticket

    def listen_again(self) -> None:
        """Open the wake-ups anew, after an outage."""
        self.wakeups = open_wakeups(self.database, self.home, listen=[SCHEDULER])

    def report(self, outcomes: list[Any]) -> Any:
        """Record outcomes as a watcher does it."""
        return self.database.write(
            lambda conn: ends.end(conn, outcomes, graphs=self.graphs, clock=self.clock, ids=self.ids)
        )

    def close(self) -> None:
        for process in self.workers:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.workers:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGTERM)  # a test that failed left a task waiting: the second one ends it
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.wakeups.close()


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """A house on SQLite and on PostgreSQL; its workers are stopped at the end."""
    yield from _house(database_url, tmp_path)


@pytest.fixture
def small_house(sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    """A house on SQLite, for what does not depend on the database."""
    yield from _house(sqlite_url, tmp_path)


@pytest.fixture(scope="session")
def make_house() -> Callable[[str, Path], Iterator[House]]:
    """Makes a house on a database of the test's choice."""
    return _house


@pytest.fixture(scope="module")
def standing_house(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house on SQLite whose worker stands for a whole module: a start of one costs a second."""
    folder = tmp_path_factory.mktemp("standing")
    shutil.copyfile(sqlite_template, folder / "tradewind.db")
    for house in _house(f"sqlite:///{folder}/tradewind.db", folder):
        house.start_worker()
        yield house


def _house(url: str, tmp_path: Path) -> Iterator[House]:
    home = tmp_path / "home"
    home.mkdir()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TRADEWIND_")}
    environ |= {"TRADEWIND_HOME": str(home), "TRADEWIND__DATABASE__URL": url, "TRADEWIND__EXECUTOR__SLOTS": "8"}
    config = load(home, environ).config
    database = Database(url)
    house = House(home, database, config, environ, open_wakeups(database, home, listen=[SCHEDULER]))
    try:
        yield house
    finally:
        house.close()
        database.dispose()


SECRET = "planted-execution-secret-0123456789abcdef"


@dataclass
class RemoteHouse:
    """A house with a web server, and workers elsewhere: each in a home of its own that knows no database."""

    house: House
    folder: Path
    port: int
    servers: list[subprocess.Popen[str]] = field(default_factory=list)

    def start_server(self, **settings: Any) -> subprocess.Popen[str]:
        """Start the web server and wait until it listens; `settings` as of `House.start_worker`."""
        environ = {**self.house.environ, **_environment(settings), "TRADEWIND__EXECUTION_API__SECRET": SECRET}
        command = [sys.executable, "-m", "tradewind", "webserver", "--hostname", "127.0.0.1", "--port", str(self.port)]
        with (self.house.home / "server.err").open("a") as errors:
            server = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=errors, text=True)
        self.servers.append(server)
        assert server.stdout is not None
        while "Listening on" not in (line := server.stdout.readline()):
            assert line, (self.house.home / "server.err").read_text()
        return server

    def start_scheduler(self) -> None:
        """Start a real scheduler."""
        with (self.house.home / "scheduler.out").open("ab") as output:
            command = [sys.executable, "-m", "tradewind", "scheduler", "--no-worker"]
            self.house.workers.append(subprocess.Popen(command, env=self.house.environ, stdout=output, stderr=output))

    @property
    def url(self) -> str:
        """Of the web server."""
        return f"http://127.0.0.1:{self.port}"

    def environ(self, home: Path, **settings: Any) -> dict[str, str]:
        """Return the environment of a host without the database."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("TRADEWIND")}
        return {
            **environ,
            "TRADEWIND_HOME": str(home),
            "TRADEWIND__WORKER__SERVER": self.url,
            "TRADEWIND__EXECUTION_API__SECRET": SECRET,
            "TRADEWIND__EXECUTOR__SLOTS": "8",
            "TRADEWIND__LOGS__FOLDER": str(self.house.config.logs.folder),
            **_environment(settings),
        }

    def home_of(self, name: str) -> Path:
        """Return the home of a worker's host."""
        return self.folder / f"host-{name}"

    def start_worker(self, name: str = "r1", **settings: Any) -> subprocess.Popen[bytes]:
        """Start a worker that knows the server alone, and wait until it is registered."""
        home = self.home_of(name)
        home.mkdir(exist_ok=True)
        environ = self.environ(home, **settings) | {"TRADEWIND_WORKER": self.house.worker_id(name)}
        with (self.house.home / f"{name}.out").open("ab") as output:
            command = [sys.executable, "-m", "tradewind.execution.worker"]
            process = subprocess.Popen(command, env=environ, stdout=output, stderr=output)
        self.house.workers.append(process)
        self.house.until(lambda: self.house.is_registered(self.house.worker_id(name)), f"worker {name} registers")
        return process

    def close(self) -> None:
        """Stop the workers, then the servers."""
        self.house.close()
        for server in self.servers:
            if server.poll() is None:
                server.terminate()
            server.communicate(timeout=30)


def _environment(settings: Mapping[str, Any]) -> dict[str, str]:
    return {f"TRADEWIND__{key.upper()}": str(value) for key, value in settings.items()}


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


@pytest.fixture
def remote(small_house: House, tmp_path: Path) -> Iterator[RemoteHouse]:
    """A house on SQLite whose server and workers the test starts."""
    made = RemoteHouse(small_house, tmp_path, free_port())
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def standing_remote(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteHouse]:
    """A house on SQLite with a server and a worker that stand for a whole module."""
    folder = tmp_path_factory.mktemp("remote")
    shutil.copyfile(sqlite_template, folder / "tradewind.db")
    for house in _house(f"sqlite:///{folder}/tradewind.db", folder):
        made = RemoteHouse(house, folder, free_port())
        try:
            made.start_server()
            made.start_scheduler()
            made.start_worker()
            yield made
        finally:
            made.close()


@pytest.fixture(scope="session")
def remote_of() -> type[RemoteHouse]:
    """Makes a house whose server stands already, of the house, a folder and the server's port."""
    return RemoteHouse


@dataclass
class Served:
    """A web server in a thread of the test's own process: its URL, and the paths that were asked for."""

    url: str
    paths: list[str] = field(default_factory=list)


@contextmanager
def _served(house: House) -> Iterator[Served]:
    api = dataclasses.replace(house.config.execution_api, secret=SECRET)
    app = create_app(dataclasses.replace(house.config, execution_api=api), house.database)
    sockets: dict[int, Any] = {}
    server = create_server(app, host="127.0.0.1", port=0, map=sockets, threads=4)
    made = Served(f"http://127.0.0.1:{server.effective_port}")
    app.before_request(lambda: made.paths.append(request.path))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        app.extensions["execution"].close()
        server.task_dispatcher.shutdown()
        server.trigger.pull_trigger(lambda: server.asyncore.close_all(sockets))
        thread.join(10)


@pytest.fixture(scope="session")
def served() -> Callable[[House], AbstractContextManager[Served]]:
    """Serves a house over a real socket, for as long as a block runs."""
    return _served


@dataclass
class Clockwork:
    """A desk's loop and clerk in one: jobs are done at once, and what is to happen later happens when it is told so."""

    later: list[Callable[[], object]] = field(default_factory=list)

    def now(self) -> float:
        return 0.0

    def after(self, _seconds: float, work: Callable[[], object]) -> None:
        self.later.append(work)

    def submit(self, job: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[Exception], None]) -> None:
        try:
            result = job()
        except Unreachable as error:
            failed(error)
        else:
            done(result)

    def pass_time(self) -> None:
        work, self.later = self.later, []
        for each in work:
            each()


class Hands:
    """A worker without processes: its tries ask and run until the test ends them, as `ending` says."""

    def __init__(self, lifecycle: TaskLifecycle, journal: Path, ending: Callable[[Start], Outcome]) -> None:
        self.lifecycle, self.slots, self.running = lifecycle, 2, dict[tuple[int, int], Start]()
        self._ending = ending
        self.started: list[tuple[int, int]] = []
        self.clockwork: Any = Clockwork()
        self.desk = Desk(
            self.clockwork,
            self.clockwork,
            lifecycle,
            Journal(journal),
            free=lambda: self.slots - len(self.running),
            on_exchange=self._take,
            on_contact=lambda _at: None,
        )

    def _take(self, result: Exchange) -> None:
        assert result.refusals == ()
        for start in result.starts:
            self.running[start.instance, start.token] = start
            self.started.append((start.instance, start.token))

    def end_one(self) -> None:
        if self.running:
            self.desk.put(self._ending(self.running.pop(next(iter(self.running)))), {})

    def push_one(self) -> None:
        if self.running:
            start = next(iter(self.running.values()))
            reply, _ = self.lifecycle.answer(start, PushXCom("said", '"so"', "str", 4))
            assert reply.error is None

    def turn(self, during: AbstractContextManager[None] | None = None) -> None:
        self.clockwork.pass_time()
        self.desk.claim()
        with during or nullcontext():
            self.desk.turn()

    def renew(self) -> None:
        lease = self.lifecycle.renew()
        assert lease.is_alive
        assert set(self.running) <= lease.tries, "nothing that runs is called overtaken"


@pytest.fixture
def employ() -> Callable[..., Hands]:
    """Return a worker without processes, of a lifecycle, a journal's path and what tries end with."""
    return Hands
