"""Statements per operation: what does not depend on the machine, and catches a query in a loop."""

from __future__ import annotations

import itertools

import pytest


def test_a_link_of_a_chain_is_one_transaction_of_eight_statements_and_of_seven_on_postgresql(world, graph, statements):
    world.add_worker()
    world.begin(graph([("a", "b"), ("b", "c")]))
    ticket = world.start()["a"]
    with statements.recorded(world.database) as recorded:
        result = world.end(world.outcome(ticket), claimer=world.claimer(free=1))
    assert len(result.tickets) == 1
    recorded.assert_at_most(7 if world.database.dialect == "postgresql" else 8)


@pytest.mark.parametrize(("batch", "most"), [(1, 8), (4, 9), (16, 9)])
def test_independent_tasks_end_and_claim_in_few_statements(world, graph, statements, batch, most):
    world.add_worker(slots=64)
    world.begin(graph(tasks=[f"t{n}" for n in range(60)]), max_active_tasks=100)
    world.admit()
    tickets = world.claim(free=batch)
    with statements.recorded(world.database) as recorded:
        result = world.end(*map(world.outcome, tickets.values()), claimer=world.claimer(free=batch))
    assert len(result.tickets) == batch
    recorded.assert_at_most(most)


def test_two_hundred_independent_tasks_cost_at_most_six_statements_each(world, graph, statements):
    world.add_worker(slots=8)
    world.add_dag(graph(tasks=[f"t{n}" for n in range(200)]), max_active_tasks=100)
    with statements.recorded(world.database) as recorded:
        run = world.add_run(world.graphs.get(None, world.version))
        world.admit()
        tickets = list(world.claim(free=8).values())
        while tickets:
            result = world.end(*map(world.outcome, tickets[:2]), claimer=world.claimer(free=2))
            tickets = tickets[2:] + list(result.tickets)
            if "scheduler" in result.wake:
                world.admit()
                if not tickets:
                    tickets = list(world.claim(free=8).values())
    assert world.run_state(run) == "success"
    recorded.assert_at_most(880 if world.database.dialect == "postgresql" else 200 * 6)


def test_admitting_any_number_of_tasks_costs_the_same(world, graph, statements):
    world.add_worker(slots=400)
    world.begin(graph(tasks=[f"t{n}" for n in range(300)]), max_active_tasks=1000)
    with statements.recorded(world.database) as recorded:
        assert world.admit().count == 128
    recorded.assert_at_most(9)
    with statements.recorded(world.database) as recorded:
        assert world.admit().count == 0
    recorded.assert_at_most(5)


def test_a_thousand_empty_tasks_are_one_bulk_insert(world, graph, statements):
    names = [f"e{n}" for n in range(1000)]
    edges = [(f"e{n}", f"e{n + 20}") for n in range(980)]
    shape = graph(edges, tasks=names, **{name: {"is_empty": True} for name in names})
    world.add_dag(shape)
    with statements.recorded(world.database) as recorded:
        run = world.add_run(shape)
    assert world.run_state(run) == "success"
    recorded.assert_at_most(6)


def test_a_cascade_over_a_chain_is_one_update(world, graph, statements):
    names = [f"t{n:03}" for n in range(400)]
    world.begin(graph(list(itertools.pairwise(names))))
    world.add_worker()
    ticket = world.start()["t000"]
    with statements.recorded(world.database) as recorded:
        world.finish(ticket, "failed")
    recorded.assert_at_most(12)


def test_renewing_a_lease_is_one_statement_however_many_tasks_run(world, graph, statements):
    world.add_worker(slots=64)
    world.begin(graph(tasks=[f"t{n}" for n in range(40)]), max_active_tasks=100)
    world.start(free=40)
    with statements.recorded(world.database) as recorded:
        world.renew_lease("w1")
    recorded.assert_at_most(1)


def test_asking_again_about_an_old_outcome_costs_no_more_than_the_first_time(world, graph, statements):
    world.add_worker()
    world.begin(graph(tasks=["a"]))
    outcome = world.outcome(world.start()["a"])
    world.end(outcome)
    with statements.recorded(world.database) as recorded:
        world.end(outcome)
    recorded.assert_at_most(4)
