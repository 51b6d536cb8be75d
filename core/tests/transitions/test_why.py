"""Why something does not run: each cause has its own true sentence, which is gone when the cause is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from tradewind.metadata import tables
from tradewind.metadata.statements import holds, listings, schedules
from tradewind.transitions import daemons, recount
from tradewind.transitions.why import Why


@pytest.fixture
def lively(world):
    """A scheduler and a worker that live."""
    world.add_worker()
    add_daemon(world, "scheduler")
    return world


def add_daemon(world, kind):
    register = partial(
        daemons.register, daemon_id=kind, kind=kind, host="h", pid=1, clock=world.clock, leases=world.leases
    )
    world.database.write(register)


def ask(world, run, task_id=None, map_index=-1):
    with world.database.read() as conn:
        asked = Why(conn, world.graphs, world.clock)
        (found,) = listings.list_runs(conn, key=run)
        return asked.run(found) if task_id is None else asked.task(found, task_id, map_index)


def ask_dag(world, dag_id="d"):
    with world.database.read() as conn:
        (found,) = listings.list_dags(conn, dag_id=dag_id, include_inactive=True)
        return Why(conn, world.graphs, world.clock).dag(found)


def change_dag(world, **values):
    world.database.write(lambda c: c.execute(tables.dag.update().values(**values)))


def test_an_unmet_rule_names_what_it_waits_for(lively, graph):
    run = lively.begin(graph([("a", "c"), ("b", "c"), ("c", "d")]))
    tickets = lively.start()
    assert ask(lively, run, "c") == "Its trigger rule all_success waits for 'a' (running), 'b' (running)."
    assert ask(lively, run) == "'a', 'b' run."
    lively.finish(tickets["a"])
    assert ask(lively, run, "c") == "Its trigger rule all_success waits for 'b' (running)."
    assert ask(lively, run, "d") == "Its trigger rule all_success waits for 'c' (not decided yet)."
    lively.finish(tickets["b"])
    assert "trigger rule" not in ask(lively, run, "c")


def test_a_full_pool_says_so_until_it_has_room(lively, graph):
    lively.add_pool("small", 1)
    run = lively.begin(graph(tasks=["a", "b"], a={"pool": "small", "priority": 2}, b={"pool": "small"}))
    ticket = lively.start()["a"]
    assert ask(lively, run, "b") == "Pool 'small' is full: 1 of its 1 slots are taken."
    lively.finish(ticket)
    assert ask(lively, run, "b") == "There is room: the next step of a scheduler admits them."


def test_a_missing_executor_and_a_missing_scheduler_say_so(world, graph):
    run = world.begin(graph(tasks=["a"]))
    assert ask(world, run, "a") == "No scheduler lives: start `tradewind scheduler`."
    add_daemon(world, "scheduler")
    assert ask(world, run, "a") == "No worker of local lives: start `tradewind worker`."
    world.add_worker()
    assert ask(world, run, "a") == "There is room: the next step of a scheduler admits them."


def test_a_paused_dag_says_so_until_it_is_unpaused(lively, graph):
    run = lively.begin(graph(tasks=["a"]), is_paused=True)
    sentence = "DAG 'd' is paused: `tradewind dags unpause d`."
    assert (ask_dag(lively), ask(lively, run)) == (sentence, sentence)
    assert ask(lively, run, "a") == f"Its run has not started. {sentence}"
    change_dag(lively, is_paused=False)
    lively.database.write(partial(recount.start_queued, run=run, **lively.tools))
    assert ask(lively, run, "a") == "There is room: the next step of a scheduler admits them."


def test_a_quarantined_version_says_what_the_scheduler_stumbled_over(lively, graph):
    run = lively.begin(graph([("a", "b")]))
    lively.database.write(partial(schedules.quarantine, dag_id="d", reason="ValueError: odd"))
    sentence = "DAG 'd' is in quarantine, as a scheduler stumbled over it: ValueError: odd"
    assert (ask_dag(lively), ask(lively, run, "b")) == (sentence, sentence)
    change_dag(lively, quarantine=None)
    assert "quarantine" not in ask(lively, run, "b")


def test_a_limit_of_runs_and_one_of_tasks_say_so(lively, graph):
    shape = graph(tasks=["a", "b"])
    first = lively.begin(shape, max_active_runs=1, max_active_tasks=1)
    second = lively.add_run(shape, run_id="second")
    assert ask(lively, second) == "1 of its runs are active, as many as its max_active_runs allows."
    lively.start()
    assert ask(lively, first, "b") == "DAG 'd' has 1 tasks at work, as many as its max_active_tasks allows."


def test_a_task_with_a_limit_of_its_own_says_so(lively, graph):
    shape = graph(tasks=["a"], a={"expand": (("x", 3),), "max_active_tis_per_dag": 1})
    run = lively.begin(shape)
    limit = {"dag_id": "d", "task_id": "a", "per_dag": 1, "per_run": None}
    lively.database.write(lambda c: c.execute(tables.task_limit.insert().values(limit)))
    lively.start()
    assert ask(lively, run, "a", 1) == "1 instances of 'a' are at work, as many as its max_active_tis_per_dag allows."


@pytest.mark.parametrize(
    ("about", "sentence"),
    [
        ({}, "DAG 'd' is held"),
        ({"run": True}, "Run 'r1' of DAG 'd' is held"),
        ({"task_id": "a"}, "Task 'a' of DAG 'd' is held"),
        ({"run": True, "task_id": "a", "map_index": -1}, "Task 'a[-1]' of run 'r1' of DAG 'd' is held"),
    ],
)
def test_a_hold_keeps_tasks_from_being_admitted_and_says_so_until_it_is_released(lively, graph, about, sentence):
    run = lively.begin(graph(tasks=["a", "b"]))
    row = {"id": 7, "dag_id": "d", "held_at": lively.clock.at, "reason": "the ferry is late", **about}
    row["run"] = run if about.get("run") else None
    lively.database.write(lambda c: holds.add(c, row))
    held = ["a", "b"] if "task_id" not in about else ["a"]
    started = lively.start()
    assert sorted(started) == sorted({"a", "b"} - set(held))
    asked = ask(lively, run, "a")
    assert asked.startswith(sentence)
    assert asked.endswith(", 'the ferry is late': `tradewind holds release 7`.")
    lively.database.write(lambda c: holds.release(c, [7]))
    assert "held" not in ask(lively, run, "a")
    assert sorted(lively.start()) == held


def test_an_end_does_not_hand_its_slot_to_what_is_held(lively, graph):
    run = lively.begin(graph([("a", "b")]))
    ticket = lively.start()["a"]
    row = {"id": 7, "dag_id": "d", "run": None, "task_id": "b", "map_index": None, "held_at": lively.clock.at}
    lively.database.write(lambda c: holds.add(c, row))
    result = lively.end(lively.outcome(ticket), claimer=lively.claimer(free=1))
    assert result.tickets == ()
    assert lively.states(run)["b"] == "scheduled"
    assert lively.start() == {}


def test_a_trigger_says_what_it_waits_for_and_what_is_wrong_with_it(lively, graph):
    run = lively.begin(graph(tasks=["a"]))
    lively.start()
    key = lively.row(run, "a").id
    defer(lively, key)
    assert ask(lively, run, "a") == "It waits for FileTrigger, and no triggerer lives: start `tradewind triggerer`."
    add_daemon(lively, "triggerer")
    assert ask(lively, run, "a") == "It waits for FileTrigger, which a triggerer takes over when it has room."
    change_trigger(lively, triggerer="triggerer")
    assert ask(lively, run, "a") == f"It waits for FileTrigger since {lively.clock.at.isoformat()}."
    change_trigger(lively, problem="it blocks the loop of its triggerer.")
    assert ask(lively, run, "a") == "It waits for FileTrigger: it blocks the loop of its triggerer."


def defer(world, key):
    ti = tables.task_instance
    deferral = {
        "instance": key,
        "token": 1,
        "classpath": "tradewind.triggers.file.FileTrigger",
        "kwargs": "",
        "method": "execute",
        "method_kwargs": "",
        "began_at": world.clock.at,
        "deferred_at": world.clock.at,
        "claim": 0,
    }
    world.database.write(lambda c: c.execute(ti.update().where(ti.c.id == key).values(state="deferred")))
    world.database.write(lambda c: c.execute(tables.deferral.insert().values(deferral)))


def change_trigger(world, **values):
    world.database.write(lambda c: c.execute(tables.deferral.update().values(**values)))


def test_a_retry_says_when(lively, graph):
    run = lively.begin(graph(tasks=["a"], a={"retries": 1}))
    lively.finish(lively.start()["a"], "failed")
    later = (lively.clock.at + timedelta(seconds=60)).isoformat()
    assert ask(lively, run, "a") == f"Its try 1 failed; it is tried again at {later}."
    assert ask(lively, run) == f"Task 'a': Its try 1 failed; it is tried again at {later}."


def test_what_has_ended_says_so_and_what_is_not_there_is_an_error(lively, graph):
    run = lively.begin(graph(tasks=["a"]))
    lively.finish(lively.start()["a"])
    ended = f"It has ended as success at {lively.clock.at.isoformat()}."
    assert (ask(lively, run, "a"), ask(lively, run)) == (ended, ended)
    with pytest.raises(LookupError, match=r"Run 'r1' of DAG 'd' has no task 'a\[3\]'"):
        ask(lively, run, "a", 3)


def test_a_dag_says_when_its_next_run_is_due(lively, graph):
    lively.add_dag(replace(graph(tasks=["a"]), dag_id="d"))
    assert ask_dag(lively).startswith("Its schedule has no next run")
    due = lively.clock.at + timedelta(hours=1)
    change_dag(lively, due_at=due)
    assert ask_dag(lively) == f"Its next run is due at {due.isoformat()}."
    change_dag(lively, is_active=False)
    assert ask_dag(lively) == "The file of DAG 'd' does not make it any more: p.py."


def test_asking_changes_nothing(lively, graph):
    run = lively.begin(graph([("a", "b")]))
    with lively.database.read() as conn:
        before = conn.execute(sa.select(tables.task_instance)).all()
    ask(lively, run)
    with lively.database.read() as conn:
        assert conn.execute(sa.select(tables.task_instance)).all() == before
