"""Dates as Airflow 1.10 and 2 spell them."""

from __future__ import annotations

import pendulum


def days_ago(n: int, hour: int = 0, minute: int = 0, second: int = 0, microsecond: int = 0) -> pendulum.DateTime:
    """Return a time of the day `n` days before today, in UTC; midnight by default."""
    today = pendulum.today("UTC").subtract(days=n)
    return today.replace(hour=hour, minute=minute, second=second, microsecond=microsecond)
