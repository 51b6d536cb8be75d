"""The scenario of a month of schedules at a thirtieth of its size: what is made is what was counted."""

from collections.abc import Iterator

import pytest
from tradewind.metadata.engine import Database
from tradewind_perf.scenarios.calendar import RUNS_A_DAY, Month, reference


@pytest.fixture
def day(sqlite_url: str) -> Iterator[Month]:
    database = Database(sqlite_url)
    month = Month(database, 1)
    yield month
    month.close()
    database.dispose()


def test_a_day_of_runs_is_made_as_it_was_counted(day: Month) -> None:
    assert RUNS_A_DAY * 30 == 105_600
    day.pass_by()
    assert day.made() == reference(1)
