"""Retries, reschedules, lost tries: what consumes a try and what does not."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from tradewind.metadata.statements import listings
from tradewind.metadata.tables import xcom


def test_a_failed_try_waits_for_its_delay_and_runs_again(world, graph):
    run = world.begin(graph(tasks=["a"], a={"retries": 1, "retry_delay": 30}))
    world.add_worker()
    world.finish(world.start()["a"], "failed")
    world.clock.pass_(seconds=29)
    assert world.release() == 0
    world.clock.pass_(seconds=1)
    assert world.release() == 1
    ticket = world.start()["a"]
    assert (ticket.try_number, ticket.token) == (2, 2)
    world.finish(ticket, "failed")
    assert world.states(run)["a"] == "failed"
    assert [each.try_number for each in world.tries(run, "a")] == [1, 2]
    assert world.run_state(run) == "failed"


def test_an_outcome_that_forbids_it_is_not_retried(world, graph):
    run = world.begin(graph(tasks=["a"], a={"retries": 5}))
    world.add_worker()
    world.finish(world.start()["a"], "failed", retry=False)
    assert world.states(run)["a"] == "failed"


def test_a_reschedule_consumes_no_try(world, graph):
    run = world.begin(graph(tasks=["a"]))
    world.add_worker()
    for token in (1, 2, 3):
        ticket = world.start()["a"]
        assert (ticket.try_number, ticket.token) == (1, token)
        world.finish(ticket, "up_for_reschedule", due_at=world.clock.at + timedelta(seconds=5))
        world.clock.pass_(seconds=5)
        assert world.release() == 1
    world.finish(world.start()["a"])
    assert world.run_state(run) == "success"
    assert [each.state for each in world.tries(run, "a")] == ["up_for_reschedule"] * 3 + ["success"]


def test_what_an_earlier_try_pushed_is_replaced(world, graph, pushed):
    run = world.begin(graph(tasks=["a"], a={"retries": 1}))
    world.add_worker()
    world.finish(world.start()["a"], "failed", xcoms=(pushed(1), pushed(2, "other")))
    world.clock.pass_(seconds=60)
    world.release()
    world.finish(world.start()["a"], xcoms=(pushed(7),))
    with world.database.read() as conn:
        found = conn.execute(sa.select(xcom.c.key, xcom.c.length).where(xcom.c.run == run)).all()
    assert [tuple(row) for row in found] == [("return_value", 7)]


def test_back_off_doubles_the_pause_spreads_it_and_ends_at_the_longest(world, graph):
    backing = {"retries": 9, "retry_delay": 10, "retry_exponential_backoff": True, "max_retry_delay": 100}
    run = world.begin(graph(tasks=["a"], a=backing))
    world.add_worker()
    pauses = []
    for _ in range(6):
        world.finish(world.start()["a"], "failed")
        pauses.append((world.row(run, "a").due_at - world.clock.at).total_seconds())
        world.clock.pass_(seconds=pauses[-1])
        assert world.release() == 1
    for number, pause in enumerate(pauses[:3]):
        assert 10 * 2**number <= pause < 10 * 2 ** (number + 1)
    assert 80 <= pauses[3] <= 100
    assert pauses[4:] == [100, 100]


def test_an_instance_is_called_what_its_last_try_said(world, graph):
    run = world.begin(graph(tasks=["a", "b"], a={"retries": 2, "retry_delay": 0}))
    world.add_worker()
    started = world.start()
    world.finish(started["b"])
    world.finish(started["a"], "failed", label="Oslo")
    assert labels(world, run) == {"a": "Oslo", "b": None}
    world.release()
    world.finish(world.start()["a"], "failed", label="Bergen")
    world.release()
    world.finish(world.start()["a"])
    assert labels(world, run) == {"a": "Bergen", "b": None}


def labels(world, run):
    with world.database.read() as conn:
        return {row.task_id: row.label for row in listings.list_tasks(conn, run)}
