"""Runs of one DAG that are recorded together: a tag `runs:3` asks for three, a day apart. Standard library only: Airflow reads it.

The outcome of several runs is one: `a` is a task of the first run, `a @1` that of the second, and so on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

RUN_ID = "oracle"


def runs_of(tags: Iterable[str]) -> int:
    """Return how many runs the tags of a DAG ask for."""
    return next((int(tag.partition(":")[2]) for tag in sorted(tags or ()) if tag.startswith("runs:")), 1)


def run_id_of(number: int) -> str:
    """Return the name of a run, counted from 0."""
    return f"{RUN_ID}{number}" if number else RUN_ID


def joined(outcomes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the outcomes of runs, in order, as one."""
    tasks: dict[str, Any] = {}
    xcoms: dict[str, Any] = {}
    for number, outcome in enumerate(outcomes):
        mark = f" @{number}" if number else ""
        tasks |= {f"{name}{mark}": end for name, end in outcome["tasks"].items()}
        xcoms |= {_marked(name, mark): value for name, value in outcome["xcoms"].items()}
    return {"state": " ".join(each["state"] for each in outcomes), "tasks": tasks, "xcoms": xcoms}


def _marked(name: str, mark: str) -> str:
    task, _, key = name.rpartition(" ")
    return f"{task}{mark} {key}"
