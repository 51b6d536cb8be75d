"""Tradewind's own parts, declared by the same hooks as everybody's."""

from __future__ import annotations

from tradewind_plugins.declarations import ConnectionType, Declared, FormField
from tradewind_plugins.hooks import hookimpl


@hookimpl
def tradewind_operators() -> list[Declared]:
    python = "tradewind.operators.python"
    return [
        Declared(path="tradewind.operators.bash:BashOperator", summary="Runs a command with bash."),
        Declared(path="tradewind.operators.datetime:BranchDateTimeOperator", summary="Chooses by time or date."),
        Declared(path="tradewind.operators.email:EmailOperator", summary="Sends a mail."),
        Declared(path="tradewind.operators.empty:EmptyOperator", summary="Does nothing."),
        Declared(path="tradewind.operators.latest_only:LatestOnlyOperator", summary="Lets only the latest run go on."),
        Declared(path=f"{python}:BranchPythonOperator", summary="Calls a function that chooses what goes on."),
        Declared(path=f"{python}:PythonOperator", summary="Calls a function."),
        Declared(path=f"{python}:ShortCircuitOperator", summary="Calls a function that says whether to go on."),
        Declared(path=f"{python}:BranchExternalPythonOperator", summary="Chooses, with another installed Python."),
        Declared(path=f"{python}:BranchPythonVirtualenvOperator", summary="Chooses, in a virtual environment."),
        Declared(path=f"{python}:ExternalPythonOperator", summary="Calls a function with another installed Python."),
        Declared(path=f"{python}:PythonVirtualenvOperator", summary="Calls a function in a virtual environment."),
        Declared(path="tradewind.operators.weekday:BranchDayOfWeekOperator", summary="Chooses by the day of the week."),
    ]


@hookimpl
def tradewind_task_decorators() -> list[Declared]:
    module = "tradewind.authoring.environment_decorators"
    return [
        Declared(name=name, path=f"{module}:{name}", summary=summary)
        for name, summary in (
            ("branch_external_python", "The function chooses what goes on, called with another installed Python."),
            ("branch_virtualenv", "The function chooses what goes on, called in a virtual environment."),
            ("external_python", "Calls the function with another installed Python."),
            ("virtualenv", "Calls the function in a virtual environment that has its requirements."),
        )
    ]


@hookimpl
def tradewind_sensors() -> list[Declared]:
    sensors = "tradewind.sensors"
    return [
        Declared(path=f"{sensors}.bash:BashSensor", summary="Waits until a command exits with 0."),
        Declared(path=f"{sensors}.date_time:DateTimeSensor", summary="Waits until a moment has passed."),
        Declared(path=f"{sensors}.filesystem:FileSensor", summary="Waits until there is a file."),
        Declared(path=f"{sensors}.python:PythonSensor", summary="Waits until a function says so."),
        Declared(path=f"{sensors}.time:TimeSensor", summary="Waits until a time of day has passed."),
        Declared(
            path=f"{sensors}.time_delta:TimeDeltaSensor",
            summary="Waits until a time after the end of the data interval.",
        ),
        Declared(path=f"{sensors}.weekday:DayOfWeekSensor", summary="Waits until it is a day of the week."),
    ]


@hookimpl
def tradewind_connection_types() -> list[ConnectionType]:
    hidden = ("host", "schema", "login", "password", "port")
    return [
        ConnectionType(
            name="fs",
            label="File (path)",
            path="tradewind.hooks.filesystem:FSHook",
            summary="A folder of a file system.",
            fields=(
                *(FormField(name=name, hidden=True) for name in hidden),
                FormField(name="path", label="Path of the folder", placeholder="/data/incoming"),
            ),
        ),
        ConnectionType(
            name="smtp",
            label="SMTP",
            path="tradewind.hooks.smtp:SmtpHook",
            summary="A mail server.",
            fields=(
                FormField(name="schema", hidden=True),
                FormField(name="host", placeholder="mail.example.com"),
                FormField(name="port", placeholder="587"),
                FormField(name="from_email", label="Sender", placeholder="tradewind@example.com"),
                FormField(name="disable_ssl", label="Not encrypted from the first byte", kind="boolean"),
                FormField(name="disable_tls", label="Without STARTTLS", kind="boolean"),
                FormField(name="timeout", label="Seconds to wait", kind="integer"),
                FormField(name="retry_limit", label="Attempts", kind="integer"),
            ),
        ),
    ]


@hookimpl
def tradewind_notifiers() -> list[Declared]:
    return [Declared(path="tradewind.notifications.email:EmailNotifier", summary="Sends a mail.")]


@hookimpl
def tradewind_triggers() -> list[Declared]:
    return [
        Declared(path="tradewind.triggers.temporal:DateTimeTrigger", summary="Waits for a moment."),
        Declared(path="tradewind.triggers.temporal:TimeDeltaTrigger", summary="Waits for some time."),
        Declared(path="tradewind.triggers.file:FileTrigger", summary="Waits for a file."),
        Declared(path="tradewind.triggers.external_task:WorkflowTrigger", summary="Waits for tasks of another DAG."),
        Declared(path="tradewind.triggers.external_task:DagStateTrigger", summary="Waits for runs of another DAG."),
    ]


@hookimpl
def tradewind_codecs() -> list[Declared]:
    return [
        Declared(name="json", path="tradewind.plugins.codecs:StandardCodec", summary="The standard library's json."),
        Declared(name="orjson", path="tradewind.plugins.orjson_codec:OrjsonCodec", summary="Faster, where installed."),
    ]


@hookimpl
def tradewind_xcom_storages() -> list[Declared]:
    return [
        Declared(name="folder", path="tradewind.plugins.xcoms:FolderStorage", summary="A file for each value."),
    ]


@hookimpl
def tradewind_log_stores() -> list[Declared]:
    return [Declared(name="file", path="tradewind.execution.logs:FileLogStore", summary="A file for each try.")]


@hookimpl
def tradewind_executors() -> list[Declared]:
    return [
        Declared(
            name="LocalExecutor",
            path="tradewind.execution.local_executor:LocalExecutor",
            summary="Runs tasks on the machine of `tradewind worker`.",
        )
    ]


@hookimpl
def tradewind_secrets_backends() -> list[Declared]:
    return [
        Declared(
            name="environment",
            path="tradewind.plugins.secrets:EnvironmentBackend",
            summary="Environment variables TRADEWIND_CONN_<ID> and TRADEWIND_VAR_<KEY>.",
        ),
        Declared(
            name="file",
            path="tradewind.plugins.secrets_file:FileBackend",
            summary="Connections and variables in JSON, YAML or .env files.",
        ),
    ]


@hookimpl
def tradewind_metrics_exporters() -> list[Declared]:
    metrics = "tradewind.metrics"
    return [
        Declared(name="statsd", path=f"{metrics}.statsd:StatsdExporter", summary="StatsD, with or without tags."),
        Declared(
            name="prometheus",
            path=f"{metrics}.prometheus:PrometheusExporter",
            summary="Each daemon answers scrapes.",
        ),
        Declared(name="otlp", path=f"{metrics}.otlp:OtlpExporter", summary="OpenTelemetry's OTLP over HTTP."),
    ]
