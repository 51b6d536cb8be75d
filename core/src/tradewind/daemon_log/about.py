"""What a line of the daemons' log is about: a DAG, a run, a task, a try of it.

log.warning("the store did not take it", extra=about(dag_id="shop", run_id="one", task_id="pay", try_number=2))
"""

from __future__ import annotations

import logging
from typing import Final

FIELDS: Final = ("dag_id", "run_id", "task_id", "map_index", "try_number")


def about(
    *,
    dag_id: str | None = None,
    run_id: str | None = None,
    task_id: str | None = None,
    map_index: int | None = None,
    try_number: int | None = None,
) -> dict[str, str | int]:
    """Return the `extra` of a log call.

    Arguments:
        map_index: -1 for an instance of a task that is not mapped.
        try_number: from 1; 0 where none has begun.
    """
    given = (dag_id, run_id, task_id, map_index, try_number)
    return {name: value for name, value in zip(FIELDS, given, strict=True) if value is not None}


def fields_of(record: logging.LogRecord) -> dict[str, str | int]:
    """Return what a record is about, in the order of `FIELDS`; nothing where it is about no DAG."""
    found = vars(record)
    return {name: found[name] for name in FIELDS if name in found}


def in_words(fields: dict[str, str | int]) -> str:
    """Return what a line of text has of it: ` [dag=shop run=one task=pay[3] try=2]`, or nothing."""
    if not fields:
        return ""
    map_index = fields.get("map_index", -1)
    mapped = f"[{map_index}]" if isinstance(map_index, int) and map_index >= 0 else ""
    words = {
        "dag": fields.get("dag_id"),
        "run": fields.get("run_id"),
        "task": f"{fields['task_id']}{mapped}" if "task_id" in fields else None,
        "try": fields.get("try_number"),
    }
    return f" [{' '.join(f'{name}={value}' for name, value in words.items() if value is not None)}]"
