"""Branches and short circuits; cascades and their cap."""

from __future__ import annotations

import itertools

import pytest
import sqlalchemy as sa
from tradewind.metadata import tables
from tradewind.transitions import continuing, ends
from tradewind_plugins.callbacks import ON_FAILURE


def test_a_branch_skips_what_it_does_not_follow(world, graph):
    shape = graph(
        [("branch", "left"), ("branch", "right"), ("right", "more"), ("left", "join"), ("more", "join")],
        join={"trigger_rule": "none_failed_min_one_success"},
    )
    run = world.begin(shape)
    world.add_worker()
    result = world.end(world.outcome(world.start()["branch"], skip=("right",)), claimer=world.claimer(free=1))
    (ticket,) = result.tickets
    assert ticket.task_id == "left"
    assert world.states(run)["more"] == "skipped"
    assert world.differences(run, shape) == []
    result = world.end(world.outcome(ticket), claimer=world.claimer(free=1))
    assert [each.task_id for each in result.tickets] == ["join"]


def test_a_short_circuit_skips_everything_below_whatever_its_rule(world, graph):
    shape = graph([("gate", "a"), ("a", "b")], a={"trigger_rule": "always"}, b={"trigger_rule": "all_done"})
    shape.tasks["a"]  # `always` runs at once, so it is not undecided any more when the gate shuts
    run = world.begin(shape)
    world.add_worker()
    world.finish(world.start()["gate"], skip=("a", "b"), skip_all=True)
    assert world.states(run) == {"gate": "success", "a": "running", "b": "skipped"}
    assert world.differences(run, shape) == []


@pytest.mark.parametrize("state", ["failed", "skipped"])
def test_a_cascade_along_a_long_chain_is_continued_beyond_the_cap(world, graph, state, monkeypatch):
    monkeypatch.setattr(ends, "MOST_ROWS", 10)
    monkeypatch.setattr(continuing, "MOST_ROWS", 10)
    names = [f"t{n:03}" for n in range(45)]
    shape = graph(list(itertools.pairwise(names)))
    run = world.begin(shape)
    world.add_worker()
    result = world.finish(world.start()["t000"], state, retry=False)
    assert "scheduler" in result.wake
    assert world.run_state(run) == "running"
    assert world.go_on() >= 4
    assert set(list(world.states(run).values())[1:]) == {"upstream_failed" if state == "failed" else "skipped"}
    assert world.run_state(run) == ("failed" if state == "failed" else "success")
    assert world.differences(run, shape) == []


def test_a_rest_that_counts_for_what_is_decided_closes_no_run_twice(world, graph, monkeypatch):
    monkeypatch.setattr(ends, "MOST_ROWS", 1)
    monkeypatch.setattr(continuing, "MOST_ROWS", 1)
    shape = graph([("a", "b"), ("b", "c"), ("c", "join"), ("other", "join")], callbacks={ON_FAILURE: ("tell",)})
    run = world.begin(shape)
    world.add_worker()
    tickets = world.start()
    world.finish(tickets["other"], "failed", retry=False)
    assert world.states(run)["join"] == "upstream_failed"
    world.finish(tickets["a"], "failed", retry=False)
    world.go_on()
    assert world.run_state(run) == "failed"
    assert world.differences(run, shape) == []
    with world.database.read() as conn:
        assert conn.execute(sa.select(tables.callback.c.kind)).scalars().all() == [ON_FAILURE]


@pytest.mark.parametrize("width", [9, 10, 11, 35])
def test_a_wide_mapped_task_is_continued_from_where_the_cap_cut_it(world, graph, width, monkeypatch):
    monkeypatch.setattr(ends, "MOST_ROWS", 10)
    monkeypatch.setattr(continuing, "MOST_ROWS", 10)
    shape = graph(
        [("a", "each"), ("each", "join")], each={"expand": (("x", width),)}, join={"trigger_rule": "all_done"}
    )
    run = world.begin(shape)
    world.add_worker()
    world.finish(world.start()["a"], "failed", retry=False)
    world.go_on()
    states = world.states(run)
    assert {states[f"each[{n}]"] for n in range(width)} == {"upstream_failed"}
    assert states["join"] in {"scheduled", "queued"}
    assert world.differences(run, shape) == []


def test_empty_tasks_need_no_process_at_creation_nor_in_a_cascade(world, graph):
    names = [f"e{n}" for n in range(50)]
    shape = graph(list(itertools.pairwise(names)), **{name: {"is_empty": True} for name in names})
    assert world.run_state(world.begin(shape)) == "success"
    middle = graph([("work", "e0"), ("e0", "last")], dag_id="m", e0={"is_empty": True})
    world.add_worker()
    run = world.begin(middle)
    result = world.end(world.outcome(world.start()["work"]), claimer=world.claimer(free=1))
    assert [ticket.task_id for ticket in result.tickets] == ["last"]
    assert world.differences(run, middle) == []
