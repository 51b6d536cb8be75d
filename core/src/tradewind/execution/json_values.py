"""The values beyond JSON's own that an XCom may hold: dates, times, decimals, sets, bytes, paths, UUIDs, tables inside of others.

Each is written as a small object under the key `__type`, the same wherever XComs are read.
"""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import enum
import pathlib
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import pendulum

from tradewind.execution import dataframes

TYPE = "__type"
VALUE = "value"


def encode_value(value: Any) -> Any:
    """Return what stands in JSON for `value`: the `default` of `json.dumps`.

    Raises:
        TypeError: there is nothing for its type.
    """
    for kind, known, write in _WRITERS:
        if isinstance(value, known):
            return {TYPE: kind, VALUE: write(value)}
    if dataframes.library_of(value) is not None:
        return {TYPE: "table", VALUE: base64.b64encode(dataframes.as_bytes(value)).decode()}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    item = getattr(value, "item", None)  # numpy's scalars
    if callable(item) and type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        return item()
    raise TypeError(f"{type(value).__module__}.{type(value).__qualname__} has no form in JSON")


def decode_value(found: dict[str, Any]) -> Any:
    """Return the value that an object of JSON stands for: the `object_hook` of `json.loads`."""
    reader = _READERS.get(found[TYPE]) if len(found) == 2 and TYPE in found else None
    return found if reader is None else reader(found[VALUE])


def _sorted(values: Any) -> list[Any]:
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=repr)


_WRITERS: tuple[tuple[str, type | tuple[type, ...], Callable[[Any], Any]], ...] = (
    ("datetime", dt.datetime, lambda value: value.isoformat()),
    ("date", dt.date, lambda value: value.isoformat()),
    ("time", dt.time, lambda value: value.isoformat()),
    ("timedelta", dt.timedelta, lambda value: value.total_seconds()),
    ("decimal", decimal.Decimal, str),
    ("set", (set, frozenset), _sorted),
    ("bytes", bytes, lambda value: base64.b64encode(value).decode()),
    ("path", pathlib.PurePath, str),
    ("uuid", uuid.UUID, str),
)

_READERS: dict[str, Callable[[Any], Any]] = {
    "datetime": lambda text: pendulum.parse(text, tz=None) if _has_zone(text) else dt.datetime.fromisoformat(text),
    "date": dt.date.fromisoformat,
    "time": dt.time.fromisoformat,
    "timedelta": lambda seconds: dt.timedelta(seconds=seconds),
    "decimal": decimal.Decimal,
    "set": set,
    "bytes": base64.b64decode,
    "path": pathlib.PurePath,
    "uuid": uuid.UUID,
    "table": lambda text: dataframes.read(base64.b64decode(text)),
}


def _has_zone(text: str) -> bool:
    return text.endswith("Z") or "+" in text or text.count("-") > 2
