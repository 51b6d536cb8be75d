"""Following a run until it ends, line by line; only a few at once, as each keeps a thread of the server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from tradewind.metadata.statements.browsing import runs
from tradewind.operations.context import Context, operation
from tradewind.operations.errors import BusyError
from tradewind.operations.finding import require_run
from tradewind.transitions.states import ENDED_RUN, TaskState

LOOK_SECONDS = 0.25
AGAIN_SECONDS = 5.0
"""After which a line is sent though nothing has changed: so it is noticed when nobody listens any more."""
BUSY_SECONDS = 10
NAMED = 10
"""Tasks that are running and are named."""
MOST_FAILURES = 1000
"""Failures that are told of."""


class Streams:
    """How many runs are followed at this moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0

    def take(self, most: int) -> Callable[[], None]:
        """Take a place, and return what gives it back; that may be called more than once.

        Arguments:
            most: places that there are.
        Raises:
            BusyError: all are taken.
        """
        with self._lock:
            if self._count >= most:
                raise BusyError(
                    f"{most} runs are being followed, and no more can be: try again later.", seconds=BUSY_SECONDS
                )
            self._count += 1
        return _Once(self._give)

    def _give(self) -> None:
        with self._lock:
            self._count -= 1


class _Once:
    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self._lock = threading.Lock()
        self._is_done = False

    def __call__(self) -> None:
        with self._lock:
            is_done, self._is_done = self._is_done, True
        if not is_done:
            self._act()


STREAMS = Streams()
Look = Callable[[sa.Connection], dict[str, Any] | None]


@dataclass(frozen=True)
class Following:
    """A run that is followed: its progress, until it has ended or the time is up; and what must be called after that."""

    lines: Iterator[Mapping[str, Any]]
    close: Callable[[], None] = field(repr=False)


@operation("runs.wait")
def follow_run(
    context: Context, *, dag_id: str, run_id: str, timeout: float = 60.0, names_tasks: bool = False
) -> Following:
    """Follow a run until it ends, or until the time is up: a line for each change of its tasks' states.

    Arguments:
        timeout: seconds for which it is followed at most.
        names_tasks: say also which tasks are running, and which have failed since the line before; to who may see tasks.
    Raises:
        NotFoundError: the DAG has no such run.
        BusyError: as many runs are followed as may be.
    """
    with context.read() as connection:
        run = require_run(connection, dag_id, run_id)
    close = STREAMS.take(max(1, context.tools.config.web.threads // 2))
    is_named = names_tasks and context.may("task_instances.list", dag_id)
    look = _Named(run.id) if is_named else partial(_look, key=run.id)
    lines = _until_its_end(context, look, timeout, close)
    named = {"dag_id": dag_id, "dag_run_id": run_id}
    return Following(({**named, **line} for line in lines), close)


def _until_its_end(
    context: Context, look: Look, timeout: float, close: Callable[[], None]
) -> Iterator[Mapping[str, Any]]:
    began = told_at = time.monotonic()
    told: Mapping[str, Any] | None = None
    try:
        while True:
            try:
                with context.read() as connection:
                    found = look(connection)
            except DBAPIError:
                yield _error("The metadata database does not answer at this moment: ask again.", "database-unreachable")
                return
            if found is None:
                yield _error("The run was deleted while it was watched.", "no-such-run")
                return
            now = time.monotonic()
            is_last = found["ended"] or now - began >= timeout
            if found != told or is_last or now - told_at >= AGAIN_SECONDS:
                yield {**found, "at": context.tools.clock.now().isoformat()}
                told, told_at = found, now
            if is_last:
                return
            time.sleep(min(LOOK_SECONDS, max(0.0, began + timeout - now)))
    finally:
        close()


def _error(sentence: str, error_id: str) -> Mapping[str, Any]:
    return {"error": sentence, "error_id": error_id}


def _look(connection: sa.Connection, key: int) -> dict[str, Any] | None:
    run = runs.by_key(connection, key)
    if run is None:
        return None
    return {"state": run.state, "tasks": runs.task_states(connection, key), "ended": run.state in ENDED_RUN}


class _Named:
    """Looks at a run with the names of what is running, and of what has failed since the look before."""

    def __init__(self, key: int) -> None:
        self._key = key
        self._told: set[tuple[str, int, int]] = set()

    def __call__(self, connection: sa.Connection) -> dict[str, Any] | None:
        found = _look(connection, self._key)
        if found is None:
            return None
        states = found["tasks"]
        running = runs.running(connection, self._key, most=NAMED) if TaskState.RUNNING in states else ()
        failed = runs.failures(connection, [self._key], most=MOST_FAILURES) if states.keys() & set(runs.FAILED) else ()
        return found | {
            "running": [{"task_id": each.task_id, "map_index": each.map_index} for each in running],
            "failures": [self._failure(each) for each in failed if self._is_new(each)],
        }

    def _is_new(self, row: Any) -> bool:
        which = (row.task_id, row.map_index, row.token)
        is_new = which not in self._told
        self._told.add(which)
        return is_new

    @staticmethod
    def _failure(row: Any) -> dict[str, Any]:
        named = {"task_id": row.task_id, "map_index": row.map_index, "state": row.state, "try_number": row.try_number}
        return named | {"dispatch": row.token, "cause": row.cause}
