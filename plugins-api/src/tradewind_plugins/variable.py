"""Variables by Airflow's names, through the host."""

from __future__ import annotations

import json
from typing import Any

from tradewind_plugins.host import current

__all__ = ["Variable"]

_NO_DEFAULT = object()


class Variable:
    """Named texts that operators of Tradewind keep beside their DAGs."""

    @classmethod
    def get(cls, key: str, default_var: Any = _NO_DEFAULT, deserialize_json: bool = False) -> Any:
        """Return a variable.

        Args:
            key: Its name.
            default_var: The answer where there is no such variable; it is returned as it is, also with
                `deserialize_json`.
            deserialize_json: Read the text as JSON.

        Raises:
            KeyError: There is no such variable and no default.
            ValueError: The text is not JSON.
        """
        text = current().variable(key)
        if text is None:
            if default_var is _NO_DEFAULT:
                raise KeyError(f"Variable {key} does not exist: set it, or give a default_var")
            return default_var
        return json.loads(text) if deserialize_json else text

    @classmethod
    def set(cls, key: str, value: Any, description: str | None = None, serialize_json: bool = False) -> None:
        """Create or replace a variable.

        Args:
            key: Its name.
            value: Its text; anything else is written with `str`, or as JSON with `serialize_json`.
            description: A sentence for the people who find it in a list.
            serialize_json: Write the value as JSON.
        """
        current().set_variable(key, json.dumps(value) if serialize_json else str(value), description)
