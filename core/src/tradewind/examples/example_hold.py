"""A release that somebody may hold back: what is before it runs, and it waits for the word.

    tradewind holds add example_hold --task-id publish --reason "not before Monday"
    tradewind dags trigger example_hold
    tradewind why example_hold
    tradewind holds list
    tradewind holds release NUMBER

Its pool's slots say how much of it may be at work at once, and its priority who goes first.
"""

from __future__ import annotations

import pendulum

from tradewind import DAG, task

with DAG(
    "example_hold",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    default_args={"pool": "default_pool"},
    tags=["example"],
):

    @task(priority_weight=10, weight_rule="absolute")
    def build() -> str:
        """Go before others that wait for the same slots."""
        return "release 1.2"

    @task(pool_slots=2)
    def publish(what: str) -> None:
        """Take two slots of the pool; a hold keeps it from getting them."""
        print(f"{what} is out")

    publish(build())
