"""The codec over orjson, an optional dependency: this module is imported only where it is installed."""

from __future__ import annotations

import re
from typing import Any

import orjson
from tradewind_plugins.contracts.codec import JsonCodec

from tradewind.plugins.codecs import StandardCodec

_STRICT = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS

_LONG_NUMBER = re.compile(rb"\d{19}")  # orjson reads an integer beyond 64 bits as a float, without a word


class OrjsonCodec(JsonCodec):
    """orjson, with the standard codec for what orjson refuses or reads otherwise."""

    def __init__(self) -> None:
        self._standard = StandardCodec()

    def encode(self, value: Any) -> bytes:
        """Return a value as compact JSON."""
        if _has_special_number(value):  # orjson writes NaN as null; the standard codec refuses it
            return self._standard.encode(value)
        try:
            return orjson.dumps(value, option=_STRICT)
        except TypeError:  # an integer beyond 64 bits, a subclass of str: the standard codec knows or refuses them
            return self._standard.encode(value)

    def decode(self, data: bytes) -> Any:
        """Return the value that JSON text stands for."""
        if _LONG_NUMBER.search(data):
            return self._standard.decode(data)
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError:
            return self._standard.decode(data)


def _has_special_number(value: Any) -> bool:
    if isinstance(value, float):
        return value != value or value in {float("inf"), float("-inf")}  # noqa: PLR0124 - only NaN differs from itself
    if isinstance(value, dict):
        return any(_has_special_number(item) for item in value.values())
    return isinstance(value, (list, tuple)) and any(_has_special_number(item) for item in value)
