"""The watcher: what happens when a worker dies."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tradewind.execution import local_executor
from tradewind.execution.aftermath import Aftermath
from tradewind.execution.evidence import Coroner, DirectRegistrar, is_within_sight, is_worker_alive
from tradewind.execution.journal import Journal, boot_id, journal_path, this_place
from tradewind.execution.local_executor import LocalExecutor
from tradewind.execution.prestart import Prestarted
from tradewind.execution.shelf import Shelf
from tradewind.metadata import tables
from tradewind.metrics.catalogue import TRIES_LOST
from tradewind.metrics.meter import Meter
from tradewind.metrics.recording import use_meter
from tradewind.metrics.selecting import Selection
from tradewind.transitions.values import Outcome

HANGING = """
    import os, subprocess, threading
    from tradewind import DAG, task

    with DAG("flow"):
        @task({options})
        def work(ti=None):
            left = subprocess.Popen(["sleep", "1000"], env={{}})
            with open({told!r}, "a") as out:
                out.write(f"{{os.getpid()}} {{left.pid}} {{ti.try_number}}\\n")
            if ti.try_number == 1:
                threading.Event().wait()
            left.kill()
            left.wait()
        work()
"""


@pytest.fixture
def executor(small_house: Any) -> Iterator[LocalExecutor]:
    house = small_house
    made = LocalExecutor(house.config, environ=house.environ)
    yield made
    made.stop(drain_seconds=10.0)


def live_workers(house: Any) -> list[Any]:
    d = tables.daemon
    with house.database.read() as conn:
        return list(conn.execute(d.select().where(d.c.kind == "worker", d.c.ended_at.is_(None))))


def coroner_of(house: Any) -> Coroner:
    tools = {"graphs": house.graphs, "clock": house.clock, "ids": house.ids}
    return Coroner(house.home, DirectRegistrar(house.database, shelf=Shelf.open(house.config), **tools))


def claim_one(house: Any, worker: str) -> Any:
    """Deploy a DAG, make a run and claim its task for a worker that exists as a row only."""
    house.deploy("from tradewind import DAG, task\nwith DAG('flow'):\n    @task\n    def work(): ...\n    work()\n")
    ticket = house.claim_for(worker)
    return ticket.run, ticket


def is_dead(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_killed_worker_loses_its_try_and_the_next_worker_runs_it_again(
    small_house: Any, executor: LocalExecutor
) -> None:
    house = small_house
    told = house.home / "told"
    told.touch()
    executor.start()
    house.until(lambda: live_workers(house), "a worker registers")
    house.deploy(HANGING.format(told=str(told), options="retries=1, retry_delay=0"))
    run = house.start_run()
    task, left, number = map(int, house.until(told.read_text, "the task runs").split())
    assert number == 1
    first = executor.worker
    os.kill(executor.pid or 0, signal.SIGKILL)
    house.until(lambda: house.tries(run), "the lost try is recorded")
    assert is_dead(task)
    assert is_dead(left), "a subprocess with an empty environment is killed by its session"
    assert house.finish(run) == "success"
    assert told.read_text().split()[-1] == "2"
    lost, second = house.tries(run)
    assert (lost.state, lost.cause, lost.worker) == ("lost", "worker process killed by signal 9 [task-lost]", first)
    assert (second.state, second.worker) == ("success", executor.worker)


def test_a_worker_that_is_killed_before_its_word_is_followed_by_the_next(
    small_house: Any, executor: LocalExecutor
) -> None:
    begun = Prestarted(small_house.environ)
    begun.process.kill()
    begun.process.wait()
    executor.begin_with(begun)
    executor.start()
    small_house.until(lambda: live_workers(small_house), "the next worker registers")
    assert executor.worker != begun.worker


def test_where_no_process_can_be_started_it_is_tried_again(
    small_house: Any, executor: LocalExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = [BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))] * 2
    begin = local_executor.worker_process

    def begin_later(*words: Any) -> Any:
        if fails:
            raise fails.pop()
        return begin(*words)

    monkeypatch.setattr(local_executor, "worker_process", begin_later)
    executor.start()
    small_house.until(lambda: live_workers(small_house), "a worker registers")
    assert fails == []


def test_a_clean_stop_leaves_nothing_behind(small_house: Any, executor: LocalExecutor) -> None:
    executor.start()
    small_house.until(lambda: live_workers(small_house), "a worker registers")
    executor.stop(drain_seconds=20.0)
    assert live_workers(small_house) == []
    assert list((small_house.home / "workers").iterdir()) == []
    assert not is_worker_alive(executor.worker)


def test_an_end_is_reported_again_until_the_database_hears_of_it(
    small_house: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    house = small_house
    run, ticket = claim_one(house, "w9")
    journal = Journal(journal_path(house.home, "w9"))
    journal.start([(ticket.instance, ticket.token)])
    journal.close()
    away = {**house.environ, "TRADEWIND__DATABASE__URL": f"sqlite:///{tmp_path}/no-such-folder/there.db"}
    assert not Aftermath(house.home, away, threading.Event()).inquire("w9", "it ended")
    assert "the end of worker w9 cannot be reported yet: " in capfd.readouterr().err
    assert house.instances(run)["work"].state == "running"
    meter = Meter(Selection.of(house.config.metrics))
    use_meter(meter)
    try:
        assert Aftermath(house.home, house.environ, threading.Event()).inquire("w9", "it ended")
    finally:
        use_meter(None)
    assert house.run_state(run) == "failed"
    counted = {each.metric.name: each.increase for each in meter.batch().series if each.metric.kind == "counter"}
    assert counted[TRIES_LOST.name] == 1, "its watcher counts what the process that reported it has seen"


def test_the_executor_answers_from_the_database(small_house: Any, executor: LocalExecutor) -> None:
    house = small_house
    _, ticket = claim_one(house, "w9")
    executor._worker = "w9"
    total = house.config.executor.slots
    assert [(each.instance, each.token) for each in executor.list_alive()] == [(ticket.instance, ticket.token)]
    assert (executor.capacity().free, executor.capacity().total) == (total - 1, total)
    assert [each.accepted for each in executor.submit(executor.list_alive())] == [True]


def test_what_the_journal_does_not_know_is_dispatched_again(house: Any) -> None:
    run, ticket = claim_one(house, "w9")
    Journal(journal_path(house.home, "w9")).close()
    taken = coroner_of(house).settle("w9", "it ended")
    assert (taken.requeued, taken.lost) == ((ticket.instance,), ())
    row = house.instances(run)["work"]
    assert (row.state, row.try_number, row.token) == ("scheduled", 0, ticket.token + 1)


def test_a_started_try_is_lost(house: Any) -> None:
    run, ticket = claim_one(house, "w9")
    journal = Journal(journal_path(house.home, "w9"))
    journal.start([(ticket.instance, ticket.token)])
    journal.close()
    taken = coroner_of(house).settle("w9", "it ended")
    assert (taken.requeued, taken.lost) == ((), (ticket.instance,))
    assert house.run_state(run) == "failed"


def test_a_journal_from_before_the_machines_start_proves_nothing(house: Any) -> None:
    _, ticket = claim_one(house, "w9")
    path = journal_path(house.home, "w9")
    Journal(path).close()
    path.write_text("boot another-start\nplace another-start/somewhere\n")
    assert coroner_of(house).settle("w9", "it ended").lost == (ticket.instance,)


def test_a_journalled_outcome_is_replayed(house: Any) -> None:
    run, ticket = claim_one(house, "w9")
    journal = Journal(journal_path(house.home, "w9"))
    journal.start([(ticket.instance, ticket.token)])
    journal.outcomes([Outcome(ticket.instance, ticket.token, "success", house.clock.now())])
    journal.close()
    taken = coroner_of(house).settle("w9", "it ended")
    assert (taken.requeued, taken.lost) == ((), ())
    assert house.run_state(run) == "success"
    assert not journal_path(house.home, "w9").exists()


def test_a_worker_of_the_same_host_name_elsewhere_is_left_to_its_lease(house: Any, tmp_path: Path) -> None:
    """Two containers may have one name and one home: that this one sees no process of the other proves nothing."""
    _, ticket = claim_one(house, "w9")
    path = journal_path(house.home, "w9")
    Journal(path).close()
    boot = boot_id()
    path.write_text(f"boot {boot}\nplace {boot}/pid:[1]\n")
    assert coroner_of(house).settle_leftovers() == []
    assert house.instances(ticket.run)["work"].state == "running"
    Journal(journal_path(house.home, "w10")).close()
    assert coroner_of(house).settle_leftovers() == ["w10"], "one of this place is settled beside it"


def test_before_the_machines_start_on_its_own_disk_a_worker_has_ended(tmp_path: Path) -> None:
    assert is_within_sight(this_place(), tmp_path / "w.journal")
    assert is_within_sight("another-start/pid:[1]", tmp_path / "w.journal")
    assert not is_within_sight("", tmp_path / "w.journal"), "of an earlier release"


def test_leftovers_of_a_dead_watcher_are_settled_by_the_next(small_house: Any) -> None:
    house = small_house
    _, ticket = claim_one(house, "w9")
    Journal(journal_path(house.home, "w9")).close()
    living = journal_path(house.home, "alive")
    Journal(living).close()
    environ = {**os.environ, "TRADEWIND_WORKER": "alive"}
    command = [sys.executable, "-c", "print(flush=True); input()", "tradewind.execution.worker"]
    with subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert coroner_of(house).settle_leftovers() == ["w9"]
        process.communicate(b"\n")
    assert living.exists()
    assert house.instances(ticket.run)["work"].state == "scheduled"
