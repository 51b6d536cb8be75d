"""What this distribution plugs into Tradewind."""

from __future__ import annotations

from tradewind_plugins.declarations import AirflowAlias, ConnectionType, Declared, FormField
from tradewind_plugins.hooks import hookimpl

__all__ = ["tradewind_airflow_aliases", "tradewind_connection_types", "tradewind_operators"]

_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


@hookimpl
def tradewind_connection_types() -> list[ConnectionType]:
    """Declare the connection type `postgres`."""
    return [
        ConnectionType(
            name="postgres",
            label="PostgreSQL",
            path="tradewind_postgres.hooks.postgres:PostgresHook",
            summary="A database of a PostgreSQL server.",
            fields=(
                FormField(name="host", label="Host", placeholder="db.example"),
                FormField(name="port", label="Port", kind="integer", placeholder="5432"),
                FormField(name="schema", label="Database", placeholder="shop"),
                FormField(name="login", label="User"),
                FormField(name="password", label="Password", secret=True),
                FormField(name="sslmode", label="Encryption (libpq's sslmode)", choices=_SSL_MODES),
                FormField(name="connect_timeout", label="Seconds to connect", kind="integer", placeholder="10"),
                FormField(name="options", label="Settings of the session", placeholder="-c statement_timeout=60s"),
                FormField(
                    name="cursor",
                    label="What rows are; empty for tuples",
                    choices=("dictcursor", "realdictcursor", "namedtuplecursor"),
                ),
            ),
        )
    ]


@hookimpl
def tradewind_operators() -> list[Declared]:
    """Declare the operators."""
    path = "tradewind_postgres.operators.postgres:PostgresOperator"
    return [Declared(path=path, summary="Runs SQL in a PostgreSQL database.")]


@hookimpl
def tradewind_airflow_aliases() -> list[AirflowAlias]:
    """Declare where Airflow has what is here."""
    return [
        AirflowAlias(name="airflow.providers.postgres", path="tradewind_postgres"),
        AirflowAlias(
            name="airflow.operators.postgres_operator:PostgresOperator",
            path="tradewind_postgres.operators.postgres:PostgresOperator",
            instead="airflow.providers.postgres.operators.postgres.PostgresOperator",
        ),
        AirflowAlias(
            name="airflow.hooks.postgres_hook:PostgresHook",
            path="tradewind_postgres.hooks.postgres:PostgresHook",
            instead="airflow.providers.postgres.hooks.postgres.PostgresHook",
        ),
    ]
