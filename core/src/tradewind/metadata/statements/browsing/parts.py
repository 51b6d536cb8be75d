"""What the lists have in common: ranges, pages, and how many rows a list has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

COUNTED_MOST = 10_000
"""Up to how many rows a list with filters is counted."""


@dataclass(frozen=True, slots=True)
class Between:
    """From which value on, and up to which, both included; None for no bound."""

    first: Any = None
    last: Any = None

    def conditions(self, column: sa.ColumnElement[Any]) -> list[sa.ColumnElement[bool]]:
        """Return what a column must be."""
        found = []
        if self.first is not None:
            found.append(column >= self.first)
        if self.last is not None:
            found.append(column <= self.last)
        return found


ANY = Between()


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of a list is read.

    Arguments:
        order_by: a name that the list's module knows; None for its own order.
    """

    limit: int
    offset: int = 0
    order_by: str | None = None
    is_descending: bool = False


def among(column: sa.ColumnElement[Any], values: Sequence[Any] | frozenset[Any] | None) -> list[sa.ColumnElement[bool]]:
    """Return that a column has one of these values, where there are any; None does not ask for it."""
    return [] if values is None else [column.in_(sorted(values))]


def ordered(
    query: sa.Select[Any],
    part: Slice,
    orders: Mapping[str, sa.ColumnElement[Any]],
    *,
    by: str,
    key: Sequence[sa.ColumnElement[Any]],
) -> sa.Select[Any]:
    """Return a query in the order that is asked for, cut to the part.

    Arguments:
        orders: what a list can be ordered by.
        by: its own order's name.
        key: what orders rows that are equal otherwise.
    """
    first = orders[part.order_by or by]
    columns = [first, *(each for each in key if each is not first)]
    in_order = query.order_by(*(each.desc() if part.is_descending else each for each in columns))
    return in_order.limit(part.limit).offset(part.offset)


def counted(connection: sa.Connection, query: sa.Select[Any], *, most: int | None = COUNTED_MOST) -> int:
    """Return how many rows a query has, or `most` + 1 where it has more than that.

    Arguments:
        most: None counts all.
    """
    one = query.with_only_columns(sa.literal(1).label("one"), maintain_column_froms=True).order_by(None)
    bounded = (one if most is None else one.limit(most + 1)).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(bounded)).scalar_one())
