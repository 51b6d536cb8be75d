"""The operator for PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradewind_common_sql.operators.sql import SQLExecuteQueryOperator

__all__ = ["PostgresOperator"]


class PostgresOperator(SQLExecuteQueryOperator):
    """Run SQL in a PostgreSQL database: Airflow's older name of `SQLExecuteQueryOperator` for one.

    Arguments:
        postgres_conn_id: the connection.
        conn_id: the same, as the newer operator calls it (templated); it is the one that counts where both are given.
        runtime_parameters: settings of the server for the time of the task: `{"statement_timeout": "3000ms"}`.
    """

    template_fields_renderers: Mapping[str, str] = {"sql": "postgresql", "parameters": "json"}
    ui_color = "#d5dde8"

    def __init__(
        self,
        *,
        postgres_conn_id: str = "postgres_default",
        conn_id: str | None = None,
        runtime_parameters: Mapping[str, Any] | None = None,
        hook_params: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if runtime_parameters:
            hook_params = {"options": _options(runtime_parameters), **(hook_params or {})}
        super().__init__(conn_id=conn_id or postgres_conn_id, hook_params=hook_params, **kwargs)
        self.postgres_conn_id = self.conn_id
        self.runtime_parameters = runtime_parameters


def _options(parameters: Mapping[str, Any]) -> str:
    """Return settings as libpq's `options` have them: a space or a backslash in a value stands after a backslash."""
    return " ".join(f"-c {name}={_escaped(str(value))}" for name, value in parameters.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(" ", "\\ ")
