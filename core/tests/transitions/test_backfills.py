"""Backfills: their dates, their runs under a limit of their own, and what becomes of dates that have a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from tradewind.exceptions import TradewindException
from tradewind.metadata import tables
from tradewind.metadata.statements import backfills as rows
from tradewind.timetables import (
    CronDataIntervalTimetable,
    DeltaDataIntervalTimetable,
    NullTimetable,
    OnceTimetable,
    Timetable,
)
from tradewind.transitions import backfills
from tradewind.transitions.backfills import Wanted, specs_between
from tradewind.transitions.values import Outcome

FIRST = datetime(2025, 3, 1, tzinfo=timezone.utc)
LAST = datetime(2025, 3, 5, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Daily:
    """A DAG's version with one task, every day."""

    tasks: dict
    dag_id: str = "d"
    timetable: Timetable = field(default_factory=lambda: CronDataIntervalTimetable("@daily"))
    start_date: datetime | None = datetime(2026, 1, 1, tzinfo=timezone.utc)
    end_date: datetime | None = None
    catchup: bool = False
    max_active_runs: int = 16
    max_consecutive_failed_runs: int = 0
    dagrun_timeout: float | None = None
    slas: dict = field(default_factory=dict)
    deadlines: tuple[tuple[str, float], ...] = ()
    fail_stop: bool = False
    callbacks: dict = field(default_factory=dict)


@pytest.fixture
def daily(world, graph) -> Daily:
    made = Daily(graph(tasks=["a"]).tasks)
    world.add_dag(made, is_paused=True, max_active_runs=1)
    world.add_worker()
    return made


def make(world, daily, **options) -> int:
    wanted = Wanted(FIRST, LAST, **{"max_active_runs": 2, **options})
    specs = specs_between(daily, FIRST, LAST)
    return world.database.write(lambda c: backfills.add(c, "d", wanted, specs, clock=world.clock, ids=world.ids))


def work(world) -> bool:
    """Do what a scheduler does in one step; whether there was something to do."""
    found = world.database.write(lambda c: rows.with_work(c, most=10))
    for key, dag_id in found:
        world.database.write(
            lambda c, key=key, dag_id=dag_id: backfills.work_off(
                c, key, dag_id, **world.tools, executor="local", queue="default"
            )
        )
    return bool(found)


def dates(world, key) -> list[tuple[int, str]]:
    with world.database.read() as conn:
        return [(each.logical_date.day, each.state) for each in rows.dates(conn, key)]


def state(world, key) -> str:
    with world.database.read() as conn:
        return rows.get(conn, key).state


def end_all(world, outcome="success") -> list[str]:
    """End every task that is ready; the run ids of their runs."""
    world.start()
    with world.database.read() as conn:
        runs = dict(conn.execute(sa.select(tables.task_instance.c.id, tables.task_instance.c.run)).all())
        names = dict(conn.execute(sa.select(tables.dag_run.c.id, tables.dag_run.c.run_id)).all())
        running = conn.execute(
            sa.select(tables.task_instance.c.id, tables.task_instance.c.token).where(
                tables.task_instance.c.state == "running"
            )
        ).all()
    world.end(*(Outcome(key, token, outcome, world.clock.at) for key, token in running), fast_follow=False)
    return sorted(names[runs[key]] for key, _ in running)


def test_runs_are_made_a_few_at_a_time_though_the_dag_is_paused_and_at_its_limit(world, daily):
    key = make(world, daily)
    assert work(world)
    assert dates(world, key) == [(1, "open"), (2, "open"), (3, "pending"), (4, "pending"), (5, "pending")]
    assert not work(world), "there is no room until one ends"
    assert end_all(world) == ["backfill__2025-03-01T00:00:00+00:00", "backfill__2025-03-02T00:00:00+00:00"]
    assert work(world)
    assert [what for _, what in dates(world, key)] == ["success", "success", "open", "open", "pending"]
    end_all(world, "failed")
    work(world)
    end_all(world)
    assert state(world, key) == "running"
    work(world)
    assert [what for _, what in dates(world, key)] == ["success", "success", "failed", "failed", "success"]
    assert state(world, key) == "failed"
    assert not work(world)


def test_the_latest_date_may_come_first_and_conf_reaches_the_runs(world, daily):
    key = make(world, daily, is_reverse=True, max_active_runs=1, conf={"full": True})
    work(world)
    assert dates(world, key)[:2] == [(5, "open"), (4, "pending")]
    with world.database.read() as conn:
        run = conn.execute(sa.select(tables.dag_run)).one()
    assert (run.run_type, run.conf, run.data_interval_end) == ("backfill", '{"full": true}', LAST + timedelta(days=1))


@pytest.mark.parametrize(
    ("reprocess", "expected"),
    [("none", ["skipped", "skipped"]), ("failed", ["skipped", "open"]), ("ended", ["open", "open"])],
)
def test_dates_that_have_a_run_run_again_only_if_asked_for(world, daily, reprocess, expected):
    key = make(world, daily, max_active_runs=5)
    work(world)
    end_all(world)
    work(world)
    with world.database.read() as conn:
        second = rows.dates(conn, key)[1].run
    world.database.write(
        lambda c: c.execute(tables.dag_run.update().where(tables.dag_run.c.id == second).values(state="failed"))
    )
    again = make(world, daily, max_active_runs=5, reprocess=reprocess)
    work(world)
    assert [what for _, what in dates(world, again)[:2]] == expected
    assert world.run_state(second) == ("failed" if reprocess == "none" else "running")


def test_runs_that_run_again_are_locked_in_the_order_of_their_keys_as_by_everybody(world, daily, monkeypatch):
    make(world, daily, max_active_runs=5, is_reverse=True)
    work(world)
    end_all(world)
    work(world)
    again = make(world, daily, max_active_runs=5, reprocess="ended")
    locked, lock = [], backfills.runs.lock
    monkeypatch.setattr(backfills.runs, "lock", lambda conn, run: locked.append(run) or lock(conn, run))
    work(world)
    assert dates(world, again) == [(day, "open") for day in range(1, 6)]
    assert locked == sorted(locked), "who ends tasks of two of them shares their locks in that order"


def test_a_paused_one_makes_no_runs_and_a_cancelled_one_lets_its_dates_go(world, daily):
    key = make(world, daily, max_active_runs=1)
    work(world)
    world.database.write(lambda c: backfills.change(c, key, "paused", clock=world.clock))
    end_all(world)
    assert not work(world)
    world.database.write(lambda c: backfills.change(c, key, "running", clock=world.clock))
    assert work(world)
    world.database.write(lambda c: backfills.change(c, key, "cancelled", clock=world.clock))
    assert [what for _, what in dates(world, key)] == ["success", "open", "skipped", "skipped", "skipped"]
    assert not work(world)
    with pytest.raises(TradewindException, match=f"Backfill {key} is cancelled: it cannot become running"):
        world.database.write(lambda c: backfills.change(c, key, "running", clock=world.clock))
    with pytest.raises(LookupError, match="There is no backfill 7"):
        world.database.write(lambda c: backfills.change(c, 7, "paused", clock=world.clock))


def test_a_dag_has_one_backfill_at_a_time(world, daily):
    key = make(world, daily)
    with pytest.raises(TradewindException, match=f"Backfill {key} of DAG 'd' is running: wait for its end"):
        make(world, daily)


def test_a_run_that_was_deleted_counts_as_skipped(world, daily):
    key = make(world, daily, max_active_runs=5)
    work(world)
    world.database.write(lambda c: c.execute(tables.dag_run.delete()))
    work(world)
    assert {what for _, what in dates(world, key)} == {"skipped"}
    assert state(world, key) == "success"


def test_a_backfill_and_other_runs_do_not_count_for_each_others_limits(world, daily):
    world.database.write(lambda c: c.execute(tables.dag.update().values(is_paused=False)))
    make(world, daily)
    work(world)
    other = world.add_run(daily, run_id="manual")
    assert world.run_state(other) == "running", "max_active_runs of the DAG is 1, and two backfilled ones are at work"
    assert world.run_state(world.add_run(daily, run_id="second")) == "queued"


def test_statements_of_a_step_do_not_grow_with_the_dates_that_are_done(world, daily, statements):
    key = make(world, daily, max_active_runs=1)
    counted = []
    for _ in range(4):
        with statements.recorded(world.database) as recorded:
            work(world)
        counted.append(len(recorded.texts))
        end_all(world)
    assert counted[1] == counted[2] == counted[3]
    assert state(world, key) == "running"


def test_intervals_of_equal_length_lie_as_the_dags_own(graph):
    made = Daily(graph(tasks=["a"]).tasks, timetable=DeltaDataIntervalTimetable(timedelta(days=2)))
    assert [spec.logical_date.day for spec in specs_between(made, FIRST, LAST)] == [1, 3, 5]
    shifted = Daily(made.tasks, timetable=made.timetable, start_date=datetime(2026, 1, 2, 6, tzinfo=timezone.utc))
    assert [(spec.logical_date.day, spec.logical_date.hour) for spec in specs_between(shifted, FIRST, LAST)] == [
        (2, 6),
        (4, 6),
    ]


@pytest.mark.parametrize(
    ("timetable", "sentence"),
    [
        (NullTimetable(), "has no schedule that gives dates"),
        (OnceTimetable(), "has no schedule that gives dates"),
        (CronDataIntervalTimetable("@yearly"), "has no date between"),
        (CronDataIntervalTimetable("* * * * *"), "more than 100 dates"),
    ],
)
def test_a_range_without_dates_or_with_too_many_is_refused(graph, monkeypatch, timetable, sentence):
    monkeypatch.setattr(backfills, "MOST_DATES", 100)
    with pytest.raises(TradewindException, match=sentence):
        specs_between(Daily(graph(tasks=["a"]).tasks, timetable=timetable), FIRST, LAST)
