"""What differs between two serialized DAGs, named for people, and the hash of a structure without it.

A place in a serialized DAG is written as its keys and indices with ``/`` between them, as in ``tasks/3/retries``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from tradewind.plugins.codecs import canonical

_HIDDEN = "differs"
_MISSING = object()


def differences(first: str, second: str) -> tuple[str, ...]:
    """Return the places at which two serialized DAGs differ, the smallest ones that say it."""
    return tuple(_walk(json.loads(first), json.loads(second), ()))


def _walk(first: Any, second: Any, here: tuple[str, ...]) -> Iterable[str]:
    if isinstance(first, dict) and isinstance(second, dict):
        for key in sorted(first.keys() | second.keys()):
            yield from _walk(first.get(key, _MISSING), second.get(key, _MISSING), (*here, key))
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for index, (one, other) in enumerate(zip(first, second, strict=True)):
            yield from _walk(one, other, (*here, str(index)))
    elif first is _MISSING or second is _MISSING or first != second:
        yield "/".join(here)


def hash_without(serialized: str, places: Iterable[str]) -> str:
    """Return the hash of a serialized DAG whose values at some places do not count."""
    found = json.loads(serialized)
    for place in places:
        _hide(found, place.split("/"))
    return hashlib.sha256(canonical(found)).hexdigest()


def _hide(inside: Any, keys: list[str]) -> None:
    *way, last = keys
    for key in way:
        inside = _step(inside, key)
    if isinstance(inside, dict):
        inside[last] = _HIDDEN
    elif isinstance(inside, list) and last.isdigit() and int(last) < len(inside):
        inside[int(last)] = _HIDDEN


def _step(inside: Any, key: str) -> Any:
    if isinstance(inside, dict):
        return inside.get(key)
    if isinstance(inside, list) and key.isdigit() and int(key) < len(inside):
        return inside[int(key)]
    return None


def named(serialized: str, places: Iterable[str]) -> tuple[str, ...]:
    """Return the places' names for people: ``start_date``, ``bash_command of task 'load'``."""
    found = json.loads(serialized)
    return tuple(dict.fromkeys(_name(found, place.split("/")) for place in places))


def _name(dag: dict[str, Any], keys: list[str]) -> str:
    if len(keys) == 1:
        return {"tasks": "the number of tasks", "timetable": "the schedule"}.get(keys[0], keys[0])
    if keys[0] == "tasks":
        task = _step(_step(dag, "tasks"), keys[1])
        task_id = task.get("task_id") if isinstance(task, dict) else None
        field = keys[3] if len(keys) > 3 and keys[2] in {"template_fields", "expand_values", "params"} else keys[2]
        return f"{field} of task {task_id!r}"
    return "the schedule" if keys[0] == "timetable" else keys[0]
