"""A stage: a database server, a fleet before it, and the driver's own way to the database."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from chaos.fleet import MARK, SECRET, Fleet, pause
from chaos.ledger import Line, read_ledger
from chaos.proxy import open_proxies
from services.mariadb import restartable_mariadb
from services.postgres import restartable_postgres
from services.processes import Restartable
from sqlalchemy.exc import DBAPIError
from tradewind.cli.shared.operating import beside
from tradewind.cli.shared.session import Session, open_session
from tradewind.metadata import migrating
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import listings, pools
from tradewind.metadata.tables import daemon, dag, dag_run, task_instance
from tradewind.operations.runs.triggering import trigger_run

DAG_FILE = Path(__file__).parent / "dags" / "chaos_dags.py"
DAG_COUNT = 9
READY_SECONDS = 90.0
WORKER_SLOTS = 8
STOPS = {
    "postgresql": {"fast": signal.SIGINT, "immediate": signal.SIGQUIT},
    "mariadb": {"fast": signal.SIGTERM, "immediate": signal.SIGKILL},
}
SHORT_LEASES = {"DURATION": "3", "RENEW_EVERY": "1", "ISOLATION_GRACE": "12", "MARGIN": "2", "STALL_LIMIT": "6"}
SHORT_PATIENCE = {"TRADEWIND__DATABASE__ANSWER_TIMEOUT": "4", "TRADEWIND__DATABASE__CONNECT_TIMEOUT": "2"}


@dataclass(frozen=True)
class Times:
    """The times that leases have on a stage, in seconds."""

    lease: float
    grace: float
    margin: float


@dataclass
class Stage:
    """What a chaos plays on."""

    kind: str
    folder: Path
    server: Restartable
    session: Session
    fleet: Fleet
    times: Times

    @property
    def database(self) -> Database:
        """The database, by the driver's own way: no proxy stands in it."""
        return self.session.database

    @property
    def ledger(self) -> Path:
        """The folder of the hosts' ledgers."""
        return self.folder / "place" / "ledger"

    def lines(self) -> list[Line]:
        """Return the ledger so far."""
        return read_ledger(self.ledger)

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None) -> bool:
        """Make a run; False where the database cannot be reached now."""
        try:
            with beside(self.session) as operations:
                operations.ask(trigger_run, dag_id=dag_id, conf=dict(conf or {}))
        except DBAPIError:
            return False
        return True

    def count(self, query: sa.Select[tuple[int]]) -> int | None:
        """Return a number from the database; None where it cannot be reached now."""
        try:
            with self.database.read() as conn:
                return int(conn.execute(query).scalar_one())
        except DBAPIError:
            return None

    def open_runs(self) -> int | None:
        """Return how many runs have not ended."""
        ended = dag_run.c.state.in_(["success", "failed"])
        return self.count(sa.select(sa.func.count()).select_from(dag_run).where(sa.not_(ended)))

    def succeeded(self, instances: Collection[int]) -> int | None:
        """Return how many of these task instances are a success."""
        ti = task_instance.c
        chosen = (ti.id.in_(instances), ti.state == "success")
        return self.count(sa.select(sa.func.count()).select_from(task_instance).where(*chosen))

    def pause(self, dag_id: str) -> None:
        """Have a DAG make no more runs by itself."""
        self.database.dispose()  # connections from before a restart of the server are of no use
        pausing = dag.update().where(dag.c.dag_id == dag_id).values(is_paused=True)
        self.database.write(lambda conn: conn.execute(pausing))

    def until(self, what: str, look: Callable[[], Any], seconds: float, *, every: float = 0.1) -> float:
        """Look until `look` returns something true, keeping the fleet alive; return how long it took.

        Raises:
            TimeoutError: it did not within `seconds`.
        """
        began = time.monotonic()
        while not look():
            if time.monotonic() - began > seconds:
                raise TimeoutError(f"not within {seconds:g} s: {what}")
            self.fleet.look()
            pause(every)
        return time.monotonic() - began

    def is_ready(self) -> bool:
        """Tell whether all DAGs are known and all daemons have a lease."""
        with self.database.read() as conn:
            known = len(listings.list_dags(conn))
            living = conn.execute(
                sa.select(sa.func.count()).select_from(daemon).where(daemon.c.ended_at.is_(None))
            ).scalar_one()
        return known >= DAG_COUNT and living >= sum(each.kind != "server" for each in self.fleet.daemons)

    def unfinished(self) -> str:
        """Return what has not ended: counts by DAG, state, and worker."""
        ti, run = task_instance.c, dag_run.c
        columns = (run.dag_id, run.state, ti.task_id, ti.state, ti.worker)
        query = sa.select(*columns, sa.func.count()).join_from(task_instance, dag_run, run.id == ti.run)
        query = query.where(ti.state.not_in(["success", "failed", "skipped", "upstream_failed"])).group_by(*columns)
        with self.database.read() as conn:
            return "; ".join(" ".join(map(str, row)) for row in conn.execute(query))

    def log_lines(self, *signs: str) -> list[str]:
        """Return the lines of the daemons' logs that hold one of these words, each with what follows."""
        found: list[str] = []
        for each in self.fleet.daemons:
            if each.log.exists():
                lines = each.log.read_text(errors="replace").splitlines()
                at = [number for number, line in enumerate(lines) if any(sign in line for sign in signs)]
                found += [f"{each.name}: {' / '.join(lines[number : number + 20])[:2000]}" for number in at]
        return found


@contextmanager
def open_stage(
    kind: str,
    kinds: Mapping[str, int],
    *,
    leases: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Stage]:
    """Start a database server and a fleet, wait until they work, and end all of it with the block, however that ends.

    Arguments:
        kind: `postgresql` or `mariadb`.
        kinds: how many daemons of each kind; with a `server` among them, workers know that one and not the database.
        leases: keys of the section `leases`, in capitals; the defaults of production where None.
        variables: more variables of the environment.
    """
    times = {"DURATION": "10", "ISOLATION_GRACE": "600", "MARGIN": "2"} | dict(leases or {})
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="tradewind-chaos-"))
        if not os.environ.get("CHAOS_KEEP"):
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        (folder / "dags").mkdir()
        (folder / "place" / "ledger").mkdir(parents=True)
        (folder / "driver").mkdir()
        shutil.copy(DAG_FILE, folder / "dags")
        start = restartable_postgres if kind == "postgresql" else restartable_mariadb
        server, url = stack.enter_context(start())
        url = _make_database(kind, url)
        environment = _environment(folder, leases or {}) | dict(variables or {})
        web_port = free_port() if "server" in kinds else None
        if web_port is not None:
            environment |= {"TRADEWIND__WEB__PORT": str(web_port), "TRADEWIND__EXECUTION_API__SECRET": SECRET}
        session = stack.enter_context(_opened_session(folder, url, environment))
        migrating.migrate(session.database)
        session.database.write(lambda conn: pools.set_pool(conn, "narrow", slots=3, description=None))
        session.database.write(lambda conn: pools.set_pool(conn, pools.DEFAULT_POOL, slots=1000, description=None))
        proxies = stack.enter_context(open_proxies())
        port = int(sa.make_url(url).port or 0)
        pattern = url.replace(f":{port}/", ":{port}/")
        places = {"url": pattern, "port": port, "web_port": web_port}
        fleet = Fleet(kinds, environment=environment, folder=folder, proxies=proxies, **places)
        stack.callback(fleet.close)
        numbers = Times(*(float(times[name]) for name in ("DURATION", "ISOLATION_GRACE", "MARGIN")))
        stage = Stage(kind, folder, server, session, fleet, numbers)
        fleet.look()
        try:
            stage.until("the fleet works", stage.is_ready, READY_SECONDS)
        except TimeoutError as error:
            logs = [each.log.read_text(errors="replace")[-1500:] for each in fleet.daemons]
            raise RuntimeError("\n".join([str(error), *logs])) from error
        yield stage


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def _environment(folder: Path, leases: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRADEWIND")}
    return kept | {
        MARK: f"{uuid.uuid4()}/",
        "CHAOS_PLACE": str(folder / "place"),
        "TRADEWIND__DAGS__FOLDER": str(folder / "dags"),
        "TRADEWIND__DAGS__PAUSED_AT_CREATION": "false",
        "TRADEWIND__EXECUTION__KILL_DELAY": "1",
        "TRADEWIND__EXECUTOR__SLOTS": str(WORKER_SLOTS),
        "TRADEWIND__SCHEDULER__RECONCILE_INTERVAL": "2",
        **(SHORT_PATIENCE if leases else {}),
        **{f"TRADEWIND__LEASES__{name}": value for name, value in leases.items()},
    }


@contextmanager
def _opened_session(folder: Path, url: str, environment: Mapping[str, str]) -> Iterator[Session]:
    """Open the driver's own session; what configures it is not left in this process's environment."""
    own = {"TRADEWIND_HOME": str(folder / "driver"), "TRADEWIND__DATABASE__URL": url, "CHAOS_HOST": "driver"}
    own |= {name: value for name, value in environment.items() if name.startswith(("TRADEWIND", "CHAOS"))}
    with ExitStack() as stack:
        with _variables(own):
            session = stack.enter_context(open_session(check=False))
        yield session


@contextmanager
def _variables(own: Mapping[str, str]) -> Iterator[None]:
    """Have these variables in this process's environment during the block."""
    before = {name: os.environ[name] for name in own if name in os.environ}
    os.environ.update(own)
    try:
        yield
    finally:
        for name in own:
            del os.environ[name]
        os.environ.update(before)


def _make_database(kind: str, url: str) -> str:
    """Make the database that the chaos uses; return its URL."""
    engine = sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg" if kind == "postgresql" else "mariadb+pymysql"),
        isolation_level="AUTOCOMMIT",
    )
    with engine.connect() as conn:
        conn.exec_driver_sql("CREATE DATABASE chaos")
    engine.dispose()
    return str(sa.make_url(url).set(database="chaos").render_as_string(hide_password=False))
