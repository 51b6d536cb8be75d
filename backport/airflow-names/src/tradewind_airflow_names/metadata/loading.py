"""Fetching rows from the host and turning them into rows of Airflow's tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from tradewind_plugins.host import current

from tradewind_airflow_names.metadata.columns import microseconds, stored_instant
from tradewind_airflow_names.metadata.errors import MetadataViewError
from tradewind_airflow_names.metadata.models import Base
from tradewind_airflow_names.metadata.narrowing import Wanted

MOST_ROWS: Final = 10_000
MOST_VALUES: Final = 1000
LONGEST_NAME: Final = 1000
_YEARS: Final = (1, 3900)

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Source:
    """Where the rows of one of Airflow's tables come from.

    Arguments:
        table: the host's table.
        rows: makes rows, values by column, of one of the host's.
        narrows: columns that the host can narrow by values, and what it calls them.
        ranges: those that it can narrow by a first and a last instant.
        spared: what the host need not fetch or decrypt, and the columns that must not be read for that.
        advice: by which columns people may narrow a statement that reads too much.
    """

    table: str
    rows: Callable[[Row], Iterable[Row]]
    narrows: Mapping[str, str] = field(default_factory=dict)
    ranges: Mapping[str, str] = field(default_factory=dict)
    spared: Mapping[str, frozenset[str]] = field(default_factory=dict)
    advice: str = ""


def load(name: str, wanted: Wanted, read: Collection[str]) -> Iterator[Sequence[Any]]:
    """Yield the rows of a table that may matter, values in the order of its columns.

    Arguments:
        name: of the table, as Airflow calls it.
        wanted: what rows must be like to matter.
        read: the columns that are read; others may be NULL.
    Raises:
        MetadataViewError: there are too many.
    """
    source = SOURCES[name]
    columns = list(Base.metadata.tables[name].columns.keys())
    equal = {
        source.narrows[column]: [_asked(value) for value in values]
        for column, values in wanted.equal.items()
        if column in source.narrows and len(values) <= MOST_VALUES and all(map(_can_be_asked, values))
    }
    between = {
        source.ranges[column]: [
            microseconds(each) if each is not None and _can_be_asked(each) else None for each in bounds
        ]
        for column, bounds in wanted.between.items()
        if column in source.ranges
    }
    without = [column for column, needed_by in source.spared.items() if needed_by.isdisjoint(read)]
    for number, row in enumerate(_fetched(source.table, equal, between, without), 1):
        if number > MOST_ROWS:
            raise MetadataViewError(
                f"this statement reads more than {MOST_ROWS} rows of {name!r}, which is the most that DAG code may read at "
                f"once{source.advice}"
            )
        for made in source.rows(row):
            yield [made.get(column) for column in columns]


def _fetched(
    table: str, equal: Mapping[str, list[Any]], between: Mapping[str, list[int | None]], without: list[str]
) -> Iterator[Row]:
    host, after = current(), None
    while True:
        page = host.read_table(table, equal, between, after, without)
        yield from page["rows"]
        after = page["after"]
        if after is None:
            return


def _can_be_asked(value: Any) -> bool:
    """Tell whether the host takes a value; what it does not take, no row has, as SQLite finds out by itself."""
    if isinstance(value, datetime):
        return _YEARS[0] < value.year < _YEARS[1]
    if isinstance(value, str):
        return len(value) <= LONGEST_NAME and "\0" not in value and value.encode(errors="ignore").decode() == value
    return isinstance(value, int) and -(1 << 63) <= value < 1 << 63


def _asked(value: Any) -> Any:
    """Return a value as the host is asked for it; of a str that is an enumeration's too, the plain text."""
    if isinstance(value, datetime):
        return microseconds(value)
    return str.__str__(value) if isinstance(value, str) else value


def _run(row: Row) -> Iterator[Row]:
    yield {
        **{name: row[name] for name in ("id", "dag_id", "run_id", "run_type", "state", "conf")},
        "execution_date": stored_instant(row["logical_date"]),
        "data_interval_start": stored_instant(row["data_interval_start"]),
        "data_interval_end": stored_instant(row["data_interval_end"]),
        "queued_at": stored_instant(row["queued_at"]),
        "start_date": stored_instant(row["started_at"]),
        "end_date": stored_instant(row["ended_at"]),
        "external_trigger": int(row["run_type"] == "manual"),
    }


_OF_TASK = ("id", "dag_id", "task_id", "run_id", "map_index", "try_number", "max_tries", "pool", "pool_slots", "queue")


def _task(row: Row) -> Iterator[Row]:
    is_timed = row["started_at"] is not None and row["ended_at"] is not None
    yield {
        **{name: row[name] for name in (*_OF_TASK, "executor")},
        "dag_run_id": row["run"],
        "execution_date": stored_instant(row["logical_date"]),
        "state": None if row["state"] == "none" else row["state"],
        "start_date": stored_instant(row["started_at"]),
        "end_date": stored_instant(row["ended_at"]),
        "duration": (row["ended_at"] - row["started_at"]) / 1_000_000 if is_timed else None,
        "queued_dttm": stored_instant(row["queued_at"]),
        "priority_weight": row["priority"],
    }


def _xcom(row: Row) -> Iterator[Row]:
    yield {
        **{name: row[name] for name in ("dag_id", "run_id", "task_id", "map_index", "key", "value")},
        "dag_run_id": row["run"],
        "execution_date": stored_instant(row["logical_date"]),
        "timestamp": stored_instant(row["pushed_at"]),
    }


def _dag(row: Row) -> Iterator[Row]:
    coming = json.loads(row["next_run"]) if row["next_run"] else {}
    names = ("dag_id", "is_paused", "is_active", "owners", "description", "max_active_runs", "max_active_tasks")
    yield {
        **{name: row[name] for name in names},
        "fileloc": row["path"],
        "schedule_interval": None if row["schedule"] is None else _schedule(json.loads(row["schedule"])),
        "next_dagrun": _text_instant(coming.get("logical_date")),
        "next_dagrun_data_interval_start": _text_instant(coming.get("data_interval_start")),
        "next_dagrun_data_interval_end": _text_instant(coming.get("data_interval_end")),
        "last_parsed_time": stored_instant(row["parsed_at"]),
        "has_import_errors": int(row["has_import_errors"]),
        "next_dagrun_create_after": stored_instant(row["due_at"]),
    }


def _text_instant(text: str | None) -> str | None:
    return None if text is None else stored_instant(microseconds(datetime.fromisoformat(text)))


def _schedule(spec: Mapping[str, Any]) -> str:
    """Return a schedule as it was written: an expression, a preset, or the text of a timedelta."""
    if "seconds" in spec:
        return str(timedelta(seconds=spec["seconds"]))
    return str(spec.get("expression", f"@{spec['type']}"))


def _tags(row: Row) -> Iterator[Row]:
    for tag in sorted(set(json.loads(row["tags"]))):
        yield {"name": tag, "dag_id": row["dag_id"]}


def _pool(row: Row) -> Iterator[Row]:
    yield {"pool": row["name"], "slots": row["slots"], "description": row["description"]}


def _variable(row: Row) -> Iterator[Row]:
    yield {"key": row["key"], "val": row["value"], "description": row["description"], "is_encrypted": 1}


def _connection(row: Row) -> Iterator[Row]:
    yield {**row, "is_encrypted": int(bool(row["password"])), "is_extra_encrypted": int(bool(row["extra"]))}


def _same(*names: str, **others: str) -> dict[str, str]:
    return {name: name for name in names} | others


_SECRETS: Final = {
    "password": frozenset({"password", "is_encrypted"}),
    "extra": frozenset({"extra", "is_extra_encrypted"}),
}
_OF_TIMES: Final = {"execution_date": "logical_date", "start_date": "started_at", "end_date": "ended_at"}
_OF_DAG: Final = ": narrow it with dag_id == …"
SOURCES: Final[Mapping[str, Source]] = {
    "dag_run": Source(
        "dag_run",
        _run,
        _same("id", "dag_id", "run_id", "run_type", "state", execution_date="logical_date"),
        _OF_TIMES,
        {"conf": frozenset({"conf"})},
        ": narrow it with dag_id == … and run_id or state == …, or execution_date >= …",
    ),
    "task_instance": Source(
        "task_instance",
        _task,
        _same("dag_id", "run_id", "task_id", "state", "pool", "queue", execution_date="logical_date"),
        _OF_TIMES,
        advice=": narrow it with dag_id == … and run_id, task_id or state == …, or execution_date >= …",
    ),
    "xcom": Source(
        "xcom",
        _xcom,
        _same("dag_id", "run_id", "task_id", "key", execution_date="logical_date"),
        {"execution_date": "logical_date", "timestamp": "pushed_at"},
        {"value": frozenset({"value"}), "storage": frozenset({"value"})},
        ": narrow it with dag_id == … and run_id, task_id or key == …, or execution_date >= …",
    ),
    "dag": Source("dag", _dag, _same("dag_id"), advice=_OF_DAG),
    "dag_tag": Source("dag", _tags, _same("dag_id"), advice=_OF_DAG),
    "slot_pool": Source("pool", _pool, {"pool": "name"}),
    "variable": Source(
        "variable", _variable, _same("key"), spared={"value": frozenset({"val"})}, advice=": narrow it with key == …"
    ),
    "connection": Source(
        "connection",
        _connection,
        _same("conn_id", "conn_type"),
        spared=_SECRETS,
        advice=": narrow it with conn_id == …",
    ),
}
