"""Limits of single tasks: `max_active_tis_per_dag` and `max_active_tis_per_dagrun`, and their neighbours."""

from __future__ import annotations

from collections import Counter


def test_a_task_has_no_more_at_work_in_all_runs_and_its_neighbour_goes_on(world, graph):
    world.add_worker(slots=50)
    shape = graph(tasks=["a", "b"], a={"max_active_tis_per_dag": 2})
    world.add_dag(shape)
    world.limit("a", per_dag=2)
    for n in range(4):
        world.add_run(shape, run_id=f"r{n}")
    tickets = world.tickets()
    assert Counter(each.task_id for each in tickets) == {"a": 2, "b": 4}
    result = world.finish(next(each for each in tickets if each.task_id == "a"))
    assert "scheduler" in result.wake
    assert [each.task_id for each in world.tickets()] == ["a"]


def test_a_run_has_no_more_at_work_of_a_task_and_another_run_as_many(world, graph):
    world.add_worker(slots=50)
    shape = graph(tasks=["m", "b"], m={"expand": (("x", 5),), "max_active_tis_per_dagrun": 2})
    world.add_dag(shape)
    world.limit("m", per_run=2)
    runs = [world.add_run(shape, run_id=f"r{n}") for n in range(2)]
    assert Counter((each.run, each.task_id) for each in world.tickets()) == {
        (run, task): count for run in runs for task, count in (("m", 2), ("b", 1))
    }


def test_thousands_at_their_limit_take_no_place_from_others_of_lower_priority(world, graph):
    world.add_worker(slots=50)
    shape = graph(tasks=["m", "b"], m={"expand": (("x", 40),), "priority": 9, "max_active_tis_per_dag": 1})
    world.add_dag(shape, max_active_tasks=100)
    world.limit("m", per_dag=1)
    world.add_run(shape)
    assert sorted(each.task_id for each in (world.admit(limit=3), world.tickets())[1]) == ["b", "m"]


def test_slots_are_not_handed_over_past_a_limit(world, graph):
    world.add_worker(slots=50)
    shape = graph([("a", "b")], b={"max_active_tis_per_dag": 1})
    world.add_dag(shape)
    world.limit("b", per_dag=1)
    runs = [world.add_run(shape, run_id=f"r{n}") for n in range(2)]
    tickets = world.tickets()
    result = world.end(*map(world.outcome, tickets), claimer=world.claimer(free=8))
    assert result.tickets == ()
    assert "scheduler" in result.wake
    assert [each.task_id for each in world.tickets()] == ["b"]
    assert sorted(world.states(run)["b"] for run in runs) == ["running", "scheduled"]


def test_limits_cost_one_statement_and_none_where_there_are_none(world, graph, statements):
    world.add_worker(slots=50)
    shape = graph(tasks=["a", "b"])
    world.add_dag(shape)
    counts = []
    for n, limits in enumerate(({}, {"per_dag": 1, "per_run": 1})):
        if limits:
            world.limit("a", **limits)
        world.add_run(shape, run_id=f"r{n}")
        world.admit()
        world.end(*map(world.outcome, world.tickets()))
        world.add_run(shape, run_id=f"s{n}")
        with statements.recorded(world.database) as recorded:
            assert world.admit().count == 2
        counts.append(len(recorded))
        world.end(*map(world.outcome, world.tickets()))
    assert counts[1] == counts[0] + 1
