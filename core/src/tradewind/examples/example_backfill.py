"""Days of the past: a schedule that catches up, and can be asked for any days again.

Unpaused, it makes a run for each day since its start that has none, one after the other. Other days are asked for by

    tradewind backfill create example_backfill -s 2025-12-01 -e 2025-12-07 --dry-run
"""

from __future__ import annotations

from typing import Any

import pendulum

from tradewind import dag, task


@dag(
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    end_date=pendulum.datetime(2026, 1, 3, tz="UTC"),
    catchup=True,
    max_active_runs=1,
    is_paused_upon_creation=True,
    tags=["example"],
)
def example_backfill():
    """Work on a day by itself, so that it may be done again."""

    @task
    def extract(data_interval_start: Any = None, data_interval_end: Any = None) -> str:
        """Return which part of the data is the day's own."""
        return f"from {data_interval_start.date()} until {data_interval_end.date()}"

    @task
    def replace(part: str) -> str:
        """Write the day's rows in place of those that may be there: a second time changes nothing."""
        return f"replaced what was {part}"

    replace(extract())


example_backfill()
