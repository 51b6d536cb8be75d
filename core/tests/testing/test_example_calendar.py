"""The example of what goes by clock and calendar, run to its end by the scheduler's own rules."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

from tradewind.examples import example_calendar
from tradewind.testing.runs import load_dag, run_dag

SATURDAY = datetime(2026, 1, 3, tzinfo=timezone.utc)


def test_a_week_end_takes_one_way_and_a_working_day_the_other(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    dag = load_dag(Path(example_calendar.__file__))
    here = {"folder": str(tmp_path)}
    saturday = run_dag(dag, conf=here, logical_date=SATURDAY)
    assert saturday.state == "success"
    assert saturday.states == dict.fromkeys(dag.task_ids, "success") | {"working_day": "skipped"}
    assert saturday.value("announce") == "the latest day is 2026-01-03"
    monday = run_dag(dag, conf={**here, "loud": False}, logical_date=SATURDAY + timedelta(days=2))
    assert monday.state == "success"
    assert monday.states == dict.fromkeys(dag.task_ids, "success") | {"week_end": "skipped", "announce": "skipped"}
