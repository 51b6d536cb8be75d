"""What an idle scheduler costs: counted over a minute of its own loop's sleeps, on a clock moved by hand."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from tradewind.metadata import tables
from tradewind.metrics.meter import Meter
from tradewind.metrics.recording import use_meter
from tradewind.metrics.selecting import Selection
from tradewind.scheduling import housekeeping
from tradewind.scheduling.courier import Courier
from tradewind.scheduling.scheduler import Scheduler

MINUTE = timedelta(seconds=60)


class Counting:
    """A delivery that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def deliver(self, _taker: str) -> bool:
        self.asked += 1
        return False


def run_idle(office, scheduler: Scheduler) -> int:
    """Step and sleep as `run` does, for a minute; return the number of steps."""
    end, steps = office.clock.at + MINUTE, 0
    while office.clock.at < end:
        office.pass_(seconds=max(scheduler.pause(scheduler.step(), is_deaf=False), 0.001))
        steps += 1
    return steps


def test_an_idle_scheduler_asks_at_most_one_statement_a_second(office, statements):
    office.add_worker()
    office.add_dag(every=timedelta(days=1))
    office.scheduler.step()
    with statements.recorded(office.database):
        steps = run_idle(office, office.scheduler)
    statements.assert_at_most(60)
    assert steps >= 20, "its lease is renewed in time all the same"


def test_with_listeners_it_costs_no_more(office, statements):
    delivery = Counting()
    scheduler = Scheduler(
        office.database,
        office.graphs,
        office.heard,
        clock=office.clock,
        ids=office.ids,
        settings=office.settings,
        delivery=delivery,
    )
    office.schedulers.append(scheduler)
    scheduler.step()
    with statements.recorded(office.database):
        run_idle(office, scheduler)
    statements.assert_at_most(60)
    assert delivery.asked == 0


def test_with_metrics_it_costs_three_statements_a_minute_more_and_stays_within_the_budget(office, statements):
    office.add_worker()
    office.add_dag(every=timedelta(days=1))
    office.scheduler.step()
    use_meter(Meter(Selection()))
    try:
        with statements.recorded(office.database):
            run_idle(office, office.scheduler)
    finally:
        use_meter(None)
    statements.assert_at_most(60)
    assert sum("'event:waiting'" in text for text in statements.texts) == 3


def test_the_lease_never_runs_out_while_it_idles(office):
    office.scheduler.step()
    for _ in range(30):
        office.pass_(seconds=office.scheduler.pause(office.scheduler.step(), is_deaf=False))
        with office.database.read() as conn:
            row = conn.execute(sa.select(tables.daemon)).one()
            pulse = conn.execute(sa.select(tables.pulse)).one()
        assert row.expires_at > office.clock.at
        assert office.clock.at - pulse.beat_at < office.settings.leases.duration, "or no lease would ever expire"


def test_one_that_hears_no_wake_ups_looks_more_often(office):
    stepped = office.scheduler.step()
    assert not stepped.has_worked
    assert office.scheduler.pause(stepped, is_deaf=True) == office.settings.poll_interval
    assert office.scheduler.pause(stepped, is_deaf=False) > office.settings.poll_interval


class Hanging:
    """A delivery whose first call hangs until it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.let_go = threading.Event()
        self.others = threading.Event()
        self.takers: list[str] = []

    def deliver(self, taker: str) -> bool:
        self.takers.append(taker)
        if len(self.takers) > 1:
            self.others.set()
            return False
        self.begun.set()
        self.let_go.wait()
        return True


def test_a_listener_that_hangs_holds_no_step_and_no_lease_and_others_are_told(office, caplog):
    delivery = Hanging()
    seconds = [0.0]
    courier = Courier(delivery, deadline=60, monotonic=lambda: seconds[0])
    scheduler = Scheduler(
        office.database,
        office.graphs,
        office.heard,
        clock=office.clock,
        ids=office.ids,
        settings=office.settings,
        delivery=courier,
    )
    office.schedulers.append(scheduler)
    office.add_worker()
    with office.database.transaction() as conn:
        conn.execute(
            tables.event_outbox.insert().values(
                run=1, kind="on_dag_run_ended", state="failed", ended_at=office.clock.at, heard_by="[]", attempts=0
            )
        )
    office.add_dag("beside", every=timedelta(days=1))
    scheduler.step()
    assert delivery.begun.wait(10)
    for _ in range(19):  # nearly a minute of virtual time in which the listener hangs
        office.pass_(seconds=3)
        seconds[0] += 3
        office.renew_worker()
        scheduler.step()
    with office.database.read() as conn:
        lives = tables.daemon.c.kind == "scheduler", tables.daemon.c.ended_at.is_(None)
        [expires] = conn.execute(sa.select(tables.daemon.c.expires_at).where(*lives)).scalars()
        assert expires > office.clock.at
    office.pass_(days=1)
    office.renew_worker()
    scheduler.step()
    assert [state for _, state in office.runs("beside")] == ["running"], "what stands beside it goes on"
    assert not delivery.others.is_set(), "events keep their order for a minute"
    seconds[0] += 3
    scheduler.step()
    assert delivery.others.wait(10)
    assert "a listener has been running for more than 60 s and is left alone" in caplog.text
    assert len(set(delivery.takers)) == len(delivery.takers), "who is left alone changes nothing of its successor's"
    delivery.let_go.set()
    assert courier.close(10)


def test_a_listener_that_never_ends_does_not_keep_the_scheduler_from_stopping(caplog):
    delivery = Hanging()
    courier = Courier(delivery)
    courier.deliver("me")
    assert delivery.begun.wait(10)
    assert not courier.close(0.01)
    assert "its event will be told again" in caplog.text
    delivery.let_go.set()


def test_what_a_delivery_raises_is_logged_and_it_goes_on(caplog):
    told = threading.Event()

    class Failing:
        calls = 0

        def deliver(self, _taker: str) -> bool:
            self.calls += 1
            if self.calls == 1:
                raise RuntimeError("a bug")
            told.set()
            return False

    caplog.set_level(logging.ERROR)
    courier = Courier(Failing())
    courier.deliver("me")
    while not told.is_set():
        courier.deliver("me")
    assert courier.close(10)
    assert "which is a bug" in caplog.text


def test_after_an_outage_the_first_renewal_beats_before_anybody_is_judged(office, monkeypatch):
    beside = office.add_scheduler()
    office.scheduler.step()
    beside.step()
    office.pass_(seconds=3)
    office.scheduler.step()  # renews, and need not beat

    pauses = []

    def break_off(*_words, **_more):
        raise OperationalError("UPDATE", {}, Exception("gone"))

    def sleep(stepped):
        pauses.append(office.scheduler.pause(stepped, is_deaf=False))
        office.pass_(seconds=3)
        office.scheduler.stop()

    with monkeypatch.context() as outage:
        outage.setattr(housekeeping, "renew", break_off)
        outage.setattr(office.scheduler, "_sleep", sleep)
        office.pass_(seconds=6)
        office.scheduler.run()
    assert pauses == [office.settings.poll_interval], "it waits between two attempts"
    office.scheduler.step()  # the other one could not renew for more than a lease, as nobody could: it is no reason to give it up
    with office.database.read() as conn:
        pulse = conn.execute(sa.select(tables.pulse)).one()
        ended = conn.execute(
            sa.select(tables.daemon.c.end_cause).where(tables.daemon.c.id == beside.daemon_id)
        ).scalar()
    assert pulse.since == office.clock.at
    assert ended is None


def test_after_the_last_of_so_many_steps_it_does_not_sleep(office, monkeypatch):
    slept = []
    monkeypatch.setattr(office.scheduler, "_sleep", slept.append)
    office.scheduler.run(3)
    assert len(slept) == 2
