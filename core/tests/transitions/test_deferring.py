"""Deferral: what waits holds no slot, an event counts once, and who goes on does not wait for a slot again."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from tradewind.metadata import tables
from tradewind.metadata.statements import deferrals
from tradewind.transitions import daemons, deferring
from tradewind.transitions.deferring import Fired
from tradewind.transitions.states import TaskState, TriggerEnd
from tradewind.transitions.values import Deferral


class Waits:
    """Deferral in the words of a test."""

    def __init__(self, world):
        self.world = world

    def defer(self, ticket, *, timeout=None, **more):
        """Defer a running try; with a timeout in seconds it is waited for no longer."""
        now = self.world.clock.at
        what = Deferral("m.Trigger", "{}", "go_on", "{}", began_at=now)
        due_at = None if timeout is None else now + timedelta(seconds=timeout)
        return self.world.finish(ticket, TaskState.DEFERRED, deferral=what, due_at=due_at, **more)

    def triggerer(self, name):
        """Register a triggerer and return its name."""
        world = self.world
        world.database.write(
            lambda conn: daemons.register(
                conn, daemon_id=name, kind="triggerer", host="h", pid=1, clock=world.clock, leases=world.leases
            )
        )
        return name

    def claim(self, triggerer, most=100):
        return self.world.database.write(lambda conn: deferring.claim(conn, triggerer, most=most))

    def fire(self, waiting, found="{}", how=TriggerEnd.EVENT):
        """Fire what was claimed; return the instances that go on."""
        events = [Fired(each.instance, each.token, each.claim, how, found) for each in waiting]
        return self.world.database.write(lambda conn: deferring.fire(conn, events, clock=self.world.clock)).resumed


@pytest.fixture
def waits(world):
    return Waits(world)


def row(world, instance):
    with world.database.read() as conn:
        return conn.execute(sa.select(tables.deferral).where(tables.deferral.c.instance == instance)).one_or_none()


def test_a_deferred_try_frees_its_slot_and_goes_on_as_the_same_try(world, graph, waits) -> None:
    run = world.begin(graph(tasks=["a"]))
    world.add_worker()
    ticket = world.start()["a"]
    waits.defer(ticket)
    assert world.states(run)["a"] == "deferred"
    assert world.run_state(run) == "running"
    waiting = waits.claim(waits.triggerer("t"))
    assert [(each.task_id, each.token, each.claim, each.try_number) for each in waiting] == [("a", 1, 1, 1)]
    assert waits.fire(waiting) == {ticket.instance}
    assert world.states(run)["a"] == "queued"
    again = world.start()["a"]
    assert (again.try_number, again.token) == (1, 2)
    with world.database.read() as conn:
        (resumption,) = deferrals.resumptions(conn, [ticket.instance])
    assert (resumption.method, resumption.token, resumption.ending) == ("go_on", 1, "event")
    world.finish(again)
    assert row(world, ticket.instance) is None
    assert [(each.state, each.try_number) for each in world.tries(run, "a")] == [("deferred", 1), ("success", 1)]
    assert world.run_state(run) == "success"


def test_who_goes_on_is_queued_past_a_full_pool(world, graph, waits) -> None:
    with world.database.transaction() as conn:
        conn.execute(tables.pool.insert(), [{"name": "small", "slots": 1}])
    run = world.begin(graph(tasks=["a", "b"], a={"pool": "small"}, b={"pool": "small"}))
    world.add_worker()
    first = world.start()
    (held,) = first.values()
    waits.defer(held)
    (other,) = world.start().values()  # its slot went to the neighbour
    assert other.instance != held.instance
    assert waits.fire(waits.claim(waits.triggerer("t"))) == {held.instance}
    (again,) = world.start().values()
    assert again.instance == held.instance
    world.finish(again)
    world.finish(other)
    assert world.run_state(run) == "success"


def test_an_event_counts_once(world, graph, waits) -> None:
    run = world.begin(graph(tasks=["a"]))
    world.add_worker()
    waits.defer(world.start()["a"])
    waiting = waits.claim(waits.triggerer("t"))
    assert waits.claim("t") == []
    assert len(waits.fire(waiting)) == 1
    assert waits.fire(waiting) == frozenset()
    again = world.start()["a"]
    assert waits.fire(waiting) == frozenset()
    waits.defer(again)
    assert waits.fire(waiting) == frozenset()  # the same instance waits for something else
    assert [each.token for each in waits.claim("t")] == [2]
    assert world.states(run)["a"] == "deferred"


def test_triggers_of_one_that_ended_are_taken_over_and_its_late_event_is_nobodys(world, graph, waits) -> None:
    world.begin(graph(tasks=["a", "b"]))
    world.add_worker()
    for ticket in world.start().values():
        waits.defer(ticket)
    old = waits.claim(waits.triggerer("old"), most=1)
    new = waits.claim(waits.triggerer("new"))
    assert {each.task_id for each in [*old, *new]} == {"a", "b"}
    assert waits.claim("new") == []  # silence is not death
    world.database.write(lambda conn: daemons.end_daemon(conn, "old", "killed", clock=world.clock))
    (taken,) = waits.claim("new")
    assert (taken.instance, taken.claim) == (old[0].instance, 2)
    assert waits.fire(old) == frozenset()
    assert waits.fire([taken]) == {taken.instance}


def test_a_deferral_ends_with_its_timeout(world, graph, waits) -> None:
    run = world.begin(graph(tasks=["a", "b"]))
    world.add_worker()
    tickets = world.start()
    waits.defer(tickets["a"], timeout=10)
    waits.defer(tickets["b"], timeout=20)
    waiting = waits.claim(waits.triggerer("t"))
    world.clock.pass_(seconds=10)
    assert world.release() == 1
    assert world.states(run) == {"a": "queued", "b": "deferred"}
    assert row(world, tickets["a"].instance).ending == "timeout"
    assert waits.fire(waiting) == {tickets["b"].instance}
    with world.database.read() as conn:
        assert deferrals.held(conn, "t") == frozenset()


def test_a_dispatch_that_never_began_goes_on_once_more(world, graph, waits) -> None:
    world.begin(graph(tasks=["a"]))
    world.add_worker()
    ticket = world.start()["a"]
    waits.defer(ticket)
    waits.fire(waits.claim(waits.triggerer("t")), found='"found"')
    world.finish(world.start()["a"], "never_started")
    again = world.start()["a"]
    with world.database.read() as conn:
        (resumption,) = deferrals.resumptions(conn, [ticket.instance])
    assert (resumption.token + 1, resumption.event) == (again.token, '"found"')


def test_a_failed_piece_is_retried_from_the_beginning(world, graph, waits) -> None:
    run = world.begin(graph(tasks=["a"], a={"retries": 1, "retry_delay": 1}))
    world.add_worker()
    ticket = world.start()["a"]
    waits.defer(ticket)
    waits.fire(waits.claim(waits.triggerer("t")))
    world.finish(world.start()["a"], "failed")
    assert row(world, ticket.instance) is None
    world.clock.pass_(seconds=1)
    world.release()
    again = world.start()["a"]
    assert (again.try_number, again.token) == (2, 3)
    assert world.states(run)["a"] == "running"


def test_what_a_piece_has_pushed_stays_and_what_an_earlier_try_has_goes(world, graph, pushed, waits) -> None:
    run = world.begin(graph(tasks=["a"], a={"retries": 1, "retry_delay": 1}))
    world.add_worker()
    world.finish(world.start()["a"], "failed", xcoms=(pushed(1, "first try"),))
    world.clock.pass_(seconds=1)
    world.release()
    waits.defer(world.start()["a"], xcoms=(pushed(2, "first piece"),))
    world.clock.pass_(seconds=1)
    waits.fire(waits.claim(waits.triggerer("t")))
    world.finish(world.start()["a"], xcoms=(pushed(3, "second piece"),))
    with world.database.read() as conn:
        found = set(conn.execute(sa.select(tables.xcom.c.key).where(tables.xcom.c.run == run)).scalars())
    assert found == {"first piece", "second piece"}


def test_a_clear_forgets_what_was_waited_for(world, graph, waits) -> None:
    run = world.begin(graph(tasks=["a"]))
    world.add_worker()
    ticket = world.start()["a"]
    waits.defer(ticket)
    waiting = waits.claim(waits.triggerer("t"))
    world.clear(run, "a")
    assert row(world, ticket.instance) is None
    assert waits.fire(waiting) == frozenset()
    world.finish(world.start()["a"])
    assert world.run_state(run) == "success"


def test_a_claim_whose_answer_was_lost_is_given_back_and_made_anew(world, graph, waits) -> None:
    world.begin(graph(tasks=["a", "b"]))
    world.add_worker()
    for ticket in world.start().values():
        waits.defer(ticket)
    known, unknown = waits.claim(waits.triggerer("t"))
    world.database.write(lambda conn: deferrals.give_back(conn, "t", [unknown.instance]))
    (again,) = waits.claim("t")
    assert (again.instance, again.claim) == (unknown.instance, 2)
    assert waits.fire([unknown]) == frozenset()
    assert waits.fire([known, again]) == {known.instance, unknown.instance}
