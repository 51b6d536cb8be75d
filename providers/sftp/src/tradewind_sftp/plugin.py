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
    """Declare the connection type `sftp`."""
    return [
        ConnectionType(
            name="sftp",
            label="SFTP",
            path="tradewind_sftp.hooks.sftp:SFTPHook",
            summary="A server whose files are reached by SFTP.",
            fields=(
                FormField(name="host", label="Host", required=True, placeholder="files.example.com"),
                FormField(name="login", label="User name"),
                FormField(name="port", label="Port", kind="integer", placeholder="22"),
                FormField(name="schema", hidden=True),
                FormField(name="key_file", label="Path of the private key", placeholder="/home/me/.ssh/id_ed25519"),
                FormField(name="private_key", label="Private key", kind="text", secret=True),
                FormField(name="private_key_passphrase", label="Passphrase of the private key", secret=True),
                FormField(name="host_key", label="Key of the server", placeholder="ssh-ed25519 AAAA…"),
                FormField(name="no_host_key_check", label="Let servers in that are not known", kind="boolean"),
                FormField(name="conn_timeout", label="Seconds to reach the server", kind="integer", placeholder="10"),
                FormField(name="cmd_timeout", label="Seconds that the server may be silent", kind="integer"),
            ),
        )
    ]


@hookimpl
def tradewind_operators() -> list[Declared]:
    """Declare the operator."""
    return [Declared(path="tradewind_sftp.operators.sftp:SFTPOperator", summary="Sends, fetches and deletes files.")]


@hookimpl
def tradewind_sensors() -> list[Declared]:
    """Declare the sensor."""
    return [Declared(path="tradewind_sftp.sensors.sftp:SFTPSensor", summary="Waits for files on a server.")]


@hookimpl
def tradewind_triggers() -> list[Declared]:
    """Declare the trigger."""
    return [Declared(path="tradewind_sftp.triggers.sftp:SFTPTrigger", summary="Waits for files on a server.")]


@hookimpl
def tradewind_airflow_aliases() -> list[AirflowAlias]:
    """Declare where Airflow has what is here."""
    operators = "airflow.providers.sftp.operators.sftp"
    return [
        AirflowAlias(name="airflow.providers.sftp", path="tradewind_sftp"),
        AirflowAlias(
            name="airflow.contrib.operators.sftp_operator:SFTPOperator",
            path="tradewind_sftp.operators.sftp:SFTPOperator",
            instead=f"{operators}.SFTPOperator",
        ),
        AirflowAlias(
            name="airflow.contrib.operators.sftp_operator:SFTPOperation",
            path="tradewind_sftp.operators.sftp:SFTPOperation",
            instead=f"{operators}.SFTPOperation",
        ),
        AirflowAlias(
            name="airflow.contrib.hooks.sftp_hook:SFTPHook",
            path="tradewind_sftp.hooks.sftp:SFTPHook",
            instead="airflow.providers.sftp.hooks.sftp.SFTPHook",
        ),
        AirflowAlias(
            name="airflow.contrib.sensors.sftp_sensor:SFTPSensor",
            path="tradewind_sftp.sensors.sftp:SFTPSensor",
            instead="airflow.providers.sftp.sensors.sftp.SFTPSensor",
        ),
    ]
