"""Which run comes next, where a DAG's dates are odd."""

from datetime import datetime, timedelta, timezone

import pytest
from tradewind import DAG
from tradewind.serialization import deserialize, serialize
from tradewind.transitions.calendar import BEGINNING, next_run

BEGINNING_OF_TIME = datetime.min  # noqa: DTZ901 - what people write
NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize("schedule", ["@daily", "0 3 * * 1", timedelta(days=1)])
def test_a_start_at_the_beginning_of_time_is_one_that_does_not_matter(schedule):
    dag = deserialize(serialize(DAG("report", start_date=BEGINNING_OF_TIME, schedule=schedule, catchup=False)))
    found = next_run(dag, after=None, now=NOW)
    assert NOW - timedelta(days=14) < found.data_interval_end <= NOW


def test_a_start_at_the_beginning_of_time_with_catchup_is_the_beginning_of_calendars():
    dag = deserialize(serialize(DAG("report", start_date=BEGINNING_OF_TIME, schedule="@daily", catchup=True)))
    assert next_run(dag, after=None, now=NOW).data_interval_start == BEGINNING
