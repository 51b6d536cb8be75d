"""Tradewind's errors, which on this host are Airflow's own where it has them: so Airflow acts on them."""
from airflow.exceptions import (
    AirflowBadRequest as TradewindBadRequest,
)
from airflow.exceptions import (
    AirflowConfigException as TradewindConfigException,
)
from airflow.exceptions import (
    AirflowDagCycleException as TradewindDagCycleException,
)
from airflow.exceptions import (
    AirflowException as TradewindException,
)
from airflow.exceptions import (
    AirflowRescheduleException as TradewindRescheduleException,
)
from airflow.exceptions import (
    AirflowSensorTimeout as TradewindSensorTimeout,
)
from airflow.exceptions import (
    AirflowSkipException as TradewindSkipException,
)
from airflow.exceptions import (
    AirflowTaskTimeout as TradewindTaskTimeout,
)
from airflow.exceptions import (
    DagNotFound,
    DagRunAlreadyExists,
    DagRunNotFound,
    TaskNotFound,
)

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

try:
    from airflow.exceptions import AirflowFailException as TradewindFailException
except ImportError:  # before 1.10.13

    class TradewindFailException(TradewindException):
        """Fails a task; the retries it has are used, as this Airflow knows no other way."""


try:
    from airflow.exceptions import AirflowNotFoundException as TradewindNotFoundException
except ImportError:  # before 1.10.13

    class TradewindNotFoundException(TradewindException):
        """A connection, or another thing asked for by name, does not exist."""


class ConnectionFailed(TradewindException):
    """The system behind a connection cannot be reached, refuses the login, or went away; the message names the connection."""


class TradewindTimetableInvalid(TradewindException):
    """A schedule cannot be understood."""


class TradewindOptionalProviderFeatureException(TradewindException):
    """A provider's feature needs a library that is not installed; the message names the pip install."""


class HostNotBound(TradewindException):
    """Code that needs a host runs where none is bound."""


class TaskDeferralError(TradewindException):
    """Of tasks that give their place up to a trigger, which this host does not have."""


class TaskDeferralTimeout(TaskDeferralError):
    """Of tasks that give their place up to a trigger, which this host does not have."""


class TaskDeferred(BaseException):
    """Of tasks that give their place up to a trigger, which this host does not have."""


class DuplicateTaskIdFound(TradewindException):
    """Two tasks of one DAG have the same id."""


class ParamValidationError(TradewindException):
    """A run's params do not fit their schema."""


class XComNotFound(TradewindNotFoundException):
    """The XCom a task needs as an argument was never pushed."""


class UnmappableXComTypePushed(TradewindException):
    """Of Tradewind's mapped tasks, which this host does not have."""


class SerializationError(TradewindException):
    """A value cannot be written as JSON."""


