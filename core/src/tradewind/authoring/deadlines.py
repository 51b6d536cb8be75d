"""Deadlines of runs: so long after a moment of its own a run must have succeeded, or something is called.

with DAG("shop", deadline=DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(hours=2), alarm)): ...
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar

from tradewind_plugins.callbacks import as_callbacks
from tradewind_plugins.exceptions import TradewindException

from tradewind.plugins.imports import load

QUEUED_AT = "queued_at"
LOGICAL_DATE = "logical_date"


@dataclass(frozen=True)
class Reference:
    """The moment from which a deadline counts: ``queued_at`` or ``logical_date`` of the run, or a moment in ISO 8601."""

    moment: str


class DeadlineReference:
    """The moments from which deadlines count."""

    DAGRUN_QUEUED_AT: ClassVar[Reference] = Reference(QUEUED_AT)
    """When the run was made."""
    DAGRUN_LOGICAL_DATE: ClassVar[Reference] = Reference(LOGICAL_DATE)
    """The run's logical date; a run without one has no such deadline."""

    @staticmethod
    def FIXED_DATETIME(moment: datetime) -> Reference:  # noqa: N802  (Airflow's name)
        """Return a moment that is the same for all runs; in UTC where it names no zone."""
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)
        return Reference(aware.isoformat())


class Callback:
    """Something to call, named by itself or by its path, and what it is given beside the context.

    Args:
        callback_callable: a function, plain or asynchronous, the class of a notifier, or the path of one:
            ``alarms.ring``, which is imported where it is called.
        kwargs: arguments; the context is given as ``context`` to those that take it.
    """

    def __init__(self, callback_callable: Callable[..., Any] | str, kwargs: Mapping[str, Any] | None = None) -> None:
        if not callable(callback_callable) and not (isinstance(callback_callable, str) and "." in callback_callable):
            raise TradewindException(
                f"{type(self).__name__} calls a function, or one named by its path (module.name), not {callback_callable!r}."
            )
        self.callback_callable = callback_callable
        self.kwargs = dict(kwargs or {})
        given = callback_callable
        self.__name__ = (
            given.rpartition(".")[2] if isinstance(given, str) else getattr(given, "__name__", type(given).__name__)
        )

    def __call__(self, context: Any) -> Any:
        """Call it; what is asynchronous is waited for."""
        found: Any = self.callback_callable
        if isinstance(found, str):
            module, _, name = found.rpartition(".")
            found = load(f"{module}:{name}", "a deadline's callback")
        if inspect.isclass(found):
            made: Any = found(**self.kwargs)
            return made(context)
        more = {"context": context} if _takes_context(found) and "context" not in self.kwargs else {}
        result = found(**self.kwargs, **more)
        if not inspect.iscoroutine(result):
            return result
        # Only here: every DAG file imports this module, and asyncio is 31 others, 2 MiB in each process and 20 ms
        import asyncio  # noqa: PLC0415

        return asyncio.run(result)


class AsyncCallback(Callback):
    """An asynchronous function, or the class of a notifier."""


class SyncCallback(Callback):
    """A function.

    Args:
        executor: not needed here: callbacks are called by workers, whatever runs the DAG's tasks.
    """

    def __init__(
        self,
        callback_callable: Callable[..., Any] | str,
        kwargs: Mapping[str, Any] | None = None,
        executor: str | None = None,
    ) -> None:
        super().__init__(callback_callable, kwargs)
        self.executor = executor


def _takes_context(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return any(each.name == "context" or each.kind == each.VAR_KEYWORD for each in parameters)


class DeadlineAlert:
    """What is called when a run has not succeeded so long after a moment.

    Args:
        reference: the moment, of ``DeadlineReference``.
        interval: how long after it; below zero for before it.
        callback: called with the context: a function, a notifier, an ``AsyncCallback`` or ``SyncCallback``, the path of a
            function, or a list of these.

    Raises ``TradewindException`` for something else.
    """

    def __init__(self, reference: Any, interval: timedelta, callback: Any) -> None:
        if not isinstance(reference, Reference):
            raise TradewindException(
                "DeadlineAlert: the reference is DeadlineReference.DAGRUN_QUEUED_AT, .DAGRUN_LOGICAL_DATE or "
                f".FIXED_DATETIME(moment), not {reference!r}."
            )
        if not isinstance(interval, timedelta):
            raise TradewindException(f"DeadlineAlert: the interval is a timedelta, not {interval!r}.")
        self.reference = reference
        self.interval = interval
        given = callback if isinstance(callback, (list, tuple)) else [callback]
        self.callback = [Callback(each) if isinstance(each, str) else each for each in given]
        as_callbacks(self.callback, "DeadlineAlert: callback")


def deadlines_of(value: Any, dag_id: str) -> tuple[DeadlineAlert, ...]:
    """Return what a DAG's ``deadline`` names: none, one or a list.

    Raises:
        TradewindException: something else stands there.
    """
    found = () if value is None else tuple(value) if isinstance(value, (list, tuple)) else (value,)
    for each in found:
        if not isinstance(each, DeadlineAlert):
            raise TradewindException(f"DAG {dag_id!r}: deadline is a DeadlineAlert, or a list of them, not {each!r}.")
    return found
