"""What only pages ask of the database: on SQLite, PostgreSQL and MariaDB, with the same answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, g
from flask.testing import FlaskClient
from tradewind.access.actors import Actor
from tradewind.config import load
from tradewind.metadata import tables
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.columns import EPOCH
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import waits
from tradewind.metadata.statements.browsing import plots
from tradewind.metadata.wakeups import open_wakeups
from tradewind.operations.cluster import look_at_cluster
from tradewind.operations.context import Context, Tools
from tradewind.web.pages import FEEDS, PAGES
from tradewind.web.pages.blueprint import make_pages

MIGHTY = Actor("ada", 1, None)
FIRST = datetime(2024, 2, 28, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
MOST_STATEMENTS = 12
PATHS = (
    "/runs?dag_id=d&state=failed&run_type=manual&execution_date_gte=2024-01-01&start_date_lte=2024-12-31",
    "/task-instances?dag_id=d&task_id=t1&state=success&duration_gte=1&duration_lte=1e6&start_date_gte=2024-01-01",
    "/cluster",
    "/daemons?live_only=true&kind=worker&host=h",
    "/import-errors",
    "/warnings",
    "/datasets?uri_pattern=s3",
    "/backfills?only_open=true",
)


@pytest.fixture
def tools(database: Database, tmp_path: Path) -> Iterator[Tools]:
    wakeups = open_wakeups(database, tmp_path)
    yield Tools(load(tmp_path, {}).config, database, SystemClock(), wakeups)
    wakeups.close()


def fill(database: Database) -> None:
    """Add four runs, twelve hours apart, each with two tasks; the last one has no date."""
    runs, instances = [], []
    for number in range(4):
        date = FIRST + timedelta(hours=12 * number)
        moments = {"queued_at": date, "started_at": date + HOUR, "ended_at": date + 2 * HOUR}
        runs.append(
            {
                "id": number + 1,
                "dag_id": "d",
                "run_id": f"r{number}",
                "run_type": "manual",
                "version_id": 1,
                "state": "failed" if number == 1 else "success",
                "logical_date": None if number == 3 else date,
                "data_interval_end": date,
                "conf": "{}",
                "triggered_by": "cli",
                **moments,
            }
        )
        for task in range(2):
            ended = date + HOUR + timedelta(minutes=10 * (task + 1) + number)
            instances.append(instance(number * 2 + task + 1, number + 1, f"t{task}") | moments | {"ended_at": ended})
    # Two tasks that wait, so that the cluster page has everything to tell
    for key, state in ((91, "scheduled"), (92, "queued")):
        instances.append(instance(key, 4, state) | {"state": state, "scheduled_at": FIRST, "queued_at": FIRST})

    def write(connection: sa.Connection) -> None:
        connection.execute(tables.dag_run.insert(), runs)
        for row in instances:
            connection.execute(tables.task_instance.insert(), [row])

    database.write(write)


def instance(key: int, run: int, task_id: str) -> dict[str, Any]:
    return {
        "id": key,
        "run": run,
        "dag_id": "d",
        "task_id": task_id,
        "map_index": -1,
        "rank": 0,
        "state": "success",
        "try_number": 1,
        "max_tries": 0,
        "token": 1,
        "priority": 1,
        "pool": "default_pool",
        "pool_slots": 1,
        "executor": "e",
        "queue": "q",
    }


def test_plots_are_made_of_the_same_numbers(database: Database) -> None:
    fill(database)
    day = (FIRST - EPOCH).days
    with database.read() as connection:
        found = plots.days(connection, "d", FIRST, FIRST + timedelta(days=2))
        assert list(found) == [(day, "failed", 1), (day, "success", 1), (day + 1, "success", 2)]
        assert plots.years(connection, "d") == (FIRST, FIRST + timedelta(days=1))
        assert plots.years(connection, "other") == (None, None)
        runs = plots.last_runs(connection, "d", most=3)
        keys = [run.id for run in runs]
        assert len(keys) == 3
        slowest = plots.slowest_tasks(connection, [1, 2, 3], most=1)
        assert slowest == [plots.TaskTime("t1", 3, 21 * 60, 22 * 60)]
        times = plots.times_of_task(connection, [1, 2], "t0")
        assert {row.run: row.ended_at - row.started_at for row in times} == {
            1: timedelta(minutes=10),
            2: timedelta(minutes=11),
        }


def test_what_waits_and_what_ended_are_counted(tools: Tools) -> None:
    fill(tools.database)
    with tools.database.read() as connection:
        later, ended = waits.later_and_ended(connection, since=FIRST + timedelta(hours=24))
    assert (later, ended) == ({}, 4)
    found = look_at_cluster(Context(MIGHTY, tools))
    assert found.oldest is not None
    assert found.oldest["about"]["state"] in {"scheduled", "queued"}
    (of_pool,) = [each for each in found.pools if each.name == "default_pool"]
    assert (of_pool.ready, of_pool.queued, of_pool.running, of_pool.taken) == (1, 1, 0, 1)
    connections = {(each["of"], each["how"]) for each in found.connections}
    assert connections >= {("the server", "allows")} or tools.database.dialect == "sqlite"


@pytest.fixture
def client(tools: Tools) -> FlaskClient:
    """Asks for pages in the name of somebody who may do everything."""
    app = Flask("tradewind.web.app")
    app.register_blueprint(make_pages(tools, lambda: "token", PAGES, FEEDS))

    @app.before_request
    def somebody() -> None:
        g.actor = MIGHTY

    return app.test_client()


def test_every_list_is_shown_from_every_database(tools: Tools, client: FlaskClient) -> None:
    for part in ("", "?part=list"):
        assert "No runs yet" in client.get(f"/runs{part}").text
        assert "No task instances yet" in client.get(f"/task-instances{part}").text
    fill(tools.database)
    for path in PATHS:
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.text)


def test_the_cluster_page_keeps_its_budget_where_everything_waits(tools: Tools, statements: Any) -> None:
    fill(tools.database)
    with statements.recorded(tools.database):
        look_at_cluster(Context(MIGHTY, tools))
    statements.assert_at_most(MOST_STATEMENTS - 1)
