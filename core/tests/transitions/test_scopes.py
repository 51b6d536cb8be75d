"""Setups and teardowns, and DAGs that stop at the first failure."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tradewind.transitions import continuing, ends
from tradewind.transitions.decision import one
from tradewind.transitions.graph import leaves, with_scopes
from tradewind.transitions.settling import Pressure

TEARDOWN = {"is_teardown": True, "trigger_rule": "all_done_setup_success", "setups": ("up",)}


def scope(graph, **options):
    """up -> work -> more (all_done) -> down, where more is in the scope of up."""
    return graph(
        [("up", "work"), ("work", "more"), ("more", "down"), ("up", "down")],
        up={"is_setup": True, "in_scope": ("more", "down")},
        more={"trigger_rule": "all_done", "setups": ("up",)},
        down=TEARDOWN | options,
    )


@pytest.mark.parametrize(
    ("up", "expected"),
    [
        ("failed", {"up": "failed", "work": "upstream_failed", "more": "upstream_failed", "down": "upstream_failed"}),
        ("skipped", {"up": "skipped", "work": "skipped", "more": "skipped", "down": "skipped"}),
        ("success", {"up": "success", "work": "queued", "more": "none", "down": "none"}),
    ],
)
def test_a_setup_decides_for_its_scope_whatever_their_rules_say(world, graph, up, expected):
    shape = scope(graph)
    run = world.begin(shape)
    world.add_worker()
    world.finish(world.tickets()[0], up)
    assert world.states(run) == expected
    assert world.differences(run, shape) == []


def test_a_teardown_runs_after_a_failure_and_does_not_count_for_the_run(world, graph):
    run = world.begin(scope(graph))
    world.add_worker()
    for state in ("success", "failed", "success", "failed"):
        [ticket] = world.tickets()
        world.finish(ticket, state)
    assert world.states(run) == {"up": "success", "work": "failed", "more": "success", "down": "failed"}
    assert world.run_state(run) == "success"


def test_a_teardown_counts_where_it_is_asked_to(world, graph):
    shape = scope(graph, on_failure_fail_dagrun=True)
    run = world.begin(shape)
    world.add_worker()
    for state in ("success", "success", "success", "failed"):
        [ticket] = world.tickets()
        world.finish(ticket, state)
    assert world.run_state(run) == "failed"
    assert leaves(shape) == ("down",)


def test_what_is_in_scope_waits_for_a_setup_that_its_rule_would_not_wait_for(world, graph):
    edges = [("up", "work"), ("x", "work"), ("work", "more"), ("more", "down"), ("up", "down")]
    shape = graph(
        edges,
        up={"is_setup": True, "in_scope": ("more", "down")},
        more={"trigger_rule": "all_done", "setups": ("up",)},
        down=TEARDOWN,
    )
    run = world.begin(shape)
    world.add_worker()
    by_name = {each.task_id: each for each in world.tickets()}
    world.finish(by_name["x"], "failed")
    assert world.states(run)["work"] == "upstream_failed"
    assert world.states(run)["more"] == "none", "its rule is satisfied, its setup is still at work"
    world.finish(by_name["up"])
    assert world.states(run)["more"] == "queued"
    assert world.differences(run, shape) == []


def test_empty_setups_are_seen_when_the_run_is_made(world, graph):
    shape = graph(
        [("up", "work"), ("work", "more")],
        up={"is_setup": True, "in_scope": ("more",), "is_empty": True},
        more={"trigger_rule": "all_done", "setups": ("up",), "is_empty": True},
    )
    run = world.begin(shape)
    world.add_worker()
    world.finish(world.tickets()[0], "failed")
    assert world.states(run) == {"up": "success", "work": "failed", "more": "success"}


def test_clearing_takes_setups_and_their_teardowns_along_and_no_neighbour(world, graph):
    shape = scope(graph)
    assert with_scopes(shape, ["more"]) == {"up", "more", "down"}
    assert with_scopes(shape, ["up"]) == {"up", "down"}
    assert with_scopes(shape, ["down"]) == {"down"}
    run = world.begin(shape)
    world.add_worker()
    for _ in range(3):
        world.finish(world.tickets()[0])
    world.clear(run, "more")
    assert world.states(run) == {"up": "scheduled", "work": "success", "more": "none", "down": "none"}
    assert world.differences(run, shape) == []


def test_the_scope_costs_one_statement_and_dags_without_one_none(world, graph, statements):
    counts = []
    world.add_worker()
    for dag_id, shape in (("plain", graph([("up", "work")], dag_id="plain")), ("scope", scope(graph))):
        world.add_dag(shape)
        world.add_run(shape)
        [ticket] = world.tickets()
        with statements.recorded(world.database) as recorded:
            world.finish(ticket)
        counts.append(len(recorded))
        world.end(*map(world.outcome, world.tickets()))
        assert dag_id
    assert counts[1] <= counts[0] + 1


def test_the_first_failure_stops_what_has_not_begun_and_teardowns_run(world, graph):
    shape = graph(
        [("up", "bad"), ("bad", "behind"), ("bad", "down"), ("up", "down"), ("first", "later")],
        up={"is_setup": True, "in_scope": ("down",), "is_empty": True},
        down=TEARDOWN,
        bad={"retries": 1},
        waits={"pool": "none"},
    )
    shape = replace(shape, fail_stop=True)
    run = world.begin(shape)
    world.add_worker()
    by_name = {each.task_id: each for each in world.tickets()}
    world.finish(by_name["bad"], "failed")
    assert world.states(run)["bad"] == "up_for_retry", "a try that failed is no failure yet"
    world.clock.pass_(seconds=60)
    world.release()
    [again] = [each for each in world.tickets() if each.task_id == "bad"]
    world.finish(again, "failed")
    assert world.states(run) == {
        "up": "success",
        "bad": "failed",
        "behind": "skipped",
        "waits": "skipped",
        "first": "running",
        "later": "skipped",
        "down": "queued",
    }
    world.finish(by_name["first"])
    world.end(*map(world.outcome, world.tickets()))
    assert world.run_state(run) == "success"
    assert world.differences(run, shape) == []


@pytest.mark.parametrize("most", [1, 2, 100])
def test_a_failure_is_recorded_however_much_it_stops_before_itself(small_world, graph, monkeypatch, most):
    world = small_world
    monkeypatch.setattr(ends, "MOST_ROWS", most)
    monkeypatch.setattr(continuing, "MOST_ROWS", most)
    waits = {name: {"pool": "none"} for name in ("w1", "w2", "w3", "w4")}
    shape = replace(graph([("bad", "behind")], tasks=[*waits, "good", "bad"], **waits), fail_stop=True)
    run = world.begin(shape)
    world.add_worker()
    by_name = {each.task_id: each for each in world.tickets()}
    both = [world.outcome(by_name["good"]), world.outcome(by_name["bad"], "failed")]
    assert [answer.state for answer in world.end(*both).answers] == ["success", "failed"]
    world.go_on()
    skipped = dict.fromkeys([*waits, "behind"], "skipped")
    assert world.states(run) == {**skipped, "good": "success", "bad": "failed"}
    assert world.run_state(run) == "success", "no leaf has failed"
    assert world.differences(run, shape) == []


def test_what_a_failure_was_still_to_stop_is_stopped_after_a_clear(small_world, graph, monkeypatch):
    """A clear in a run that goes on takes over what was left: also for what is ready, and for what it makes wait itself."""
    world = small_world
    monkeypatch.setattr(ends, "MOST_ROWS", 1)
    shape = replace(graph(tasks=["bad", "w1", "w2", "other"], w1={"pool": "none"}, w2={"pool": "none"}), fail_stop=True)
    run = world.begin(shape)
    world.add_worker()
    by_name = {each.task_id: each for each in world.tickets()}
    world.finish(by_name["other"])
    world.finish(by_name["bad"], "failed")
    assert world.states(run)["w2"] == "scheduled", "that is left to a scheduler"
    world.clear(run, "other")
    world.go_on()
    assert world.states(run) == {"bad": "failed", "w1": "skipped", "w2": "skipped", "other": "skipped"}
    assert world.differences(run, shape) == []


def test_what_is_stopped_with_all_others_is_stopped_whatever_else_concerns_it():
    pressure = Pressure(is_forced=True, is_stopped=True)
    pressure.special(1).ends = one("failed")
    assert [pressure.on(index).is_stopped for index in (0, 1)] == [True, True]


def test_a_mapped_task_that_cannot_be_expanded_is_a_failure_that_stops(small_world, graph):
    world = small_world
    over = {"expand": (("x", ("make", "return_value")),)}
    shape = graph([("make", "each"), ("each", "after")], tasks=["waits"], each=over, waits={"pool": "none"})
    run = world.begin(replace(shape, fail_stop=True))
    world.add_worker()
    world.finish(world.tickets()[0])
    world.go_on()
    assert world.states(run) == {"make": "success", "each": "failed", "after": "skipped", "waits": "skipped"}
    assert world.run_state(run) == "success", "no leaf has failed"
    assert world.differences(run, shape) == []
