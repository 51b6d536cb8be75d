"""The priority of what waits is changed by hand, and admission and claims go by it."""

from __future__ import annotations

from typing import Any

import pytest
from tradewind.transitions.priorities import Changed, set_priority
from tradewind_plugins.exceptions import TradewindException


def change(world: Any, run: int, priority: int, **more: Any) -> Changed:
    return world.database.write(lambda c: set_priority(c, run, priority, **more))


def test_what_waits_for_a_slot_or_a_worker_goes_first_and_the_others_stay_in_order(world, graph):
    world.add_pool("narrow", 2)
    world.add_worker(slots=9)
    names = ["a", "b", "c", "d"]
    shape = graph(tasks=names, **{name: {"pool": "narrow"} for name in names})
    run = world.begin(shape)
    assert [row.task_id for row in change(world, run, 9, task_ids=["d"]).rows] == ["d"]
    world.renew()
    assert world.admit().count == 2
    assert {name for name, state in world.states(run).items() if state == "queued"} == {"a", "d"}
    assert list(world.claim(free=1)) == ["d"]
    assert [row.task_id for row in change(world, run, 20, task_ids=["c"]).rows] == ["c"]
    tickets = world.claim(free=1)
    world.finish(tickets["a"])
    world.admit()
    assert list(world.claim(free=1)) == ["c"]


def test_queued_tries_are_claimed_by_the_new_priority(small_world, graph):
    world = small_world
    world.add_worker()
    run = world.begin(graph(tasks=["a", "b"]))
    world.renew()
    assert world.admit().count == 2
    change(world, run, 5, task_ids=["b"])
    assert list(world.claim(free=1)) == ["b"]


def test_a_whole_run_and_an_unexpanded_task_with_what_it_becomes(small_world, graph, pushed):
    world = small_world
    world.add_worker()
    run = world.begin(graph([("make", "each")], each={"expand": (("x", ("make", "return_value")),)}))
    assert len(change(world, run, -3).rows) == 2
    assert change(world, run, -3) == Changed((), 0)
    world.finish(world.start()["make"], xcoms=(pushed(2),))
    world.go_on()
    changed = change(world, run, 7, task_ids=["make", "each"], map_indexes=[-1, 1])
    assert ([(row.map_index, row.priority) for row in changed.rows], changed.ended) == ([(1, -3)], 1)


def test_what_cannot_be_changed_is_said(small_world, graph):
    world = small_world
    run = world.begin(graph(tasks=["a"]))
    with pytest.raises(LookupError, match="There is no run with key 5"):
        change(world, 5, 1)
    with pytest.raises(TradewindException, match="A priority is a number from -2147483648 to 2147483647"):
        change(world, run, 2**31)


def test_it_takes_three_statements_however_many_tasks(world, graph, statements):
    run = world.begin(graph(tasks=[f"t{n}" for n in range(30)]))
    with statements.recorded(world.database) as found:
        change(world, run, 4)
    assert len(found.texts) <= 4
