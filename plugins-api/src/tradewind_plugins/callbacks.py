"""Callbacks: what a task or a DAG wants called when its state changes.

A callback is a callable that takes the context, such as a function or a notifier, or a list of them. What is called
when, by whom and how often, is told in docs/how-to/callbacks.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradewind_plugins.exceptions import TradewindException

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ON_DEADLINE",
    "ON_EXECUTE",
    "ON_FAILURE",
    "ON_RETRY",
    "ON_SKIPPED",
    "ON_SLA_MISS",
    "ON_SUCCESS",
    "TASK_CALLBACKS",
    "as_callbacks",
    "name_of",
]

ON_DEADLINE = "deadline"
ON_EXECUTE = "on_execute_callback"
ON_FAILURE = "on_failure_callback"
ON_RETRY = "on_retry_callback"
ON_SKIPPED = "on_skipped_callback"
ON_SLA_MISS = "sla_miss_callback"
ON_SUCCESS = "on_success_callback"
TASK_CALLBACKS = (ON_EXECUTE, ON_FAILURE, ON_RETRY, ON_SKIPPED, ON_SUCCESS)


def as_callbacks(value: Any, where: str) -> tuple[Callable[[Any], Any], ...]:
    """Return the callables of a callback argument: none for None, one, or those of a list, in their order.

    Args:
        value: what the argument was given.
        where: whose argument, for the error.

    Raises ``TradewindException`` for what cannot be called.
    """
    if value is None:
        return ()
    found = tuple(value) if isinstance(value, (list, tuple, set, frozenset)) else (value,)
    for each in found:
        if not callable(each):
            raise TradewindException(
                f"{where} must be a function that takes the context, a notifier, or a list of these, not {each!r}."
            )
    return found


def name_of(callback: Any) -> str:
    """Return what people call a callback: the function's name, or the class of an object that can be called."""
    inner = getattr(callback, "func", callback)  # of a functools.partial
    return str(getattr(inner, "__name__", type(inner).__name__))
