"""What this distribution plugs into Tradewind."""

from __future__ import annotations

from tradewind_plugins.declarations import AirflowAlias, ConnectionType, Declared, FormField
from tradewind_plugins.hooks import hookimpl

__all__ = [
    "tradewind_airflow_aliases",
    "tradewind_connection_types",
    "tradewind_operators",
    "tradewind_sensors",
    "tradewind_triggers",
]


@hookimpl
def tradewind_connection_types() -> list[ConnectionType]:
    """Declare the connection type `http`."""
    return [
        ConnectionType(
            name="http",
            label="HTTP",
            path="tradewind_http.hooks.http:HttpHook",
            summary="A server that is asked by HTTP.",
            fields=(
                FormField(name="host", label="Host", required=True, placeholder="api.example.com/v1"),
                FormField(name="schema", label="Schema", choices=("http", "https")),
                FormField(name="headers", label="Headers", kind="json", secret=True),
                FormField(name="timeout", label="Seconds to wait for an answer", kind="integer"),
                FormField(name="verify", label="Check the certificate", kind="boolean"),
            ),
        )
    ]


@hookimpl
def tradewind_operators() -> list[Declared]:
    """Declare the operators."""
    return [
        Declared(path="tradewind_http.operators.http:HttpOperator", summary="Makes a request."),
        Declared(path="tradewind_http.operators.http:SimpleHttpOperator", summary="The old name of HttpOperator."),
    ]


@hookimpl
def tradewind_sensors() -> list[Declared]:
    """Declare the sensor."""
    return [Declared(path="tradewind_http.sensors.http:HttpSensor", summary="Waits for an answer without an error.")]


@hookimpl
def tradewind_triggers() -> list[Declared]:
    """Declare the triggers."""
    return [
        Declared(path="tradewind_http.triggers.http:HttpTrigger", summary="Makes a request."),
        Declared(
            path="tradewind_http.triggers.http:HttpSensorTrigger", summary="Waits for an answer without an error."
        ),
    ]


@hookimpl
def tradewind_airflow_aliases() -> list[AirflowAlias]:
    """Declare where Airflow has what is here."""
    operator = "airflow.providers.http.operators.http.HttpOperator"
    return [
        AirflowAlias(name="airflow.providers.http", path="tradewind_http"),
        AirflowAlias(
            name="airflow.operators.http_operator:SimpleHttpOperator",
            path="tradewind_http.operators.http:SimpleHttpOperator",
            instead=operator,
        ),
        AirflowAlias(
            name="airflow.hooks.http_hook:HttpHook",
            path="tradewind_http.hooks.http:HttpHook",
            instead="airflow.providers.http.hooks.http.HttpHook",
        ),
        AirflowAlias(
            name="airflow.sensors.http_sensor:HttpSensor",
            path="tradewind_http.sensors.http:HttpSensor",
            instead="airflow.providers.http.sensors.http.HttpSensor",
        ),
    ]
