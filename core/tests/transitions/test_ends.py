"""Ending tries: states, verdicts, retries, closing; on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest


def test_a_chain_runs_by_hand_over_to_success(world, graph):
    chain = graph([("a", "b"), ("b", "c")])
    run = world.begin(chain)
    world.add_worker()
    ticket = world.start()["a"]
    for name in ("b", "c"):
        result = world.end(world.outcome(ticket), claimer=world.claimer(free=1))
        (ticket,) = result.tickets
        assert ticket.task_id == name
        assert (ticket.token, ticket.try_number) == (1, 1)
        assert world.differences(run, chain) == []
    result = world.end(world.outcome(ticket), claimer=world.claimer(free=1))
    assert dict(result.closed_runs) == {run: "success"}
    assert world.run_state(run) == "success"
    assert set(world.states(run).values()) == {"success"}


def test_a_failure_reaches_everything_below(world, graph):
    shape = graph([("a", "b"), ("b", "c"), ("x", "c")], c={"trigger_rule": "all_done"})
    run = world.begin(shape)
    world.add_worker()
    tickets = world.start()
    world.finish(tickets["a"], "failed", retry=False, cause="boom")
    assert world.states(run) == {"a": "failed", "b": "upstream_failed", "x": "running", "c": "none"}
    result = world.finish(tickets["x"])
    assert world.states(run)["c"] == "queued"
    assert result.wake == {"worker:local"}
    assert world.run_state(run) == "running"
    assert world.differences(run, shape) == []
    world.finish(world.claim()["c"])
    assert world.run_state(run) == "success", "the only leaf succeeded"


def test_a_failed_leaf_fails_the_run(world, graph):
    run = world.begin(graph([("a", "b"), ("a", "c")]))
    world.add_worker()
    world.finish(world.start()["a"])
    tickets = world.start()
    world.end(world.outcome(tickets["b"]), world.outcome(tickets["c"], "failed", retry=False))
    assert world.run_state(run) == "failed"


def test_the_same_outcome_again_is_already_recorded(world, graph):
    run = world.begin(graph(tasks=["a"], a={"retries": 1}))
    world.add_worker()
    outcome = world.outcome(world.start()["a"], "failed", cause="boom")
    result = world.end(outcome, outcome)
    assert [answer.verdict for answer in result.answers] == ["recorded", "already recorded"]
    assert world.end(outcome).answers[0].verdict == "already recorded"
    assert world.states(run)["a"] == "up_for_retry"
    assert world.row(run, "a").due_at == world.clock.at + timedelta(seconds=60)
    assert [each.cause for each in world.tries(run, "a")] == ["boom"]


def test_an_older_token_is_overtaken_and_an_unknown_instance_too(world, graph):
    run = world.begin(graph(tasks=["a"]))
    world.add_worker()
    ticket = world.start()["a"]
    world.finish(ticket, "never_started")
    again = world.start()["a"]
    assert (again.try_number, again.token) == (1, 3), "the same try, under a newer token"
    answers = world.end(world.outcome(ticket), world.outcome(again), world.outcome(again, "failed")).answers
    assert [answer.verdict for answer in answers] == ["overtaken", "recorded", "already recorded"]
    assert world.states(run)["a"] == "success"
    (late,) = world.end(world.outcome(ticket)).answers
    assert (late.verdict, late.state) == ("overtaken", "success")


@pytest.mark.parametrize("state", ["running", "queued", "nonsense", "up_for_reschedule"])
def test_a_state_that_no_try_ends_in_is_refused(world, graph, state):
    world.begin(graph(tasks=["a"]))
    world.add_worker()
    ticket = world.start()["a"]
    with pytest.raises(ValueError, match=r"was reported as|without due_at"):
        world.finish(ticket, state)
