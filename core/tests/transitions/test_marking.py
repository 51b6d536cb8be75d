"""Marking tasks and runs by hand: what changes, what goes on below, what is stopped, and that counters equal a recount."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa
from tradewind.metadata import tables
from tradewind.transitions import daemons, marking, recount
from tradewind.transitions.values import Deferral
from tradewind_plugins.exceptions import TradewindException

TOLD = {"on_failure_callback": ("alarm",), "on_success_callback": ("cheer",)}


def mark(world: Any, run: int, state: str, *task_ids: str, **more: Any) -> marking.MarkPlan:
    return world.database.write(lambda c: marking.mark_tasks(c, run, task_ids, state, **more, **world.tools))


def mark_run(world: Any, run: int, state: str, **more: Any) -> marking.MarkPlan:
    return world.database.write(lambda c: marking.mark_run(c, run, state, **more, **world.tools))


def start(world: Any, run: int) -> recount.Start:
    return world.database.write(lambda c: recount.start_queued(c, run, **world.tools))


def owed(world: Any) -> list[tuple[str, str | None, Any]]:
    with world.database.read() as conn:
        rows = conn.execute(sa.select(tables.callback).order_by(tables.callback.c.id))
        return [(row.kind, row.task_id, json.loads(row.details)) for row in rows]


def test_a_failed_task_that_is_marked_as_success_lets_what_it_kept_back_run(small_world, graph):
    world = small_world
    world.add_worker()
    shape = graph([("a", "b"), ("b", "c"), ("x", "y")])
    run = world.begin(shape)
    started = world.start()
    world.finish(started["a"], "failed")
    world.finish(started["x"])
    world.finish(world.claim()["y"])
    assert (world.run_state(run), world.states(run)["b"]) == ("failed", "upstream_failed")
    plan = mark(world, run, "success", "a", reason="done by hand")
    assert [(row.task_id, state) for row, state in plan.marked] == [("a", "success")]
    assert [row.task_id for row in plan.clears.named] == ["b", "c"]
    assert (plan.run_becomes, world.run_state(run)) == ("queued", "queued")
    assert world.tries(run, "a")[-1].cause == "marked as success by hand: done by hand"
    assert world.differences(run, shape) == []
    start(world, run)
    assert list(world.start()) == ["b"]
    assert world.states(run)["y"] == "success", "the neighbour is left alone"


def test_a_running_task_is_stopped_and_what_it_says_then_counts_no_more(world, graph):
    world.add_worker()
    shape = graph([("a", "b"), ("x", "y")], a={"callbacks": TOLD, "retries": 3})
    run = world.begin(shape)
    started = world.start()
    plan = mark(world, run, "failed", "a")
    assert [row.task_id for row in plan.stopped] == ["a"]
    assert world.states(run) == {"a": "failed", "b": "upstream_failed", "x": "running", "y": "none"}
    assert owed(world)[0][:2] == ("on_failure_callback", "a")
    assert owed(world)[0][2]["cause"] == "marked as failed by hand"
    (answer,) = world.finish(started["a"]).answers
    assert (answer.verdict, world.states(run)["a"]) == ("already recorded", "failed")
    world.finish(started["x"])
    world.finish(world.claim()["y"])
    assert (world.run_state(run), world.differences(run, shape)) == ("failed", [])


def test_what_was_stopped_is_not_cleared_before_its_worker_has_told_that_it_is_gone(world, graph):
    world.add_worker()
    world.add_worker("w2")
    shape = graph(tasks=["a", "b", "x"])
    run = world.begin(shape)
    world.renew()
    world.admit()
    first, second = world.claim(free=2), world.claim("w2", free=1)
    mark_run(world, run, "failed")
    ids = {row.task_id: row.id for row, _ in mark_run(world, run, "success").marked}
    cleared = world.clear(run, *shape.tasks)
    assert (cleared.cleared, sorted(cleared.running)) == ((), sorted(ids.values()))
    for ticket in first.values():
        world.finish(ticket, "failed")
    (other,) = second.values()
    assert world.clear(run, other.task_id).running == (ids[other.task_id],)
    assert len(world.clear(run, *first).cleared) == 2, "the neighbours are cleared"
    world.database.write(lambda c: daemons.report_ended(c, "w2", **world.tools))
    assert world.clear(run, other.task_id).cleared == (ids[other.task_id],), "a worker that ended has no process left"
    assert world.differences(run, shape) == []


def test_what_waits_and_what_ended_is_marked_without_a_callback(small_world, graph, pushed):
    world = small_world
    world.add_worker()
    shape = graph([("a", "b"), ("b", "c")], b={"callbacks": TOLD})
    run = world.begin(shape)
    started = world.start()
    mark(world, run, "skipped", "b")
    assert world.states(run) == {"a": "running", "b": "skipped", "c": "skipped"}
    world.finish(started["a"])
    assert (world.run_state(run), owed(world), world.differences(run, shape)) == ("success", [], [])
    assert mark(world, run, "skipped", "b").is_nothing
    mark(world, run, "failed", "c")
    assert world.run_state(run) == "failed", "a run that ended has the end that its tasks say now"
    mark(world, run, "success", "c", "b")
    assert (world.run_state(run), world.differences(run, shape)) == ("success", [])


def test_one_index_is_marked_and_its_siblings_go_on(small_world, graph, pushed):
    world = small_world
    world.add_worker()
    shape = graph([("make", "each"), ("each", "end")], each={"expand": (("x", ("make", "return_value")),)})
    run = world.begin(shape)
    world.finish(world.start()["make"], xcoms=(pushed(3),))
    world.go_on()
    started = world.start()
    mark(world, run, "success", "each", map_indexes=[1])
    assert world.states(run) == {
        "make": "success",
        "each[0]": "running",
        "each[1]": "success",
        "each[2]": "running",
        "end": "none",
    }
    world.finish(started["each[0]"])
    world.finish(started["each[2]"])
    assert world.states(run)["end"] in {"scheduled", "queued"}
    assert world.differences(run, shape) == []


def test_an_unexpanded_task_is_marked_as_one(small_world, graph):
    world = small_world
    world.add_worker()
    shape = graph([("make", "each"), ("each", "end")], each={"expand": (("x", ("make", "return_value")),)})
    run = world.begin(shape)
    make = world.start()["make"]
    mark(world, run, "success", "each")
    world.finish(make)
    world.go_on()
    assert world.states(run)["each"] == "success"
    world.finish(world.start()["end"])
    assert (world.run_state(run), world.differences(run, shape)) == ("success", [])


def test_a_run_that_is_marked_as_failed_ends_with_what_is_at_work(world, graph):
    world.add_worker()
    shape = graph([("a", "b"), ("x", "y")], tasks=["done", "later"], a={"callbacks": TOLD}, callbacks=TOLD)
    run = world.begin(shape)
    started = world.start()
    world.finish(started["done"])
    world.finish(started["later"], "up_for_reschedule", due_at=world.clock.at)
    world.end(
        world.outcome(
            started["x"], "deferred", deferral=Deferral("m.Trigger", "{}", "go_on", "{}", began_at=world.clock.at)
        )
    )
    mark_run(world, run, "failed")
    assert world.states(run) == {
        "a": "failed",
        "b": "skipped",
        "x": "failed",
        "y": "skipped",
        "done": "success",
        "later": "failed",
    }
    assert (world.run_state(run), world.differences(run, shape)) == ("failed", [])
    assert [each[:2] for each in owed(world)] == [("on_failure_callback", "a"), ("on_failure_callback", None)]
    assert owed(world)[-1][2] == {"reason": "marked"}
    assert world.tries(run, "a")[-1].cause == "marked as failed, with its run, by hand"
    assert mark_run(world, run, "failed").is_nothing
    with world.database.read() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(tables.deferral)).scalar_one() == 0


def test_a_run_that_is_marked_as_success_has_successful_tasks_and_ends(small_world, graph):
    world = small_world
    world.add_worker()
    shape = graph([("a", "b"), ("b", "c")])
    run = world.begin(shape)
    world.finish(world.start()["a"], "failed")
    assert world.run_state(run) == "failed"
    mark_run(world, run, "success")
    assert set(world.states(run).values()) == {"success"}
    assert (world.run_state(run), world.differences(run, shape)) == ("success", [])
    assert mark_run(world, run, "failed").marked == ()
    assert (world.run_state(run), set(world.states(run).values())) == ("failed", {"success"})


def test_teardowns_still_run_and_the_run_ends_after_them(small_world, graph):
    world = small_world
    world.add_worker()
    shape = graph(
        [("make", "work"), ("work", "drop"), ("make", "drop")],
        make={"is_setup": True, "in_scope": ("drop",)},
        drop={"is_teardown": True, "trigger_rule": "all_done_setup_success", "setups": ("make",)},
    )
    run = world.begin(shape)
    world.finish(world.start()["make"])
    mark_run(world, run, "failed")
    assert world.states(run)["work"] == "upstream_failed"
    assert world.run_state(run) == "running"
    world.finish(world.start()["drop"])
    assert (world.run_state(run), world.differences(run, shape)) == ("failed", [])
    assert mark_run(world, run, "success").run_becomes == "success"
    assert world.states(run) == {"make": "success", "work": "success", "drop": "success"}


def test_a_run_that_waits_to_start_is_marked_too(small_world, graph):
    world = small_world
    world.add_worker()
    shape = graph([("a", "b")])
    world.add_dag(shape, is_paused=True)
    run, other = world.add_run(shape), world.add_run(shape, run_id="r2")
    assert world.run_state(run) == "queued"
    mark_run(world, run, "failed")
    assert (world.run_state(run), world.states(run)) == ("failed", {"a": "skipped", "b": "skipped"})
    mark(world, other, "success", "a", "b")
    assert (world.run_state(other), world.differences(other, shape)) == ("queued", [])
    world.database.write(lambda c: recount.start_queued(c, other, starts_anyway=True, **world.tools))
    assert world.run_state(other) == "success"


def test_what_cannot_be_marked_is_named(small_world, graph):
    world = small_world
    run = world.begin(graph([("a", "b")]))
    with pytest.raises(LookupError, match="Run 'r1' of DAG 'd' has no task 'x' to mark"):
        mark(world, run, "success", "x")
    with pytest.raises(LookupError, match="There is no run with key 5 to mark"):
        mark_run(world, 5, "failed")
    with pytest.raises(TradewindException, match="A task is marked as one of success, failed, skipped, not as 'none'"):
        mark(world, run, "none", "a")
    with pytest.raises(TradewindException, match="A run is marked as one of success, failed, not as 'skipped'"):
        mark_run(world, run, "skipped")
    assert world.states(run)["a"] == "scheduled"


def test_marks_make_as_many_statements_for_many_tasks_as_for_few(world, graph, statements):
    counts = []
    for size in (3, 60):
        names = [f"t{n}" for n in range(size)]
        run = world.begin(graph(dag_id=f"wide{size}", tasks=names))
        with statements.recorded(world.database) as found:
            mark(world, run, "failed", *names[1:])
            tasks = len(found.texts)
            mark_run(world, run, "success")
        counts.append((tasks, len(found.texts) - tasks))
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 14
