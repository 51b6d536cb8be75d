"""What is counted, under which names, and how much of it at most."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy.exc import OperationalError
from tradewind.metadata.engine import Database
from tradewind.metrics import catalogue as known
from tradewind.metrics import recording
from tradewind.metrics.meter import MOST_OBSERVED, Meter
from tradewind.metrics.recording import count, gauge, gauges, held, observe
from tradewind.metrics.selecting import Selection


def by_name(meter):
    return {(each.metric.name, *each.labels.values()): each for each in meter.batch().series}


def test_counters_have_totals_and_what_came_since_the_batch_before(meter):
    count(known.ADMITTED, 3)
    count(known.ADMITTED)
    first = by_name(meter)["scheduler.admitted",]
    count(known.ADMITTED, 2)
    second = by_name(meter)["scheduler.admitted",]
    third = by_name(meter)["scheduler.admitted",]
    assert [(each.value, each.increase) for each in (first, second, third)] == [(4, 4), (6, 2), (6, 0)]


def test_timers_have_buckets_sums_and_the_observations_of_their_batch(meter):
    for seconds in (0.0005, 0.005, 0.02, 100.0):
        observe(known.SCHEDULER_STEP, seconds)
    found = by_name(meter)["scheduler.step_duration",]
    assert (found.count, found.value) == (4, pytest.approx(100.0255))
    assert found.bucket_counts == (1, 1, 0, 1, 0, 0, 0, 0, 0, 1), "a bound belongs to its own bucket"
    assert found.observed == (0.0005, 0.005, 0.02, 100.0)
    again = by_name(meter)["scheduler.step_duration",]
    assert (again.count, again.observed, again.observed_count) == (4, (), 0)


def test_observations_of_one_batch_are_bounded_and_counted(meter):
    for _ in range(MOST_OBSERVED + 5):
        observe(known.SCHEDULER_STEP, 0.1)
    found = by_name(meter)["scheduler.step_duration",]
    assert (len(found.observed), found.observed_count, found.count) == (MOST_OBSERVED, 1005, 1005)


def test_gauges_that_are_told_together_fall_to_nothing_when_they_are_not_told(meter):
    gauges(known.POOL_SLOTS, {("a",): 5, ("b",): 7})
    gauges(known.POOL_SLOTS, {("b",): 8})
    gauge(known.DAGS, 3)
    found = by_name(meter)
    values = [found[key].value for key in (("pool.slots", "a"), ("pool.slots", "b"), ("dag.active",))]
    assert values == [0, 8, 3]


def test_airflows_names_have_the_labels_in_them_and_fit_their_series_only(meter):
    count(known.TRIES_ENDED, dag_id="shop", task_id="pay", state="success")
    count(known.TRIES_ENDED, dag_id="shop", task_id="pay", state="skipped")
    found = by_name(meter)
    assert found["task_try.ended", "shop", "pay", "success"].aliases == ("ti.finish.shop.pay.success", "ti_successes")
    assert found["task_try.ended", "shop", "pay", "skipped"].aliases == ("ti.finish.shop.pay.skipped",)


def test_series_are_bounded_and_what_comes_beyond_is_counted_together():
    meter = Meter(Selection(max_series=2))
    for dag_id in ("a", "b", "c", "d", "a"):
        meter.add(known.QUARANTINED, 1, {"dag_id": dag_id})
    assert {key: each.value for key, each in by_name(meter).items()} == {
        ("scheduler.quarantined", "a"): 2,
        ("scheduler.quarantined", "b"): 1,
        ("scheduler.quarantined", "other"): 2,
    }


def test_a_dropped_label_joins_the_series_and_takes_the_aliases_that_need_it():
    meter = Meter(Selection(drop_labels=("task_id",)))
    for task in ("a", "b"):
        meter.add(known.TRIES_ENDED, 1, {"dag_id": "d", "task_id": task, "state": "failed"})
    meter.set_all(known.RUNS, {("queued",): 1, ("running",): 2})
    found = by_name(meter)
    assert found["task_try.ended", "d", "failed"].value == 2
    assert found["task_try.ended", "d", "failed"].aliases == ("ti_failures",)
    meter = Meter(Selection(drop_labels=("state",)))
    meter.set_all(known.RUNS, {("queued",): 1, ("running",): 2})
    assert by_name(meter)["dag_run.unfinished",].value == 3


@pytest.mark.parametrize(
    ("allow", "block", "sent"),
    [
        (("dag_run",), (), {("dag_run.duration", False, ())}),
        (("dagrun.duration.failed",), (), {("dag_run.duration", True, ("dagrun.duration.failed.d",))}),
        ((), ("dagrun", "scheduler"), {("dag_run.duration", False, ())}),
        (("dag",), ("dag_run",), {("dag_run.duration", True, ("dagrun.duration.failed.d",))}),
        (("nothing",), (), set()),
    ],
)
def test_names_are_allowed_and_blocked_by_prefix_ours_and_airflows_each(allow, block, sent):
    meter = Meter(Selection(allow, block))
    meter.add(known.ADMITTED, 1, {})
    meter.observe(known.RUN_DURATION, 1, {"dag_id": "d", "state": "failed"})
    assert {(each.metric.name, each.is_alias_only, each.aliases) for each in meter.batch().series} == sent


def test_without_an_exporter_nothing_is_kept():
    recording.use_meter(None)
    count(known.ADMITTED)
    observe(known.SCHEDULER_STEP, 1)
    gauge(known.DAGS, 1)
    gauges(known.POOL_SLOTS, {("a",): 1})
    with held():
        count(known.ADMITTED)
    assert not recording.is_on()


def test_a_transaction_that_is_repeated_counts_once_and_one_that_fails_does_not_count(meter):
    database = Database("sqlite://")
    attempts = []

    def work(_connection):
        count(known.ADMITTED)
        attempts.append(1)
        if len(attempts) == 1:
            raise OperationalError("…", {}, sqlite3.OperationalError("database is locked"))
        return "done"

    def failing(_connection):
        count(known.ADMITTED, 100)
        raise ValueError

    assert database.write(work) == "done"
    with pytest.raises(ValueError):  # noqa: PT011
        database.write(failing)
    found = by_name(meter)
    assert found["scheduler.admitted",].value == 1
    assert found["database.retries",].value == 1
    database.dispose()
