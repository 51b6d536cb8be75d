"""Rehearse an expand, fill and contract migration on a large table while a writer runs: `nox -s rehearsal`.

Usage: python scripts/migration_rehearsal.py [--database sqlite|postgresql|mariadb] [--rows N]

Fills `task_instance`, starts a writer that ends and adds task instances as fast as it can, one short transaction each, and
applies the migrations of `core/tests/metadata/expanding` beside it. Prints how long each step took and what the writer saw.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from services.mariadb import mariadb_server
from services.postgres import postgres_server
from tradewind.metadata import migrating
from tradewind.metadata.engine import Database
from tradewind.metadata.tables import task_instance

EXPANDING = Path(__file__).parent.parent / "core" / "tests" / "metadata" / "expanding"
STEPS = {"t001": "expand: add the column", "t002": "fill it in batches", "t003": "contract: refuse null"}
CHUNK = 10_000
MOST_WAIT = 5.0


class Writer(threading.Thread):
    """Ends one task instance and adds another in each transaction, until it is stopped; notes how long each took."""

    def __init__(self, url: str, first: int, has_note: threading.Event) -> None:
        super().__init__(daemon=True)
        self._database = Database(url)
        self._next = first
        self._has_note = has_note
        self._stopped = threading.Event()
        self._ended = threading.Event()
        self.step = ""
        self.by_step: dict[str, list[float]] = {}

    def run(self) -> None:
        """Write until stopped."""
        while not self._stopped.is_set():
            began, step = time.perf_counter(), self.step
            self._database.write(self._write)
            self.by_step.setdefault(step, []).append(time.perf_counter() - began)
            self._ended.set()
        self._database.dispose()

    def settle(self) -> None:
        """Return when the transaction that is under way has ended: it belongs to the step that it waited for."""
        self._ended.clear()
        self._ended.wait(60)

    def stop(self) -> None:
        """Let the last transaction end."""
        self._stopped.set()
        self.join()

    def _write(self, conn: sa.Connection) -> None:
        self._next += 1
        new = row(self._next)
        if self._has_note.is_set():  # as the release does after which the column is contracted
            new |= {"map_index": -1, "try_number": 0, "token": 0, "note": "new"}
            conn.execute(sa.insert(sa.table("task_instance", *map(sa.column, new))), new)
        else:
            conn.execute(task_instance.insert(), new)
        conn.execute(task_instance.update().where(task_instance.c.id == self._next // 2).values(try_number=2))


def row(number: int) -> dict[str, object]:
    """A task instance that has ended."""
    common = {"run": number, "dag_id": "d", "task_id": f"t{number}", "rank": 0, "state": "success", "max_tries": 0}
    return common | {"id": number, "priority": 1, "pool": "p", "pool_slots": 1, "executor": "e", "queue": "q"}


@contextlib.contextmanager
def server(kind: str) -> Iterator[str]:
    """Run a database of this kind."""
    with contextlib.ExitStack() as stack:
        if kind == "sqlite":
            yield f"sqlite:///{stack.enter_context(tempfile.TemporaryDirectory())}/rehearsal.db"
        else:
            yield stack.enter_context({"postgresql": postgres_server, "mariadb": mariadb_server}[kind]())


def rehearse(kind: str, rows: int) -> bool:
    """Rehearse on one kind of database; tell whether the writer never waited longer than the limit."""
    with server(kind) as url, tempfile.TemporaryDirectory() as folder:
        versions = Path(folder) / "versions"
        shutil.copytree(migrating.MIGRATIONS / "versions", versions, ignore=shutil.ignore_patterns("__pycache__"))
        for path in (EXPANDING / "versions").glob("*.py"):
            shutil.copy(path, versions)
        database = Database(url)
        migrating.migrate(database)
        for start in range(0, rows, CHUNK):
            with database.transaction() as conn:
                conn.execute(task_instance.insert(), [row(n) for n in range(start, min(start + CHUNK, rows))])
        has_note = threading.Event()
        writer = Writer(url, rows, has_note)
        writer.start()
        print("| database | step | took | transactions of the writer | their median | the longest |")
        worst = 0.0
        for revision, text in STEPS.items():
            writer.step = revision
            began = time.perf_counter()
            migrating.migrate(database, target=revision, folder=Path(folder))
            took = time.perf_counter() - began
            writer.settle()
            if revision == "t001":
                has_note.set()
            seen = writer.by_step.get(revision, [0.0])
            worst = max(worst, *seen)
            waits = f"{statistics.median(seen) * 1000:.1f} ms | {max(seen) * 1000:.0f} ms"
            print(f"| {kind} | {text} | {took:.2f} s | {len(seen):,} | {waits} |", flush=True)
        writer.stop()
        with database.read() as conn:
            empty = conn.execute(sa.text("SELECT count(*) FROM task_instance WHERE note IS NULL")).scalar_one()
        database.dispose()
    print(f"rows left empty: {empty}; the writer's longest wait: {worst:.2f} s (at most {MOST_WAIT:g})")
    return empty == 0 and worst <= MOST_WAIT


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--database", choices=("sqlite", "postgresql", "mariadb"), action="append")
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    held = [rehearse(kind, options.rows) for kind in options.database or ("postgresql", "mariadb")]
    return 0 if all(held) else 1


if __name__ == "__main__":
    raise SystemExit(main())
