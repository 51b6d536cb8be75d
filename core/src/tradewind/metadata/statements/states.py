"""Conditions on states in the very words of the partial indexes.

SQLite uses a partial index only where the query repeats the index's condition term for term, and never for a bound value.
So states are written into these statements as literals, and a query for one state of an index names the index's own
set beside it.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa


def among(column: sa.ColumnElement[Any], *states: str) -> sa.ColumnElement[bool]:
    """Return `column IN (…)` with literal states."""
    return column.in_([sa.literal_column(f"'{state}'") for state in states])


def equal(column: sa.ColumnElement[Any], state: str) -> sa.ColumnElement[bool]:
    """Return `column = …` with a literal state: the condition of the index over running instances by worker."""
    return column == sa.literal_column(f"'{state}'")


def occupying(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Return the condition of the index over instances that hold slots."""
    return among(column, "queued", "running")


def waiting(column: sa.ColumnElement[Any], state: str) -> sa.ColumnElement[bool]:
    """Return a condition for `scheduled` or `queued` instances that the index over both serves."""
    return sa.and_(among(column, "scheduled", "queued"), equal(column, state))


def of_open_run(column: sa.ColumnElement[Any], state: str | None = None) -> sa.ColumnElement[bool]:
    """Return a condition for open runs, or those in one state, that the index over open runs serves."""
    is_open = among(column, "queued", "running")
    return is_open if state is None else sa.and_(is_open, equal(column, state))
