"""Figures: how long an outage and a death of each kind are felt, with the leases of production."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import pairwise

import psutil
import sqlalchemy as sa
from chaos.checker import read_rows, violations
from chaos.fleet import Daemon, pause, send
from chaos.ledger import START, SUCCESS
from chaos.stage import STOPS, WORKER_SLOTS, Stage, Times, open_stage
from tradewind.metadata.tables import daemon, task_instance, task_try

SLOTS = {"TRADEWIND__EXECUTOR__SLOTS": "50"}
TASKS = 100
STREAM_PAUSE = 0.3
LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Figure:
    """One figure, and what it may be at most (and at least).

    Arguments:
        unit: `s`, or what is counted.
    """

    name: str
    value: float
    at_most: float
    at_least: float = 0.0
    unit: str = "s"

    @property
    def holds(self) -> bool:
        """Whether it keeps within its limits."""
        return self.at_least <= self.value <= self.at_most

    def __str__(self) -> str:
        least = f" (at least {self.at_least:g})" if self.at_least else ""
        verdict = "ok  " if self.holds else "BAD "
        return f"{verdict} {self.value:8.2f} {self.unit}, at most {self.at_most:g}{least}: {self.name}"


@dataclass(frozen=True)
class Outage:
    """What an outage of the database did.

    Arguments:
        seconds: how long it was.
        ended_meanwhile: tasks whose code ended during it.
        recorded_after: seconds from its return until every outcome of the outage was recorded.
        executions: of the tasks that ran when it began.
        lost: tries.
        broken: promises that the ledger shows broken.
    """

    seconds: float
    ended_meanwhile: int
    recorded_after: float
    executions: int
    lost: int
    broken: tuple[str, ...]

    def figures(self) -> list[Figure]:
        """Return what is promised of it."""
        return [
            # Were it few, the next figure would say nothing
            Figure("outage: tasks that ended meanwhile", self.ended_meanwhile, TASKS, TASKS / 10, "tasks"),
            Figure(f"outage of {self.seconds:g} s: all of their outcomes recorded", self.recorded_after, 5.0),
            Figure("outage: executions", self.executions, TASKS, TASKS, "executions"),
            Figure("outage: tries lost", self.lost, 0.0, unit="tries"),
            Figure("; ".join(("outage: broken promises", *self.broken)), len(self.broken), 0.0, unit="promises"),
        ]


def outage(
    kind: str,
    *,
    leases: Mapping[str, str] | None = None,
    seconds: float | None = None,
    tail: float = 10.0,
    is_remote: bool = False,
) -> Outage:
    """Stop what workers depend on while 100 tasks run; a half of them end meanwhile, the others after.

    Arguments:
        leases: see `open_stage`.
        seconds: for how long; three lease times by default.
        tail: by so many seconds the longer tasks outlast it.
        is_remote: workers know a web server in place of the database, and it is that which is killed.
    """
    fleet = {"scheduler": 2, "worker": 2, "processor": 1}
    if is_remote:
        fleet |= {"scheduler": 1, "server": 1}
    with open_stage(kind, fleet, leases=leases, variables=SLOTS) as stage:
        down = 3 * stage.times.lease if seconds is None else seconds
        stage.pause("ticking")
        # The shorter ones outlast the start of all, which takes some seconds, and end before it is back
        stage.trigger("long", {"seconds": [down * 0.5 + 2.0, down + tail]})
        stage.until(f"{TASKS} tasks run", lambda: _started(stage) == TASKS, 60.0)
        with _away(stage, is_remote=is_remote):
            stopped = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
            with suppress(TimeoutError):
                stage.until("the end of the outage", lambda: False, down)
        returned = time.monotonic()
        ended = {line.instance for line in stage.lines() if line.word == SUCCESS and line.at >= stopped}
        stage.until("all recorded", lambda: stage.succeeded(ended) == len(ended), 60.0, every=LOOK_SECONDS)
        recorded_after = time.monotonic() - returned
        stage.until("the run ends", lambda: stage.open_runs() == 0, 120.0)
        stage.fleet.stop()
        lines, rows = stage.lines(), read_rows(stage.database)
        lost = sum(each[0] == "lost" for each in rows.tries.values())
        broken = tuple(violations(lines, rows))
        return Outage(down, len(ended), recorded_after, _started(stage), lost, broken)


@contextmanager
def _away(stage: Stage, *, is_remote: bool) -> Iterator[None]:
    """Take away what workers depend on, during the block."""
    if is_remote:
        [server] = stage.fleet.of("server")
        server.hold()
        yield
        server.let_go()
        # It imports for seconds; what is promised is promised from when it can be asked
        port = int(server.environment["TRADEWIND__WEB__PORT"])
        stage.until("the web server listens", lambda: _listens(port), 60.0, every=LOOK_SECONDS)
    else:
        stage.server.stop(STOPS[stage.kind]["fast"])
        yield
        stage.server.start()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
        return True
    return False


def take_over(kind: str, *, times: int = 3, say: Callable[[str], None] = print) -> list[Figure]:
    """Measure what each kind of death costs, with the leases of production; the worst of some times."""
    found: list[Figure] = []

    def tell(figure: Figure) -> None:
        say(str(figure))
        found.append(figure)

    with open_stage(kind, {"scheduler": 2, "worker": 1, "processor": 1}) as stage:
        stage.pause("ticking")
        lease = stage.times.lease
        quiet = _longest_gap(stage, lambda: None)
        tell(Figure("longest gap between starts, nothing struck", quiet, lease + 1.0))
        for name, strike in (("killed", signal.SIGKILL), ("stopped for 15 s", signal.SIGSTOP)):
            gaps = [_longest_gap(stage, lambda n=strike: _strike_busy(stage, n)) for _ in range(times)]
            tell(Figure(f"longest gap between starts, the busy scheduler {name}", max(gaps), lease + 1.0))
        for name, parts in (("supervisor", Daemon.supervisors), ("watcher and supervisor", Daemon.executor)):
            seconds = [_reported(stage, parts) for _ in range(times)]
            tell(Figure(f"{name} killed: its tasks are reported", max(seconds), lease))
    for figure in _silent(kind):
        tell(figure)
    return found


def _silent(kind: str) -> list[Figure]:
    """Measure a host that goes silent, with a grace of 30 s in place of 600."""
    with open_stage(kind, {"scheduler": 2, "worker": 1, "processor": 1}, leases={"ISOLATION_GRACE": "30"}) as stage:
        stage.pause("ticking")
        stage.trigger("long", {"seconds": [600]})
        stage.until("tasks run", lambda: _started(stage) == WORKER_SLOTS, 60.0)
        [worker] = stage.fleet.of("worker")
        tasks = worker.tasks()
        if len(tasks) != WORKER_SLOTS:
            raise RuntimeError(f"{WORKER_SLOTS} tasks run, and {len(tasks)} processes are found")
        worker.proxy.swallow()
        began = time.monotonic()
        with stage.database.read() as conn:
            renewed = conn.execute(sa.select(daemon.c.renewed_at).where(daemon.c.kind == "worker")).scalar_one()
        age = (datetime.now(timezone.utc) - renewed).total_seconds()
        signs = {
            "the first is taken over": lambda: _lost(stage) > 0,
            "all have ended": lambda: not any(map(_is_alive, tasks)),
            "all are taken over": lambda: _lost(stage) == WORKER_SLOTS,
        }
        first, ended, last = (at - began + age for at in _first_seen(stage, signs, 2 * stage.times.grace))
        return silent_figures(stage.times, ended=ended, first=first, last=last)


def silent_figures(times: Times, *, ended: float, first: float, last: float) -> list[Figure]:
    """Return what is promised of a host that goes silent.

    Arguments:
        ended: seconds from its last renewal until the processes of all its tasks had ended.
        first: … until the first of its tasks was taken over.
        last: … until all were.
    """
    latest = times.grace + times.margin
    earliest = times.grace - 2 * times.margin
    return [
        Figure("host silent: its tasks' processes have ended, since the renewal", ended, times.grace, earliest),
        Figure("host silent: the first of its tasks is taken over, since the renewal", first, latest, times.grace),
        Figure("host silent: all its tasks are taken over, since the renewal", last, latest, times.grace),
        Figure("host silent: from the end of its tasks to the first take-over", first - ended, 60.0, 0.001),
    ]


def _first_seen(stage: Stage, signs: Mapping[str, Callable[[], bool]], seconds: float) -> list[float]:
    """Return when each sign was first seen, by the monotonic clock; all are looked at all the time, in no order of theirs.

    Raises:
        TimeoutError: one was not seen within `seconds`.
    """
    seen: dict[str, float] = {}

    def look() -> bool:
        for name, is_there in signs.items():
            if name not in seen and is_there():
                seen[name] = time.monotonic()
        return len(seen) == len(signs)

    stage.until(", ".join(signs), look, seconds, every=LOOK_SECONDS)
    return [seen[name] for name in signs]


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _started(stage: Stage) -> int:
    return sum(line.word == START and line.dag_id == "long" for line in stage.lines())


def _lost(stage: Stage) -> int:
    return stage.count(sa.select(sa.func.count()).select_from(task_try).where(task_try.c.state == "lost")) or 0


def _longest_gap(stage: Stage, strike: Callable[[], None]) -> float:
    """Return the longest time between two starts in a stream of runs, around a strike."""
    stage.until("both schedulers live", lambda: _schedulers(stage) >= 2, 60.0)
    began = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    _stream(stage, 2.0)
    strike()
    _stream(stage, stage.times.lease + 5.0)
    stage.fleet.heal()
    stage.until("the runs end", lambda: stage.open_runs() == 0, 120.0)
    starts = [line.at for line in stage.lines() if line.word == START and line.at >= began]
    return max(after - before for before, after in pairwise(starts)) / 1e9


def _stream(stage: Stage, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        stage.trigger("chain", {"seconds": [0.01]})
        stage.fleet.look()
        pause(STREAM_PAUSE)


def _schedulers(stage: Stage) -> int:
    query = sa.select(sa.func.count()).select_from(daemon)
    return stage.count(query.where(daemon.c.kind == "scheduler", daemon.c.ended_at.is_(None))) or 0


def _strike_busy(stage: Stage, number: signal.Signals) -> None:
    """Strike the scheduler that used the most CPU so far.

    Raises:
        RuntimeError: none was there to be struck.
    """
    busy = max(stage.fleet.of("scheduler"), key=lambda each: sum(each.own()[0].cpu_times()[:2]) if each.own() else 0.0)
    if not send(busy.own(), number):
        raise RuntimeError(f"{busy.name} had ended before it was struck")


def _reported(stage: Stage, parts: Callable[[Daemon], list[psutil.Process]]) -> float:
    """Kill a part of a worker whose tasks run; return after how many seconds all of them are lost or wait again."""
    before, started = _lost(stage), _started(stage)
    stage.trigger("long", {"seconds": [600]})
    stage.until("tasks run", lambda: _started(stage) >= started + WORKER_SLOTS, 60.0)
    [worker] = stage.fleet.of("worker")
    send(parts(worker), signal.SIGKILL)
    took = stage.until("reported", lambda: _lost(stage) >= before + WORKER_SLOTS, 60.0, every=LOOK_SECONDS)
    ti = task_instance.c
    clear = task_instance.update().where(ti.state.not_in(["success", "failed"])).values(priority=-1)
    stage.database.write(lambda conn: conn.execute(clear))
    return took
