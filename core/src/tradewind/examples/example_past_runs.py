"""Runs in order: a task that waits for itself in the previous run, and one of which two at most are at work."""

from __future__ import annotations

from datetime import timedelta

import pendulum

from tradewind import dag, task


@dag(
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    is_paused_upon_creation=True,
    tags=["example"],
)
def example_past_runs():
    """Count day by day: no day is loaded before the day before it."""

    @task(max_active_tis_per_dag=2, retries=2, retry_delay=timedelta(seconds=1), retry_exponential_backoff=True)
    def fetch(part: int) -> int:
        """Ask something that takes no more than two questions at once."""
        return part * part

    @task(depends_on_past=True)
    def load(rows: list[int]) -> int:
        """Write what was fetched, after it was written for the day before."""
        return sum(rows)

    @task(wait_for_downstream=True)
    def close(total: int) -> None:
        """Close the day, after the day before was closed and what follows here had ended there."""
        print(f"the day's total is {total}")

    close(load(fetch.expand(part=[1, 2, 3, 4])))


example_past_runs()
