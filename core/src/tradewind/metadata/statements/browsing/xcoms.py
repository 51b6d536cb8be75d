"""Pages of XComs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.statements.browsing.parts import among, counted
from tradewind.metadata.tables import dag_run, xcom

_x = xcom.c
_run = dag_run.c
_NAMES = (_x.task_id, _x.map_index, _x.key, _x.pushed_at)
_DATE = sa.func.coalesce(_run.logical_date, _run.queued_at, type_=_run.queued_at.type).label("logical_date")
_OF_RUN = (_run.dag_id, _run.run_id, _DATE)
_JOINED = xcom.join(dag_run, _run.id == _x.run)


@dataclass(frozen=True, slots=True)
class XComFilter:
    """Which XComs are meant; what is None leaves none out."""

    allowed: frozenset[str] | None = None
    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None
    key: str | None = None

    @property
    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """What an XCom must be."""
        equal = (
            (_run.dag_id, self.dag_id),
            (_run.run_id, self.run_id),
            (_x.task_id, self.task_id),
            (_x.map_index, self.map_index),
            (_x.key, self.key),
        )
        return [
            *among(_run.dag_id, self.allowed),
            *(column == wanted for column, wanted in equal if wanted is not None),
        ]


def page(connection: sa.Connection, wanted: XComFilter, *, limit: int, offset: int) -> Sequence[Any]:
    """Return the names of some XComs, and when they were pushed, by run, task and instance; not their values."""
    query = sa.select(*_NAMES, *_OF_RUN).select_from(_JOINED).where(*wanted.conditions)
    return connection.execute(
        query.order_by(_x.run, _x.task_id, _x.map_index, _x.key).limit(limit).offset(offset)
    ).all()


def count(connection: sa.Connection, wanted: XComFilter) -> int:
    """Return how many XComs are meant."""
    return counted(connection, sa.select(_x.key).select_from(_JOINED).where(*wanted.conditions), most=None)


def get(connection: sa.Connection, wanted: XComFilter) -> Any | None:
    """Return an XCom with its value, or where that is stored."""
    query = sa.select(*_NAMES, *_OF_RUN, _x.value, _x.storage, _x.size).select_from(_JOINED)
    return connection.execute(query.where(*wanted.conditions)).one_or_none()
