"""Listeners of ends: the outbox is written with the state, and told at least once, in order, by one scheduler at a time."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from tradewind.metadata import tables
from tradewind.metadata.engine import Database
from tradewind.plugins.behaviour import STATE_HOOKS
from tradewind.scheduling.delivery import ATTEMPTS, HOLD, Delivery, open_delivery
from tradewind.scheduling.scheduler import Scheduler
from tradewind.transitions import ends
from tradewind.transitions.runs import create_run
from tradewind.transitions.values import Outcome


class Crash(BaseException):
    """The end of a scheduler's process in the middle of its work."""


class Ears:
    """Two plugins' listeners that note what they hear; `deaf` raises for the plugins and states that it names."""

    is_empty = False

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []
        self.deaf: set[tuple[str, str]] = set()
        self.on_event: Any = lambda event: None

    def tell(self, hook: str, event: Any, *, besides: Any = ()) -> Any:
        ok, failed = set(), set()
        for plugin in {"good", "bad"} - set(besides):
            if (plugin, event.state) in self.deaf:
                failed.add(plugin)
                continue
            ok.add(plugin)
            self.heard.append((plugin, event))
        self.on_event(event)
        return frozenset(ok), frozenset(failed)

    def told(self, plugin: str = "good") -> list[str]:
        return [
            f"{getattr(event, 'task_id', 'run ' + event.run_id)} {event.state}"
            for name, event in self.heard
            if name == plugin
        ]


@pytest.fixture
def listening(database_url):
    database = Database(database_url, listened=STATE_HOOKS)
    yield database
    database.dispose()


@pytest.fixture
def desk(listening, office):
    """An office whose processes know of listeners."""
    desk = type(office)(listening)
    desk.ears = Ears()
    desk.delivery = Delivery(listening, desk.ears, clock=desk.clock)
    yield desk
    for scheduler in desk.schedulers:
        scheduler.close()


def make_run(desk, run_id="r", dag_id="d"):
    def work(conn):
        version = desk.row(dag_id).version_id
        return create_run(
            conn,
            version_id=version,
            graph=desk.graphs.get(conn, version),
            run_id=run_id,
            run_type="manual",
            logical_date=desk.clock.at,
            data_interval_start=None,
            data_interval_end=None,
            conf={},
            triggered_by="test",
            clock=desk.clock,
            ids=desk.ids,
        )

    return desk.database.write(work)


def end(conn, desk, tickets, state="success"):
    outcomes = [Outcome(each.instance, each.token, state, desk.clock.at) for each in tickets]
    ends.end(conn, outcomes, graphs=desk.graphs, clock=desk.clock, ids=desk.ids)


def deliver_all(desk, taker="s1"):
    """Deliver until there is nothing to tell now."""
    while desk.delivery.deliver(taker):
        continue


def outbox(database):
    with database.read() as conn:
        return list(conn.execute(sa.select(tables.event_outbox).order_by(tables.event_outbox.c.id)))


def run_one_task(desk, state="success", run_id="r"):
    """Make a run of one task and end it."""
    if not desk.texts:
        desk.add_dag("d", "a")
        desk.add_worker()
    desk.renew_worker()
    make_run(desk, run_id)
    desk.scheduler.step()
    desk.finish(*desk.claim(), state=state)


def test_an_end_and_the_end_of_its_run_are_in_the_outbox(desk, listening):
    run_one_task(desk, state="failed")
    task, run = outbox(listening)
    assert (task.kind, task.task_id, task.map_index, task.try_number) == ("on_task_instance_ended", "a", -1, 1)
    assert (task.state, task.ended_at) == ("failed", desk.clock.at)
    assert (run.kind, run.task_id, run.state) == ("on_dag_run_ended", None, "failed")
    assert task.id < run.id


def test_a_transaction_that_is_rolled_back_takes_its_events_along(desk, listening):
    desk.add_dag("d", "a")
    desk.add_worker()
    make_run(desk)
    desk.scheduler.step()
    tickets = desk.claim()
    seen = []

    def end_and_crash(conn):
        end(conn, desk, tickets)
        seen.append(conn.execute(sa.select(sa.func.count()).select_from(tables.event_outbox)).scalar_one())
        raise Crash

    with pytest.raises(Crash):
        listening.write(end_and_crash)
    assert seen == [2]
    assert outbox(listening) == []
    assert desk.task_states() == ["running"]


def test_an_end_adds_a_statement_for_tasks_and_one_for_the_run_and_none_where_nobody_listens(
    desk, database, listening, statements
):
    counts = {}
    desk.add_dag("d", "a")
    desk.add_worker()
    for run_id, writer in (("unheard", database), ("heard", listening)):
        desk.renew_worker()
        make_run(desk, run_id)
        desk.scheduler.step()
        tickets = desk.claim()
        with statements.recorded(writer):
            writer.write(lambda conn, tickets=tickets: end(conn, desk, tickets))
        counts[run_id] = len(statements)
        assert any("event_outbox" in text for text in statements.texts) == (run_id == "heard")
    assert counts["heard"] == counts["unheard"] + 2
    assert [row.kind for row in outbox(database)] == ["on_task_instance_ended", "on_dag_run_ended"]


def test_ends_without_a_process_are_heard_of_too(desk, listening):
    chain = desk.add_dag("d", "a", "b")
    a, b = chain.tasks.values()
    desk.texts["d"] = replace(chain, tasks={"a": replace(a, downstream=("b",)), "b": replace(b, upstream=("a",))})
    empty = desk.add_dag("empty", "e")
    desk.texts["empty"] = replace(empty, tasks={"e": replace(empty.tasks["e"], is_empty=True)})
    desk.add_worker()
    make_run(desk)
    desk.scheduler.step()
    desk.finish(*desk.claim(), state="failed")
    make_run(desk, "q", dag_id="empty")
    deliver_all(desk)
    assert desk.ears.told() == ["a failed", "b upstream_failed", "run r failed", "e success", "run q success"]


def test_two_schedulers_tell_each_event_once_and_in_order(desk, listening):
    for number in range(3):
        run_one_task(desk, run_id=f"r{number}")
    other = Delivery(listening, desk.ears, clock=desk.clock)
    desk.ears.on_event = lambda event: other.deliver("s2")  # while the first is telling
    deliver_all(desk)
    expected = [line for number in range(3) for line in ("a success", f"run r{number} success")]
    assert desk.ears.told() == expected
    assert outbox(listening) == []


def test_two_schedulers_at_the_same_time_tell_each_event_once_and_in_order(desk, listening):
    for number in range(20):
        run_one_task(desk, run_id=f"r{number}")
    begin, errors = threading.Barrier(2), []

    def work(taker):
        delivery = Delivery(listening, desk.ears, clock=desk.clock)
        begin.wait(10)
        try:
            while outbox(listening):
                delivery.deliver(taker)
        except Exception as error:  # noqa: BLE001 - shown by the test
            errors.append(error)

    threads = [threading.Thread(target=work, args=(taker,)) for taker in ("s1", "s2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert desk.ears.told() == [line for n in range(20) for line in ("a success", f"run r{n} success")]


def test_a_crash_between_the_call_and_the_deletion_tells_it_again_with_the_same_key(desk, listening):
    run_one_task(desk)

    def crash(event):
        raise Crash

    desk.ears.on_event = crash
    with pytest.raises(Crash):
        desk.delivery.deliver("s1")
    desk.ears.on_event = lambda event: None
    assert not desk.delivery.deliver("s2")  # they are still the dead one's
    desk.clock.at += HOLD
    deliver_all(desk, "s2")
    assert desk.ears.told() == ["a success", "a success", "run r success"]
    first, again = [event for _, event in desk.ears.heard if hasattr(event, "task_id")][::2][:2]
    assert first.key == again.key
    assert outbox(listening) == []


def test_a_scheduler_whose_clock_is_ahead_takes_nothing_from_the_one_that_is_telling(desk, listening):
    run_one_task(desk)
    ahead = type(desk.clock)()
    ahead.now = lambda: desk.clock.at + 2 * HOLD
    ahead.sql_now = desk.clock.sql_now
    other = Delivery(listening, Ears(), clock=ahead)
    meanwhile: list[bool] = []
    desk.ears.on_event = lambda event: meanwhile.append(other.deliver("s2"))
    deliver_all(desk, "s1")
    assert meanwhile
    assert not any(meanwhile), "they are the first one's, by the database's clock"
    assert desk.ears.told() == ["a success", "run r success"]


def test_an_event_that_ends_every_scheduler_is_dropped_without_its_neighbours(desk, listening, caplog):
    run_one_task(desk)

    def crash_on_tasks(event):
        if hasattr(event, "task_id"):
            raise Crash

    desk.ears.on_event = crash_on_tasks
    for _ in range(ATTEMPTS):
        with pytest.raises(Crash):
            desk.delivery.deliver("s1")
        desk.clock.at += HOLD
    with caplog.at_level(logging.ERROR):
        deliver_all(desk, "s2")
    assert f"it was begun {ATTEMPTS} times and never finished" in caplog.text
    assert desk.ears.told()[-1] == "run r success"
    assert outbox(listening) == []


def test_a_listener_that_fails_hears_it_again_later_and_its_run_waits(desk, listening):
    run_one_task(desk, run_id="r1")
    run_one_task(desk, run_id="r2", state="failed")
    desk.ears.deaf = {("bad", "success")}
    deliver_all(desk)
    assert desk.ears.told("good") == ["a success", "a failed", "run r2 failed"]
    assert desk.ears.told("bad") == ["a failed", "run r2 failed"]
    desk.ears.deaf.clear()
    assert not desk.delivery.deliver("s1")
    desk.clock.at += timedelta(seconds=10)
    deliver_all(desk)
    assert desk.ears.told("good") == ["a success", "a failed", "run r2 failed", "run r1 success"]
    assert desk.ears.told("bad") == ["a failed", "run r2 failed", "a success", "run r1 success"]


def test_a_listener_that_always_fails_is_given_up_with_an_error(desk, listening, caplog):
    run_one_task(desk)
    desk.ears.deaf = {("bad", "success")}
    with caplog.at_level(logging.ERROR):
        for _ in range(2 * ATTEMPTS):
            deliver_all(desk)
            desk.clock.at += timedelta(seconds=10 * 2**ATTEMPTS)
    assert outbox(listening) == []
    assert caplog.text.count(f"plugin bad failed on it {ATTEMPTS} times") == 2
    assert desk.ears.told("good") == ["a success", "run r success"]


def test_listeners_that_take_long_leave_the_rest_for_the_next_step(desk, listening):
    for number in range(2):
        run_one_task(desk, run_id=f"r{number}")

    def slow(event):
        desk.clock.at += timedelta(seconds=2)

    desk.ears.on_event = slow
    turns = 0
    while desk.delivery.deliver("s1"):
        turns += 1
        assert len(desk.ears.told()) == turns
    assert turns == 4
    assert [row.attempts for row in outbox(listening)] == []


def test_the_events_of_a_deleted_run_are_dropped(desk, listening):
    run_one_task(desk)
    with listening.transaction() as conn:
        conn.execute(tables.dag_run.delete())
    assert desk.delivery.deliver("s1")
    assert (desk.ears.told(), outbox(listening)) == ([], [])


def test_a_scheduler_with_listeners_tells_them_and_asks_once_more_when_there_is_nothing(desk, statements):
    run_one_task(desk)
    scheduler = Scheduler(
        desk.database,
        desk.graphs,
        desk.heard,
        clock=desk.clock,
        ids=desk.ids,
        settings=desk.settings,
        delivery=desk.delivery,
    )
    try:
        assert scheduler.step().has_more
        assert desk.ears.told() == ["a success", "run r success"]
        with statements.recorded(desk.database):
            assert not scheduler.step().has_more
        statements.assert_at_most(2)
    finally:
        scheduler.close()


def test_where_nobody_listens_there_is_no_delivery(desk, listening):
    desk.ears.is_empty = True
    assert open_delivery(listening, desk.ears, clock=desk.clock) is None
