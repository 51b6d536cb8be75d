"""Deferral on its way: from what an operator raised to what is stored, and back to what a later process goes on with."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from tradewind_plugins.exceptions import SerializationError, TaskDeferred
from tradewind_plugins.operator import TRIGGER_FAIL_REPR, TRIGGER_FAILURE, TRIGGER_TIMEOUT, BaseOperator

from tradewind.execution import results
from tradewind.execution.instants import instant, moment
from tradewind.execution.messages import Ended, Start
from tradewind.transitions.states import TaskState, TriggerEnd
from tradewind.transitions.values import Deferral

NOTHING = "null"


class EndedByTrigger(Exception):  # noqa: N818  (an end, not an error)
    """The trigger's event has ended the task: its state, and what is pushed by key."""

    def __init__(self, state: str, xcoms: Mapping[str, Any]) -> None:
        super().__init__(state)
        self.state = state
        self.xcoms = xcoms


def deferred(raised: TaskDeferred, start: Start, operator: BaseOperator | None, *, begun: float, now: float) -> Ended:
    """Return the end of a piece that asks to be deferred.

    Raises:
        SerializationError: what is to be stored cannot be written as JSON.
        TradewindException: the trigger does not say how it is made again.
    """
    what = f"what task {start.task_id!r} defers with"
    try:
        classpath, arguments = raised.trigger.serialize()
        kwargs = results.dump(dict(arguments), f"{what} (the arguments of {classpath})")
        method_kwargs = results.dump(raised.kwargs, f"{what} (the arguments of {raised.method_name})")
    except (AttributeError, TypeError, ValueError) as error:
        raise SerializationError(
            f"Task {start.task_id!r} defers to {type(raised.trigger).__name__}, whose serialize() gives no class path and "
            f"arguments: {type(error).__name__}: {error}."
        ) from error
    began_at = start.began_at if start.began_at is not None else instant(begun)
    limits = [instant(now + _seconds(raised.timeout))] if raised.timeout is not None else []
    limit = None if operator is None else operator.execution_timeout
    if limit is not None:
        limits.append(began_at + int(limit.total_seconds() * 1_000_000))
    return Ended(
        TaskState.DEFERRED,
        instant(begun),
        instant(now),
        due_at=min(limits, default=None),
        defer=[classpath, kwargs, raised.method_name, method_kwargs, began_at, _is_bundled(classpath, start)],
    )


def _seconds(timeout: timedelta | float) -> float:
    return timeout.total_seconds() if isinstance(timeout, timedelta) else float(timeout)


def _is_bundled(classpath: str, start: Start) -> bool:
    """Whether a trigger's class comes with the version's sources, and not with an installed distribution."""
    module = sys.modules.get(classpath.rpartition(".")[0])
    file = getattr(module, "__file__", None)
    return bool(file and start.root and Path(file).resolve().is_relative_to(Path(start.root).resolve()))


def go_on(operator: BaseOperator, start: Start, context: Any) -> Any:
    """Do the work of a try: from its beginning, or with what its trigger has found.

    Raises:
        TaskDeferralTimeout: it was waited for in vain.
        TaskDeferralError: the trigger failed; its traceback is in the message.
        EndedByTrigger: the trigger's event ends the task.
        TaskDeferred: the task begins with its trigger.
    """
    if start.resume is None:
        _start_from_trigger(operator)
        return operator.execute(context)
    method, method_kwargs, how, found = start.resume
    if how == TriggerEnd.TIMEOUT:
        told = f"Task {start.task_id!r} was deferred, and what it waited for did not come in time."
        return operator.resume_execution(TRIGGER_FAIL_REPR, {"error": TRIGGER_TIMEOUT, "traceback": told}, context)
    event = results.load(found or NOTHING)
    if how == TriggerEnd.FAILURE:
        told = f"The trigger of task {start.task_id!r} failed:\n{event}"
        return operator.resume_execution(TRIGGER_FAIL_REPR, {"error": TRIGGER_FAILURE, "traceback": told}, context)
    if how == TriggerEnd.END:
        raise EndedByTrigger(event["state"], event["xcoms"])
    return operator.resume_execution(method, {**results.load(method_kwargs), "event": event}, context)


class _Named:
    """Stands for a trigger that is named and not made: what says how it is made again."""

    def __init__(self, classpath: str, kwargs: Mapping[str, Any]) -> None:
        self._said = (classpath, dict(kwargs))

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """See `BaseTrigger.serialize`."""
        return self._said


def _start_from_trigger(operator: BaseOperator) -> None:
    """Defer a task that begins with its trigger; its class is imported, to know whether it comes with the DAG file.

    Raises:
        TaskDeferred: it is such a task.
        ImportError: there is no such module.
    """
    args = operator.start_trigger_args
    if not operator.start_from_trigger or args is None:
        return
    importlib.import_module(args.trigger_cls.rpartition(".")[0])
    trigger: Any = _Named(args.trigger_cls, args.trigger_kwargs)
    raise TaskDeferred(trigger=trigger, method_name=args.next_method, kwargs=args.next_kwargs, timeout=args.timeout)


def deferral_of(start: Start, fields: Sequence[Any]) -> Deferral:
    """Return what a task's process has reported.

    Raises:
        TypeError: it is not what Tradewind's own code reports.
    """
    kinds = (str, str, str, str, int, bool)
    if len(fields) != len(kinds) or not all(map(isinstance, fields, kinds)):
        raise TypeError("this is no deferral")
    classpath, kwargs, method, method_kwargs, began_at, is_bundled = fields
    began = moment(began_at) or datetime.now(timezone.utc)
    return Deferral(classpath, kwargs, method, method_kwargs, began, start.source_hash if is_bundled else None)
