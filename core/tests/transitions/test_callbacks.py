"""Callbacks are owed by the transaction that changes the state, claimed once at a time, and kept until they were called."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from tradewind.metadata import tables
from tradewind.metadata.statements import tickets
from tradewind.transitions import callbacks, claims, daemons
from tradewind.transitions.callbacks import CallbackResult, Patience

ALL = {
    "on_success_callback": ("well",),
    "on_failure_callback": ("alarm", "page"),
    "on_retry_callback": ("again",),
    "on_skipped_callback": ("past",),
}
PATIENCE = Patience(timedelta(seconds=300), timedelta(seconds=60), attempts=3, pause=timedelta(seconds=10))


def owed(world: Any) -> list[Any]:
    with world.database.read() as conn:
        return list(conn.execute(sa.select(tables.callback).order_by(tables.callback.c.id)))


def kinds(world: Any) -> list[tuple[str, str | None]]:
    return [(row.kind, row.task_id) for row in owed(world)]


def claim(world: Any, worker: str = "w1", *, most: int = 10) -> list[Any]:
    return world.database.write(lambda c: callbacks.claim(c, worker, most=most, patience=PATIENCE, clock=world.clock))


def report(world: Any, claimed: Any, error: str | None = None, done: tuple[int, ...] = ()) -> bool:
    owed = claimed.owed
    result = CallbackResult(owed.id, owed.token, done, error, owed.attempts)
    return world.database.write(lambda c: callbacks.report(c, result, patience=PATIENCE, clock=world.clock))


@pytest.mark.parametrize(
    ("state", "kind", "left"),
    [
        ("success", "on_success_callback", "success"),
        ("skipped", "on_skipped_callback", "skipped"),
        ("failed", "on_failure_callback", "failed"),
        ("lost", "on_failure_callback", "failed"),
    ],
)
def test_the_end_of_a_try_owes_its_callback(small_world, graph, state, kind, left):
    small_world.add_worker()
    small_world.begin(graph(tasks=["a"], a={"callbacks": ALL}))
    result = small_world.finish(small_world.start()["a"], state, cause="why [task-lost]" if state == "lost" else None)
    assert result.has_callbacks
    (row,) = owed(small_world)
    assert (row.kind, row.task_id, row.state, row.try_number, row.ran_on) == (kind, "a", left, 1, "w1")
    assert json.loads(row.names) == list(ALL[kind])
    assert json.loads(row.details)["cause"] == ("why [task-lost]" if state == "lost" else None)


def test_a_retry_owes_another_one_than_the_last_failure(world, graph):
    world.add_worker()
    world.begin(graph(tasks=["a"], a={"callbacks": ALL, "retries": 1, "retry_delay": 0.0}))
    raised = ("builtins:ValueError", "no such day", "Traceback …", "")
    world.finish(world.start()["a"], "failed", raised=raised)
    assert kinds(world) == [("on_retry_callback", "a")]
    assert json.loads(owed(world)[0].details)["raised"] == list(raised)
    world.release()
    world.finish(world.start()["a"], "failed")
    assert kinds(world) == [("on_retry_callback", "a"), ("on_failure_callback", "a")]


def test_neither_a_reschedule_nor_a_try_that_never_started_is_told(small_world, graph):
    small_world.add_worker()
    small_world.begin(graph(tasks=["a", "b"], a={"callbacks": ALL}, b={"callbacks": ALL}))
    started = small_world.start()
    small_world.finish(started["a"], "up_for_reschedule", due_at=small_world.clock.at)
    small_world.finish(started["b"], "never_started")
    assert owed(small_world) == []


def test_what_a_rule_decides_is_not_told(small_world, graph):
    small_world.add_worker()
    skipped = graph([("a", "b"), ("b", "c"), ("x", "y")], **{name: {"callbacks": ALL} for name in "bcxy"})
    small_world.begin(skipped)
    started = small_world.start()
    small_world.finish(started["a"], "success", skip=("b",))
    small_world.finish(started["x"], "failed")
    assert kinds(small_world) == [("on_failure_callback", "x")]


def test_a_task_that_cannot_be_expanded_owes_its_failure(small_world, graph, pushed):
    small_world.add_worker()
    mapped = {"expand": (("x", ("a", "return_value")),), "callbacks": ALL}
    small_world.begin(graph([("a", "m")], m=mapped))
    small_world.finish(small_world.start()["a"], xcoms=(pushed(None),))
    small_world.go_on()
    (row,) = owed(small_world)
    assert (row.kind, row.task_id, row.map_index, row.try_number) == ("on_failure_callback", "m", -1, 0)
    assert "pushed no list or dict" in json.loads(row.details)["cause"]


@pytest.mark.parametrize(
    ("state", "kind", "reason"),
    [("success", "on_success_callback", "success"), ("failed", "on_failure_callback", "task_failure")],
)
def test_the_end_of_a_run_owes_its_dags_callback_about_its_last_instance(world, graph, state, kind, reason):
    world.add_worker()
    run = world.begin(graph(tasks=["a", "b"], callbacks={each: ALL[each] for each in (kind, "on_success_callback")}))
    started = world.start()
    world.finish(started["a"], state)
    world.clock.pass_(seconds=1)
    assert owed(world) == []
    assert world.finish(started["b"]).has_callbacks
    (row,) = owed(world)
    assert (row.run, row.kind, row.task_id, json.loads(row.details)) == (run, kind, None, {"reason": reason})
    (claimed,) = claim(world)
    # One that failed comes before one that ended later
    assert claimed.ticket.task_id == ("a" if state == "failed" else "b")
    assert (claimed.ticket.run, claimed.ticket.version_id) == (run, world.version)


def test_a_run_that_is_over_as_it_begins_owes_its_callback_too(small_world, graph):
    small_world.begin(graph(tasks=["e"], e={"is_empty": True}, callbacks=ALL))
    assert kinds(small_world) == [("on_success_callback", None)]


def test_without_callbacks_nothing_is_asked_or_written(small_world, graph, statements):
    small_world.add_worker()
    small_world.begin(graph([("a", "b")]))
    with statements.recorded(small_world.database) as plain:
        assert not small_world.finish(small_world.start()["a"], "failed").has_callbacks
    assert not any("callback" in text for text in plain.texts)
    assert owed(small_world) == []


def test_a_callback_is_one_statement_more_a_batch(small_world, graph, statements):
    costs = []
    for named, wanted in (("p", {}), ("q", {"on_success_callback": ("well",)})):
        names = [f"{named}{n}" for n in range(8)]
        small_world.add_worker(named, slots=8)
        small_world.begin(graph(tasks=names, dag_id=named, **{name: {"callbacks": wanted} for name in names}))
        tickets = small_world.start(named).values()
        with statements.recorded(small_world.database) as recorded:
            small_world.end(*map(small_world.outcome, tickets))
        costs.append(len(recorded))
    assert costs[1] == costs[0] + 1


def test_a_callback_is_claimed_by_one_worker_and_gone_when_it_was_called(small_world, graph):
    small_world.add_worker()
    small_world.begin(graph(tasks=["a", "b"], a={"callbacks": ALL}, b={"callbacks": ALL}))
    started = small_world.start()
    small_world.end(small_world.outcome(started["a"]), small_world.outcome(started["b"]))
    (first,) = claim(small_world, most=1)
    (second,) = claim(small_world, "w2")
    assert (first.ticket.task_id, second.ticket.task_id) == ("a", "b")
    assert (first.owed.attempts, first.owed.names, first.owed.host) == (1, ("well",), "h")
    assert claim(small_world) == []
    assert report(small_world, first)
    assert kinds(small_world) == [("on_success_callback", "b")]


def test_one_that_fails_is_tried_again_with_pauses_and_then_given_up(world, graph):
    world.add_worker()
    world.begin(graph(tasks=["a"], a={"callbacks": ALL}))
    world.finish(world.start()["a"], "failed")
    for pause in (10, 20):
        (claimed,) = claim(world)
        assert report(world, claimed, "page: OSError: no line", (0,))
        world.clock.pass_(seconds=pause - 1)
        assert claim(world) == []
        world.clock.pass_(seconds=1)
    (claimed,) = claim(world)
    assert (claimed.owed.attempts, claimed.owed.done) == (3, (0,))
    assert report(world, claimed, "page: OSError: no line", (0,))
    world.clock.pass_(days=1)
    assert claim(world) == []
    (row,) = owed(world)
    assert (row.due_at, row.error) == (None, "page: OSError: no line")
    assert world.database.write(lambda c: callbacks.retry(c, [row.id], clock=world.clock)) == 1
    (claimed,) = claim(world)
    assert (claimed.owed.attempts, claimed.owed.done) == (1, (0,))


def test_what_nobody_reports_is_called_by_another_and_the_late_report_changes_nothing(small_world, graph):
    small_world.add_worker()
    small_world.begin(graph(tasks=["a"], a={"callbacks": ALL}))
    small_world.finish(small_world.start()["a"])
    (lost,) = claim(small_world)
    small_world.clock.pass_(seconds=359)
    assert claim(small_world, "w2") == []
    small_world.clock.pass_(seconds=1)
    (again,) = claim(small_world, "w2")
    assert again.owed.attempts == 2
    assert not report(small_world, lost, "late")
    assert not report(small_world, lost)
    assert [row.worker for row in owed(small_world)] == ["w2"]
    assert report(small_world, again)


def test_what_a_dead_worker_was_calling_is_due_at_once_and_given_up_when_it_kills_each(small_world, graph):
    small_world.begin(graph(tasks=["a"], a={"callbacks": ALL}))
    small_world.add_worker()
    small_world.finish(small_world.start()["a"])
    for attempt in range(1, 4):
        (claimed,) = claim(small_world, f"k{attempt}")
        assert claimed.owed.attempts == attempt
        ended = lambda c, n=attempt: daemons.report_ended(c, f"k{n}", **small_world.tools)  # noqa: E731
        small_world.database.write(ended)
    assert claim(small_world) == []
    (row,) = owed(small_world)
    assert (row.due_at, row.error) == (None, "its worker ended while it was called")


def test_the_changes_of_one_task_are_told_in_order_and_the_runs_last(world, graph):
    world.add_worker()
    again = {"callbacks": ALL, "retries": 1, "retry_delay": 0.0}
    world.begin(graph(tasks=["a", "b"], callbacks=ALL, a=again, b=again))
    started = world.start()
    world.finish(started["b"])
    world.finish(started["a"], "failed")
    world.release()
    world.finish(world.start()["a"], "failed")
    first = claim(world)
    assert [(each.owed.kind, each.ticket.task_id) for each in first] == [
        ("on_success_callback", "b"),
        ("on_retry_callback", "a"),
    ]
    assert claim(world) == []
    assert report(world, first[1], "again: no line"), "one that failed once holds nothing up any more"
    (second,) = claim(world)
    assert second.owed.kind == "on_failure_callback"
    report(world, second)
    report(world, first[0])
    (last,) = claim(world)
    assert (last.owed.kind, last.owed.task_id) == ("on_failure_callback", None)


def test_a_worker_hears_of_due_callbacks_from_what_it_asks_anyway(world, graph, statements):
    world.add_worker()
    world.begin(graph([("a", "b")], a={"callbacks": ALL}))

    def is_told() -> bool:
        asking = world.claimer()
        return world.database.write(lambda c: claims.take(c, asking, most=1, clock=world.clock)).has_callbacks

    assert not is_told()
    world.finish(world.start()["a"])
    world.start()
    assert is_told(), "nothing is queued, but this is due"
    with world.database.read() as conn, statements.recorded(world.database) as recorded:
        held, has_callbacks = tickets.held_by(conn, "w1", world.clock.at)
    assert (len(held), has_callbacks) == (1, True)
    recorded.assert_at_most(1)
    (claimed,) = claim(world)
    assert not is_told()
    report(world, claimed, "no line")
    assert not is_told()
    world.clock.pass_(seconds=10)
    assert is_told()
