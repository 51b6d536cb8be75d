"""Airflow's names, and where Tradewind has them. The paths and names are those of Airflow 2.11, 1.10 and 3; none is code of it.

`BUILT` has the paths that Airflow 2 documents and those of Airflow 3 (`airflow.sdk`, `airflow.providers.standard`). `RENAMED` has
paths that Airflow 2 itself calls old. `NOT_BUILT` has names that people use and that Tradewind does not have yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

_HERE: Final = "tradewind_airflow_names.own"


def _same(home: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, home)


def _exceptions() -> dict[str, str]:
    """Airflow's errors are named as ours, with Airflow for Tradewind."""
    renamed = (
        "TradewindException",
        "TradewindSkipException",
        "TradewindFailException",
        "TradewindRescheduleException",
        "TradewindSensorTimeout",
        "TradewindTaskTimeout",
        "TradewindNotFoundException",
        "TradewindBadRequest",
        "TradewindConfigException",
        "TradewindTimetableInvalid",
        "TradewindDagCycleException",
        "TradewindOptionalProviderFeatureException",
    )
    same = (
        "DagNotFound",
        "DagRunAlreadyExists",
        "DagRunNotFound",
        "DuplicateTaskIdFound",
        "ParamValidationError",
        "SerializationError",
        "TaskNotFound",
        "UnmappableXComTypePushed",
        "XComNotFound",
    )
    home = "tradewind.exceptions"
    found = {name.replace("Tradewind", "Airflow", 1): f"{home}:{name}" for name in renamed} | _same(home, *same)
    return found | {
        "RemovedInAirflow3Warning": f"{_HERE}.warnings",
        "AirflowProviderDeprecationWarning": f"{_HERE}.warnings",
    }


_DAG = _same("tradewind", "DAG")
_OPERATOR = _same("tradewind", "BaseOperator")
_EDGES = _same("tradewind", "chain", "cross_downstream")
_SENSOR = _same("tradewind", "BaseSensorOperator", "PokeReturnValue")
_QUERIES: Final = "tradewind_airflow_names.metadata"
_VARIABLE = _same(f"{_QUERIES}.queried", "Variable")
_CONNECTION = _same(f"{_QUERIES}.queried", "Connection")
_RUN = _same(f"{_QUERIES}.models", "DagRun")
_INSTANCE = _same(f"{_QUERIES}.models", "TaskInstance")
_XCOM = _same(f"{_QUERIES}.models", "XCom")
_POOL = _same(f"{_QUERIES}.models", "Pool")
_DAG_MODEL = _same(f"{_QUERIES}.models", "DagModel", "DagTag")
_SESSION = _same(f"{_HERE}.session", "NEW_SESSION", "create_session", "provide_session")
_PARAM = _same("tradewind", "Param")
_XCOM_ARG = _same("tradewind", "XComArg")
_CONTEXT = _same("tradewind", "get_current_context")
_HOOK = _same("tradewind_plugins.hook", "BaseHook")
_RULE = _same("tradewind", "TriggerRule")
_GROUP = _same("tradewind", "TaskGroup")
_LABEL = _same("tradewind", "Label")
_PYTHON = _same("tradewind.operators.python", "PythonOperator", "BranchPythonOperator", "ShortCircuitOperator")
_BASH = _same("tradewind.operators.bash", "BashOperator")
_EMPTY = _same("tradewind.operators.empty", "EmptyOperator")
_PYTHON_SENSOR = _same("tradewind.sensors.python", "PythonSensor")
_STATES = _same(f"{_HERE}.state", "DagRunState", "State", "TaskInstanceState")
_TIMEZONE = _same(
    f"{_HERE}.timezone",
    "coerce_datetime",
    "datetime",
    "is_localized",
    "is_naive",
    "make_aware",
    "make_naive",
    "parse",
    "utc",
    "utcnow",
)

BUILT: Final[Mapping[str, Mapping[str, str]]] = {
    "airflow": _DAG
    | _XCOM_ARG
    | {"AirflowException": "tradewind.exceptions:TradewindException", "__version__": f"{_HERE}.version:VERSION"},
    "airflow.decorators": _same("tradewind", "dag", "task", "task_group"),
    "airflow.exceptions": _exceptions(),
    "airflow.hooks.base": _HOOK,
    "airflow.models": _DAG
    | _OPERATOR
    | _VARIABLE
    | _CONNECTION
    | _PARAM
    | _XCOM_ARG
    | _RUN
    | _INSTANCE
    | _XCOM
    | _POOL
    | _DAG_MODEL,
    "airflow.models.baseoperator": _OPERATOR | _EDGES,
    "airflow.models.connection": _CONNECTION,
    "airflow.models.dag": _DAG | {"dag": "tradewind"} | _DAG_MODEL,
    "airflow.models.dagrun": _RUN,
    "airflow.models.param": _PARAM,
    "airflow.models.pool": _POOL,
    "airflow.models.taskinstance": _INSTANCE,
    "airflow.models.variable": _VARIABLE,
    "airflow.models.xcom": _XCOM,
    "airflow.models.xcom_arg": _XCOM_ARG,
    "airflow.operators.bash": _BASH,
    "airflow.operators.empty": _EMPTY,
    "airflow.operators.python": _PYTHON | _CONTEXT,
    "airflow.sensors.base": _SENSOR,
    "airflow.sensors.python": _PYTHON_SENSOR,
    "airflow.settings": _same(f"{_QUERIES}.session", "NonScopedSession", "Session", "engine"),
    "airflow.utils.dates": _same(f"{_HERE}.dates", "days_ago"),
    "airflow.utils.edgemodifier": _LABEL,
    "airflow.utils.helpers": _same(f"{_HERE}.helpers", "as_flattened_list", "exactly_one", "merge_dicts", "prune_dict"),
    "airflow.utils.log.logging_mixin": _same(f"{_HERE}.log", "LoggingMixin"),
    "airflow.utils.module_loading": _same(f"{_HERE}.helpers", "import_string"),
    "airflow.utils.session": _SESSION,
    "airflow.utils.state": _STATES,
    "airflow.utils.task_group": _GROUP,
    "airflow.utils.timezone": _TIMEZONE,
    "airflow.utils.trigger_rule": _RULE,
    "airflow.utils.types": _same(f"{_HERE}.types", "DagRunType", "NOTSET", "ArgNotSet"),
    "airflow.version": {"version": f"{_HERE}.version:VERSION"},
    # Airflow 3
    "airflow.sdk": _DAG
    | _OPERATOR
    | _SENSOR
    | _EDGES
    | _VARIABLE
    | _CONNECTION
    | _PARAM
    | _XCOM_ARG
    | _CONTEXT
    | _HOOK
    | _RULE
    | _GROUP
    | _LABEL
    | _STATES
    | _same("tradewind", "dag", "task", "task_group"),
    "airflow.sdk.bases.hook": _HOOK,
    "airflow.sdk.bases.operator": _OPERATOR | _EDGES,
    "airflow.sdk.bases.sensor": _SENSOR,
    "airflow.sdk.exceptions": _exceptions(),
    "airflow.providers.standard.operators.bash": _BASH,
    "airflow.providers.standard.operators.empty": _EMPTY,
    "airflow.providers.standard.operators.python": _PYTHON | _CONTEXT,
    "airflow.providers.standard.sensors.python": _PYTHON_SENSOR,
}

RENAMED: Final[Mapping[str, str]] = {
    "airflow.hooks.base_hook": "airflow.hooks.base",
    "airflow.operators:BaseOperator": "airflow.models:BaseOperator",
    "airflow.operators:BashOperator": "airflow.operators.bash:BashOperator",
    "airflow.operators:BranchPythonOperator": "airflow.operators.python:BranchPythonOperator",
    "airflow.operators:DummyOperator": "airflow.operators.empty:EmptyOperator",
    "airflow.operators:PythonOperator": "airflow.operators.python:PythonOperator",
    "airflow.operators:ShortCircuitOperator": "airflow.operators.python:ShortCircuitOperator",
    "airflow.operators.bash_operator": "airflow.operators.bash",
    "airflow.operators.dummy:DummyOperator": "airflow.operators.empty:EmptyOperator",
    "airflow.operators.dummy:EmptyOperator": "airflow.operators.empty:EmptyOperator",
    "airflow.operators.dummy_operator:DummyOperator": "airflow.operators.empty:EmptyOperator",
    "airflow.operators.python_operator": "airflow.operators.python",
    "airflow.sensors.base_sensor_operator": "airflow.sensors.base",
    "airflow.utils.db:create_session": "airflow.utils.session:create_session",
    "airflow.utils.db:provide_session": "airflow.utils.session:provide_session",
    "airflow.utils.helpers:chain": "airflow.models.baseoperator:chain",
    "airflow.utils.helpers:cross_downstream": "airflow.models.baseoperator:cross_downstream",
}


def _each(names: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return names as they are imported, by module."""
    found: dict[str, frozenset[str]] = {}
    for each in names:
        module, _, name = each.rpartition(".")
        found[module] = found.get(module, frozenset()) | {name}
    return found


NOT_BUILT: Final = _each(
    (
        "airflow.Dataset",
        "airflow.api.common.experimental.trigger_dag.trigger_dag",
        "airflow.api.common.trigger_dag.trigger_dag",
        "airflow.configuration.AIRFLOW_HOME",
        "airflow.configuration.conf",
        "airflow.configuration.get",
        "airflow.datasets.Dataset",
        "airflow.datasets.DatasetAlias",
        "airflow.datasets.metadata.Metadata",
        "airflow.decorators.base.DecoratedOperator",
        "airflow.decorators.base.get_unique_task_id",
        "airflow.decorators.base.task_decorator_factory",
        "airflow.decorators.setup",
        "airflow.decorators.teardown",
        "airflow.hooks.dbapi.DbApiHook",
        "airflow.io.path.ObjectStoragePath",
        "airflow.models.DagBag",
        "airflow.models.Log",
        "airflow.models.Operator",
        "airflow.models.SlaMiss",
        "airflow.models.baseoperator.chain_linear",
        "airflow.models.baseoperatorlink.BaseOperatorLink",
        "airflow.models.dataset.Dataset",
        "airflow.models.taskinstance.TaskInstanceState",
        "airflow.models.xcom.LazyXComAccess",
        "airflow.models.xcom.LazyXComSelectSequence",
        "airflow.operators.branch.BaseBranchOperator",
        "airflow.operators.dagrun_operator.DagRunOrder",
        "airflow.operators.dagrun_operator.TriggerDagRunOperator",
        "airflow.operators.datetime.BranchDateTimeOperator",
        "airflow.operators.email.EmailOperator",
        "airflow.operators.email_operator.EmailOperator",
        "airflow.operators.latest_only.LatestOnlyOperator",
        "airflow.operators.latest_only_operator.LatestOnlyOperator",
        "airflow.operators.python.BranchPythonVirtualenvOperator",
        "airflow.operators.python.ExternalPythonOperator",
        "airflow.operators.python.PythonVirtualenvOperator",
        "airflow.operators.sensors.ExternalTaskSensor",
        "airflow.operators.subdag.SubDagOperator",
        "airflow.operators.subdag_operator.SubDagOperator",
        "airflow.operators.trigger_dagrun.TriggerDagRunOperator",
        "airflow.operators.weekday.BranchDayOfWeekOperator",
        "airflow.plugins_manager.AirflowPlugin",
        "airflow.providers.standard.operators.datetime.BranchDateTimeOperator",
        "airflow.providers.standard.operators.hitl.HITLBranchOperator",
        "airflow.providers.standard.operators.hitl.HITLEntryOperator",
        "airflow.providers.standard.operators.hitl.HITLOperator",
        "airflow.providers.standard.operators.latest_only.LatestOnlyOperator",
        "airflow.providers.standard.operators.python.BranchPythonVirtualenvOperator",
        "airflow.providers.standard.operators.python.ExternalPythonOperator",
        "airflow.providers.standard.operators.python.PythonVirtualenvOperator",
        "airflow.providers.standard.operators.trigger_dagrun.TriggerDagRunOperator",
        "airflow.providers.standard.sensors.bash.BashSensor",
        "airflow.providers.standard.sensors.date_time.DateTimeSensor",
        "airflow.providers.standard.sensors.external_task.ExternalTaskMarker",
        "airflow.providers.standard.sensors.external_task.ExternalTaskSensor",
        "airflow.providers.standard.sensors.filesystem.FileSensor",
        "airflow.providers.standard.sensors.time.TimeSensor",
        "airflow.providers.standard.sensors.time_delta.TimeDeltaSensor",
        "airflow.providers.standard.sensors.weekday.DayOfWeekSensor",
        "airflow.sdk.Asset",
        "airflow.sdk.AssetAlias",
        "airflow.sdk.AssetWatcher",
        "airflow.sdk.Metadata",
        "airflow.sdk.ObjectStoragePath",
        "airflow.sdk.asset",
        "airflow.sdk.setup",
        "airflow.sdk.teardown",
        "airflow.sensors.bash.BashSensor",
        "airflow.sensors.date_time.DateTimeSensor",
        "airflow.sensors.external_task.ExternalTaskMarker",
        "airflow.sensors.external_task.ExternalTaskSensor",
        "airflow.sensors.external_task_sensor.ExternalTaskSensor",
        "airflow.sensors.filesystem.FileSensor",
        "airflow.sensors.time_delta.TimeDeltaSensor",
        "airflow.sensors.time_sensor.TimeSensor",
        "airflow.sensors.weekday.DayOfWeekSensor",
        "airflow.timetables.assets.AssetOrTimeSchedule",
        "airflow.timetables.base.DataInterval",
        "airflow.timetables.base.DagRunInfo",
        "airflow.timetables.base.TimeRestriction",
        "airflow.timetables.base.Timetable",
        "airflow.timetables.datasets.DatasetOrTimeSchedule",
        "airflow.timetables.events.EventsTimetable",
        "airflow.timetables.interval.CronDataIntervalTimetable",
        "airflow.timetables.trigger.CronTriggerTimetable",
        "airflow.triggers.base.BaseTrigger",
        "airflow.triggers.base.TriggerEvent",
        "airflow.utils.context.Context",
        "airflow.utils.decorators.apply_defaults",
        "airflow.utils.email.send_email",
        "airflow.utils.file.TemporaryDirectory",
        "airflow.utils.operator_helpers.determine_kwargs",
        "airflow.utils.weekday.WeekDay",
    )
)
