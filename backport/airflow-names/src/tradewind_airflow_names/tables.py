"""Airflow's names, and where Tradewind has them. The paths and names are those of Airflow 2.11, 1.10 and 3; none is code of it.

`BUILT` has the paths that Airflow 2 documents and those of Airflow 3 (`airflow.sdk`, `airflow.providers.standard`). `RENAMED` has
paths that Airflow 2 itself calls old. `NOT_BUILT` has all else that Airflow has, each name with the item that it belongs to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tradewind_airflow_names.surface import NotBuilt

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
        "TaskDeferralError",
        "TaskDeferralTimeout",
        "TaskDeferred",
        "TaskNotFound",
        "UnmappableXComTypePushed",
        "XComNotFound",
    )
    others = (
        "AirflowClusterPolicyError",
        "AirflowClusterPolicyViolation",
        "AirflowDagDuplicatedIdException",
        "AirflowDagInconsistent",
        "AirflowFileParseException",
        "AirflowInternalRuntimeError",
        "AirflowTaskTerminated",
        "AirflowUnsupportedFileTypeException",
        "AirflowWebServerTimeout",
        "ConnectionNotUnique",
        "DagCodeNotFound",
        "DagConcurrencyLimitReached",
        "DagFileExists",
        "DeserializationError",
        "DownstreamTasksSkipped",
        "NoAvailablePoolSlot",
        "PoolNotFound",
        "TaskAlreadyInTaskGroup",
        "TaskConcurrencyLimitReached",
        "TaskInstanceNotFound",
        "UnknownExecutorException",
        "VariableNotUnique",
    )
    home = "tradewind.exceptions"
    found = {name.replace("Tradewind", "Airflow", 1): f"{home}:{name}" for name in renamed} | _same(home, *same)
    warned = ("RemovedInAirflow3Warning", "RemovedInAirflow4Warning", "AirflowProviderDeprecationWarning")
    return found | _same(f"{_HERE}.errors", *others) | _same(f"{_HERE}.warnings", *warned)


_DAG = _same("tradewind", "DAG")
_OPERATOR = _same("tradewind", "BaseOperator")
_EDGES = _same("tradewind", "chain", "cross_downstream")
_NOTIFIER = _same("tradewind", "BaseNotifier")
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
_XCOM_ARGS = _same("tradewind_plugins.xcom_arg", "ConcatXComArg", "MapXComArg", "ZipXComArg")
_CONTEXT = _same("tradewind", "get_current_context")
_HOOK = _same("tradewind_plugins.hook", "BaseHook")
_RULE = _same("tradewind", "TriggerRule")
_GROUP = _same("tradewind", "TaskGroup")
_LABEL = _same("tradewind", "Label")
_PYTHON = _same("tradewind.operators.python", "PythonOperator", "BranchPythonOperator", "ShortCircuitOperator") | _same(
    "tradewind.operators.python_environment",
    "BranchExternalPythonOperator",
    "BranchPythonVirtualenvOperator",
    "ExternalPythonOperator",
    "PythonVirtualenvOperator",
)
_DEADLINES = _same(
    "tradewind.authoring.deadlines", "AsyncCallback", "Callback", "DeadlineAlert", "DeadlineReference", "SyncCallback"
)
_VENV = _same(f"{_HERE}.small", "is_venv_installed")
_BASH = _same("tradewind.operators.bash", "BashOperator")
_EMPTY = _same("tradewind.operators.empty", "EmptyOperator")
_PYTHON_SENSOR = _same("tradewind.sensors.python", "PythonSensor")
_BASH_SENSOR = _same("tradewind.sensors.bash", "BashSensor")
_DATE_TIME_SENSOR = _same("tradewind.sensors.date_time", "DateTimeSensor", "DateTimeSensorAsync")
_FILE_SENSOR = _same("tradewind.sensors.filesystem", "FileSensor")
_TIME_SENSOR = _same("tradewind.sensors.time", "TimeSensor", "TimeSensorAsync")
_TIME_DELTA_SENSOR = _same("tradewind.sensors.time_delta", "TimeDeltaSensor", "TimeDeltaSensorAsync", "WaitSensor")
_WEEKDAY_SENSOR = _same("tradewind.sensors.weekday", "DayOfWeekSensor")
_FS_HOOK = _same("tradewind.hooks.filesystem", "FSHook")
_STATES = _same(f"{_HERE}.state", "DagRunState", "State", "TaskInstanceState")
_TIMEZONE = _same(
    f"{_HERE}.timezone",
    "coerce_datetime",
    "convert_to_utc",
    "datetime",
    "from_timestamp",
    "is_localized",
    "is_naive",
    "make_aware",
    "make_naive",
    "parse",
    "utc",
    "utc_epoch",
    "utcnow",
)
_LINK = _same(f"{_HERE}.links", "BaseOperatorLink")
_MAPPED = {"MappedOperator": "tradewind_plugins.mapped"}
_OPERATORS = _MAPPED | {
    "AbstractOperator": "tradewind_plugins.task_node:TaskNode",
    "Operator": "tradewind_plugins.task_node:TaskNode",
}
_CONTEXT_CLASS = {"Context": "builtins:dict"}
_SKIP = _same("tradewind.operators.branch", "SkipMixin")
_BRANCH = _same("tradewind.operators.branch", "BaseBranchOperator", "BranchMixIn") | _SKIP
_TRY = {
    "RuntimeTaskInstance": "tradewind.authoring.views:TaskInstanceView",
    "RuntimeTaskInstanceProtocol": "tradewind.authoring.views:TaskInstanceView",
    "DagRunProtocol": "tradewind.authoring.views:DagRunView",
}
_XCOM_KEY = {"XCOM_RETURN_KEY": "tradewind_plugins.host"}
_DBAPI = _same("tradewind_plugins.dbapi", "DbApiHook")
_WEEKDAY = _same("tradewind.authoring.weekday", "WeekDay")
_WEIGHT_RULE = _same(f"{_HERE}.weight_rule", "WeightRule")
_LATEST_ONLY = _same("tradewind.operators.latest_only", "LatestOnlyOperator")
_BRANCH_DATETIME = _same("tradewind.operators.datetime", "BranchDateTimeOperator")
_BRANCH_WEEKDAY = _same("tradewind.operators.weekday", "BranchDayOfWeekOperator")
_TRIGGER_DAG_RUN = _same(
    "tradewind.operators.trigger_dagrun", "TriggerDagRunOperator", "XCOM_LOGICAL_DATE_ISO", "XCOM_RUN_ID"
)
_EXTERNAL_TASK = _same("tradewind.sensors.external_task", "ExternalTaskMarker", "ExternalTaskSensor")
_TRIGGER = _same("tradewind.triggers.base", "BaseEventTrigger", "BaseTrigger", "StartTriggerArgs", "TriggerEvent")
_TRIGGERS = _TRIGGER | _same(
    "tradewind.triggers.base", "BaseTaskEndEvent", "TaskFailedEvent", "TaskSkippedEvent", "TaskSuccessEvent"
)
_FILE_TRIGGER = _TRIGGER | _same("tradewind.triggers.file", "FileTrigger")
_TIME_TRIGGERS = _TRIGGER | _same("tradewind.triggers.temporal", "DateTimeTrigger", "TimeDeltaTrigger")
_DAG_TRIGGERS = _TRIGGER | _same("tradewind.triggers.external_task", "DagStateTrigger", "WorkflowTrigger")
_ARG_NOT_SET = _same(f"{_HERE}.types", "NOTSET", "ArgNotSet")
_UNIQUE_ID = {"get_unique_task_id": "tradewind_plugins.decorated:unique_task_id"}
_CONDITIONS = _same("tradewind.authoring.conditions", "run_if", "skip_if")
_CONF = _same(f"{_HERE}.configuration", "conf")
_SECURITY = {"AirflowSecurityManager": "tradewind.access.fab.manager:SecurityManager"}
_SECURITY_OVERRIDE = {"FabAirflowSecurityManagerOverride": "tradewind.access.fab.manager:SecurityManager"}
_AUTH_TYPES = _same(
    "tradewind.access.fab.settings", "AUTH_DB", "AUTH_LDAP", "AUTH_OAUTH", "AUTH_OID", "AUTH_REMOTE_USER"
)
_ASSETS = _same(
    "tradewind_plugins.assets", "Asset", "AssetAlias", "AssetAll", "AssetAny", "AssetWatcher", "BaseAsset", "Dataset"
)
_METADATA = _same("tradewind_plugins.assets", "Metadata")
_DATASETS = _same("tradewind_plugins.assets", "Dataset") | {
    "BaseDataset": "tradewind_plugins.assets:BaseAsset",
    "DatasetAlias": "tradewind_plugins.assets:AssetAlias",
    "DatasetAll": "tradewind_plugins.assets:AssetAll",
    "DatasetAny": "tradewind_plugins.assets:AssetAny",
}
_MACROS = _same(
    "tradewind.authoring.macros",
    "datetime",
    "datetime_diff_for_humans",
    "ds_add",
    "ds_format",
    "json",
    "random",
    "time",
    "timedelta",
    "uuid",
)

BUILT: Final[Mapping[str, Mapping[str, str]]] = {
    "airflow": _DAG
    | {"Asset": _ASSETS["Asset"], "Dataset": _ASSETS["Dataset"]}
    | _XCOM_ARG
    | _CONF
    | {"AirflowException": "tradewind.exceptions:TradewindException", "__version__": f"{_HERE}.version:VERSION"},
    "airflow.api.common.trigger_dag": _same(f"{_HERE}.triggering", "trigger_dag"),
    "airflow.api.common.experimental.trigger_dag": _same(f"{_HERE}.triggering", "trigger_dag"),
    "airflow.auth.managers.fab.security_manager.override": _SECURITY_OVERRIDE,
    "airflow.compat.functools": _same("functools", "cache", "cached_property"),
    "airflow.configuration": _CONF
    | {"AirflowConfigException": "tradewind.exceptions:TradewindConfigException"}
    | _same(
        f"{_HERE}.configuration",
        "AIRFLOW_CONFIG",
        "AIRFLOW_HOME",
        "AirflowConfigParser",
        "as_dict",
        "get",
        "get_airflow_home",
        "getboolean",
        "getfloat",
        "getint",
        "getsection",
        "has_option",
    ),
    "airflow.datasets": _DATASETS,
    "airflow.datasets.metadata": _METADATA,
    "airflow.decorators": _CONDITIONS | _same("tradewind", "dag", "setup", "task", "task_group", "teardown"),
    "airflow.decorators.base": _UNIQUE_ID,
    "airflow.decorators.condition": _CONDITIONS,
    "airflow.decorators.task_group": _same("tradewind", "task_group"),
    "airflow.exceptions": _exceptions(),
    "airflow.hooks.base": _HOOK,
    "airflow.hooks.dbapi": _DBAPI,
    "airflow.hooks.filesystem": _FS_HOOK,
    "airflow.macros": _MACROS,
    "airflow.models": _DAG
    | _OPERATOR
    | _VARIABLE
    | _CONNECTION
    | _PARAM
    | _XCOM_ARG
    | _LINK
    | _SKIP
    | _same("tradewind_plugins.mapped", "MappedOperator")
    | {"Operator": "tradewind_plugins.task_node:TaskNode"}
    | _RUN
    | _INSTANCE
    | _XCOM
    | _POOL
    | _DAG_MODEL,
    "airflow.models.abstractoperator": {"AbstractOperator": "tradewind_plugins.task_node:TaskNode"},
    "airflow.models.baseoperator": _OPERATOR | _EDGES | _LINK | _same(f"{_HERE}.edges", "chain_linear"),
    "airflow.models.baseoperatorlink": _LINK,
    "airflow.models.connection": _CONNECTION,
    "airflow.models.dag": _DAG | {"dag": "tradewind"} | _DAG_MODEL,
    "airflow.models.dagrun": _RUN,
    "airflow.models.dataset": {name: _DATASETS[name] for name in ("Dataset", "DatasetAlias")},
    "airflow.models.mappedoperator": _MAPPED,
    "airflow.models.operator": _OPERATORS,
    "airflow.models.param": _PARAM | {"ParamsDict": "builtins:dict"},
    "airflow.models.pool": _POOL,
    "airflow.models.skipmixin": _SKIP,
    "airflow.models.taskinstance": _CONTEXT_CLASS | _INSTANCE | _same(f"{_HERE}.state", "TaskInstanceState"),
    "airflow.models.taskinstancekey": _same(f"{_HERE}.keys", "TaskInstanceKey"),
    "airflow.models.variable": _VARIABLE,
    "airflow.models.xcom": _XCOM_KEY | _XCOM,
    "airflow.notifications.basenotifier": _NOTIFIER,
    "airflow.models.xcom_arg": _XCOM_ARG | _XCOM_ARGS,
    "airflow.operators.bash": _BASH,
    "airflow.operators.branch": _BRANCH,
    "airflow.operators.datetime": _BRANCH_DATETIME,
    "airflow.operators.email": _same("tradewind.operators.email", "EmailOperator"),
    "airflow.operators.empty": _EMPTY,
    "airflow.operators.latest_only": _LATEST_ONLY,
    "airflow.operators.python": _PYTHON | _CONTEXT | _VENV,
    "airflow.operators.trigger_dagrun": _TRIGGER_DAG_RUN,
    "airflow.operators.weekday": _BRANCH_WEEKDAY,
    "airflow.sensors.base": _SENSOR,
    "airflow.sensors.bash": _BASH_SENSOR,
    "airflow.sensors.date_time": _DATE_TIME_SENSOR,
    "airflow.sensors.external_task": _EXTERNAL_TASK,
    "airflow.sensors.filesystem": _FILE_SENSOR,
    "airflow.sensors.python": _PYTHON_SENSOR,
    "airflow.sensors.time_delta": _TIME_DELTA_SENSOR,
    "airflow.sensors.time_sensor": _TIME_SENSOR,
    "airflow.sensors.weekday": _WEEKDAY_SENSOR,
    "airflow.operators.subdag": _same(f"{_HERE}.subdag", "SubDagOperator"),
    "airflow.plugins_manager": _same(f"{_HERE}.plugins_manager", "AirflowPlugin", "AirflowPluginException"),
    "airflow.settings": _same(
        f"{_HERE}.settings", "AIRFLOW_HOME", "DAGS_FOLDER", "PLUGINS_FOLDER", "TIMEZONE", "conf", "json"
    )
    | _same(f"{_QUERIES}.session", "NonScopedSession", "Session", "engine"),
    "airflow.providers.fab.auth_manager.security_manager.override": _SECURITY_OVERRIDE,
    "airflow.task.trigger_rule": _RULE,
    "airflow.task.weight_rule": _WEIGHT_RULE,
    "airflow.timetables.assets": _same("tradewind.timetables", "AssetOrTimeSchedule", "AssetTriggeredTimetable"),
    "airflow.timetables.base": _same("tradewind.timetables", "DagRunInfo", "DataInterval", "TimeRestriction")
    | {"Timetable": "tradewind.timetables:CustomTimetable"},
    "airflow.timetables.datasets": {"DatasetOrTimeSchedule": "tradewind.timetables:AssetOrTimeSchedule"},
    "airflow.timetables.events": _same("tradewind.timetables", "EventsTimetable"),
    "airflow.timetables.interval": _same(
        "tradewind.timetables", "CronDataIntervalTimetable", "DeltaDataIntervalTimetable"
    ),
    "airflow.timetables.simple": _same(
        "tradewind.timetables",
        "AssetTriggeredTimetable",
        "ContinuousTimetable",
        "NullTimetable",
        "OnceTimetable",
    )
    | {"DatasetTriggeredTimetable": "tradewind.timetables:AssetTriggeredTimetable"},
    "airflow.timetables.trigger": _same(
        "tradewind.timetables", "CronTriggerTimetable", "DeltaTriggerTimetable", "MultipleCronTriggerTimetable"
    ),
    "airflow.triggers.base": _TRIGGERS,
    "airflow.triggers.external_task": _DAG_TRIGGERS,
    "airflow.triggers.file": _FILE_TRIGGER,
    "airflow.triggers.temporal": _TIME_TRIGGERS,
    "airflow.typing_compat": _same(
        "typing_extensions",
        "Literal",
        "ParamSpec",
        "Protocol",
        "Self",
        "TypeAlias",
        "TypeGuard",
        "TypedDict",
        "runtime_checkable",
    ),
    "airflow.utils.context": _CONTEXT_CLASS | _same(f"{_HERE}.operator_helpers", "context_merge"),
    "airflow.utils.dates": _same(f"{_HERE}.dates", "days_ago"),
    "airflow.utils.decorators": _same(f"{_HERE}.decorators", "apply_defaults"),
    "airflow.utils.edgemodifier": _LABEL | {"EdgeModifier": "tradewind_plugins.edges"},
    "airflow.utils.email": _same(
        f"{_HERE}.email",
        "build_mime_message",
        "get_email_address_list",
        "send_email",
        "send_email_smtp",
        "send_mime_email",
    ),
    "airflow.utils.file": {"TemporaryDirectory": "tempfile"},
    "airflow.utils.helpers": _same(
        f"{_HERE}.helpers",
        "as_flattened_list",
        "at_most_one",
        "chunks",
        "convert_camel_to_snake",
        "exactly_one",
        "is_container",
        "merge_dicts",
        "prune_dict",
    ),
    "airflow.utils.log.logging_mixin": _same(f"{_HERE}.log", "LoggingMixin"),
    "airflow.utils.log.secrets_masker": _same(f"{_HERE}.small", "mask_secret"),
    "airflow.utils.module_loading": _same(f"{_HERE}.helpers", "import_string"),
    "airflow.utils.net": _same(f"{_HERE}.small", "get_hostname"),
    "airflow.utils.operator_helpers": _same(
        f"{_HERE}.operator_helpers", "context_to_airflow_vars", "determine_kwargs", "make_kwargs_callable"
    ),
    "airflow.utils.session": _SESSION,
    "airflow.utils.state": _STATES,
    "airflow.utils.strings": _same(f"{_HERE}.small", "TRUE_LIKE_VALUES", "get_random_string", "to_boolean"),
    "airflow.utils.task_group": _GROUP,
    "airflow.utils.timezone": _TIMEZONE,
    "airflow.utils.trigger_rule": _RULE,
    "airflow.utils.types": _ARG_NOT_SET | _same(f"{_HERE}.types", "DagRunType"),
    "airflow.utils.weekday": _WEEKDAY,
    "airflow.utils.weight_rule": _WEIGHT_RULE,
    "airflow.utils.xcom": _XCOM_KEY,
    "airflow.version": {"version": f"{_HERE}.version:VERSION"},
    # Airflow 3
    "airflow.sdk": _DAG
    | _OPERATOR
    | _NOTIFIER
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
    | _LINK
    | _CONTEXT_CLASS
    | _METADATA
    | {name: _ASSETS[name] for name in ("Asset", "AssetAlias", "AssetAll", "AssetAny", "AssetWatcher")}
    | {"asset": "tradewind"}
    | _same(f"{_HERE}.state", "DagRunState", "TaskInstanceState")
    | _same(f"{_HERE}.edges", "chain_linear")
    | _WEIGHT_RULE
    | {"EdgeModifier": "tradewind_plugins.edges"}
    | {"XCOM_RETURN_KEY": "tradewind_plugins.host"}
    | {"mask_secret": f"{_HERE}.small"}
    | _same("tradewind", "dag", "setup", "task", "task_group", "teardown"),
    "airflow.sdk.bases.decorator": _UNIQUE_ID,
    "airflow.sdk.bases.hook": _HOOK,
    "airflow.sdk.bases.notifier": _NOTIFIER,
    "airflow.sdk.bases.operator": _OPERATOR | _EDGES | _same(f"{_HERE}.edges", "chain_linear"),
    "airflow.sdk.bases.operatorlink": _LINK,
    "airflow.sdk.bases.sensor": _SENSOR,
    "airflow.sdk.definitions.asset": _ASSETS,
    "airflow.sdk.definitions.asset.decorators": _same(
        "tradewind.authoring.asset_decorator", "AssetDefinition", "MultiAssetDefinition", "asset"
    ),
    "airflow.sdk.definitions.asset.metadata": _METADATA,
    "airflow.sdk.definitions.connection": _CONNECTION,
    "airflow.sdk.definitions.context": _CONTEXT_CLASS | _CONTEXT,
    "airflow.sdk.definitions.dag": _DAG | {"dag": "tradewind"},
    "airflow.sdk.definitions.deadline": _DEADLINES,
    "airflow.sdk.definitions.decorators": _CONDITIONS
    | _same("tradewind", "dag", "setup", "task", "task_group", "teardown"),
    "airflow.sdk.definitions.decorators.condition": _CONDITIONS,
    "airflow.sdk.definitions.edges": _LABEL | {"EdgeModifier": "tradewind_plugins.edges"},
    "airflow.sdk.definitions.mappedoperator": _MAPPED,
    "airflow.sdk.definitions.param": _PARAM | {"ParamsDict": "builtins:dict"},
    "airflow.sdk.definitions.taskgroup": _GROUP,
    "airflow.sdk.definitions.variable": _VARIABLE,
    "airflow.sdk.definitions.xcom_arg": _XCOM_ARG | _XCOM_ARGS,
    "airflow.sdk.exceptions": _exceptions(),
    "airflow.sdk.execution_time.task_runner": {"RuntimeTaskInstance": _TRY["RuntimeTaskInstance"]},
    "airflow.sdk.execution_time.macros": _same(
        "tradewind.authoring.macros", "datetime_diff_for_humans", "ds_add", "ds_format"
    ),
    "airflow.sdk.module_loading": _same(f"{_HERE}.helpers", "import_string"),
    "airflow.sdk.timezone": _same(
        f"{_HERE}.timezone", "coerce_datetime", "convert_to_utc", "datetime", "make_naive", "parse", "utc", "utcnow"
    ),
    "airflow.sdk.types": _ARG_NOT_SET
    | {name: _TRY[name] for name in ("DagRunProtocol", "RuntimeTaskInstanceProtocol")},
    # Of provider packages: what came with core once, and what the seam itself has
    "airflow.providers.common.sql.hooks.sql": _DBAPI
    | _same("tradewind_plugins.dbapi", "fetch_all_handler", "fetch_one_handler"),
    "airflow.providers.standard.operators.bash": _BASH,
    "airflow.providers.standard.operators.branch": _BRANCH,
    "airflow.providers.standard.operators.datetime": _BRANCH_DATETIME,
    "airflow.providers.standard.operators.empty": _EMPTY,
    "airflow.providers.standard.operators.latest_only": _LATEST_ONLY,
    "airflow.providers.standard.operators.python": _PYTHON | _CONTEXT | _VENV,
    "airflow.providers.standard.operators.trigger_dagrun": _TRIGGER_DAG_RUN,
    "airflow.providers.standard.operators.weekday": _BRANCH_WEEKDAY,
    "airflow.providers.standard.hooks.filesystem": _FS_HOOK,
    "airflow.providers.standard.sensors.bash": _BASH_SENSOR,
    "airflow.providers.standard.sensors.date_time": _DATE_TIME_SENSOR,
    "airflow.providers.standard.sensors.external_task": _EXTERNAL_TASK,
    "airflow.providers.standard.sensors.filesystem": _FILE_SENSOR,
    "airflow.providers.standard.sensors.python": _PYTHON_SENSOR,
    "airflow.providers.standard.sensors.time": _TIME_SENSOR,
    "airflow.providers.standard.sensors.time_delta": _TIME_DELTA_SENSOR,
    "airflow.providers.standard.sensors.weekday": _WEEKDAY_SENSOR,
    "airflow.providers.standard.triggers.external_task": _DAG_TRIGGERS,
    "airflow.providers.standard.triggers.file": _FILE_TRIGGER,
    "airflow.providers.standard.triggers.temporal": _TIME_TRIGGERS,
    "airflow.providers.standard.utils.skipmixin": _SKIP,
    "airflow.providers.standard.utils.weekday": _WEEKDAY,
    "airflow.www.fab_security.manager": _AUTH_TYPES,
    "airflow.www.security": _SECURITY,
}

RENAMED: Final[Mapping[str, str]] = {
    "airflow.contrib.hooks.fs_hook": "airflow.hooks.filesystem",
    "airflow.contrib.sensors.bash_sensor": "airflow.sensors.bash",
    "airflow.contrib.sensors.file_sensor": "airflow.sensors.filesystem",
    "airflow.contrib.sensors.python_sensor": "airflow.sensors.python",
    "airflow.contrib.sensors.weekday_sensor": "airflow.sensors.weekday",
    "airflow.contrib.utils.weekday": "airflow.utils.weekday",
    "airflow.hooks.base_hook": "airflow.hooks.base",
    "airflow.hooks.dbapi_hook": "airflow.hooks.dbapi",
    "airflow.operators:BaseOperator": "airflow.models:BaseOperator",
    "airflow.operators:BashOperator": "airflow.operators.bash:BashOperator",
    "airflow.operators:BranchPythonOperator": "airflow.operators.python:BranchPythonOperator",
    "airflow.operators:DummyOperator": "airflow.operators.empty:EmptyOperator",
    "airflow.operators:LatestOnlyOperator": "airflow.operators.latest_only:LatestOnlyOperator",
    "airflow.operators:PythonOperator": "airflow.operators.python:PythonOperator",
    "airflow.operators:SubDagOperator": "airflow.operators.subdag:SubDagOperator",
    "airflow.operators:ShortCircuitOperator": "airflow.operators.python:ShortCircuitOperator",
    "airflow.operators.bash_operator": "airflow.operators.bash",
    "airflow.operators.branch_operator": "airflow.operators.branch",
    "airflow.operators.dagrun_operator": "airflow.operators.trigger_dagrun",
    "airflow.operators.dummy:DummyOperator": "airflow.operators.empty:EmptyOperator",
    "airflow.operators.dummy:EmptyOperator": "airflow.operators.empty:EmptyOperator",
    "airflow.operators.dummy_operator:DummyOperator": "airflow.operators.empty:EmptyOperator",
    "airflow.operators.email_operator": "airflow.operators.email",
    "airflow.operators.latest_only_operator": "airflow.operators.latest_only",
    "airflow.operators.python:task": "airflow.decorators:task",
    "airflow.operators.python_operator": "airflow.operators.python",
    "airflow.operators.subdag_operator": "airflow.operators.subdag",
    "airflow.sensors:TimeDeltaSensor": "airflow.sensors.time_delta:TimeDeltaSensor",
    "airflow.sensors:TimeSensor": "airflow.sensors.time_sensor:TimeSensor",
    "airflow.sensors.base_sensor_operator": "airflow.sensors.base",
    "airflow.sensors.date_time_sensor": "airflow.sensors.date_time",
    "airflow.sensors.external_task_sensor": "airflow.sensors.external_task",
    "airflow.sensors.time_delta_sensor": "airflow.sensors.time_delta",
    "airflow.sensors.weekday_sensor": "airflow.sensors.weekday",
    "airflow.utils:apply_defaults": "airflow.utils.decorators:apply_defaults",
    "airflow.utils.db:create_session": "airflow.utils.session:create_session",
    "airflow.utils.db:provide_session": "airflow.utils.session:provide_session",
    "airflow.utils.helpers:chain": "airflow.models.baseoperator:chain",
    "airflow.utils.helpers:cross_downstream": "airflow.models.baseoperator:cross_downstream",
}


def _one_home() -> dict[str, str]:
    """Return the classes that have one home wherever they stand, and the home of each."""
    homes: dict[str, set[str]] = {}
    for names in BUILT.values():
        for name, home in names.items():
            if name[0].isupper() or name in {"apply_defaults", "conf", "send_email"}:
                homes.setdefault(name, set()).add(home if ":" in home else f"{home}:{name}")
    return {name: found.pop() for name, found in homes.items() if len(found) == 1}


BORROWED: Final[Mapping[str, str]] = _one_home()
"""Airflow's modules have each other's names too: `airflow.operators.bash` has `BaseOperator`. Class -> `module:Name`."""


def _is_built(module: str, name: str) -> bool:
    moved = RENAMED.get(module)
    return (
        name in BUILT.get(module, ())
        or name in BORROWED
        or f"{module}:{name}" in RENAMED
        or (moved is not None and _is_built(moved, name))
    )


NOT_BUILT: Final = NotBuilt(_is_built)
