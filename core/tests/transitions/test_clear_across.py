"""Clearing several runs, and across DAGs by markers: what it would do, what it does, and what stops it."""

from __future__ import annotations

from typing import Any

import pytest
from tradewind.serialization.model import Mark
from tradewind.transitions import clear_across
from tradewind.transitions.clear_across import TooDeepError, Wish
from tradewind_plugins.exceptions import TradewindException


def marker(dag_id: str, task_id: str, *, date: str | None = None, depth: int = 10) -> dict[str, Any]:
    return {"is_empty": True, "marks": Mark(dag_id, task_id, date, depth)}


def ran(world: Any, shape: Any, *, failing: tuple[str, ...] = ()) -> int:
    """Add a DAG and a run of it, and play it to its end."""
    run = world.begin(shape)
    while found := world.tickets(run):
        for ticket in found:
            world.finish(ticket, "failed" if ticket.task_id in failing else "success")
        world.go_on()
    return run


def preview(world: Any, *wishes: Wish, **more: Any) -> list[clear_across.Step]:
    with world.database.read() as conn:
        return clear_across.preview(conn, wishes, graphs=world.graphs, **more)


def wish(run: int, *task_ids: str, **more: Any) -> Wish:
    return Wish(run, frozenset(task_ids), **more)


def told(steps: list[clear_across.Step]) -> dict[str, list[str]]:
    return {step.plan.run.dag_id: [row.task_id for row in step.plan.named] for step in steps}


def clear_all(world: Any, steps: list[clear_across.Step]) -> list[Any]:
    """Clear, and return what was done for each step; None where it was left out."""
    done = clear_across.clear_all(lambda _step, work: world.database.write(work), steps, **world.tools)
    return [done.get(step.wish.run) for step in steps]


def two_dags(world: Any, graph: Any) -> tuple[int, int, int]:
    """One that marks a task of the second, the second, and a neighbour of which nothing is marked."""
    world.add_worker()
    first = ran(world, graph([("a", "tell")], dag_id="first", tell=marker("second", "b")))
    second = ran(world, graph([("before", "b"), ("b", "c")], tasks=["beside"], dag_id="second"))
    third = ran(world, graph([("b", "c")], dag_id="third"))
    return first, second, third


def test_a_marker_clears_what_it_marks_and_what_is_below_and_no_neighbour(world, graph):
    first, second, third = two_dags(world, graph)
    steps = preview(world, wish(first, "a", "tell"))
    assert told(steps) == {"first": ["a", "tell"], "second": ["b", "c"]}
    assert [step.plan.queues_run for step in steps] == [True, True]
    assert {world.run_state(run) for run in (first, second, third)} == {"success"}, "a preview changes nothing"
    done = clear_all(world, steps)
    assert [len(each.cleared) for each in done] == [2, 2]
    assert (world.run_state(first), world.run_state(second), world.run_state(third)) == ("queued", "queued", "success")
    assert world.states(second) == {"before": "success", "beside": "success", "b": "none", "c": "none"}
    for run, version in ((first, 1), (second, 2)):
        with world.database.read() as conn:
            shape = world.graphs.get(conn, version)
        assert world.differences(run, shape) == []


def test_a_marker_that_is_not_cleared_leads_nowhere(small_world, graph):
    world = small_world
    first, second, _ = two_dags(world, graph)
    assert told(preview(world, wish(first, "a"))) == {"first": ["a"]}
    assert told(preview(world, wish(first, "a", "tell"), follows_markers=False)) == {"first": ["a", "tell"]}
    only = preview(world, wish(first, "a", "tell", states=("failed",)))
    assert told(only) == {"first": []}, "only what failed is followed too"
    assert world.run_state(second) == "success"


def test_the_date_of_the_other_run_is_filled_in_and_a_run_that_is_not_there_is_nothing(small_world, graph):
    world = small_world
    world.add_worker()
    tomorrow = "{{ (logical_date + macros.timedelta(days=1)).isoformat() }}"
    first = ran(world, graph(dag_id="first", tell=marker("{{ dag_run.dag_id }}_next", "b", date=tomorrow)))
    assert told(preview(world, wish(first, "tell"))) == {"first": ["tell"]}
    today = ran(world, graph(dag_id="first_next", tasks=["b"]))
    world.clock.pass_(days=1)
    second = world.add_run(graph(dag_id="first_next", tasks=["b"]), run_id="r2")
    for ticket in world.tickets(second):
        world.finish(ticket)
    assert [step.plan.run.id for step in preview(world, wish(first, "tell"))] == [first, second]
    assert world.run_state(today) == "success"


@pytest.mark.parametrize(
    ("date", "said"),
    [
        ("{{ var.value.day }}", "cannot be filled in outside of a task: 'var' is undefined"),
        ("{{ ds }}T25", "makes '2026-01-01T25' of its execution_date"),
        ("{{ ds.__class__.__mro__ }}", "cannot be filled in outside of a task"),
    ],
)
def test_what_cannot_be_filled_in_is_named_and_the_way_round_works(small_world, graph, date, said):
    world = small_world
    world.add_worker()
    first = ran(world, graph(dag_id="first", tell=marker("second", "b", date=date)))
    with pytest.raises(TradewindException, match="Marker 'tell' of DAG 'first'") as raised:
        preview(world, wish(first, "tell"))
    assert said in str(raised.value)
    assert told(preview(world, wish(first, "tell"), follows_markers=False)) == {"first": ["tell"]}


def test_a_chain_that_is_too_long_is_refused_and_a_circle_is_gone_round_once(small_world, graph):
    world = small_world
    world.add_worker()
    shapes = [graph(dag_id=f"d{n}", tell=marker(f"d{n + 1}", "tell", depth=2 if n == 0 else 10)) for n in range(3)]
    first, *_ = [ran(world, shape) for shape in shapes]
    with pytest.raises(TooDeepError, match="Marker 'tell' of DAG 'd2' is one more than the 2 in a row"):
        preview(world, wish(first, "tell"))
    ring = [graph(dag_id=f"ring{n}", tell=marker(f"ring{1 - n}", "tell", depth=5)) for n in range(2)]
    one, other = [ran(world, shape) for shape in ring]
    steps = preview(world, wish(one, "tell"))
    assert [step.plan.run.id for step in steps] == [one, other]
    assert [len(each.cleared) for each in clear_all(world, steps)] == [1, 1]


def test_what_runs_stops_the_clear_of_its_run_and_the_other_run_is_cleared(small_world, graph):
    world = small_world
    first, second, _ = two_dags(world, graph)
    world.clear(second, "c")
    world.database.write(lambda c: clear_across.runs.start(c, second, now=world.clock.at))
    world.database.write(
        lambda c: c.exec_driver_sql(
            f"UPDATE task_instance SET state = 'running' WHERE task_id = 'c' AND run = {second}"
        )
    )
    steps = preview(world, wish(first, "tell"))
    assert [[row.task_id for row in step.plan.running] for step in steps] == [[], ["c"]]
    done = clear_all(world, steps)
    assert [(len(each.cleared), len(each.running)) for each in done] == [(1, 0), (0, 1)]
    assert world.states(second)["b"] == "success"


def test_where_a_marker_s_run_has_begun_since_it_leads_nowhere(small_world, graph):
    world = small_world
    first, second, _ = two_dags(world, graph)
    steps = preview(world, wish(first, "a", "tell"))
    world.clear(first, "a")
    world.database.write(
        lambda c: c.exec_driver_sql(f"UPDATE task_instance SET state = 'running' WHERE task_id = 'a' AND run = {first}")
    )
    done = clear_all(world, steps)
    assert (done[0].cleared, done[1]) == ((), None)
    assert world.run_state(second) == "success"


def test_two_ways_into_a_run_are_one_step_and_a_deleted_run_is_passed_over(small_world, graph):
    world = small_world
    first, second, third = two_dags(world, graph)
    steps = preview(world, wish(first, "tell"), wish(second, "before"), wish(5, "x"))
    assert told(steps) == {"first": ["tell"], "second": ["before", "b", "c"]}
    world.database.write(lambda c: c.exec_driver_sql(f"DELETE FROM dag_run WHERE id = {second}"))
    assert [len(each.cleared) for each in clear_all(world, steps)] == [1, 0]
    assert world.run_state(third) == "success"


def test_the_preview_says_what_collapses(small_world, graph, pushed):
    world = small_world
    world.add_worker()
    shape = graph([("make", "each")], each={"expand": (("x", ("make", "return_value")),)})
    run = world.begin(shape)
    world.finish(world.start()["make"], xcoms=(pushed(3),))
    world.go_on()
    for ticket in world.start().values():
        world.finish(ticket)
    (step,) = preview(world, wish(run, "make", "each"))
    effects = {(row.task_id, row.map_index): step.plan.effect(row) for row in step.plan.named}
    assert effects == {
        ("make", -1): "runs again",
        ("each", 0): "becomes unexpanded",
        ("each", 1): "is expanded anew",
        ("each", 2): "is expanded anew",
    }
    (one,) = preview(world, wish(run, "each", map_indexes=[1]))
    assert [(row.map_index, one.plan.effect(row)) for row in one.plan.named] == [(1, "runs again")]


def test_statements_grow_with_runs_and_not_with_tasks(world, graph, statements):
    world.add_worker()
    counts = []
    for size in (2, 40):
        names = [f"t{n}" for n in range(size)]
        shape = graph(dag_id=f"wide{size}", tasks=names, **{name: {"is_empty": True} for name in names})
        run = world.begin(shape)
        with statements.recorded(world.database) as found:
            steps = preview(world, wish(run, *names))
            looked = len(found.texts)
            clear_all(world, steps)
        counts.append((looked, len(found.texts)))
    assert counts[0] == counts[1]
    assert counts[0][0] == 3
