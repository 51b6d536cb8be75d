"""Making runs, their gate, clearing and recounting, leases and evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from tradewind.metadata import tables
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.renaming import rename_dag
from tradewind.metadata.statements import continuations
from tradewind.transitions import continuing, daemons, recount
from tradewind.transitions.recount import Start


def start_queued(world, run):
    return world.database.write(partial(recount.start_queued, run=run, **world.tools))


def test_a_run_beyond_the_limit_is_queued_and_starts_when_there_is_room(world, graph):
    shape = graph([("a", "b")])
    first = world.begin(shape, max_active_runs=1)
    second = world.add_run(shape, run_id="r2")
    assert (world.run_state(second), set(world.states(second).values())) == ("queued", {"none"})
    assert start_queued(world, second) is Start.STAYS
    world.add_worker()
    result = world.end(world.outcome(world.start()["a"]), claimer=world.claimer(free=1))
    closed = world.finish(result.tickets[0])
    assert closed.wake >= {"scheduler"}
    assert world.run_state(first) == "success"
    assert start_queued(world, second) is Start.STARTED
    assert world.states(second) == {"a": "scheduled", "b": "none"}
    assert start_queued(world, second) is Start.STAYS, "once"
    assert world.differences(second, shape) == []


def test_a_paused_dag_starts_nothing(world, graph):
    shape = graph(tasks=["a"])
    run = world.begin(shape, is_paused=True)
    assert start_queued(world, run) is Start.STAYS
    assert world.states(run) == {"a": "none"}


def test_a_run_id_is_unique_in_its_dag(world, graph):
    shape = graph(tasks=["a"])
    world.begin(shape)
    with pytest.raises(IntegrityError):
        world.add_run(shape)


def test_a_queued_run_of_empty_tasks_ends_when_it_starts(world, graph):
    shape = graph([("a", "b")], a={"is_empty": True}, b={"is_empty": True})
    run = world.begin(shape, is_paused=True)
    world.database.write(lambda c: c.execute(tables.dag.update().values(is_paused=False)))
    assert start_queued(world, run) is Start.STARTED
    assert world.run_state(run) == "success"
    assert world.differences(run, shape) == []


def test_clearing_a_failed_task_and_what_is_below_runs_them_again(world, graph):
    shape = graph([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])
    run = world.begin(shape)
    world.add_worker()
    world.finish(world.start()["a"])
    tickets = world.start()
    world.end(world.outcome(tickets["b"], "failed", retry=False), world.outcome(tickets["c"]))
    assert world.run_state(run) == "failed"
    late = world.outcome(tickets["b"])
    cleared = world.clear(run, "b", "d")
    assert len(cleared.cleared) == 2
    assert world.run_state(run) == "queued"
    assert world.differences(run, shape) == []
    assert start_queued(world, run) is Start.STARTED
    assert world.states(run) == {"a": "success", "b": "scheduled", "c": "success", "d": "none"}
    ticket = world.start()["b"]
    assert ticket.try_number == 2
    assert world.end(late).answers[0].verdict == "already recorded"
    result = world.end(world.outcome(ticket), claimer=world.claimer(free=1))
    world.finish(result.tickets[0])
    assert world.run_state(run) == "success"
    assert world.differences(run, shape) == []


def test_nothing_is_cleared_while_something_of_it_is_running(world, graph):
    run = world.begin(graph([("a", "b")]))
    world.add_worker()
    world.start()
    cleared = world.clear(run, "a", "b")
    assert (cleared.cleared, len(cleared.running)) == ((), 1)
    assert world.states(run) == {"a": "running", "b": "none"}


def test_what_cannot_be_cleared_is_named(world, graph):
    run = world.begin(graph(tasks=["a"]))
    with pytest.raises(LookupError, match="has no task 'x'"):
        world.clear(run, "x")
    with pytest.raises(LookupError, match="no run with key 5"):
        world.clear(5, "a")


def test_a_recount_mends_what_differs_and_says_so(world, graph):
    shape = graph([("a", "b")])
    run = world.begin(shape)
    world.database.write(lambda c: c.execute(tables.task_counter.update().values(success=7)))
    found = world.database.write(partial(recount.recount_run, run=run, **world.tools))
    assert [each.what for each in found] == ["counters of a[-1]", "counters of b[-1]"]
    assert world.differences(run, shape) == []


def test_evidence_requeues_what_never_started_and_ends_the_rest_as_lost(world, graph):
    shape = graph(tasks=["a", "b", "c"], a={"retries": 1}, b={"retries": 1})
    run = world.begin(shape)
    world.add_worker()
    tickets = world.start()
    never = {(tickets["a"].instance, tickets["a"].token)}
    taken = world.database.write(
        partial(daemons.report_ended, worker="w1", never_started=never, cause="killed by signal 9", **world.tools)
    )
    assert taken.requeued == (tickets["a"].instance,)
    assert len(taken.lost) == 2
    assert world.states(run) == {"a": "scheduled", "b": "up_for_retry", "c": "failed"}
    assert world.tries(run, "a") == []
    assert [(each.state, each.cause) for each in world.tries(run, "b")] == [("lost", "killed by signal 9 [task-lost]")]
    assert world.differences(run, shape) == []
    again = world.database.write(partial(daemons.report_ended, worker="w1", **world.tools))
    assert (again.requeued, again.lost) == ((), ()), "told twice, done once"


def test_a_worker_that_was_declared_ended_cannot_renew(world):
    world.add_worker()
    assert world.renew_lease("w1")
    end = partial(daemons.end_daemon, daemon_id="w1", cause="stopped", clock=world.clock)
    assert world.database.write(end)
    assert not world.database.write(end)
    assert not world.renew_lease("w1")


def test_the_production_clock_judges_leases_by_the_database(database, world):
    clock, leases = SystemClock(), daemons.Leases()
    register = partial(daemons.register, daemon_id="w", kind="worker", host="h", pid=1, clock=clock, leases=leases)
    database.write(register)
    database.write(partial(daemons.beat, clock=clock, leases=leases))
    assert database.write(partial(daemons.renew, daemon_id="w", clock=clock, leases=leases))
    with database.read() as conn:
        row = conn.execute(sa.select(tables.daemon)).one()
        gone = daemons.find_gone(conn, clock=clock, leases=leases)
    assert abs(row.expires_at - row.renewed_at - leases.duration) < timedelta(milliseconds=100)
    assert abs((row.renewed_at - clock.now()).total_seconds()) < 60
    assert gone == daemons.Gone()


def end_a_run(world, shape, run_id, state="failed"):
    world.clock.pass_(days=1)
    world.add_run(shape, run_id=run_id)
    world.finish(world.start()["a"], state)
    return world.go_on()


def is_paused(world):
    with world.database.read() as conn:
        return bool(conn.execute(sa.select(tables.dag.c.is_paused)).scalar_one())


def test_a_dag_is_paused_after_so_many_failed_runs_in_a_row(world, graph):
    shape = replace(graph(tasks=["a"]), max_consecutive_failed_runs=2)
    world.add_dag(shape)
    world.add_worker()
    for run_id, state in (("r1", "failed"), ("r2", "success"), ("r3", "failed")):
        end_a_run(world, shape, run_id, state)
        assert not is_paused(world), run_id
    assert end_a_run(world, shape, "r4") == 1, "the rest of the failed run, which its DAG's row was not locked for"
    assert is_paused(world)


def test_where_no_number_is_given_failures_pause_nothing_and_leave_nothing_to_do(world, graph):
    shape = graph(tasks=["a"])
    world.add_dag(shape)
    world.add_worker()
    assert sum(end_a_run(world, shape, f"r{number}") for number in range(4)) == 0
    assert not is_paused(world)


def test_who_unpauses_a_dag_that_was_paused_by_failures_is_not_overruled_by_the_same_failure(world, graph):
    shape = replace(graph(tasks=["a"]), max_consecutive_failed_runs=1)
    world.begin(shape)
    world.add_worker()
    world.finish(world.start()["a"], "failed")
    (left,) = world.database.write(lambda c: continuations.first(c, 10))
    assert world.go_on() == 1
    world.database.write(lambda c: c.execute(tables.dag.update().values(is_paused=False)))
    assert not world.database.write(lambda c: continuing.go_on(c, left, **world.tools)), "another scheduler comes late"
    assert not is_paused(world)


def test_a_dag_that_is_renamed_before_it_is_paused_by_failures_is_paused_under_its_new_name(world, graph):
    shape = replace(graph(tasks=["a"]), max_consecutive_failed_runs=1)
    world.begin(shape)
    world.add_worker()
    world.finish(world.start()["a"], "failed")
    (left,) = world.database.write(lambda c: continuations.first(c, 10))
    world.database.write(lambda c: rename_dag(c, "d", "new"))
    assert world.database.write(lambda c: continuing.go_on(c, left, **world.tools)), "it is to be looked at again"
    assert not is_paused(world)
    assert world.go_on() == 1
    assert is_paused(world)


def test_a_task_whose_dates_leave_the_run_out_is_removed_and_what_is_behind_it_goes_on(world, graph):
    later = {"start_date": world.clock.at + timedelta(days=1)}
    over = {"end_date": world.clock.at - timedelta(days=1)}
    shape = graph([("a", "later"), ("later", "behind"), ("over", "behind"), ("a", "behind")], later=later, over=over)
    run = world.begin(shape)
    world.add_worker()
    assert world.states(run) == {"a": "scheduled", "later": "removed", "over": "removed", "behind": "none"}
    world.finish(world.start()["a"])
    assert world.states(run)["behind"] == "queued"
    world.finish(world.start()["behind"])
    assert world.run_state(run) == "success"
    assert world.differences(run, shape) == []
    world.clear(run, "a", "later")
    assert world.states(run)["later"] == "removed", "a clear brings nothing into a run that was no part of it"


def test_a_run_that_had_to_wait_is_without_those_tasks_too(world, graph):
    shape = graph([("a", "later"), ("later", "b")], later={"start_date": world.clock.at + timedelta(days=1)})
    run = world.begin(shape, is_paused=True)
    assert world.states(run) == {"a": "none", "later": "removed", "b": "none"}
    assert world.differences(run, shape) == []
    world.database.write(lambda c: c.execute(tables.dag.update().values(is_paused=False)))
    assert start_queued(world, run) is Start.STARTED
    assert world.states(run) == {"a": "scheduled", "later": "removed", "b": "scheduled"}
    assert world.differences(run, shape) == []
