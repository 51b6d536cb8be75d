"""Arguments of tasks as JSON, to be shown: what is no JSON value becomes a marker that is the same in every parse.

A marker is an object with the single key ``__type``, ``__call`` or the like, and never holds an address in memory, or
each parse would make a version of its own. What looks like a secret by its name is not written at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from enum import Enum
from pathlib import PurePath
from typing import Any

from tradewind_plugins.values import REDACTED
from tradewind_plugins.xcom_arg import DerivedXComArg, XComArg

from tradewind.authoring.dag_param import DagParam

_SECRET_NAME = re.compile(
    r"passw(or)?d|passphrase|secret|token|api_?key|private_?key|access_?key|authorization", re.IGNORECASE
)
_LONGEST_TEXT = 4_000
_MOST_ITEMS = 200
_DEEPEST = 8


def displayed(value: Any, name: str = "", depth: int = 0) -> Any:
    """Return ``value`` as JSON values, for display.

    Args:
        value: an argument of a task.
        name: what the argument is called; a telling name hides it.
        depth: how deep inside of an argument it stands.
    """
    if name and isinstance(value, (str, bytes)) and _SECRET_NAME.search(name) and value:
        return REDACTED
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (str, int, float)) and not isinstance(value, Enum):
        return _plain(value)
    if depth >= _DEEPEST:
        return {"__type": type_name(value)}
    if isinstance(value, (Mapping, list, tuple, set, frozenset)):
        return _container(value, depth + 1)
    return _marker(value)


def _plain(value: str | float) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_TEXT else f"{value[:_LONGEST_TEXT]}… ({len(value)} characters)"
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):  # noqa: PLR0124 - NaN
        return {"__number": repr(value)}
    return value


def _container(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping):
        shown = {str(key): displayed(item, str(key), depth) for key, item in list(value.items())[:_MOST_ITEMS]}
    else:
        items = list(value) if isinstance(value, (list, tuple)) else sorted(value, key=_order)
        shown = [displayed(item, "", depth) for item in items[:_MOST_ITEMS]]  # type: ignore[assignment]
    more = len(value) - _MOST_ITEMS
    return {"__first": shown, "__more": more} if more > 0 else shown


def _order(item: Any) -> tuple[str, str]:
    return type(item).__name__, item if isinstance(item, str) else str(displayed(item))


# First match wins: a class is a marker of its own kind, and datetime is a date.
_MARKERS: tuple[tuple[type | tuple[type, ...], Callable[[Any], Any]], ...] = (
    (Enum, lambda value: displayed(value.value, "", _DEEPEST)),
    (DerivedXComArg, repr),
    (XComArg, lambda value: {"__xcom": [value.operator.task_id, value.key]}),
    (DagParam, lambda value: {"__param": value.name}),
    ((datetime, date, time), lambda value: {"__moment": value.isoformat()}),
    (timedelta, lambda value: {"__seconds": value.total_seconds()}),
    (PurePath, str),
    (type, lambda value: {"__class": import_name(value)}),
)


def _marker(value: Any) -> Any:
    for kind, make in _MARKERS:
        if isinstance(value, kind):
            return make(value)
    if hasattr(value, "__qualname__"):
        return {"__call": import_name(value)}
    return {"__type": type_name(value)}


def import_name(value: Any) -> str:
    """Return where a class or a function is from, as ``module:name``."""
    return f"{getattr(value, '__module__', '?')}:{value.__qualname__}"


def type_name(value: Any) -> str:
    """Return the class of ``value``, as ``module:name``."""
    return import_name(type(value))
