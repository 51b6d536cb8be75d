"""Pages of the tables that DAG code may look at: runs, task instances, XComs, DAGs, pools, variables, connections.

Reads only. Each statement is narrowed by equality on named columns alone, ordered by the table's key and bounded; nothing of
what is asked for becomes SQL text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import sqlalchemy as sa

from tradewind.metadata.tables import (
    EPOCH,
    MICROSECOND,
    Instant,
    dag,
    dag_file,
    dag_run,
    pool,
    task_instance,
    variable,
    xcom,
)
from tradewind.metadata.tables import connection as connection_table

MOST_ROWS = 1000
MOST_VALUES = 1000
LONGEST_NAME = 1000
_SURROGATE = re.compile("[\ud800-\udfff]")
_HALF = 1 << 63  # of what an integer column holds
_FARTHEST = (EPOCH - datetime(1, 1, 1, tzinfo=timezone.utc)) // MICROSECOND
LARGEST_PAGE = 4 << 20  # characters; a page with at least one row may be larger


@dataclass(frozen=True, slots=True)
class View:
    """A table as DAG code may look at it.

    Arguments:
        source: what is read.
        columns: what is shown, by the name it is shown under.
        narrows: the columns that may be asked to have certain values.
        ranges: the columns that may be asked to be between two instants.
        key: the columns that a row is found by, in the order of the pages.
        rows: how many a page has at most; few where a row may be large, as a page is in memory before it is cut to size.
    """

    source: sa.FromClause
    columns: Mapping[str, sa.ColumnElement[Any]]
    narrows: frozenset[str]
    key: tuple[str, ...]
    ranges: frozenset[str] = frozenset()
    rows: int = MOST_ROWS


@dataclass(frozen=True, slots=True)
class Asked:
    """A look at a table, as DAG code has asked for it: nothing in it is certain yet.

    Arguments:
        table: one of `VIEWS`.
        equal: for a column that narrows, the values it may have; instants as microseconds.
        between: for a column with ranges, the first and the last instant it may have; None for no bound.
        after: the `after` of the page before.
        without: columns that are NULL in the answer, so that nobody fetches or decrypts what is not wanted.
    """

    table: str
    equal: Mapping[str, Sequence[Any]]
    between: Mapping[str, Sequence[Any]]
    after: Sequence[Any] | None = None
    without: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows; instants are microseconds since 1970. `after` is the key of the last row, None where no more follow."""

    columns: list[str]
    rows: list[list[Any]]
    after: list[Any] | None


def _columns(table: sa.Table, *names: str) -> dict[str, sa.ColumnElement[Any]]:
    return {name: table.c[name] for name in names}


_TIMES = frozenset({"logical_date", "started_at", "ended_at"})
_OF_RUN = {"run_id": dag_run.c.run_id, "logical_date": dag_run.c.logical_date}
VIEWS: Mapping[str, View] = {
    "dag_run": View(
        dag_run,
        _columns(
            dag_run,
            *(
                "id",
                "dag_id",
                "run_id",
                "run_type",
                "state",
                "logical_date",
                "data_interval_start",
                "data_interval_end",
            ),
            *("conf", "triggered_by", "queued_at", "started_at", "ended_at"),
        ),
        frozenset({"id", "dag_id", "run_id", "run_type", "state", "logical_date"}),
        ("id",),
        ranges=_TIMES,
        rows=500,
    ),
    "task_instance": View(
        task_instance.join(dag_run, dag_run.c.id == task_instance.c.run),
        _columns(
            task_instance,
            *("id", "run", "dag_id", "task_id", "map_index", "state", "try_number", "max_tries", "priority", "pool"),
            *("pool_slots", "executor", "queue", "queued_at", "started_at", "ended_at"),
        )
        | _OF_RUN,
        frozenset({"dag_id", "run_id", "task_id", "state", "pool", "queue", "logical_date"}),
        ("id",),
        ranges=_TIMES,
    ),
    "xcom": View(
        xcom.join(dag_run, dag_run.c.id == xcom.c.run),
        _columns(xcom, "run", "task_id", "map_index", "key", "value", "storage", "pushed_at")
        | _OF_RUN
        | {"dag_id": dag_run.c.dag_id},
        frozenset({"dag_id", "run_id", "task_id", "key", "logical_date"}),
        ("run", "task_id", "map_index", "key"),
        ranges=frozenset({"logical_date", "pushed_at"}),
        rows=100,
    ),
    "dag": View(
        dag.outerjoin(dag_file, (dag_file.c.bundle == dag.c.bundle) & (dag_file.c.path == dag.c.path)),
        _columns(
            dag,
            *("dag_id", "path", "is_paused", "is_active", "description", "owners", "tags", "schedule"),
            *("max_active_runs", "max_active_tasks", "next_run", "due_at"),
        )
        | {"parsed_at": dag_file.c.parsed_at, "has_import_errors": dag_file.c.error.is_not(None)},
        frozenset({"dag_id"}),
        ("dag_id",),
        rows=200,
    ),
    "pool": View(pool, _columns(pool, "name", "slots", "description"), frozenset({"name"}), ("name",)),
    "variable": View(
        variable, _columns(variable, "key", "value", "description"), frozenset({"key"}), ("key",), rows=50
    ),
    "connection": View(
        connection_table,
        _columns(
            connection_table,
            *("conn_id", "conn_type", "description", "host", "login", "password", "schema", "port", "extra"),
        ),
        frozenset({"conn_id", "conn_type"}),
        ("conn_id",),
        rows=100,
    ),
}


def page(conn: sa.Connection, asked: Asked) -> Page:
    """Return the next rows of a table, with secrets as they are stored.

    Raises:
        ValueError: there is no such table or column to ask for, or the values are none of its.
    """
    table, after = asked.table, asked.after
    view = VIEWS.get(table)
    if view is None:
        raise ValueError(f"there is no table {table!r} to look at; there are {', '.join(VIEWS)}")
    left_out = {name for name in asked.without if name not in view.key}
    shown = [sa.null() if name in left_out else column for name, column in view.columns.items()]
    query = sa.select(*[column.label(name) for column, name in zip(shown, view.columns, strict=True)])
    query = query.select_from(view.source)
    for name, values in asked.equal.items():
        query = query.where(_among(view, table, name, values))
    for name, bounds in asked.between.items():
        query = query.where(*_within(view, table, name, bounds))
    if after is not None:
        query = query.where(_beyond(view, table, after))
    query = query.order_by(*[view.columns[name] for name in view.key]).limit(view.rows + 1)
    found = [[_plain(value) for value in row] for row in conn.execute(query)]
    rows = _fitting(found[: view.rows])
    places = [list(view.columns).index(name) for name in view.key]
    is_last = len(rows) == len(found)
    return Page(list(view.columns), rows, None if is_last else [rows[-1][place] for place in places])


def _among(view: View, table: str, name: str, values: Sequence[Any]) -> sa.ColumnElement[bool]:
    if name not in view.narrows:
        raise ValueError(f"table {table!r} cannot be narrowed by {name!r}, but by {', '.join(sorted(view.narrows))}")
    if not isinstance(values, list) or len(values) > MOST_VALUES:
        raise ValueError(f"at most {MOST_VALUES} values of {name!r} can be asked for at once")
    column = view.columns[name]
    return column.in_([_typed(column, name, value) for value in values])


def _within(view: View, table: str, name: str, bounds: Sequence[Any]) -> list[sa.ColumnElement[bool]]:
    if name not in view.ranges or not isinstance(bounds, list) or len(bounds) != 2:
        raise ValueError(f"table {table!r} cannot be narrowed by {name!r} between {_shown(bounds)}")
    column, (least, most) = view.columns[name], bounds
    lower = [] if least is None else [column >= _typed(column, name, least)]
    return lower if most is None else [*lower, column <= _typed(column, name, most)]


def _beyond(view: View, table: str, after: Sequence[Any]) -> sa.ColumnElement[bool]:
    columns = [view.columns[name] for name in view.key]
    if len(after) != len(columns):
        raise ValueError(f"{_shown(after)} is no key of table {table!r}")
    values = [_typed(column, name, value) for column, name, value in zip(columns, view.key, after, strict=True)]
    bound = [sa.literal(value, column.type) for value, column in zip(values, columns, strict=True)]
    return columns[0] > bound[0] if len(columns) == 1 else sa.tuple_(*columns) > sa.tuple_(*bound)


def _typed(column: sa.ColumnElement[Any], name: str, value: Any) -> Any:
    """Return a value as its column takes it."""
    if isinstance(column.type, Instant) and type(value) is int and abs(value) <= _FARTHEST:
        return EPOCH + value * MICROSECOND
    is_text = isinstance(column.type, sa.String)
    if isinstance(column.type, Instant) or not (_is_name(value) if is_text else _is_number(value)):
        raise ValueError(f"{_shown(value)} is no value of {name!r}")
    return value


def _shown(value: Any) -> str:
    return repr(value)[:LONGEST_NAME]


def _is_name(value: Any) -> bool:
    """Tell whether a value is a text that a database takes; what is longer than any column is no reason to send it."""
    return isinstance(value, str) and len(value) <= LONGEST_NAME and "\0" not in value and not _SURROGATE.search(value)


def _is_number(value: Any) -> bool:
    return type(value) is int and -_HALF <= value < _HALF


def _plain(value: Any) -> Any:
    return (value - EPOCH) // MICROSECOND if isinstance(value, datetime) else value


def _fitting(rows: list[list[Any]]) -> list[list[Any]]:
    """Return the first rows, as many as one message may well carry, and at least one."""
    size = 0
    for number, row in enumerate(rows):
        size += sum(len(value) for value in row if isinstance(value, str))
        if size > LARGEST_PAGE and number:
            return rows[:number]
    return rows
