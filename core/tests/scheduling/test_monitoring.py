"""A scheduler's look at the whole system: right numbers, one statement, and none where nobody is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tradewind.metadata import tables
from tradewind.metadata.statements import pools
from tradewind.metrics import recording
from tradewind.metrics.meter import Meter
from tradewind.metrics.selecting import Selection
from tradewind.scheduling.monitoring import Lookout


@pytest.fixture
def meter():
    meter = Meter(Selection())
    recording.use_meter(meter)
    yield meter
    recording.use_meter(None)


def values(meter):
    return {(each.metric.name, *each.labels.values()): each.value for each in meter.batch().series}


def test_it_tells_of_pools_executors_runs_daemons_and_what_waits(office, meter):
    office.add_worker(slots=1)
    office.add_dag("d", "a", "b", "c", every=timedelta(days=1))
    office.database.write(lambda conn: pools.set_pool(conn, "default_pool", slots=128, description=None))
    office.database.write(lambda conn: pools.set_pool(conn, "spare", slots=3, description=None))
    with office.database.transaction() as conn:
        conn.execute(
            tables.dag_file.insert().values(
                bundle="b", path="x.py", inputs="[]", warnings="[]", error="no", is_present=True
            )
        )
        conn.execute(
            tables.event_outbox.insert().values(
                run=1, kind="on_dag_run_ended", state="failed", ended_at=office.clock.at, heard_by="[]", attempts=0
            )
        )
    lookout = Lookout(office.database, clock=office.clock, interval=20)
    office.pass_(days=1, seconds=90)
    office.renew_worker()
    lookout.turn()
    found = values(meter)
    assert found["scheduler.lag",] == 90
    assert found["task_instance.oldest_waiting",] == 0
    office.scheduler.step()
    office.claim(free=1)
    office.pass_(seconds=20)
    office.renew_worker()
    lookout.turn()
    found = values(meter)
    assert found["scheduler.lag",] == 0
    assert [found["task_instance.unfinished", state] for state in ("scheduled", "queued", "running")] == [0, 2, 1]
    assert found["task_instance.oldest_waiting",] == 20
    in_pool = [
        found[f"pool.{name}", "default_pool"] for name in ("slots", "open_slots", "queued_slots", "running_slots")
    ]
    assert in_pool == [128, 125, 2, 1]
    assert [
        found["pool.slots", "spare"],
        found["pool.open_slots", "spare"],
        found["pool.scheduled_slots", "spare"],
    ] == [3, 3, 0]
    executor = [
        found[f"executor.{name}", "LocalExecutor"] for name in ("slots", "open_slots", "queued_tasks", "running_tasks")
    ]
    assert executor == [1, 0, 2, 1]
    assert [found["dag_run.unfinished", state] for state in ("queued", "running")] == [0, 1]
    assert [found["daemon.live", kind] for kind in ("scheduler", "worker", "processor")] == [0, 1, 0]
    assert [found[name,] for name in ("dag.active", "dag.quarantined", "dag_file.import_errors", "events.waiting")] == [
        1,
        0,
        1,
        1,
    ]


def test_it_is_one_statement_an_interval_and_none_where_nobody_is_told(office, statements):
    lookout = Lookout(office.database, clock=office.clock, interval=20)
    with statements.recorded(office.database):
        lookout.turn()
        statements.assert_at_most(0)
        recording.use_meter(Meter(Selection()))
        try:
            for _ in range(60):
                lookout.turn()
                office.pass_(seconds=1)
        finally:
            recording.use_meter(None)
    assert len(statements) == 3


def test_runs_are_timed_and_counted_where_they_are_closed(office, meter):
    office.add_worker()
    office.add_dag("d", every=timedelta(days=1))
    office.pass_(days=1, seconds=5)
    office.renew_worker()
    office.scheduler.step()
    [ticket] = office.claim()
    office.pass_(seconds=30)
    office.finish(ticket)
    found = {(each.metric.name, *each.labels.values()): each for each in meter.batch().series}
    assert found["dag_run.schedule_delay", "d"].value == 5
    assert found["dag_run.duration", "d", "success"].value == 30
    assert found["dag_run.duration", "d", "success"].aliases == ("dagrun.duration.success.d",)
    assert found["scheduler.admitted",].value == 1
    assert found["scheduler.admission_duration",].count >= 1
