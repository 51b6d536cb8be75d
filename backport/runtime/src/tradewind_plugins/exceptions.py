"""Tradewind's errors, which on this host are Airflow's own where it has them: so Airflow acts on them."""
from airflow.exceptions import (
    AirflowBadRequest as TradewindBadRequest,
    AirflowConfigException as TradewindConfigException,
    AirflowDagCycleException as TradewindDagCycleException,
    AirflowException as TradewindException,
    AirflowRescheduleException as TradewindRescheduleException,
    AirflowSensorTimeout as TradewindSensorTimeout,
    AirflowSkipException as TradewindSkipException,
    AirflowTaskTimeout as TradewindTaskTimeout,
    DagNotFound,
    DagRunAlreadyExists,
    DagRunNotFound,
    TaskNotFound,
)

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


class TradewindTimetableInvalid(TradewindException):
    """A schedule cannot be understood."""


class TradewindOptionalProviderFeatureException(TradewindException):
    """A provider's feature needs a library that is not installed; the message names the pip install."""


class HostNotBound(TradewindException):
    """Code that needs a host runs where none is bound."""


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


