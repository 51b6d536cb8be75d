"""Triggers: what a deferred task waits for, written as a coroutine that a triggerer runs beside thousands of others.

An operator gives its place up and says what it waits for and what it goes on with::

    class WaitForReport(BaseOperator):
        def execute(self, context):
            self.defer(trigger=ReportTrigger(self.report_id), method_name="read")

        def read(self, context, event):
            return event["rows"]

    class ReportTrigger(BaseTrigger):
        def __init__(self, report_id):
            super().__init__()
            self.report_id = report_id

        def serialize(self):
            return "reports.ReportTrigger", {"report_id": self.report_id}

        async def run(self):
            while not await is_ready(self.report_id):
                await asyncio.sleep(5)
            yield TriggerEvent({"rows": 3})

The trigger's class is imported again where it runs, so it stands at the top level of a module: of an installed
distribution, or of a file beside the DAG file, or of the DAG file itself. It must never block: others wait beside it.
"""

from __future__ import annotations

import abc
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import timedelta

__all__ = [
    "BaseEventTrigger",
    "BaseTaskEndEvent",
    "BaseTrigger",
    "StartTriggerArgs",
    "TaskFailedEvent",
    "TaskSkippedEvent",
    "TaskSuccessEvent",
    "TriggerEvent",
]


class TriggerEvent:
    """What a trigger has found, handed to the method that the task goes on with.

    Args:
        payload: Any value that an XCom may have.
    """

    def __init__(self, payload: Any = None) -> None:
        self.payload = payload

    def __repr__(self) -> str:
        return f"{type(self).__name__}<{self.payload!r}>"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.payload == getattr(other, "payload", None)

    def __hash__(self) -> int:
        return hash(type(self))


class BaseTaskEndEvent(TriggerEvent):
    """An event with which the task ends: none of its code runs again.

    Args:
        xcoms: What the task pushes, by key.
    """

    task_state = "success"

    def __init__(self, *, xcoms: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(kwargs.pop("payload", self.task_state))
        self.xcoms = dict(xcoms or {})


class TaskSuccessEvent(BaseTaskEndEvent):
    """The task ends as a success."""


class TaskFailedEvent(BaseTaskEndEvent):
    """The task ends as failed."""

    task_state = "failed"


class TaskSkippedEvent(BaseTaskEndEvent):
    """The task ends as skipped."""

    task_state = "skipped"


class StartTriggerArgs:
    """What a task waits for from its very beginning: see ``BaseOperator.start_trigger_args``.

    Args:
        trigger_cls: The path of the trigger's class, as ``module.Class``.
        next_method: The method that the task goes on with.
        trigger_kwargs: The arguments of the trigger.
        next_kwargs: Further arguments for the method.
        timeout: How long to wait at most.
    """

    def __init__(
        self,
        trigger_cls: str,
        next_method: str,
        trigger_kwargs: Mapping[str, Any] | None = None,
        next_kwargs: Mapping[str, Any] | None = None,
        timeout: timedelta | None = None,
    ) -> None:
        self.trigger_cls = trigger_cls
        self.next_method = next_method
        self.trigger_kwargs = dict(trigger_kwargs or {})
        self.next_kwargs = dict(next_kwargs or {})
        self.timeout = timeout


class BaseTrigger(abc.ABC):
    """Something to wait for. A subclass says how it is made again, and waits in :meth:`run`."""

    def __init__(self, **kwargs: Any) -> None:  # noqa: B027  (subclasses call it, as those of Airflow do)
        """Take the arguments; the base has none of its own."""

    @property
    def log(self) -> logging.Logger:
        """The logger of the trigger's class; its lines stand in the log of the task's try."""
        return logging.getLogger(f"{type(self).__module__}.{type(self).__name__}")

    @abc.abstractmethod
    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the path of the class, as ``module.Class``, and the arguments that make an equal trigger.

        The arguments are stored as XComs are, encrypted.
        """

    @abc.abstractmethod
    def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and yield a :class:`TriggerEvent`: an asynchronous generator. What comes after it is not waited for.

        It may run in several places at once for a while, as when a machine falls silent: the first event counts.
        """

    async def cleanup(self) -> None:  # noqa: B027  (most hold nothing)
        """Give back what is held; called when the trigger has fired, or is not wanted any more."""

    def __repr__(self) -> str:
        path, arguments = self.serialize()
        told = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
        return f"<{path}({told})>"


class BaseEventTrigger(BaseTrigger):
    """A trigger that watches: it yields an event each time something happens, and does not end by itself."""
