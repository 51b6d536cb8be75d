"""Hot statements use indexes: on a table of 20,000 ended instances none of them may scan it."""

from __future__ import annotations

import random
import shutil
from datetime import datetime, timezone

import pytest
import sqlalchemy as sa
from tradewind.metadata import tables
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import admission, claims, daemons, gates, instances, schedules, timers

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
TOTAL = 20_000


@pytest.fixture(scope="module")
def full(sqlite_template, tmp_path_factory):
    """A full SQLite database: filling it takes longer than all the tests that look at it."""
    path = tmp_path_factory.mktemp("plans") / "tradewind.db"
    shutil.copyfile(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    fill(database)
    yield database
    database.dispose()


@pytest.fixture
def plans(full):
    """A call that returns the plans of the statements that a function makes; what they change is taken back."""

    def plans_of(work):
        with full.engine.connect() as conn:
            seen = []
            sa.event.listen(
                conn, "before_cursor_execute", lambda _c, _cu, text, params, *_: seen.append((text, params))
            )
            work(conn)
            found = list(seen)
            plans = [
                (text, str(row[3]))
                for text, params in found
                for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", params)
            ]
            conn.rollback()
            return plans

    return plans_of


def fill(database):
    """Add many instances that have ended, in no order."""
    common = {
        "dag_id": "d",
        "map_index": -1,
        "state": "success",
        "try_number": 1,
        "max_tries": 0,
        "token": 1,
        "priority": 1,
        "pool": "default_pool",
        "pool_slots": 1,
        "executor": "e",
        "queue": "q",
        "worker": "w",
    }
    rows = [{**common, "id": n, "run": n // 100, "task_id": f"t{n % 100}", "rank": n % 100} for n in range(TOTAL)]
    random.Random(1).shuffle(rows)  # noqa: S311  (any order will do)
    with database.transaction() as conn:
        conn.execute(tables.task_instance.insert(), rows)
        conn.execute(tables.task_counter.insert(), [{"instance": n, "waits": 0} for n in range(TOTAL)])
        run = {"run_type": "manual", "version_id": 1, "state": "success", "triggered_by": "cli", "queued_at": NOW}
        runs = [run | {"id": n, "dag_id": f"d{n % 500}", "run_id": f"r{n}"} for n in range(TOTAL // 4)]
        conn.execute(tables.dag_run.insert(), runs)
        waiting = [{"dag_id": f"d{n % 7}", "event": n, "asset": 1, "is_new": False} for n in range(TOTAL // 4)]
        conn.execute(tables.asset_queue.insert(), waiting)


HOT = {
    "share runs": lambda c: instances.share_runs(c, [1, 2]),
    "lock one run": lambda c: instances.lock_with_targets(c, [1], {0: {"t2": None, "t3": None}}, most=10),
    "lock single instances": lambda c: instances.lock_with_targets(
        c, [1], {0: {"t2": None, "t3": frozenset({4})}, 1: {"t4": frozenset({5, 6})}}, most=10
    ),
    "lock two runs": lambda c: instances.lock_with_targets(c, [1, 101], {0: {"t2": None}, 1: {"t3": None}}, most=10),
    "lock after": lambda c: instances.lock_after(c, 0, ["t2"], after=(1, 0), most=10),
    "claim": lambda c: claims.lock_claimable(c, "e", None, worker="w", most=4, now=NOW),
    "claim by queue": lambda c: claims.lock_claimable(c, "e", ["q"], worker="w", most=4, now=NOW),
    "claimed": lambda c: claims.claimed(c, "w", "n"),
    "who waits": lambda c: claims.who_waits(c, pool="p", executor="e", priority=1),
    "groups": admission.groups,
    "occupancy": admission.occupancy,
    "candidates": lambda c: admission.candidates(c, [admission.Group("p", "d", "e", 1, 1)], most_each=5, most=5),
    "due": lambda c: timers.lock_due(c, now=NOW, most=5),
    "asset DAGs": lambda c: schedules.asset_dags(c, most=5),
    "lock an asset DAG": lambda c: schedules.lock_asset_dag(c, "d1"),
    "agenda": lambda c: schedules.agenda(c, now=NOW),
    "open runs": lambda c: schedules.open_runs(c, after=0, most=5),
    "queued runs": lambda c: schedules.queued_runs(c, most=5),
    "held": lambda c: daemons.held(c, "w"),
    "gates": lambda c: gates.first(c, after=None, most=5),
    "states at gates": lambda c: gates.states(c, [1, 2], ["a"]),
    "first dates": lambda c: gates.first_dates(c, [("d", "a")]),
    "lanes": lambda c: admission.occupied_lanes(c, [("d", "a")]),
}


@pytest.mark.parametrize("name", sorted(HOT))
def test_no_hot_statement_scans_the_instances(plans, name):
    names = {"task_instance", "waiting", "backlog", "asset_queue"}
    scans = [step for _, step in plans(HOT[name]) if step.startswith("SCAN") and set(step.split()) & names]
    scans = [
        step for step in scans if "INDEX ix_task_instance" not in step and "INDEX ix_asset_queue_is_new" not in step
    ]
    assert scans == []


def test_news_of_assets_are_found_without_looking_at_every_dag(plans):
    for statement in ("asset DAGs", "agenda"):
        steps = [step for _, step in plans(HOT[statement])]
        assert any("ix_asset_queue_is_new" in step for step in steps), steps
    assert not [step for _, step in plans(HOT["asset DAGs"]) if step.startswith("SCAN dag")]


def test_judging_leases_looks_at_running_instances_only(plans):
    clock = SystemClock()
    hour = daemons.timedelta(hours=1)
    found = plans(lambda c: daemons.gone(c, now=clock.sql_now(), lease=hour, grace=hour))
    assert any("ix_task_instance_worker" in step for _, step in found)


@pytest.mark.mariadb
def test_no_hot_statement_scans_the_instances_on_mariadb(mariadb_database_url):
    """Without partial indexes: the column of their condition stands in front."""
    database = Database(mariadb_database_url)
    fill(database)
    scans = []
    with database.transaction() as conn:
        conn.exec_driver_sql("ANALYZE TABLE task_instance, task_counter, dag_run")
        for name in sorted(HOT):
            seen = []
            listener = note(seen)
            sa.event.listen(conn, "before_cursor_execute", listener)
            HOT[name](conn)
            sa.event.remove(conn, "before_cursor_execute", listener)
            for text, parameters in seen:
                plan = conn.exec_driver_sql(f"EXPLAIN {text}", parameters).mappings().all()
                scans += [(name, step["table"], step["key"], step["rows"]) for step in plan if is_large(step)]
    assert scans == []
    database.dispose()


def is_large(step):
    """Tell whether a step of a plan reads much of a large table."""
    rows = int(str(step["rows"] or 0).split()[0])
    return (
        step["table"] in {"task_instance", "task_counter", "waiting", "backlog", "dag_run", "asset_queue"}
        and rows > 1000
    )


def note(seen):
    """Return a listener that keeps statements with their parameters."""
    return lambda _c, _cursor, text, parameters, *_: seen.append((text, parameters))
