"""The processor on one file, in this process: seconds and statements."""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from services.postgres import postgres_server
from tradewind.config import Config, load
from tradewind.metadata import migrating
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.secrets import open_cipher
from tradewind.parsing.lookups import Lookups
from tradewind.parsing.processor import Processor
from tradewind.parsing.watching import Bundle
from tradewind.plugins.secrets import secrets_chain

FIRST = "from tradewind import DAG\nfrom tradewind.operators.empty import EmptyOperator\nwith DAG('first', schedule=None):\n    EmptyOperator(task_id='only')\n"
CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA")


def measure_parsing(kind: str, folder: Path, file: Path, repeat: int = 3) -> tuple[float, int, float, int]:
    """Return (seconds, statements) of a file's first round, and of a round that finds it unchanged; medians of `repeat`.

    Arguments:
        kind: `sqlite` or `postgresql`.
        folder: an empty folder to work in.
        file: the DAG file.
    """
    found = [_measure(kind, folder / str(number), file) for number in range(repeat)]
    first, first_count, again, again_count = zip(*found, strict=True)
    return statistics.median(first), max(first_count), statistics.median(again), max(again_count)


def _measure(kind: str, folder: Path, file: Path) -> tuple[float, int, float, int]:
    dags = folder / "dags"
    dags.mkdir(parents=True)
    config = load(folder, {}, {("dags", "folder"): dags}).config
    with _database(kind, config) as database:
        migrating.migrate(database)
        cipher = open_cipher("", folder)
        lookups = Lookups(database, cipher, secrets_chain(config.plugins.secrets_backends))
        clock = SystemClock()
        ids = RandomIds(clock.now)
        bundle = Bundle("dags", dags)
        processor = Processor(config, database, [bundle], lookups, clock=clock, ids=ids, notify=lambda: None)
        # A processor that has read a file before: it runs for days, and makes each statement's text once
        (dags / "first.py").write_text(FIRST)
        processor.round()
        processor.round()
        shutil.copy(file, dags)
        processor.round()  # sees the file; the next look finds it at rest
        # In a running system others have the database open too, so that closing a connection writes no checkpoint
        with sa.create_engine(database.url).connect() as other:
            other.execute(sa.text("SELECT 1 FROM dag")).all()
            first = _timed(processor, database)
            again = _timed(processor, database)
        database.dispose()
    return *first, *again


def _timed(processor: Processor, database: Database) -> tuple[float, int]:
    counted = []

    def note(_c: object, _cursor: object, text: str, *_rest: object) -> None:
        if not text.startswith(CONTROL):
            counted.append(text)

    sa.event.listen(database.engine, "before_cursor_execute", note)
    began = time.perf_counter()
    processor.round()
    seconds = time.perf_counter() - began
    sa.event.remove(database.engine, "before_cursor_execute", note)
    return seconds, len(counted)


@contextmanager
def _database(kind: str, config: Config) -> Iterator[Database]:
    if kind == "sqlite":
        yield Database(config.database.url)
        return
    with postgres_server(fsync=True) as url:
        yield Database(url)
