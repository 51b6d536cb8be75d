"""A timetable that a DAG file defines: asked in the child that imports the file, known to the scheduler by its coming runs."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import sqlalchemy as sa
from tradewind.metadata import tables
from tradewind.metadata.statements import schedules
from tradewind.transitions.listings import from_listing

FILE = """
import pendulum
from tradewind import DAG
from tradewind.operators.empty import EmptyOperator
from tradewind.timetables import CustomTimetable, DagRunInfo

class Hourly(CustomTimetable):
    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        start = restriction.earliest if last_automated_data_interval is None else last_automated_data_interval.end
        {broken}
        return DagRunInfo.interval(start, start.add(hours=1))

with DAG("own", schedule=Hourly(), start_date=pendulum.now("UTC").start_of("day").subtract(days=1)):
    EmptyOperator(task_id="t")
with DAG("beside", schedule=None):
    EmptyOperator(task_id="t")
"""


def listing(parsing):
    with parsing.database.read() as connection:
        return from_listing(schedules.listed_runs(connection, "own") or "[]")


def row(parsing):
    with parsing.database.read() as connection:
        return connection.execute(sa.select(tables.dag).where(tables.dag.c.dag_id == "own")).one()


def test_its_coming_runs_are_listed_beside_the_version(parsing) -> None:
    (parsing.folder / "own.py").write_text(FILE.replace("{broken}", ""))
    parsing.processor.round()
    found = listing(parsing)
    yesterday = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    assert found[0].data_interval_start == yesterday
    assert sum(run.run_at > datetime.now(timezone.utc) for run in found) in {99, 100}
    assert row(parsing).due_at == found[0].run_at
    with parsing.database.read() as connection:
        inputs = connection.execute(sa.select(tables.dag_file.c.inputs)).scalar_one()
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.dag_version)).scalar_one() == 2
    assert '"reparse": null' not in inputs, "it is read again, so that the list does not end"


def test_the_next_list_begins_behind_the_last_run(parsing) -> None:
    (parsing.folder / "own.py").write_text(FILE.replace("{broken}", ""))
    parsing.processor.round()
    first, second, *_ = listing(parsing)
    with parsing.database.transaction() as connection:
        values = {
            "id": 1,
            "dag_id": "own",
            "run_id": "scheduled__1",
            "run_type": "scheduled",
            "version_id": row(parsing).version_id,
            "state": "success",
            "data_interval_start": first.data_interval_start,
            "data_interval_end": first.data_interval_end,
            "conf": "{}",
            "triggered_by": "scheduler",
            "queued_at": first.run_at,
        }
        connection.execute(tables.dag_run.insert(), values)
    parsing.restart()
    (parsing.folder / "own.py").write_text(FILE.replace("{broken}", "pass"))
    parsing.processor.round()
    assert listing(parsing)[0] == second
    assert row(parsing).due_at == second.run_at


def test_one_that_raises_is_the_file_s_own_error(parsing) -> None:
    (parsing.folder / "own.py").write_text(FILE.replace("{broken}", "raise ValueError('no calendar')"))
    (parsing.folder / "good.py").write_text(
        FILE.replace("{broken}", "").replace('"own"', '"good"').replace("beside", "b2")
    )
    parsing.processor.round()
    with parsing.database.read() as connection:
        errors = dict(connection.execute(sa.select(tables.dag_file.c.path, tables.dag_file.c.error)).all())
    assert "no calendar" in errors["own.py"]
    assert errors["good.py"] is None
