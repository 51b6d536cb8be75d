"""Test graphs and a small driver for transitions on a real database."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from tradewind.metadata import tables
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements import continuations, gates, instances
from tradewind.metadata.statements import runs as run_statements
from tradewind.metadata.tables import Instant
from tradewind.transitions import admission, claims, clear, continuing, daemons, ends, past, recount, runs, timers
from tradewind.transitions.graph import Graphs
from tradewind.transitions.values import Claimer, EndResult, Outcome, Ticket, XComValue

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class TestTask:
    __test__ = False
    task_id: str
    rank: int = 0
    upstream: tuple[str, ...] = ()
    downstream: tuple[str, ...] = ()
    trigger_rule: str = "all_success"
    retries: int = 0
    retry_delay: float = 60.0
    pool: str = "default_pool"
    pool_slots: int = 1
    priority: int = 1
    executor: str = "local"
    queue: str = "default"
    is_empty: bool = False
    retry_exponential_backoff: bool = False
    max_retry_delay: float | None = None
    depends_on_past: bool = False
    wait_for_downstream: bool = False
    ignore_first_depends_on_past: bool = True
    wait_for_past_depends_before_skipping: bool = False
    max_active_tis_per_dag: int | None = None
    max_active_tis_per_dagrun: int | None = None
    mapped_group: str | None = None
    is_setup: bool = False
    is_teardown: bool = False
    on_failure_fail_dagrun: bool = False
    setups: tuple[str, ...] = ()
    in_scope: tuple[str, ...] = ()
    expand: Any = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    marks: Any = None
    callbacks: Any = field(default_factory=dict)


@dataclass(frozen=True)
class TestGraph:
    __test__ = False
    dag_id: str
    tasks: dict[str, TestTask]
    max_consecutive_failed_runs: int = 0
    dagrun_timeout: float | None = None
    slas: dict[str, float] = field(default_factory=dict)
    deadlines: tuple[tuple[str, float], ...] = ()
    fail_stop: bool = False
    callbacks: Any = field(default_factory=dict)
    catchup: bool = False
    start_date: datetime | None = None


def make_graph(
    edges: Iterable[tuple[str, str]] = (),
    *,
    dag_id: str = "d",
    tasks: Iterable[str] = (),
    callbacks: Any = None,
    dagrun_timeout: float | None = None,
    slas: Any = None,
    deadlines: Any = (),
    **options: dict[str, Any],
) -> TestGraph:
    """Build a graph of edges (upstream, downstream); `options` give a task's fields by its id."""
    edges = list(edges)
    names = list(dict.fromkeys([*tasks, *(name for edge in edges for name in edge), *options]))
    above: dict[str, list[str]] = {name: [] for name in names}
    below: dict[str, list[str]] = {name: [] for name in names}
    for a, b in edges:
        above[b].append(a)
        below[a].append(b)
    order: dict[str, None] = {}
    while len(order) < len(names):
        order |= dict.fromkeys(n for n in names if n not in order and all(a in order for a in above[n]))
    tasks_of = {
        name: TestTask(name, rank, tuple(above[name]), tuple(below[name]), **options.get(name, {}))
        for rank, name in enumerate(order)
    }
    limits = {"dagrun_timeout": dagrun_timeout, "slas": slas or {}, "deadlines": deadlines}
    return TestGraph(dag_id, tasks_of, callbacks=callbacks or {}, **limits)


class TestClock:
    """A clock that tests move by hand."""

    __test__ = False

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def sql_now(self) -> sa.ColumnElement[Any]:
        return sa.literal(self.at, Instant())

    def pass_(self, **units: float) -> None:
        self.at += timedelta(**units)


@dataclass
class World:
    """One database, and the transitions in the words of a test."""

    database: Database
    clock: TestClock = field(default_factory=TestClock)
    leases: daemons.Leases = field(default_factory=daemons.Leases)

    def __post_init__(self) -> None:
        self.ids = RandomIds(self.clock.now, random.Random(7))  # noqa: S311  (repeatable, not secret)
        self.graphs = Graphs(loader=_no_loader)
        self.version = 0

    @property
    def tools(self) -> dict[str, Any]:
        return {"graphs": self.graphs, "clock": self.clock, "ids": self.ids}

    def add_dag(self, graph: TestGraph, *, max_active_runs: int = 16, max_active_tasks: int = 16, **more: Any) -> int:
        self.version += 1
        self.graphs.put(self.version, graph)
        values = {
            "dag_id": graph.dag_id,
            "bundle": "b",
            "path": "p.py",
            "version_id": self.version,
            "is_paused": False,
            "is_active": True,
            "max_active_runs": max_active_runs,
            "max_active_tasks": max_active_tasks,
            **more,
        }
        self.database.write(lambda c: c.execute(tables.dag.insert().values(values)))
        return self.version

    def add_run(self, graph: TestGraph, *, run_id: str = "r1", run_type: str = "manual") -> int:
        return self.database.write(
            lambda c: runs.create_run(
                c,
                version_id=self.version,
                graph=graph,
                run_id=run_id,
                run_type=run_type,
                logical_date=self.clock.at,
                data_interval_start=None,
                data_interval_end=None,
                conf={},
                triggered_by="test",
                clock=self.clock,
                ids=self.ids,
            )
        )

    def begin(self, graph: TestGraph, **options: Any) -> int:
        """Add a DAG of this graph, and a run of it."""
        self.add_dag(graph, **options)
        return self.add_run(graph)

    def add_worker(self, name: str = "w1", *, slots: int = 8, executor: str = "local") -> None:
        self.database.write(
            lambda c: daemons.register(
                c,
                daemon_id=name,
                kind="worker",
                host="h",
                pid=1,
                executor=executor,
                slots=slots,
                clock=self.clock,
                leases=self.leases,
            )
        )

    def renew_lease(self, worker: str) -> bool:
        return self.database.write(lambda c: daemons.renew(c, worker, clock=self.clock, leases=self.leases))

    def renew(self) -> None:
        lease = {"expires_at": self.clock.at + self.leases.duration, "renewed_at": self.clock.at}
        self.database.write(lambda c: c.execute(tables.daemon.update().values(lease)))

    def add_pool(self, name: str, slots: int) -> None:
        self.database.write(lambda c: c.execute(tables.pool.insert().values(name=name, slots=slots)))

    def admit(self, **options: Any) -> admission.Admitted:
        return self.database.write(lambda c: admission.admit(c, clock=self.clock, **options))

    def claimer(self, worker: str = "w1", *, free: int = 8, **options: Any) -> Claimer:
        return Claimer(worker, "local", free, self.ids.nonce(), **options)

    def claim(self, worker: str = "w1", *, free: int = 8, claimer: Claimer | None = None) -> dict[str, Ticket]:
        asking = claimer or self.claimer(worker, free=free)
        tickets = self.database.write(lambda c: claims.claim(c, asking, clock=self.clock))
        return {_name(ticket.task_id, ticket.map_index): ticket for ticket in tickets}

    def start(self, worker: str = "w1", *, free: int = 8) -> dict[str, Ticket]:
        """Renew the workers' leases, admit, and claim."""
        self.renew()
        self.admit()
        return self.claim(worker, free=free)

    def tickets(self, run: int | None = None) -> list[Ticket]:
        """Renew the workers' leases, admit, claim, and return what was claimed, by run and task; of one run only, if named."""
        self.renew()
        self.admit()
        claimer = self.claimer(free=50)
        found = self.database.write(lambda c: claims.claim(c, claimer, clock=self.clock))
        return [
            each for each in sorted(found, key=lambda t: (t.run, t.task_id, t.map_index)) if run in (None, each.run)
        ]

    def outcome(self, ticket: Ticket, state: str = "success", **more: Any) -> Outcome:
        return Outcome(ticket.instance, ticket.token, state, self.clock.at, **more)

    def end(self, *outcomes: Outcome, claimer: Claimer | None = None, fast_follow: bool = True) -> EndResult:
        return self.database.write(
            lambda c: ends.end(c, outcomes, claimer=claimer, fast_follow=fast_follow, **self.tools)
        )

    def finish(self, ticket: Ticket, state: str = "success", **more: Any) -> EndResult:
        return self.end(self.outcome(ticket, state, **more))

    def go_on(self) -> int:
        """Do all continuations; return how many there were."""
        done = 0
        while found := self.database.write(lambda c: continuations.first(c, 10)):
            for left in found:
                self.database.write(lambda c, left=left: continuing.go_on(c, left, **self.tools))
                done += 1
        return done

    def let_on(self) -> int:
        """Open what past runs hold no longer; return how many gates those were."""
        with self.database.read() as conn:
            found = past.openable(conn, self.graphs)
        for run, _, keys in found:
            self.database.write(lambda c, run=run, keys=keys: past.let_on(c, run, keys, **self.tools))
        return sum(len(keys) for _, _, keys in found)

    def held(self) -> list[str]:
        """Why the gates that are closed stay so."""
        with self.database.read() as conn:
            return [each.why for each in past.judge(conn, gates.first(conn, after=None, most=100), self.graphs)]

    def limit(self, task_id: str, *, per_dag: int | None = None, per_run: int | None = None) -> None:
        values = {"dag_id": "d", "task_id": task_id, "per_dag": per_dag, "per_run": per_run}
        self.database.write(lambda c: c.execute(tables.task_limit.insert().values(values)))

    def clear(self, run: int, *task_ids: str) -> Any:
        return self.database.write(lambda c: clear.clear(c, run, task_ids, **self.tools))

    def release(self) -> int:
        return self.database.write(lambda c: timers.release_due(c, clock=self.clock))

    def states(self, run: int) -> dict[str, str]:
        """States by task id, or `task[index]` for mapped instances."""
        t = tables.task_instance.c
        query = sa.select(t.task_id, t.map_index, t.state).where(t.run == run).order_by(t.rank, t.map_index)
        with self.database.read() as conn:
            return {_name(task, index): state for task, index, state in conn.execute(query)}

    def run_state(self, run: int) -> str:
        with self.database.read() as conn:
            return conn.execute(sa.select(tables.dag_run.c.state).where(tables.dag_run.c.id == run)).scalar_one()

    def row(self, run: int, task_id: str) -> Any:
        t = tables.task_instance.c
        with self.database.read() as conn:
            return conn.execute(sa.select(tables.task_instance).where(t.run == run, t.task_id == task_id)).first()

    def tries(self, run: int, task_id: str) -> list[Any]:
        t = tables.task_try.c
        with self.database.read() as conn:
            query = sa.select(tables.task_try).where(t.instance == self.row(run, task_id).id).order_by(t.token)
            return list(conn.execute(query))

    def differences(self, run: int, graph: TestGraph) -> list[Any]:
        """What a recount finds wrong; it must always be nothing."""
        with self.database.transaction() as conn:
            rows = instances.lock_run(conn, run)
            return recount.difference(graph, rows, run_statements.unfinished(conn, run))


def _no_loader(text: str) -> Any:
    raise AssertionError(f"test graphs are put, not loaded: {text}")


def _name(task_id: str, index: int) -> str:
    return task_id if index < 0 else f"{task_id}[{index}]"


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


@pytest.fixture
def small_world(sqlite_url: str) -> Iterator[World]:
    """A world on SQLite, for what does not depend on the database."""
    database = Database(sqlite_url)
    yield World(database)
    database.dispose()


@pytest.fixture
def graph() -> Callable[..., TestGraph]:
    return make_graph


@pytest.fixture
def pushed() -> Callable[..., XComValue]:
    def value(length: int | None, key: str = "return_value") -> XComValue:
        return XComValue(key, "[]", "list", 2, length)

    return value
