"""Turning what tasks push into XComs (JSON) and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tradewind_plugins.assets import Asset
from tradewind_plugins.exceptions import SerializationError
from tradewind_plugins.host import XCOM_RETURN_KEY

from tradewind.execution import dataframes
from tradewind.execution.json_values import decode_value, encode_value
from tradewind.transitions.values import AssetNews, XComValue

LONGEST_TYPE = 100


def xcom(key: str, value: Any, task_id: str) -> XComValue:
    """Return the XCom that stores `value`.

    Raises:
        SerializationError: the value, or something in it, cannot be written as JSON; names its type and place.
    """
    text = dump(value, f"what task {task_id!r} pushed as {key!r}")
    length = len(value) if isinstance(value, (list, tuple, dict, set, frozenset)) else None
    return XComValue(key, text, type(value).__name__[:LONGEST_TYPE], len(text.encode()), length)


def returned(value: Any, task_id: str, *, multiple_outputs: bool) -> tuple[XComValue, ...]:
    """Return the XComs of a result: itself, and with `multiple_outputs` each of its keys.

    Raises:
        SerializationError: see `xcom`; or, with `multiple_outputs`, the result is no mapping with text keys.
    """
    return tuple(xcom(key, each, task_id) for key, each in parts(value, task_id, multiple_outputs=multiple_outputs))


def parts(value: Any, task_id: str, *, multiple_outputs: bool) -> list[tuple[str, Any]]:
    """Return the key and the value of each XCom of a result, still unwritten. Raises SerializationError as `returned`."""
    if value is None:
        return []
    if not multiple_outputs:
        return [(XCOM_RETURN_KEY, value)]
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise SerializationError(
            f"task {task_id!r} has multiple_outputs=True, so it must return a dict with text keys; "
            f"it returned {_shape(value)}. Return a dict, or leave multiple_outputs out"
        )
    return [(XCOM_RETURN_KEY, value), *value.items()]


def table(key: str, value: Any, path: Path, reference: str, task_id: str) -> XComValue:
    """Write a table to a file, and return the XCom that refers to it.

    Arguments:
        path: the new file.
        reference: what the file is called.
    Raises:
        SerializationError: it cannot be written as Parquet; names why.
    """
    try:
        dataframes.write(value, path)
    except TypeError as error:
        raise SerializationError(
            f"what task {task_id!r} pushed as {key!r} cannot be stored as XCom: {error}"
        ) from error
    return XComValue(key, None, type(value).__name__[:LONGEST_TYPE], path.stat().st_size, None, reference)


def asset_news(told: Iterable[tuple[Asset, Mapping[str, Any], str | None]], task_id: str) -> tuple[AssetNews, ...]:
    """Return the events of assets (each with its extra and alias) that a task's success tells of.

    Raises:
        SerializationError: an extra cannot be written as JSON.
    """
    return tuple(
        AssetNews(
            dump(asset.to_spec(), f"asset {asset.name!r}"),
            dump(dict(extra), f"the extra that task {task_id!r} gave the event of asset {asset.name!r}"),
            alias,
        )
        for asset, extra, alias in told
    )


def dump(value: Any, what: str) -> str:
    """Return `value` as JSON.

    Raises:
        SerializationError: `what`, or something in it, cannot be written as JSON.
    """
    try:
        return json.dumps(value, separators=(",", ":"), default=encode_value)
    except (TypeError, ValueError, RecursionError) as error:
        place = _culprit(value)
        raise SerializationError(
            f"{what} cannot be stored as XCom: {place or error}. Return JSON values (numbers, texts, lists, dicts, dates) or a "
            "table of pandas, polars or pyarrow; nothing is pickled: store what is neither elsewhere, and return its address"
        ) from error


def load(text: str | bytes) -> Any:
    """Return the value that `dump` or `table` wrote."""
    if isinstance(text, bytes) and dataframes.is_table(text):
        return dataframes.read(text)
    return json.loads(text, object_hook=decode_value)


def _culprit(value: Any, place: str = "the value", depth: int = 0) -> str | None:
    """Find the innermost part of `value` that JSON cannot hold, and say where it is."""
    if depth > 20:
        return f"{place} is nested too deeply or contains itself"
    parts: list[tuple[str, Any]] = []
    if isinstance(value, Mapping):
        wrong = next((key for key in value if not isinstance(key, (str, int, float, bool, type(None)))), None)
        if wrong is not None:
            return f"{place} has a key of type {type(wrong).__module__}.{type(wrong).__qualname__}"
        parts = [(f"{place}[{key!r}]", each) for key, each in value.items()]
    elif isinstance(value, (list, tuple)):
        parts = [(f"{place}[{number}]", each) for number, each in enumerate(value)]
    else:
        try:
            json.dumps(value, default=encode_value)
        except (TypeError, ValueError, RecursionError):
            return f"{place} is of type {type(value).__module__}.{type(value).__qualname__}"
    return next((found for name, each in parts if (found := _culprit(each, name, depth + 1))), None)


def _shape(value: Any) -> str:
    if isinstance(value, Mapping):
        wrong = next(key for key in value if not isinstance(key, str))
        return f"a dict with a key of type {type(wrong).__name__}"
    return f"a {type(value).__name__}"
