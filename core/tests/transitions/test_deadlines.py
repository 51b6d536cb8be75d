"""Deadlines: a run that takes too long fails, a task that is late is told of; what is in time costs nothing when it ends."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from tradewind.metadata import tables
from tradewind.metadata.statements import deadlines as statements_of
from tradewind.transitions import deadlines, recount, runs

ON_FAILURE = {"on_failure_callback": ("alarm",), "sla_miss_callback": ("late",)}


def meet(world: Any) -> int:
    with world.database.read() as conn:
        due = statements_of.due_runs(conn, now=world.clock.at, most=10)
    for run, _dag_id in due:
        world.database.write(lambda c, run=run: deadlines.meet(c, run, **world.tools))
    return len(due)


def rows(world: Any) -> list[Any]:
    with world.database.read() as conn:
        return list(
            conn.execute(sa.select(tables.deadline).order_by(tables.deadline.c.task_id, tables.deadline.c.kind))
        )


def owed(world: Any) -> list[Any]:
    with world.database.read() as conn:
        return list(conn.execute(sa.select(tables.callback).order_by(tables.callback.c.id)))


def test_a_run_that_takes_too_long_fails_and_what_is_unfinished_is_skipped(world, graph):
    world.add_worker()
    shape = graph([("a", "b"), ("b", "c"), ("x", "y")], dagrun_timeout=60.0, callbacks=ON_FAILURE)
    run = world.begin(shape)
    started = world.start()
    world.finish(started["a"])
    (b,) = world.claim().values()
    world.clock.pass_(seconds=59)
    assert meet(world) == 0
    world.clock.pass_(seconds=1)
    assert meet(world) == 1
    assert world.run_state(run) == "failed"
    assert world.states(run) == {"a": "success", "b": "skipped", "c": "skipped", "x": "skipped", "y": "skipped"}
    assert world.differences(run, shape) == []
    (ended,) = world.tries(run, "b")
    assert (ended.state, ended.cause) == (
        "skipped",
        "the run took longer than its dagrun_timeout of 0:01:00 [run-timed-out]",
    )
    (answer,) = world.finish(b).answers
    assert answer.verdict == "already recorded", "who still runs it hears that it is over"
    assert world.states(run)["c"] == "skipped"
    (row,) = owed(world)
    assert (row.kind, json.loads(row.details)) == ("on_failure_callback", {"reason": "timed_out"})
    (missed,) = rows(world)
    assert (missed.kind, missed.due_at, missed.missed_at) == ("dagrun_timeout", None, world.clock.at)
    assert meet(world) == 0


def test_a_run_that_ends_in_time_is_left_alone_and_one_that_was_cleared_has_the_whole_time_again(small_world, graph):
    world = small_world
    world.add_worker()
    run = world.begin(graph(tasks=["a"], dagrun_timeout=60.0))
    world.finish(world.start()["a"])
    world.clock.pass_(seconds=61)
    assert (meet(world), rows(world), world.run_state(run)) == (1, [], "success")
    world.clear(run, "a")
    world.database.write(lambda c: recount.start_queued(c, run, **world.tools))
    world.clock.pass_(seconds=59)
    assert meet(world) == 0
    world.clock.pass_(seconds=1)
    assert (meet(world), world.run_state(run)) == (1, "failed")


def scheduled(world: Any, shape: Any, run_id: str = "s1") -> int:
    return world.database.write(
        lambda c: runs.create_run(
            c,
            version_id=world.version,
            graph=shape,
            run_id=run_id,
            run_type="scheduled",
            logical_date=world.clock.at - timedelta(days=1),
            data_interval_start=world.clock.at - timedelta(days=1),
            data_interval_end=world.clock.at,
            conf={},
            triggered_by="scheduler",
            **{name: world.tools[name] for name in ("clock", "ids")},
        )
    )


def test_tasks_that_have_not_succeeded_by_their_sla_are_told_of_once(world, graph):
    world.add_worker()
    shape = graph([("a", "b"), ("b", "c")], slas={"a": 60.0, "b": 60.0, "c": 3600.0}, callbacks=ON_FAILURE)
    world.add_dag(shape)
    run = scheduled(world, shape)
    world.finish(world.start()["a"])
    world.clock.pass_(seconds=60)
    assert meet(world) == 1
    found = [(row.task_id, row.missed_at is not None, row.due_at is not None) for row in rows(world)]
    assert found == [("b", True, False), ("c", False, True)], "what succeeded is no more, what is to come stays"
    (row,) = owed(world)
    details = json.loads(row.details)
    assert (row.kind, row.run, row.task_id) == ("sla_miss_callback", run, None)
    assert [task for task, _at in details["slas"]] == ["b"]
    assert details["blocking"] == [["b", -1, "queued"], ["c", -1, "none"]]
    assert (meet(world), len(owed(world))) == (0, 1)
    assert world.run_state(run) == "running"


def test_runs_that_people_make_have_no_sla(small_world, graph):
    small_world.begin(graph(tasks=["a"], slas={"a": 60.0}))
    assert rows(small_world) == []


def test_a_dag_without_deadlines_costs_no_statement(small_world, graph, statements):
    small_world.add_dag(graph(tasks=["a"]))
    with statements.recorded(small_world.database) as recorded:
        small_world.add_run(small_world.graphs.get(None, small_world.version))
    assert not any("deadline" in text for text in recorded.texts)


ALARMS = {"deadline.0": ("ring",), "deadline.1": ("write", "mail")}


def test_a_run_that_has_not_succeeded_by_its_deadline_is_told_of_and_goes_on(world, graph):
    world.add_worker()
    shape = graph([("a", "b")], deadlines=(("queued_at", 60.0), ("queued_at", 3600.0)), callbacks=ALARMS)
    run = world.begin(shape)
    world.finish(world.start()["a"])
    world.clock.pass_(seconds=60)
    assert meet(world) == 1
    (row,) = owed(world)
    assert (row.kind, row.state, json.loads(row.names), row.task_id) == ("deadline.0", "running", ["ring"], None)
    assert [(each.kind, each.missed_at is not None) for each in rows(world)] == [
        ("deadline.0", True),
        ("deadline.1", False),
    ]
    assert world.run_state(run) == "running"
    world.finish(world.start()["b"])
    assert world.run_state(run) == "success"
    world.clock.pass_(seconds=3540)
    assert meet(world) == 1
    assert [each.kind for each in rows(world)] == ["deadline.0"], "it succeeded in time for the second one"
    assert len(owed(world)) == 1


def test_a_failed_run_misses_its_deadline_and_one_that_succeeded_too_late_has_missed_it(small_world, graph):
    world = small_world
    world.add_worker()
    moment = world.clock.at + timedelta(seconds=90)
    shape = graph(tasks=["a"], deadlines=((moment.isoformat(), -30.0), ("logical_date", 86400.0)), callbacks=ALARMS)
    world.begin(shape)
    assert [row.due_at for row in rows(world)] == [moment - timedelta(seconds=30), world.clock.at + timedelta(days=1)]
    world.finish(world.start()["a"], "failed")
    world.clock.pass_(seconds=61)
    assert meet(world) == 1
    assert [row.kind for row in owed(world) if row.kind != "on_failure_callback"] == ["deadline.0"]
    late = world.add_run(shape, run_id="r2")
    world.clock.pass_(seconds=1)
    world.finish(world.start()["a"])
    assert (world.run_state(late), meet(world)) == ("success", 1)
    assert [row.state for row in owed(world)] == ["failed", "success"], "its fixed moment had passed when it was made"
