"""Playing many seeds: in this process, or in several side by side, each on databases of its own."""

from __future__ import annotations

import contextlib
import multiprocessing
import tempfile
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from services.mariadb import mariadb_server
from services.postgres import postgres_server
from simulation.drawing import generate
from simulation.mutants import can_show, mutated
from simulation.play import Failure, Stage
from simulation.world import PATIENCE

MIXED = "mixed"
DATABASES = ("sqlite", "postgresql", "mariadb")
BLOCK = 10


def database_of(seed: int, wanted: str) -> str:
    """Return where a seed is played: of mixed ones, odd seeds on PostgreSQL and even ones on SQLite."""
    if wanted != MIXED:
        return wanted
    return "postgresql" if seed % 2 else "sqlite"


@dataclass
class Tally:
    """What many seeds came to.

    Arguments:
        seeds: how many were played, by database.
        fired: how often each fault struck.
        orders: digests of the interleavings, by database.
        hand_overs: pairs of statements between which the baton changed hands.
    """

    seeds: Counter[str] = field(default_factory=Counter)
    fired: Counter[str] = field(default_factory=Counter)
    orders: dict[str, set[str]] = field(default_factory=dict)
    hand_overs: set[int] = field(default_factory=set)
    statements: int = 0
    failures: list[tuple[str, Failure]] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add what another process came to."""
        self.seeds += other.seeds
        self.fired += other.fired
        for kind, orders in other.orders.items():
            self.orders.setdefault(kind, set()).update(orders)
        self.hand_overs |= other.hand_overs
        self.statements += other.statements
        self.failures += other.failures


class Stages:
    """The databases of one process, opened when the first seed needs them.

    Arguments:
        urls: of empty databases of our own, by kind.
        patience: how much virtual time may pass until a world is at rest.
    """

    def __init__(self, urls: dict[str, str], patience: timedelta = PATIENCE) -> None:
        self._urls = urls
        self._patience = patience
        self._open: dict[str, Stage] = {}

    def get(self, kind: str) -> Stage:
        """Return the stage on a kind of database."""
        if kind not in self._open:
            self._open[kind] = Stage(self._urls[kind], self._patience)
        return self._open[kind]

    def close(self) -> None:
        """Close what is open."""
        for stage in self._open.values():
            stage.close()
        self._open.clear()

    def play(self, seeds: Iterable[int], wanted: str, mutant: str | None) -> Tally:
        """Play seeds until one fails."""
        tally = Tally()
        for seed in seeds:
            kind = database_of(seed, wanted)
            stage = self.get(kind)
            with mutated(mutant, stage.database):
                played = stage.play(generate(seed))
            tally.seeds[kind] += 1
            tally.fired += played.fired
            tally.orders.setdefault(kind, set()).add(played.order)
            tally.hand_overs |= played.hand_overs
            tally.statements += played.statements
            if played.failure is not None:
                tally.failures.append((kind, played.failure))
                break
        return tally


def search(name: str, stages: Stages, seeds: Iterable[int], wanted: str) -> dict[str, object]:
    """Return the first seed that finds a mutant, the database it was played on, and what it was found by."""
    for seed in seeds:
        kind, scenario = database_of(seed, wanted), generate(seed)
        if not can_show(name, scenario):
            continue
        stage = stages.get(kind)
        with mutated(name, stage.database):
            failure = stage.play(scenario).failure
        if failure is not None:
            return {"seed": seed, "database": kind, "by": failure.text.splitlines()[0][:200]}
    return {"seed": None, "database": None, "by": None}


class _Process:
    """What a process of the pool keeps between blocks."""

    stages: Stages | None = None


def _open(urls: Any) -> None:
    _Process.stages = Stages(urls.get())


def _play(seeds: Sequence[int], wanted: str, mutant: str | None) -> Tally:
    if _Process.stages is None:
        raise AssertionError("the process has no databases")
    return _Process.stages.play(seeds, wanted, mutant)


@contextlib.contextmanager
def databases(wanted: str, count: int) -> Iterator[list[dict[str, str]]]:
    """Start what servers are needed; yield `count` sets of URLs of empty databases, and end the servers."""
    kinds = {"sqlite", "postgresql"} if wanted == MIXED else {wanted}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = {"postgresql": postgres_server, "mariadb": mariadb_server}
        running = {kind: stack.enter_context(servers[kind]()) for kind in sorted(kinds & servers.keys())}
        found = []
        for n in range(count):
            urls = {kind: _create(url, f"simulation{n}") for kind, url in running.items()}
            found.append(urls | {"sqlite": f"sqlite:///{folder}/simulation{n}.db"})
        yield found


def _create(url: str, name: str) -> str:
    """Make a database on a server; what settles its plans is settled for good, so that a seed finds the same ones."""
    if url.startswith("postgresql"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    else:
        engine = sa.create_engine(sa.make_url(url).set(drivername="mariadb+pymysql"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection_of_mariadb:
            connection_of_mariadb.exec_driver_sql(f"CREATE DATABASE {name}")
        engine.dispose()
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)


def side_by_side(
    seeds: Sequence[int], urls: Sequence[dict[str, str]], wanted: str, mutant: str | None
) -> Generator[Tally, None, None]:
    """Play seeds in as many processes as there are sets of databases; yield block after block, until one fails."""
    context = multiprocessing.get_context("spawn")
    handed: Any = context.Queue()
    for each in urls:
        handed.put(each)
    with ProcessPoolExecutor(len(urls), mp_context=context, initializer=_open, initargs=(handed,)) as pool:
        blocks = [seeds[n : n + BLOCK] for n in range(0, len(seeds), BLOCK)]
        running: list[Future[Tally]] = [pool.submit(_play, block, wanted, mutant) for block in blocks]
        try:
            for done in as_completed(running):
                tally = done.result()
                yield tally
                if tally.failures:
                    return
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
