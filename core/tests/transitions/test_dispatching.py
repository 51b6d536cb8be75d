"""Dispatching one instance by hand: what is asked for, what can be left aside, and what never can."""

from __future__ import annotations

from typing import Any

import pytest
from tradewind.metadata.statements import holds
from tradewind.transitions.dispatching import Aside, NotNowError, Wanted, dispatch, executor_of
from tradewind.transitions.values import Ticket


def hand(world: Any, run: int, task_id: str, index: int = -1, **aside: bool) -> Ticket:
    claimer = world.claimer("hand", free=1)
    wanted = Wanted(run, task_id, index)
    return world.database.write(lambda c: dispatch(c, wanted, claimer, aside=Aside(**aside), **world.tools))


def refused(world: Any, run: int, task_id: str, index: int = -1, **aside: bool) -> str:
    before = world.states(run)
    with pytest.raises(NotNowError) as raised:
        hand(world, run, task_id, index, **aside)
    assert world.states(run) == before, "what is refused changes nothing"
    return str(raised.value)


def test_what_waits_for_a_slot_or_a_worker_is_claimed_past_limits(world, graph):
    world.add_pool("none", 0)
    world.add_worker("hand", slots=1)
    shape = graph([("a", "b")], tasks=["x"], a={"pool": "none"})
    run = world.begin(shape)
    ticket = hand(world, run, "a")
    assert (ticket.task_id, ticket.token, ticket.try_number) == ("a", 1, 1)
    assert world.states(run) == {"a": "running", "b": "none", "x": "scheduled"}
    assert "Two tries of a task never overlap." in refused(world, run, "a", everything=True, state=True)
    world.finish(ticket)
    assert (world.states(run)["b"], world.differences(run, shape)) == ("scheduled", [])


def test_rule_past_and_due_time_are_asked_for_and_left_aside_by_name(small_world, graph):
    world = small_world
    world.add_worker("hand")
    shape = graph([("a", "b")], a={"retries": 1}, past={"depends_on_past": True})
    world.begin(shape)
    world.clock.pass_(days=1)
    run = world.add_run(shape, run_id="r2")
    assert "Its trigger rule all_success waits for 'a'" in refused(world, run, "b", past=True)
    assert "past" in refused(world, run, "past")
    assert hand(world, run, "past", past=True).task_id == "past"
    ticket = hand(world, run, "a")
    world.finish(ticket, "failed")
    assert "Its try 1 failed; it is tried again at" in refused(world, run, "a")
    again = hand(world, run, "a", upstream=True)
    assert again.try_number == 2
    early = hand(world, run, "b", upstream=True)
    world.finish(again)
    world.finish(early)
    assert world.states(run)["b"] == "success"
    assert world.differences(run, shape) == []


def test_a_hold_and_a_run_that_has_not_started_are_left_aside_together(small_world, graph):
    world = small_world
    world.add_worker("hand")
    shape = graph(tasks=["a", "b"])
    world.add_dag(shape, is_paused=True)
    run = world.add_run(shape)
    row = {"id": 1, "dag_id": "d", "run": None, "task_id": "a", "map_index": None, "reason": None}
    world.database.write(lambda c: holds.add(c, row | {"held_at": world.clock.at}))
    assert "Its run has not started" in refused(world, run, "a", upstream=True)
    assert hand(world, run, "a", everything=True).task_id == "a"
    assert world.run_state(run) == "running"
    assert hand(world, run, "b").task_id == "b"
    world.database.write(lambda c: holds.release(c, [1]))


def test_what_has_ended_is_cleared_alone_with_force(small_world, graph):
    world = small_world
    world.add_worker("hand")
    shape = graph([("a", "b")], dag_id="d")
    run = world.begin(shape)
    world.finish(hand(world, run, "a"))
    world.finish(hand(world, run, "b"))
    assert "It has ended as success at 2026-01-01T00:00:00+00:00. `--force` has it run again." in refused(
        world, run, "a", everything=True
    )
    ticket = hand(world, run, "a", state=True)
    assert (world.run_state(run), world.states(run)) == ("running", {"a": "running", "b": "success"})
    world.finish(ticket, "failed")
    assert (world.run_state(run), world.differences(run, shape)) == ("success", [])


def test_an_unexpanded_task_is_never_run_and_an_index_is_named(small_world, graph, pushed):
    world = small_world
    world.add_worker("hand")
    run = world.begin(graph([("make", "each")], each={"expand": (("x", ("make", "return_value")),)}))
    assert "waits for 'make'" in refused(world, run, "each", everything=True)
    world.finish(hand(world, run, "make"), xcoms=(pushed(3),))
    world.go_on()
    assert "is mapped: name an instance with --map-index, 0 to 2" in refused(world, run, "each")
    assert hand(world, run, "each", 1).map_index == 1
    assert "The run has no task 'x'." in refused(world, run, "x")
    with world.database.read() as conn:
        assert executor_of(conn, Wanted(run, "make")) == "local"
        with pytest.raises(NotNowError, match="has no instances"):
            executor_of(conn, Wanted(run, "make", 4))
