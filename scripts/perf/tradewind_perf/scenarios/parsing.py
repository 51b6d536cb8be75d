"""One file of 200 DAGs: the processor's round in this process, beside the bare import in two senses."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from tradewind.config import load
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.secrets import open_cipher
from tradewind.parsing.lookups import Lookups
from tradewind.parsing.processor import Processor
from tradewind.parsing.watching import Bundle
from tradewind.plugins.secrets import secrets_chain

from tradewind_perf.figures import Sample
from tradewind_perf.goals import at_most
from tradewind_perf.scenario import Bench, Scenario
from tradewind_perf.servers import MARIADB, POSTGRESQL, SQLITE, Store
from tradewind_perf.stage import DAGS

CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA")
FILE = DAGS / "perf_parse.py"
FIRST = """
from tradewind import DAG
from tradewind.operators.empty import EmptyOperator

with DAG("first", schedule=None):
    EmptyOperator(task_id="only")
"""

# In a process that has imported what a warm processor's child finds imported: the file's own code alone.
WARM_IMPORT = f"""
import time, pendulum, importlib.util
import tradewind.authoring.dag, tradewind.operators.bash, tradewind.operators.python, tradewind.operators.empty
from tradewind import DAG, chain
spec = importlib.util.spec_from_file_location("perf_parse", {str(FILE)!r})
module = importlib.util.module_from_spec(spec)
began = time.perf_counter()
spec.loader.exec_module(module)
print((time.perf_counter() - began) * 1000)
"""


def parse(bench: Bench) -> Iterator[Sample]:
    """Yield seconds and statements of the first and of an unchanged look at the file."""
    for number in range(bench.repeat):
        bench.say(f"run {number + 1}")
        with tempfile.TemporaryDirectory() as folder:
            first, first_statements, again, again_statements = rounds(bench.store(), Path(folder))
        warm = statistics.median(_warm_import() for _ in range(3))
        fresh = statistics.median(_milliseconds([sys.executable, str(FILE)]) for _ in range(3))
        yield {
            "first ms": first * 1000,
            "first statements": first_statements,
            "unchanged ms": again * 1000,
            "unchanged statements": again_statements,
            "bare import in a warm process ms": warm,
            "fresh `python file.py` ms": fresh,
            "first / bare import in a warm process": first * 1000 / warm,
            "first / fresh `python file.py`": first * 1000 / fresh,
        }


def _warm_import() -> float:
    done = subprocess.run([sys.executable, "-c", WARM_IMPORT], check=True, capture_output=True, text=True)
    return float(done.stdout)


def rounds(store: Store, folder: Path, file: Path = FILE) -> tuple[float, int, float, int]:
    """Return seconds and statements of the processor's first look at a file, and of an unchanged one."""
    dags = folder / "dags"
    dags.mkdir(parents=True)
    config = load(folder, {}, {("dags", "folder"): dags}).config
    database = Database(store.url)
    clock = SystemClock()
    lookups = Lookups(database, open_cipher("", folder), secrets_chain(config.plugins.secrets_backends))
    bundle = Bundle("dags", dags)
    ids = RandomIds(clock.now)
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


def cli(bench: Bench) -> Iterator[Sample]:
    """Yield milliseconds of commands that ask for no database, beside a Python that does nothing."""
    words = {
        "python -c pass ms": ["-c", "pass"],
        "version ms": ["-m", "tradewind", "version"],
        "--help ms": ["-m", "tradewind", "--help"],
        "dags --help ms": ["-m", "tradewind", "dags", "--help"],
    }
    for _ in range(bench.repeat):
        yield {
            name: statistics.median(_milliseconds([sys.executable, *command]) for _ in range(5))
            for name, command in words.items()
        }


def _milliseconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=os.environ)
    return (time.perf_counter() - began) * 1000


SCENARIOS = (
    Scenario(
        "parse",
        "one file of 200 DAGs of 5 tasks: the first time and unchanged; bare imports are medians of 3 in the same run",
        parse,
        (
            at_most("first / bare import in a warm process", 1.5),
            at_most("first / fresh `python file.py`", 1.5),
            at_most("first statements", 5),
            at_most("unchanged statements", 0),
        ),
        (POSTGRESQL, SQLITE, MARIADB),
        30,
    ),
    Scenario("cli", "commands that ask for no database", cli, (), (SQLITE, POSTGRESQL), 25),
)
