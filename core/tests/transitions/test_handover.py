"""Hand-over and claims: who gets the slots of a task that ended."""

from __future__ import annotations

import pytest


def test_a_waiting_task_of_higher_priority_goes_first(world, graph):
    world.add_worker(slots=1)
    world.add_pool("one", 1)
    chain = graph([("a", "b")], a={"pool": "one"}, b={"pool": "one"})
    run = world.begin(chain)
    ticket = world.start()["a"]
    world.begin(graph(dag_id="urgent", tasks=["u"], u={"pool": "one", "priority": 9}))
    result = world.end(world.outcome(ticket), claimer=world.claimer(free=1))
    assert result.tickets == ()
    assert "scheduler" in result.wake
    assert world.states(run)["b"] == "scheduled"
    assert set(world.start()) == {"u"}


def test_a_queued_task_of_higher_priority_takes_the_worker_and_the_successor_is_queued(world, graph):
    world.add_worker(slots=1)
    run = world.begin(graph([("a", "b")]))
    ticket = world.start(free=1)["a"]
    world.begin(graph(dag_id="urgent", tasks=["u"], u={"priority": 9}))
    world.admit()
    result = world.end(world.outcome(ticket), claimer=world.claimer(free=1))
    assert [each.task_id for each in result.tickets] == ["u"]
    assert world.states(run)["b"] == "queued"
    assert "worker:local" in result.wake


@pytest.mark.parametrize(
    "difference", [{"pool": "other"}, {"pool_slots": 2}, {"executor": "far"}], ids=["pool", "slots", "executor"]
)
def test_a_successor_that_needs_other_or_more_room_waits_for_admission(world, graph, difference):
    world.add_worker()
    world.add_pool("other", 5)
    run = world.begin(graph([("a", "b")], b=difference))
    result = world.end(world.outcome(world.start()["a"]), claimer=world.claimer(free=1))
    assert result.tickets == ()
    assert world.states(run)["b"] == "scheduled"
    assert "scheduler" in result.wake


def test_a_successor_that_needs_less_room_leaves_the_rest_to_whoever_fits(world, graph):
    world.add_worker()
    world.add_pool("three", 3)
    chain = graph([("a", "b")], a={"pool": "three", "pool_slots": 2}, b={"pool": "three"})
    run = world.begin(chain)
    ticket = world.start()["a"]
    other = world.begin(graph(dag_id="other", tasks=["w"], w={"pool": "three", "pool_slots": 2}))
    world.admit()
    assert world.states(other)["w"] == "scheduled", "one slot is free, and it needs two"
    result = world.end(world.outcome(ticket), claimer=world.claimer(free=1))
    assert world.states(run)["b"] == "running"
    assert "scheduler" in result.wake
    world.admit()
    assert world.states(other)["w"] == "queued"


def test_who_passed_over_a_queued_task_because_its_row_was_locked_is_told_of_it(world, graph):
    """The end of its second upstream locks a task that waits already: a worker that claims just then does not see it."""
    world.add_worker()
    run = world.begin(graph([("a", "t"), ("b", "t")], t={"trigger_rule": "one_success"}))
    tickets = world.start()
    world.end(world.outcome(tickets["a"]))
    world.admit()
    assert world.states(run)["t"] == "queued"
    result = world.end(world.outcome(tickets["b"]), claimer=world.claimer(free=0))
    assert "worker:local" in result.wake


def test_a_queued_task_that_its_reporter_claims_wakes_nobody(world, graph):
    world.add_worker()
    world.begin(graph([("a", "t"), ("b", "t")], t={"trigger_rule": "one_success"}))
    tickets = world.start()
    world.end(world.outcome(tickets["a"]))
    world.admit()
    result = world.end(world.outcome(tickets["b"]), claimer=world.claimer(free=1))
    assert [each.task_id for each in result.tickets] == ["t"]
    assert "worker:local" not in result.wake


def test_one_slot_is_handed_over_once(world, graph):
    world.add_worker()
    run = world.begin(graph([("a", name) for name in "xyz"]))
    result = world.end(world.outcome(world.start()["a"]), claimer=world.claimer(free=8))
    assert len(result.tickets) == 1
    assert sorted(world.states(run).values()) == ["running", "scheduled", "scheduled", "success"]


def test_without_fast_follow_everything_goes_through_the_scheduler(world, graph):
    world.add_worker()
    run = world.begin(graph([("a", "b")]))
    result = world.end(world.outcome(world.start()["a"]), claimer=world.claimer(free=8), fast_follow=False)
    assert result.tickets == ()
    assert world.states(run)["b"] == "scheduled"


def test_a_claimer_with_free_slots_claims_what_is_queued(world, graph):
    world.add_worker(slots=4)
    run = world.begin(graph(tasks=[f"t{n}" for n in range(10)]))
    world.admit()
    tickets = world.claim(free=4)
    assert len(tickets) == 4
    result = world.end(*(world.outcome(each) for each in tickets.values()), claimer=world.claimer(free=4))
    assert len(result.tickets) == 4
    assert sum(state == "running" for state in world.states(run).values()) == 4


def test_a_claim_asked_again_with_its_nonce_brings_the_same_tickets(world, graph):
    world.add_worker()
    world.begin(graph(tasks=["a", "b"]))
    world.admit()
    claimer = world.claimer(free=1)
    first = world.claim(claimer=claimer)
    assert world.claim(claimer=claimer) == first
    assert len(first) == 1


def test_a_report_sent_again_brings_the_tickets_that_its_lost_answer_held(world, graph):
    world.add_worker()
    world.begin(graph([("a", "b")]))
    outcome = world.outcome(world.start()["a"])
    claimer = world.claimer(free=1)
    first = world.end(outcome, claimer=claimer)
    again = world.end(outcome, claimer=claimer)
    assert again.answers[0].verdict == "already recorded"
    assert again.tickets == first.tickets
    assert len(first.tickets) == 1


def test_a_worker_claims_from_its_queues_only(world, graph):
    world.add_worker()
    world.begin(graph(tasks=["a", "b"], b={"queue": "gpu"}))
    world.admit()
    assert set(world.claim(claimer=world.claimer(queues=("gpu",)))) == {"b"}
