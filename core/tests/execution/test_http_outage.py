"""The web server goes away and comes back: nothing is killed, nothing starts twice, and a dead worker's journal is replayed."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tradewind.execution.journal import journals, read_journal
from tradewind.metadata.tables import daemon

pytestmark = pytest.mark.long_module

FLOW = """
from tradewind import DAG, Variable, task

with DAG("flow"):
    @task
    def work():
        with open({told!r}, "a") as file:
            file.write("begun\\n")
        with open({fifo!r}) as word:
            said = word.read()
        return [said, Variable.get("colour", default_var="none") if said == "ask" else None]
    @task
    def after(found): return [found, "after"]
    after(work())
"""
LEASES = {"leases__duration": 1.0, "leases__renew_every": 0.2, "leases__isolation_grace": 60.0}


def deploy(remote: Any) -> tuple[Path, Path]:
    """Deploy a DAG whose first task tells of its start and waits for a word; return both files."""
    house = remote.house
    told, fifo = house.home / "told", house.home / "fifo"
    os.mkfifo(fifo)
    house.deploy(FLOW.format(told=str(told), fifo=str(fifo)))
    house.environ |= {f"TRADEWIND__{name.upper()}": str(value) for name, value in LEASES.items()}
    return told, fifo


def is_lease_over(house: Any) -> bool:
    """Whether every worker's lease has expired."""
    with house.database.read() as conn:
        ends = conn.execute(sa.select(daemon.c.expires_at).where(daemon.c.kind == "worker")).scalars().all()
    return all(each < datetime.now(timezone.utc) for each in ends)


@contextmanager
def away(remote: Any) -> Iterator[None]:
    """Kill the web server for the block, and for longer than a lease; start it again after."""
    server = remote.servers[-1]
    server.send_signal(signal.SIGKILL)
    server.communicate(timeout=20)
    yield
    remote.house.until(lambda: is_lease_over(remote.house), "the lease is over")
    remote.start_server()


@pytest.mark.long
def test_tasks_outlive_an_outage_that_is_longer_than_a_lease_and_what_a_dead_worker_noted_is_told(remote: Any) -> None:
    told, fifo = deploy(remote)
    remote.start_server()
    remote.start_scheduler()
    house, home = remote.house, remote.home_of("host")
    home.mkdir()
    with (house.home / "watcher.out").open("ab") as output:
        command = [sys.executable, "-m", "tradewind", "worker"]
        watcher = subprocess.Popen(command, env=remote.environ(home), stdout=output, stderr=output)
    try:
        run = begun(house, told)
        with away(remote):
            fifo.write_text("ask")  # it goes on, and asks for a variable that nobody can tell it now
        assert house.finish(run) == "success", house.log(run)
        assert house.xcoms(run)["after", "return_value"] == [["ask", "none"], "after"]
        assert told.read_text() == "begun\n", "it began once"
        assert [(each.try_number, each.state) for each in house.tries(run, "work")] == [(1, "success")]
        told.unlink()
        run = begun(house, told)
        (worker,) = workers(house)
        with away(remote):
            fifo.write_text("in the journal")
            house.until(lambda: has_outcome(home), "the outcome is in the journal")
            os.kill(worker.pid, signal.SIGKILL)
        assert house.finish(run) == "success", (house.home / "watcher.out").read_text()
        assert house.xcoms(run)["after", "return_value"] == [["in the journal", None], "after"]
        assert told.read_text() == "begun\n"
        house.until(lambda: len(workers(house)) == 1 and workers(house)[0].id != worker.id, "the next worker is there")
    finally:
        watcher.send_signal(signal.SIGTERM)
        assert watcher.wait(30) == 0, (house.home / "watcher.out").read_text()
    assert "1 outcomes replayed" in (house.home / "watcher.out").read_text()


def begun(house: Any, told: Path) -> int:
    """Start a run, wait until its task has begun, and return the run's key."""
    run: int = house.start_run()
    house.until(told.exists, "the task has begun")
    return run


def has_outcome(home: Path) -> bool:
    return any(read_journal(path).outcomes for path in journals(home))


def workers(house: Any) -> list[Any]:
    d = daemon.c
    with house.database.read() as conn:
        return list(conn.execute(daemon.select().where(d.kind == "worker", d.ended_at.is_(None))))


def test_at_the_end_of_the_isolation_grace_a_worker_that_is_cut_off_ends_its_tasks(remote: Any) -> None:
    told, fifo = deploy(remote)
    house = remote.house
    house.environ |= {"TRADEWIND__LEASES__ISOLATION_GRACE": "3", "TRADEWIND__LEASES__MARGIN": "1"}
    remote.start_server()
    remote.start_scheduler()
    # What its own configuration says of the grace does not count: it is judged by the server's
    remote.start_worker(leases__margin=1.0, execution__kill_delay=0.5)
    run = begun(house, told)
    with fifo.open("w") as held:
        with away(remote):
            # Its end of the pipe is closed when it has been killed
            waiting = select.poll()
            waiting.register(held, select.POLLERR)
            assert waiting.poll(20_000)
        assert house.finish(run) == "failed"
    # Whoever says it first: the scheduler, whose way to the database was never cut, or the worker when the server is back
    cause = house.tries(run, "work")[0].cause
    assert "its worker was silent for 3 s" in cause or "its worker could not reach the database for" in cause
