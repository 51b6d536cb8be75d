"""Real concurrency: schedulers and workers as threads on one database, until every run has ended."""

from __future__ import annotations

import queue
import random
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tradewind.metadata import tables
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements import cleaning, continuations
from tradewind.metadata.statements.admission import lock_buckets
from tradewind.metadata.statements.retention import Limits
from tradewind.transitions import admission, claims, continuing, ends
from tradewind.transitions.values import Claimer, Outcome

RULES = ("all_success", "all_done", "one_success", "none_failed_min_one_success", "one_failed")
RUNS = 6


def layered(graph):
    rng = random.Random(11)  # noqa: S311  (repeatable, not secret)
    names = [f"t{n}" for n in range(24)]
    edges = [
        (above, name) for n, name in enumerate(names) for above in rng.sample(names[:n], min(n, rng.randint(0, 3)))
    ]
    options = {name: {"trigger_rule": rng.choice(RULES), "priority": rng.randint(1, 3)} for name in names}
    options["t5"]["expand"] = (("x", 4),)
    return graph(edges, tasks=names, **options)


def work(world, worker, left, errors):
    """Claim, end at once, claim in the same transaction, and so on while runs are open."""
    ids = RandomIds(world.clock.now)
    tickets = ()
    try:
        while not left.is_set():
            claimer = Claimer(worker, "local", 4, ids.nonce())
            outcomes = [
                Outcome(each.instance, each.token, "failed" if each.instance % 7 == 0 else "success", world.clock.at)
                for each in tickets
            ]
            if outcomes:
                tools = {"graphs": world.graphs, "clock": world.clock, "ids": ids}
                result = world.database.write(
                    lambda c, o=outcomes, b=claimer, t=tools: ends.end(c, o, claimer=b, **t), collisions=True
                )
                tickets = result.tickets
            else:
                tickets = world.database.write(lambda c, b=claimer: claims.claim(c, b, clock=world.clock))
    except Exception as error:  # noqa: BLE001  (the test's own thread raises it again)
        errors.put(error)


def schedule(world, left, errors):
    ids = RandomIds(world.clock.now)
    tools = {"graphs": world.graphs, "clock": world.clock, "ids": ids}
    try:
        while not left.is_set():
            for each in world.database.write(lambda c: continuations.first(c, 10)):
                world.database.write(lambda c, each=each: continuing.go_on(c, each, **tools))
            world.database.write(lambda c: admission.admit(c, clock=world.clock))
    except Exception as error:  # noqa: BLE001  (the test's own thread raises it again)
        errors.put(error)


@pytest.mark.parametrize("cap", [500, 3])
def test_threads_bring_every_run_to_its_end_and_every_count_is_right(world, graph, cap, monkeypatch):
    monkeypatch.setattr(ends, "MOST_ROWS", cap)
    monkeypatch.setattr(continuing, "MOST_ROWS", cap)
    shape = layered(graph)
    world.add_dag(shape)
    runs = [world.add_run(shape, run_id=f"r{n}") for n in range(RUNS)]
    left, errors = threading.Event(), queue.SimpleQueue()
    for n in range(3):
        world.add_worker(f"w{n}", slots=4)
    threads = [threading.Thread(target=work, args=(world, f"w{n}", left, errors)) for n in range(3)]
    threads += [threading.Thread(target=schedule, args=(world, left, errors)) for _ in range(2)]
    for thread in threads:
        thread.start()
    watch = threading.Event()
    for _ in range(600):
        if not errors.empty() or all(world.run_state(run) in {"success", "failed"} for run in runs):
            break
        watch.wait(0.1)
    left.set()
    for thread in threads:
        thread.join()
    if not errors.empty():
        raise errors.get()
    assert {world.run_state(run) for run in runs} <= {"success", "failed"}
    world.go_on()
    assert [world.differences(run, shape) for run in runs] == [[]] * RUNS


def remove(world, left, removed, errors):
    """Remove runs as soon as they have ended, as a maintenance DAG does it with old ones."""
    limits = Limits(world.clock.at + timedelta(days=1))
    try:
        while not left.is_set():
            done = world.database.write(lambda c: cleaning.delete_some(c, "dag_run", limits, most=2))
            removed.extend(name for _, name in done.runs)
            left.wait(0.05)
    except Exception as error:  # noqa: BLE001  (the test's own thread raises it again)
        errors.put(error)


def test_runs_are_removed_beside_what_is_at_work(world, graph):
    shape = layered(graph)
    world.add_dag(shape)
    runs = {f"r{n}": world.add_run(shape, run_id=f"r{n}") for n in range(RUNS)}
    left, removed, errors = threading.Event(), [], queue.SimpleQueue()
    for n in range(2):
        world.add_worker(f"w{n}", slots=4)
    threads = [threading.Thread(target=work, args=(world, f"w{n}", left, errors)) for n in range(2)]
    threads.append(threading.Thread(target=schedule, args=(world, left, errors)))
    threads += [threading.Thread(target=remove, args=(world, left, removed, errors)) for _ in range(2)]
    with world.database.transaction() as conn:  # so that none is the last one of its DAG
        rows = {
            "id": 1,
            "dag_id": shape.dag_id,
            "run_id": "later",
            "run_type": "manual",
            "version_id": 1,
            "state": "success",
        }
        rows |= {"logical_date": world.clock.at + timedelta(days=9), "triggered_by": "t", "queued_at": world.clock.at}
        conn.execute(tables.dag_run.insert(), rows)
    for thread in threads:
        thread.start()
    for _ in range(600):
        if not errors.empty() or len(removed) == RUNS:
            break
        left.wait(0.1)
    left.set()
    for thread in threads:
        thread.join()
    if not errors.empty():
        raise errors.get()
    assert sorted(removed) == sorted(runs)
    with world.database.read() as conn:
        for table in (
            tables.task_instance,
            tables.task_counter,
            tables.task_try,
            tables.run_progress,
            tables.continuation,
        ):
            assert conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == 0, table.name


def test_buckets_that_are_new_to_two_admitters_are_no_deadlock(server_url):
    """One of them sees a bucket that the other saw missing: whoever makes what is missing must hold no lock meanwhile."""
    database = Database(server_url)
    names = ["dag:0", "dag:1", "pool:x"]
    first_looked, second_looked, first_inserted = threading.Event(), threading.Event(), threading.Event()
    errors: queue.Queue[BaseException] = queue.Queue()

    def admit(*after_statements):
        """Lock the buckets; after its first, second … statement each of the given is called."""
        left = list(after_statements)
        try:
            with database.transaction() as conn:
                conn.exec_driver_sql("SELECT 1")
                sa.event.listen(conn, "after_cursor_execute", lambda *_: left.pop(0)() if left else None)
                lock_buckets(conn, names)
        except Exception as error:  # noqa: BLE001  (raised again below)
            errors.put(error)

    def let_second_look():
        first_looked.set()
        second_looked.wait(20)

    def let_first_insert():
        second_looked.set()
        first_inserted.wait(20)

    threads = [
        threading.Thread(target=admit, args=(let_second_look, first_inserted.set)),
        threading.Thread(target=admit, args=(let_first_insert,)),
    ]
    threads[0].start()
    assert first_looked.wait(20)
    database.write(lambda conn: lock_buckets(conn, ["dag:1"]))
    threads[1].start()
    for thread in threads:
        thread.join(30)
    database.dispose()
    assert errors.empty(), errors.get()
