"""What this distribution plugs into Tradewind."""

from __future__ import annotations

from tradewind_plugins.declarations import AirflowAlias, ConnectionType, Declared, FormField
from tradewind_plugins.hooks import hookimpl

__all__ = ["tradewind_airflow_aliases", "tradewind_connection_types", "tradewind_operators"]


@hookimpl
def tradewind_connection_types() -> list[ConnectionType]:
    """Declare the connection type `ssh`."""
    return [
        ConnectionType(
            name="ssh",
            label="SSH",
            path="tradewind_ssh.hooks.ssh:SSHHook",
            summary="A server that is logged in to by SSH.",
            fields=(
                FormField(name="host", label="Host", required=True, placeholder="build.example.com"),
                FormField(name="login", label="User name"),
                FormField(name="port", label="Port", kind="integer", placeholder="22"),
                FormField(name="schema", hidden=True),
                FormField(name="key_file", label="Path of the private key", placeholder="/home/me/.ssh/id_ed25519"),
                FormField(name="private_key", label="Private key", kind="text", secret=True),
                FormField(name="private_key_passphrase", label="Passphrase of the private key", secret=True),
                FormField(name="host_key", label="Key of the server", placeholder="ssh-ed25519 AAAA…"),
                FormField(name="no_host_key_check", label="Let servers in that are not known", kind="boolean"),
                FormField(name="conn_timeout", label="Seconds to reach the server", kind="integer", placeholder="10"),
                FormField(name="cmd_timeout", label="Seconds that a command may be silent", kind="integer"),
            ),
        )
    ]


@hookimpl
def tradewind_operators() -> list[Declared]:
    """Declare the operators."""
    return [Declared(path="tradewind_ssh.operators.ssh:SSHOperator", summary="Runs a command on a server.")]


@hookimpl
def tradewind_airflow_aliases() -> list[AirflowAlias]:
    """Declare where Airflow has what is here."""
    return [
        AirflowAlias(name="airflow.providers.ssh", path="tradewind_ssh"),
        AirflowAlias(
            name="airflow.contrib.operators.ssh_operator:SSHOperator",
            path="tradewind_ssh.operators.ssh:SSHOperator",
            instead="airflow.providers.ssh.operators.ssh.SSHOperator",
        ),
        AirflowAlias(
            name="airflow.contrib.hooks.ssh_hook:SSHHook",
            path="tradewind_ssh.hooks.ssh:SSHHook",
            instead="airflow.providers.ssh.hooks.ssh.SSHHook",
        ),
    ]
