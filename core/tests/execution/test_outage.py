"""A worker whose database goes away: nothing is killed, nothing is lost, until the isolation grace ends."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import sqlalchemy as sa
from tradewind.execution.clerk import Clerk
from tradewind.execution.desk import Desk
from tradewind.execution.evidence import Coroner, DirectRegistrar
from tradewind.execution.journal import Journal, read_journal
from tradewind.execution.lifecycle import Exchange, Unreachable
from tradewind.execution.loop import Loop
from tradewind.execution.shelf import Shelf
from tradewind.metadata.engine import Database
from tradewind.metadata.tables import daemon
from tradewind.transitions.values import Answer, Outcome

FLOW = """
    import os, threading
    from tradewind import DAG, task

    with DAG("flow"):
        @task
        def work():
            with open({fifo!r}, "w") as out:
                out.write(str(os.getpid()))
            with open({fifo!r}) as told:
                return told.read()
        work()
"""


@contextmanager
def outage(database: Database, server: str) -> Iterator[None]:
    """Throw everybody out of the database and let nobody in while the block runs."""
    database.dispose()
    name = sa.make_url(database.url).database
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            admin.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')


@contextmanager
def watched(pid: int) -> Iterator[Callable[[], None]]:
    """Yield a function that waits for the end of a process that is not our child."""
    descriptor = os.pidfd_open(pid)

    def wait() -> None:
        ready, _, _ = select.select([descriptor], [], [], 30.0)
        assert ready, f"process {pid} goes on"

    yield wait
    os.close(descriptor)


@pytest.fixture
def far_house(postgres_database_url: str, tmp_path: Path, make_house: Callable[..., Any]) -> Iterator[Any]:
    """A house on PostgreSQL, whose database can be taken away."""
    yield from make_house(postgres_database_url, tmp_path)


@pytest.mark.postgres
def test_an_outage_kills_nothing_and_loses_no_outcome(far_house: Any, postgres_url: str) -> None:
    house = far_house
    fifo = house.home / "fifo"
    os.mkfifo(fifo)
    house.deploy(FLOW.format(fifo=str(fifo)))
    house.start_worker(leases__renew_every=0.2)
    run = house.start_run()
    with watched(int(fifo.read_text())) as wait_for_end:
        house.wakeups.close()
        with outage(house.database, postgres_url):
            fifo.write_text("through the outage")
            wait_for_end()
        house.listen_again()
    assert house.finish(run) == "success"
    assert house.xcoms(run) == {("work", "return_value"): "through the outage"}
    house.deploy("from tradewind import DAG, task\nwith DAG('flow'):\n    @task\n    def work(): ...\n    work()\n")
    assert house.run_dag()[1] == "success"


@pytest.mark.postgres
def test_at_the_end_of_the_isolation_grace_a_cut_off_worker_kills_its_tasks(far_house: Any, postgres_url: str) -> None:
    house = far_house
    fifo = house.home / "fifo"
    os.mkfifo(fifo)
    house.deploy(FLOW.format(fifo=str(fifo)))
    house.start_worker(leases__renew_every=0.2, leases__isolation_grace=2.0, leases__margin=0.5)
    run = house.start_run()
    with watched(int(fifo.read_text())) as wait_for_end:
        house.wakeups.close()
        with outage(house.database, postgres_url):
            wait_for_end()
        house.listen_again()
    assert house.finish(run) == "failed"
    assert "its worker could not reach the database for" in house.tries(run)[0].cause


def is_any_worker_known(house: Any) -> bool:
    with house.database.read() as conn:
        return conn.execute(sa.select(daemon.c.id)).first() is not None


@pytest.mark.postgres
def test_at_the_end_of_the_isolation_grace_a_worker_without_a_watcher_ends_itself(
    far_house: Any, postgres_url: str
) -> None:
    house = far_house
    fifo = house.home / "fifo"
    os.mkfifo(fifo)
    house.deploy(FLOW.format(fifo=str(fifo)))
    settings = {"DURATION": "1", "RENEW_EVERY": "0.3", "ISOLATION_GRACE": "4", "MARGIN": "1.5"}
    environ = house.environ | {f"TRADEWIND__LEASES__{name}": value for name, value in settings.items()}
    with (house.home / "watcher.out").open("ab") as output:
        watcher = subprocess.Popen(
            [sys.executable, "-m", "tradewind", "worker"], env=environ, stdout=output, stderr=output
        )
    house.until(lambda: is_any_worker_known(house), "the worker registers")
    run = house.start_run()
    task = psutil.Process(int(fifo.read_text()))
    [supervisor] = [each for each in psutil.Process(watcher.pid).children() if each in task.parents()]
    processes = [supervisor, *supervisor.children(recursive=True)]
    watcher.kill()
    watcher.wait()
    house.wakeups.close()
    with outage(house.database, postgres_url):
        _, living = psutil.wait_procs(processes, timeout=30)
        for each in living:
            each.kill()
    house.listen_again()
    assert living == []
    # What it could not tell stands in its journal, for the next watcher
    tools = {"graphs": house.graphs, "clock": house.clock, "ids": house.ids}
    registrar = DirectRegistrar(house.database, shelf=Shelf.open(house.config), **tools)
    coroner = Coroner(house.config.home, registrar)
    assert len(coroner.settle_leftovers()) == 1
    assert house.finish(run) == "failed"
    assert "its worker could not reach the database for" in house.tries(run)[0].cause


class Scripted:
    """A lifecycle whose exchanges do what a script says, and that remembers what it was given."""

    def __init__(self, *script: Exception | None) -> None:
        self.script = list(script)
        self.seen: list[tuple[list[int], int, str]] = []

    def exchange(self, outcomes: Sequence[Outcome], free: int, nonce: str) -> Exchange:
        self.seen.append(([each.instance for each in outcomes], free, nonce))
        step = self.script.pop(0) if self.script else None
        if step is not None:
            raise step
        return Exchange(tuple(Answer(each.instance, each.token, "recorded", each.state) for each in outcomes))


def exchanged(tmp_path: Path, lifecycle: Any, *outcomes: Outcome) -> list[Exchange]:
    """Take outcomes to a desk and run its loop until all are recorded."""
    loop, results = Loop(), []
    journal = Journal(tmp_path / "w.journal")
    desk = Desk(
        loop,
        clerk := Clerk(loop),
        lifecycle,
        journal,
        free=lambda: 2,
        on_exchange=results.append,
        on_contact=lambda _at: None,
    )
    for outcome in outcomes:
        desk.put(outcome, {})

    def between() -> None:
        clerk.collect()
        desk.turn()
        if desk.is_idle:
            loop.stop()

    loop.run(between)
    clerk.close(5.0)
    journal.close()
    loop.close()
    return results


def outcome(instance: int, state: str = "success") -> Outcome:
    return Outcome(instance, 1, state, datetime.now(timezone.utc))


def test_an_exchange_that_got_no_answer_is_repeated_under_its_nonce(tmp_path: Path) -> None:
    lifecycle = Scripted(Unreachable("gone"), Unreachable("gone"), None)
    (result,) = exchanged(tmp_path, lifecycle, outcome(1), outcome(2))
    assert [instances for instances, _free, _nonce in lifecycle.seen] == [[1, 2]] * 3
    assert len({nonce for _, _, nonce in lifecycle.seen}) == 1
    assert len(result.answers) == 2
    assert read_journal(tmp_path / "w.journal").outcomes == {}


def test_a_batch_that_is_refused_goes_one_by_one_and_the_poisoned_one_becomes_a_failure(tmp_path: Path) -> None:
    poison = ValueError("this text cannot be stored")
    lifecycle = Scripted(poison, None, poison, None)
    results = exchanged(tmp_path, lifecycle, outcome(1), outcome(2))
    assert [instances for instances, _free, _nonce in lifecycle.seen] == [[1, 2], [1], [2], [2]]
    assert [each.answers[0].state for each in results] == ["success", "failed"]
