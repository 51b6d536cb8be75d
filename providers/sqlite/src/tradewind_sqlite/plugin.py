"""What this distribution plugs into Tradewind."""

from __future__ import annotations

from tradewind_plugins.declarations import AirflowAlias, ConnectionType, Declared, FormField
from tradewind_plugins.hooks import hookimpl

__all__ = ["tradewind_airflow_aliases", "tradewind_connection_types", "tradewind_operators"]


@hookimpl
def tradewind_connection_types() -> list[ConnectionType]:
    """Declare the connection type `sqlite`."""
    hidden = tuple(FormField(name=name, hidden=True) for name in ("schema", "login", "password", "port"))
    return [
        ConnectionType(
            name="sqlite",
            label="SQLite",
            path="tradewind_sqlite.hooks.sqlite:SqliteHook",
            summary="A database file of SQLite.",
            fields=(
                FormField(name="host", label="Path of the database file", required=True, placeholder="/data/shop.db"),
                *hidden,
                FormField(name="mode", label="Access", choices=("ro", "rw", "rwc", "memory")),
                FormField(name="timeout", label="Seconds to wait for a lock", kind="integer", placeholder="5"),
            ),
        )
    ]


@hookimpl
def tradewind_operators() -> list[Declared]:
    """Declare the operators."""
    return [Declared(path="tradewind_sqlite.operators.sqlite:SqliteOperator", summary="Runs SQL in a SQLite file.")]


@hookimpl
def tradewind_airflow_aliases() -> list[AirflowAlias]:
    """Declare where Airflow has what is here."""
    return [
        AirflowAlias(name="airflow.providers.sqlite", path="tradewind_sqlite"),
        AirflowAlias(
            name="airflow.operators.sqlite_operator:SqliteOperator",
            path="tradewind_sqlite.operators.sqlite:SqliteOperator",
            instead="airflow.providers.sqlite.operators.sqlite.SqliteOperator",
        ),
        AirflowAlias(
            name="airflow.hooks.sqlite_hook:SqliteHook",
            path="tradewind_sqlite.hooks.sqlite:SqliteHook",
            instead="airflow.providers.sqlite.hooks.sqlite.SqliteHook",
        ),
    ]
