"""Which DAGs a file has defined: every DAG that was entered with ``with`` or made by ``@dag`` while it was imported.

A DAG that is merely constructed counts when a module-level name holds it, which ``authoring.loading`` looks for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_collected: ContextVar[list[Any] | None] = ContextVar("tradewind_collected_dags", default=None)


@contextmanager
def collecting() -> Iterator[list[Any]]:
    """Collect the DAGs that are defined inside the block, in order."""
    found: list[Any] = []
    token = _collected.set(found)
    try:
        yield found
    finally:
        _collected.reset(token)


def register(dag: Any) -> None:
    """Note that ``dag`` is defined; does nothing outside of :func:`collecting`."""
    found = _collected.get()
    if found is not None and all(known is not dag for known in found):
        found.append(dag)
