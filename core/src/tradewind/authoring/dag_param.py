"""References to params of the run: what the parameters of a ``@dag`` function are while it builds its DAG."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class DagParam:
    """The promise of a run's param. In a templated argument it becomes the value; in text, a template of it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def resolve(self, context: Mapping[str, Any]) -> Any:
        """Return the param's value in the run of ``context``."""
        return context["params"][self.name]

    def __str__(self) -> str:
        return f"{{{{ params[{self.name!r}] }}}}"

    def __iter__(self) -> Any:
        raise TypeError(f"The param {self.name!r} has no value before the run, so it cannot be iterated over.")

    def __repr__(self) -> str:
        return f"DagParam({self.name!r})"
