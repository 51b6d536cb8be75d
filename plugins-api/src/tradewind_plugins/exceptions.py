"""The errors that operators and hooks raise and that hosts understand.

The names are Airflow's, with Tradewind in the place of Airflow.
"""

# ruff: noqa: N818 - the names are Airflow's

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

__all__ = [
    "ConnectionFailed",
    "DagNotFound",
    "DagRunAlreadyExists",
    "DagRunNotFound",
    "DuplicateTaskIdFound",
    "HostNotBound",
    "ParamValidationError",
    "SerializationError",
    "TaskDeferralError",
    "TaskDeferralTimeout",
    "TaskDeferred",
    "TaskNotFound",
    "TradewindBadRequest",
    "TradewindConfigException",
    "TradewindDagCycleException",
    "TradewindException",
    "TradewindFailException",
    "TradewindNotFoundException",
    "TradewindOptionalProviderFeatureException",
    "TradewindRescheduleException",
    "TradewindSensorTimeout",
    "TradewindSkipException",
    "TradewindTaskTimeout",
    "TradewindTimetableInvalid",
    "UnmappableXComTypePushed",
    "XComNotFound",
]


class TradewindException(Exception):
    """The base of every error that Tradewind raises on purpose."""


class TradewindSkipException(TradewindException):
    """Raised in a task to end it as skipped."""


class TradewindFailException(TradewindException):
    """Raised in a task to fail it without the retries it still has."""


class TradewindRescheduleException(TradewindException):
    """Raised in a task to give up its slot and be run again later, without using a retry.

    Args:
        reschedule_date: The earliest moment of the next run, with a timezone.
    """

    def __init__(self, reschedule_date: datetime) -> None:
        super().__init__(f"reschedule at {reschedule_date.isoformat()}")
        self.reschedule_date = reschedule_date


class TaskDeferred(BaseException):
    """Raised in a task to give its place up until a trigger fires; :meth:`BaseOperator.defer` raises it.

    Not an Exception, so that a task's `except Exception` does not swallow it.

    Args:
        trigger: What to wait for.
        method_name: The operator's method to go on with; it gets the context and the event.
        kwargs: Further arguments of that method, as XComs can be.
        timeout: How long to wait at most, a timedelta.
    """

    def __init__(
        self,
        *,
        trigger: Any,
        method_name: str,
        kwargs: Mapping[str, Any] | None = None,
        timeout: timedelta | None = None,
    ) -> None:
        super().__init__(f"deferred to {trigger!r}, then {method_name}")
        self.trigger = trigger
        self.method_name = method_name
        self.kwargs = dict(kwargs or {})
        self.timeout = timeout


class TaskDeferralError(TradewindException):
    """Raised in a task whose trigger has failed, in place of what it waited for."""


class TaskDeferralTimeout(TaskDeferralError):
    """Raised in a task whose trigger has not fired within the deferral's timeout."""


class TradewindSensorTimeout(TradewindException):
    """A sensor waited longer than its timeout. It fails without a retry."""


class TradewindTaskTimeout(BaseException):
    """A task ran longer than its execution_timeout.

    Not an Exception, so that a task's `except Exception` does not swallow it.
    """


class TradewindNotFoundException(TradewindException):
    """A connection, or another thing asked for by name, does not exist."""


class ConnectionFailed(TradewindException):
    """The system behind a connection cannot be reached, refuses the login, or went away; the message names the connection."""


class TradewindBadRequest(TradewindException):
    """A request cannot be answered as it stands."""


class TradewindConfigException(TradewindException):
    """A setting has a value that cannot be used."""


class TradewindTimetableInvalid(TradewindException):
    """A schedule cannot be understood."""


class TradewindDagCycleException(TradewindException):
    """The tasks of a DAG depend on each other in a circle."""


class TradewindOptionalProviderFeatureException(TradewindException):
    """A provider's feature needs a library that is not installed; the message names the pip install."""


class HostNotBound(TradewindException):
    """Code that needs a host (connections, variables, XCom) runs where none is bound."""


class DagNotFound(TradewindNotFoundException):
    """There is no DAG of that id."""


class DagRunNotFound(TradewindNotFoundException):
    """There is no run of that id."""


class DagRunAlreadyExists(TradewindBadRequest):
    """A run of that id or logical date exists already."""


class TaskNotFound(TradewindNotFoundException):
    """There is no task of that id in the DAG."""


class DuplicateTaskIdFound(TradewindException):
    """Two tasks of one DAG have the same id."""


class ParamValidationError(TradewindException):
    """A run's params do not fit their schema."""


class XComNotFound(TradewindNotFoundException):
    """The XCom a task needs as an argument was never pushed."""


class UnmappableXComTypePushed(TradewindException):
    """A task that others are expanded over returned something that is neither a list nor a dict."""


class SerializationError(TradewindException):
    """A value cannot be written as JSON; the message says where it is and what would fit."""
