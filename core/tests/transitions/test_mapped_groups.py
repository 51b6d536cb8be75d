"""Mapped groups: instances in a group wait for those of their own index, and for nobody else's."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
import sqlalchemy as sa
from tradewind.metadata.statements import instances
from tradewind.transitions import clear
from tradewind.transitions.recount import start_queued

OVER = (("x", ("make", "return_value")),)


def in_group(over=OVER, **options):
    return {"expand": over, "mapped_group": "g", **options}


def group_of_two(graph, over=OVER, **options):
    """make -> g(a -> b) -> after"""
    edges = [("make", "a"), ("a", "b"), ("b", "after")]
    return graph(edges, a=in_group(over, **options), b=in_group(over))


def by_name(tickets):
    return {f"{each.task_id}[{each.map_index}]" if each.map_index >= 0 else each.task_id: each for each in tickets}


def test_a_group_over_a_literal_pairs_indexes_depth_first(world, graph):
    shape = group_of_two(graph, (("x", 3),))
    run = world.begin(shape)
    world.add_worker(slots=50)
    world.finish(*world.tickets())
    tickets = by_name(world.tickets())
    assert set(tickets) == {"a[0]", "a[1]", "a[2]"}
    world.finish(tickets["a[1]"])
    assert world.states(run)["b[1]"] == "queued"
    assert {world.states(run)[f"b[{n}]"] for n in (0, 2)} == {"none"}
    world.finish(tickets["a[0]"], "failed")
    assert world.states(run)["b[0]"] == "upstream_failed"
    world.finish(tickets["a[2]"], "skipped")
    assert world.states(run)["b[2]"] == "skipped"
    assert world.states(run)["after"] == "upstream_failed"
    world.end(*map(world.outcome, world.tickets()))
    assert world.run_state(run) == "failed"
    assert world.differences(run, shape) == []


def test_a_group_over_an_output_is_expanded_as_one(world, graph, pushed):
    shape = group_of_two(graph)
    run = world.begin(shape)
    world.add_worker(slots=50)
    world.finish(world.tickets()[0], xcoms=(pushed(3),))
    assert world.go_on() == 1
    assert world.states(run) == {
        "make": "success",
        **{f"a[{n}]": "scheduled" for n in range(3)},
        **{f"b[{n}]": "none" for n in range(3)},
        "after": "none",
    }
    assert world.differences(run, shape) == []
    for _ in range(2):
        world.end(*map(world.outcome, world.tickets()))
    world.end(*map(world.outcome, world.tickets()))
    assert world.run_state(run) == "success"


@pytest.mark.parametrize(("state", "length"), [("success", 0), ("skipped", None)])
def test_a_group_over_nothing_is_skipped(world, graph, pushed, state, length):
    shape = group_of_two(graph)
    run = world.begin(shape)
    world.add_worker()
    world.finish(world.tickets()[0], state, xcoms=() if length is None else (pushed(length),))
    world.go_on()
    assert world.states(run) == {"make": state, "a": "skipped", "b": "skipped", "after": "skipped"}
    assert world.run_state(run) == "success"
    assert world.differences(run, shape) == []


def test_tasks_of_a_group_with_another_upstream_wait_for_it_too(world, graph, pushed):
    edges = [("make", "a"), ("a", "b"), ("slow", "b")]
    shape = graph(edges, a=in_group(), b=in_group())
    run = world.begin(shape)
    world.add_worker(slots=50)
    tickets = by_name(world.tickets())
    world.finish(tickets["make"], xcoms=(pushed(2),))
    world.go_on()
    world.finish(by_name(world.tickets())["a[0]"])
    assert world.states(run)["b[0]"] == "none"
    world.finish(tickets["slow"])
    assert world.states(run)["b[0]"] in {"queued", "scheduled"}
    assert world.states(run)["b[1]"] == "none"
    assert world.differences(run, shape) == []


def test_a_branch_in_a_group_skips_in_its_own_instance_only(world, graph):
    edges = [("choose", "left"), ("choose", "right")]
    over = (("x", 2),)
    shape = graph(edges, choose=in_group(over), left=in_group(over), right=in_group(over))
    run = world.begin(shape)
    world.add_worker(slots=50)
    first, second = world.tickets()
    world.finish(first, skip=("left",))
    world.finish(second, skip=("right",))
    assert [world.states(run)[name] for name in ("left[0]", "left[1]")] == ["skipped", "queued"]
    assert [world.states(run)[name] for name in ("right[0]", "right[1]")] == ["queued", "skipped"]
    assert world.differences(run, shape) == []


def test_one_index_is_cleared_with_what_follows_it_in_the_group(world, graph, pushed):
    shape = group_of_two(graph)
    run = world.begin(shape)
    world.add_worker(slots=50)
    world.finish(world.tickets()[0], xcoms=(pushed(2),))
    world.go_on()
    world.end(*(world.outcome(each, "failed" if each.map_index else "success") for each in world.tickets()))
    assert world.states(run)["b[1]"] == "upstream_failed"
    world.database.write(lambda c: clear.clear(c, run, ["a", "b"], map_indexes=[1], **world.tools))
    assert world.states(run)["a[0]"] == "success"
    world.end(*map(world.outcome, world.tickets()))
    world.end(*map(world.outcome, world.tickets()))
    assert set(world.states(run).values()) - {"upstream_failed"} == {"success"}
    assert world.differences(run, shape) == []


def test_a_group_is_expanded_anew_as_one_when_its_list_is_cleared(world, graph, pushed):
    shape = group_of_two(graph)
    run = world.begin(shape)
    world.add_worker(slots=50)
    world.finish(world.tickets()[0], xcoms=(pushed(3),))
    world.go_on()
    world.end(*map(world.outcome, world.tickets()))
    world.end(*map(world.outcome, world.tickets()))
    [last] = world.tickets()
    world.finish(last, "failed")
    world.clear(run, "make", "a")
    world.database.write(lambda c: start_queued(c, run, **world.tools))
    assert world.states(run) == {"make": "scheduled", "a": "none", "b": "none", "after": "failed"}
    world.finish(world.tickets()[0], xcoms=(pushed(1),))
    world.go_on()
    assert world.states(run) == {"make": "success", "a[0]": "scheduled", "b[0]": "none", "after": "failed"}
    assert world.differences(run, shape) == []


def test_each_index_waits_for_the_past_by_itself(world, graph):
    shape = graph([("a", "b")], a=in_group((("x", 2),)), b=in_group((("x", 2),), depends_on_past=True))
    world.add_worker(slots=50)
    world.add_dag(shape)
    runs = []
    for n in range(2):
        runs.append(world.add_run(shape, run_id=f"r{n}"))
        world.clock.pass_(days=1)
    tickets = world.tickets()
    world.end(*map(world.outcome, tickets[:3]))
    assert world.let_on() == 2
    assert [world.states(runs[0])[name] for name in ("b[0]", "b[1]")] == ["scheduled", "scheduled"]
    world.end(*map(world.outcome, world.tickets(runs[0])))
    assert world.let_on() == 1
    assert [world.states(runs[1])[name] for name in ("b[0]", "b[1]")] == ["scheduled", "none"]


def cost_of_an_index(world, shape, count, monkeypatch):
    """Run a group of so many indices to its end; return statements, and rows that were locked, for each index."""
    tables_of_run = {"statements": 0, "rows": 0}
    locked = instances._locked

    def counting(rows):
        found = locked(rows)
        tables_of_run["rows"] += len(found)
        return found

    def note(*_):
        tables_of_run["statements"] += 1

    monkeypatch.setattr(instances, "_locked", counting)
    world.add_dag(shape, max_active_tasks=10**6)
    run = world.add_run(shape)
    sa.event.listen(world.database.engine, "before_cursor_execute", note)
    tickets = world.tickets()
    while tickets or world.go_on() or world.admit(limit=64).count:
        tickets = world.end(*map(world.outcome, tickets), claimer=world.claimer(free=64)).tickets if tickets else ()
        tickets = tickets or tuple(world.tickets())
    sa.event.remove(world.database.engine, "before_cursor_execute", note)
    monkeypatch.undo()
    assert world.run_state(run) == "success"
    return {name: value / count for name, value in tables_of_run.items()}


def test_an_index_among_many_costs_what_it_costs_among_few(world, graph, statements, monkeypatch):
    """`statements` is asked for so that all of them are counted. By hand: SEMANTICS_INDICES=10000."""
    many = int(os.environ.get("SEMANTICS_INDICES", "400"))
    world.add_worker(slots=64)
    few, more = (
        cost_of_an_index(world, replace(group_of_two(graph, (("x", count),)), dag_id=f"d{count}"), count, monkeypatch)
        for count in (100, many)
    )
    for name, value in more.items():
        assert value <= 1.2 * few[name], (few, more)


def late(world, graph, pushed):
    """make -> g(a -> b) -> after, slow -> b: b has ended for slow's sake before the group learns its length."""
    edges = [("make", "a"), ("a", "b"), ("slow", "b"), ("b", "after")]
    shape = graph(edges, a=in_group(), b=in_group())
    run = world.begin(shape)
    world.add_worker(slots=50)
    tickets = by_name(world.tickets())
    world.finish(tickets["slow"], "failed")
    world.finish(tickets["make"], xcoms=(pushed(2),))
    world.go_on()
    return shape, run


def test_what_ended_before_its_group_was_expanded_waits_for_nothing_of_it(world, graph, pushed):
    shape, run = late(world, graph, pushed)
    assert world.states(run)["b"] == "upstream_failed"
    assert world.differences(run, shape) == []
    world.end(*map(world.outcome, world.tickets()))
    assert world.run_state(run) == "failed"
    assert world.differences(run, shape) == []


def test_what_is_cleared_after_its_group_was_expanded_joins_it_index_by_index(world, graph, pushed):
    shape, run = late(world, graph, pushed)
    started = by_name(world.tickets())
    world.finish(started["a[0]"])
    world.clear(run, "slow", "b", "after")
    assert world.differences(run, shape) == []
    world.finish(by_name(world.tickets())["slow"])
    world.go_on()
    assert world.states(run) == {
        "make": "success",
        "slow": "success",
        "after": "none",
        "a[0]": "success",
        "a[1]": "running",
        "b[0]": "scheduled",
        "b[1]": "none",
    }
    assert world.differences(run, shape) == []
    world.finish(started["a[1]"], "failed")
    world.end(*map(world.outcome, world.tickets()))
    assert world.states(run) == {
        "make": "success",
        "slow": "success",
        "after": "upstream_failed",
        "a[0]": "success",
        "a[1]": "failed",
        "b[0]": "success",
        "b[1]": "upstream_failed",
    }
    assert world.differences(run, shape) == []
    assert world.run_state(run) == "failed"
