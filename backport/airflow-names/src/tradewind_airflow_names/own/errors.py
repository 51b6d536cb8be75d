"""Airflow's errors that Tradewind has no use for itself: DAG files name them where they catch."""

from __future__ import annotations

from tradewind_plugins.exceptions import (
    DuplicateTaskIdFound,
    TradewindBadRequest,
    TradewindException,
    TradewindNotFoundException,
)


class AirflowInternalRuntimeError(BaseException):
    """Airflow itself is broken. Nothing in Tradewind raises it."""


class AirflowTaskTerminated(BaseException):
    """The task is being ended from outside. Nothing in Tradewind raises it: `on_kill` is called."""


class AirflowDagDuplicatedIdException(TradewindException):
    """Two files have a DAG of one id."""


class AirflowDagInconsistent(TradewindException):
    """A DAG contradicts itself."""


class AirflowClusterPolicyViolation(TradewindException):
    """A policy refuses a DAG or a task: raised in one, it makes the file an import error."""


class AirflowClusterPolicyError(TradewindException):
    """A policy itself fails."""


class AirflowFileParseException(TradewindException):
    """A file of connections or variables cannot be read."""


class AirflowUnsupportedFileTypeException(TradewindException):
    """A file of connections or variables is of a kind that is not read."""


class AirflowWebServerTimeout(TradewindException):
    """The web server does not answer in time."""


class ConnectionNotUnique(TradewindException):
    """There are several connections of one id."""


class VariableNotUnique(TradewindException):
    """There are several variables of one name."""


class DagCodeNotFound(TradewindNotFoundException):
    """The source of a DAG is not there."""


class DagConcurrencyLimitReached(TradewindException):
    """A DAG runs as many tasks as it may."""


class DagFileExists(TradewindBadRequest):
    """A DAG file is there already."""


class DeserializationError(Exception):
    """A stored value cannot be read."""


class DownstreamTasksSkipped(TradewindException):
    """What comes after a task is skipped."""


class NoAvailablePoolSlot(TradewindException):
    """A pool has no slot left."""


class PoolNotFound(TradewindNotFoundException):
    """There is no pool of that name."""


class TaskConcurrencyLimitReached(TradewindException):
    """A task runs as often as it may."""


class TaskInstanceNotFound(TradewindNotFoundException):
    """There is no such task instance."""


class TaskAlreadyInTaskGroup(DuplicateTaskIdFound):
    """A task is put into a second group."""


class UnknownExecutorException(ValueError):  # noqa: N818  (Airflow's name)
    """There is no executor of that name."""
