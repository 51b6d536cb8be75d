"""What plots of a DAG are drawn from, and the runs that come next."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from page_statements import MOST_STATEMENTS, statements_of
from stages import Stage
from tradewind.metadata.statements.browsing import plots
from tradewind.metadata.tables import dag_run, task_instance

PAGES = ("/dags/chain/calendar", "/dags/chain/durations", "/dags/chain/coming", "/dags/chain/gantt/of/{run}")
FEEDS = (
    "/dags/chain/days.json",
    "/dags/chain/times.json",
    "/dags/chain/times.json?task_id=first",
    "/dags/chain/bars/of/{run}",
)
VIEWER = (("can_read", "DAGs"), ("can_read", "DAG Runs"), ("can_read", "Task Instances"))
DAY = datetime(2024, 2, 29, tzinfo=timezone.utc)


def timed(stage: Stage, dag_id: str, begin: datetime, seconds: int, **more: Any) -> str:
    """Make a run that took so long, as its first task did."""
    run_id = stage.begin(dag_id, logical_date=begin, **more)
    stage.finish(run_id)
    end = begin + timedelta(seconds=seconds)
    moments = {"queued_at": begin - timedelta(seconds=10), "started_at": begin, "ended_at": end}

    def write(connection: sa.Connection) -> None:
        key = connection.execute(sa.select(dag_run.c.id).where(dag_run.c.run_id == run_id)).scalar_one()
        run = sa.update(dag_run).where(dag_run.c.id == key)
        connection.execute(run.values(data_interval_end=begin - timedelta(seconds=30), **moments))
        connection.execute(sa.update(task_instance).where(task_instance.c.run == key).values(**moments))

    stage.tools.database.write(write)
    return run_id


def test_the_calendar_counts_the_runs_of_each_day_by_state(stage: Stage) -> None:
    timed(stage, "empty", DAY, 5)
    timed(stage, "empty", DAY + timedelta(hours=23, minutes=59, seconds=59), 5)
    timed(stage, "empty", DAY + timedelta(days=1), 5)
    stage.tools.database.write(
        lambda c: c.execute(
            sa.update(dag_run).where(dag_run.c.logical_date == DAY + timedelta(days=1)).values(state="failed")
        )
    )
    found = stage.client().get("/dags/empty/days.json?year=2024").json
    day = (DAY - datetime(1970, 1, 1, tzinfo=timezone.utc)).days
    assert found["days"] == {str(day): {"success": 2}, str(day + 1): {"failed": 1}}
    assert found["last"] - found["first"] == 365, "it is a leap year"
    assert found["is_cut"] is False
    assert stage.client().get("/dags/empty/days.json?year=2023").json["days"] == {}
    page = stage.client().get("/dags/empty/calendar?year=2025").text
    assert 'rel="prev"' in page
    assert 'rel="prev"' not in stage.client().get("/dags/empty/calendar?year=2024").text


def test_runs_without_a_logical_date_stand_at_the_day_they_were_queued(stage: Stage) -> None:
    run_id = timed(stage, "spare", DAY, 5)
    stage.tools.database.write(
        lambda c: c.execute(sa.update(dag_run).where(dag_run.c.run_id == run_id).values(logical_date=None))
    )
    found = stage.client().get("/dags/spare/days.json?year=2024").json
    assert list(found["days"].values()) == [{"success": 1}]


def test_a_calendar_reads_a_bounded_number_of_runs(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        timed(stage, "parent", DAY + timedelta(days=number), 1)
    monkeypatch.setattr(plots, "MOST_COUNTED", 2)
    found = stage.client().get("/dags/parent/days.json?year=2024").json
    assert found["is_cut"] is True
    assert len(found["days"]) == 2, "the last ones"


def test_times_are_those_of_the_last_runs(stage: Stage) -> None:
    first = timed(stage, "mapped", DAY, 60)
    second = timed(stage, "mapped", DAY + timedelta(days=1), 120)
    stage.begin("mapped", logical_date=DAY + timedelta(days=2))
    runs = stage.client().get("/dags/mapped/times.json").json["runs"]
    assert [run["run_id"] for run in runs[:2]] == [first, second]
    assert [(run["took"], run["waited"], run["landed"]) for run in runs[:2]] == [(60, 10, 90), (120, 10, 150)]
    assert runs[2]["took"] is None, "it has not ended"
    assert len(stage.client().get("/dags/mapped/times.json?most_runs=1").json["runs"]) == 1
    of_task = stage.client().get("/dags/mapped/times.json?task_id=square").json["runs"]
    assert [run["took"] for run in of_task] == [60, 120, None]
    page = stage.client().get("/dags/mapped/durations").text
    assert "1 min 30 s" in page, "square, on average"
    assert "task_id=square" in page


def test_the_gantt_tells_when_each_task_was_queued_began_and_ended(stage: Stage) -> None:
    run_id = stage.begin()
    (ticket,) = stage.start(run_id)
    found = stage.client().get(f"/dags/chain/bars/of/{run_id}").json
    (bar,) = found["bars"]
    assert bar[:4] == ["first", -1, "running", 1]
    assert bar[4] <= bar[5] <= found["now"]
    assert bar[6] is None
    stage.end(ticket)
    (bar,) = stage.client().get(f"/dags/chain/bars/of/{run_id}").json["bars"]
    assert bar[2] == "success"
    assert bar[6] >= bar[5]
    assert f"/dags/chain/gantt/of/{run_id}" in stage.client().get(f"/dags/chain/runs/{run_id}").text


def test_next_runs_are_shown_and_what_unpausing_would_make(stage: Stage) -> None:
    page = stage.client().get("/dags/often/coming").text
    assert "What switching it on would do" in page
    assert "none of these is made until" in page
    assert page.count("due") >= 1
    assert "What switching it on would do" not in stage.client().get("/dags/chain/coming").text
    assert "it has no schedule." in stage.client().get("/dags/empty/coming").text


def test_tabs_lead_to_them(stage: Stage) -> None:
    page = stage.client().get("/dags/chain/calendar").text
    for name in ("durations", "coming", "backfills"):
        assert f'href="/dags/chain/{name}"' in page
    page = stage.client(("can_read", "DAGs")).get("/dags/chain/coming").text
    for name in ("calendar", "durations", "backfills"):
        assert f"/dags/chain/{name}" not in page, "it would be refused"


def test_what_is_not_there_is_told_and_what_may_not_be_seen_refused(stage: Stage) -> None:
    run_id = stage.begin()
    for path in (each.format(run=run_id) for each in (*PAGES, *FEEDS)):
        assert stage.client().get(path.replace("chain", "nothing")).status_code == 404, path
        assert stage.client(("can_read", "Pools")).get(path).status_code == 403, path
        one = stage.client(("can_read", "DAG:mapped"), ("can_read", "DAG Runs"), ("can_read", "Task Instances"))
        assert one.get(path).status_code == 403, path
        assert stage.client(*VIEWER).get(path).status_code == 200, path
    for path in ("/dags/chain/times.json?most_runs=100000", "/dags/chain/calendar?year=0"):
        assert stage.client().get(path).status_code == 400


def test_what_people_wrote_is_escaped(stage: Stage) -> None:
    for path in ("/dags/chain/durations?task_id=%22%3E%3Cscript%3Ealert(1)", "/dags/hostile/coming"):
        assert "<script>alert" not in stage.client().get(path).text


@pytest.mark.parametrize("path", [*PAGES, *FEEDS])
def test_statements_do_not_grow_with_what_there_is(stage: Stage, path: str) -> None:
    counts = []
    for number in (0, 3):
        for _ in range(number):
            stage.finish(stage.begin())
        run_id = stage.begin()
        stage.finish(run_id)
        stage.client().get(path.format(run=run_id))  # what is kept in memory is read once
        counts.append(len(statements_of(stage, path.format(run=run_id))))
    assert counts[0] == counts[1]
    assert counts[1] < MOST_STATEMENTS
