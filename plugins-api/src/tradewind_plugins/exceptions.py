"""The errors that operators and hooks raise and that hosts understand.

The names are Airflow's, with Tradewind in the place of Airflow.
"""

# ruff: noqa: N818 - the names are Airflow's

from __future__ import annotations

from datetime import datetime

__all__ = [
    "DagNotFound",
    "DagRunAlreadyExists",
    "DagRunNotFound",
    "DuplicateTaskIdFound",
    "HostNotBound",
    "ParamValidationError",
    "SerializationError",
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


class TradewindSensorTimeout(TradewindException):
    """A sensor waited longer than its timeout. It fails without a retry."""


class TradewindTaskTimeout(BaseException):
    """A task ran longer than its execution_timeout.

    Not an Exception, so that a task's `except Exception` does not swallow it.
    """


class TradewindNotFoundException(TradewindException):
    """A connection, or another thing asked for by name, does not exist."""


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
