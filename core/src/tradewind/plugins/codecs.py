"""The JSON codecs, and the one canonical form that hashes are taken of."""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import Any

from tradewind_plugins.contracts.codec import JsonCodec
from tradewind_plugins.exceptions import TradewindConfigException

from tradewind.plugins.current import registry

AUTOMATIC = "auto"


class StandardCodec(JsonCodec):
    """The standard library's `json`."""

    def encode(self, value: Any) -> bytes:
        """Return a value as compact JSON."""
        _check_keys(value)
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()

    def decode(self, data: bytes) -> Any:
        """Return the value that JSON text stands for."""
        return json.loads(data)


def canonical(value: Any) -> bytes:
    """Return the text that hashes are taken of: sorted keys, no spaces, ASCII only; the same whichever codec is in use.

    Raises:
        TypeError, ValueError: as `JsonCodec.encode`.
    """
    _check_keys(value)
    return canonical_text(value).encode()


_CANONICAL = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"), sort_keys=True)


def canonical_text(value: Any) -> str:
    """Return the canonical text of a value all of whose objects are known to have texts as keys.

    Raises:
        TypeError, ValueError: as `JsonCodec.encode`, but for keys: `json` turns those that are no texts into texts.
    """
    return _CANONICAL.encode(value)


def codec(name: str = AUTOMATIC) -> JsonCodec:
    """Return a codec by its name; `auto` is orjson where it is installed, else the standard one.

    Raises:
        TradewindConfigException: there is no codec of that name, or what it needs is not installed.
    """
    if name == AUTOMATIC:
        name = "orjson" if find_spec("orjson") is not None else "json"
    made = registry().load("codec", name)()
    if not isinstance(made, JsonCodec):
        raise TradewindConfigException(f"codec {name!r} is no JsonCodec but {type(made).__name__}")
    return made


def _check_keys(value: Any) -> None:
    """Refuse keys that are not texts: `json` would turn 1 into "1" without a word."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"JSON objects have texts as keys, not {key!r}")
            _check_keys(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _check_keys(item)
