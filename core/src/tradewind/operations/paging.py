"""A part of a list: which part is asked for, and which one is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tradewind.metadata.statements.browsing.parts import Slice

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list is asked for.

    Arguments:
        limit: rows at most.
        offset: rows left out at the beginning.
        order_by: the name of what the list is ordered by; None for its own order.
        is_descending: the largest first.
    """

    limit: int = 100
    offset: int = 0
    order_by: str | None = None
    is_descending: bool = False

    @property
    def part(self) -> Slice:
        """The same for the statements below."""
        return Slice(self.limit, self.offset, self.order_by, self.is_descending)


ALL = Paging(limit=2**31 - 1)
"""The whole list."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """A part of a list, and how many rows the whole list has."""

    rows: Sequence[Row]
    total: int
