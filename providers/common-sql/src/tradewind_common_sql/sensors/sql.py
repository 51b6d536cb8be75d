"""The sensor that waits for what a query says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tradewind_plugins.clients import lazy_client
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.sensor import BaseSensor

from tradewind_common_sql.databases import database_hook
from tradewind_common_sql.verdicts import first_cell

if TYPE_CHECKING:
    from tradewind_plugins.dbapi import DbApiHook

__all__ = ["SqlSensor"]

# When it is used: it loads asyncio, which no DAG file needs
triggers = lazy_client("tradewind_common_sql.triggers.sql", extra="common-sql")


class SqlSensor(BaseSensor):
    """Wait until the first cell of a query's first row is true: not 0, empty, false or NULL.

    Arguments:
        conn_id: the connection; the hook of its type runs the query, whichever provider has it.
        sql: the query (templated).
        parameters: values bound to it (templated).
        success: called with the cell in place of looking whether it is true; returns whether the wait is over.
        failure: called with the cell first; what is true fails the task.
        selector: called with the first row, in place of taking its first cell.
        fail_on_empty: whether no row fails the task; else it is waited on.
        hook_params: further arguments for the hook (templated).
        deferrable: whether to wait in a triggerer. It cannot call functions, so `success`, `failure` and `selector`
            are refused then.
    """

    template_fields: Sequence[str] = ("sql", "parameters", "hook_params")
    template_ext: Sequence[str] = (".hql", ".sql")
    template_fields_renderers: Mapping[str, str] = {"sql": "sql", "parameters": "json"}
    ui_color = "#dfe3c9"
    _hook: DbApiHook | None = None  # the one at work, for on_kill

    def __init__(
        self,
        *,
        conn_id: str,
        sql: str,
        parameters: Any = None,
        success: Callable[[Any], Any] | None = None,
        failure: Callable[[Any], Any] | None = None,
        selector: Callable[[Any], Any] = first_cell,
        fail_on_empty: bool = False,
        hook_params: Mapping[str, Any] | None = None,
        deferrable: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, function in (("success", success), ("failure", failure)):
            if function is not None and not callable(function):
                raise TradewindException(f"Task {self.task_id!r}: {name} is a function, not {function!r}")
        if deferrable and (success or failure or selector is not first_cell):
            raise TradewindException(
                f"Task {self.task_id!r}: a deferrable SqlSensor takes no success, failure or selector; "
                "say it in SQL, or give mode='reschedule' in place of deferrable"
            )
        self.conn_id = conn_id
        self.sql = sql
        self.parameters = parameters
        self.success = success
        self.failure = failure
        self.selector = selector
        self.fail_on_empty = fail_on_empty
        self.hook_params = hook_params
        self.deferrable = deferrable

    def execute(self, context: Any) -> Any:
        """Wait; see `BaseSensor.execute`."""
        if not self.deferrable:
            return super().execute(context)
        if self.poke(context):
            return None
        return self.defer(
            trigger=triggers.SqlSensorTrigger(
                conn_id=self.conn_id,
                sql=self.sql,
                parameters=self.parameters,
                hook_params=self.hook_params,
                fail_on_empty=self.fail_on_empty,
                poke_interval=self.poke_interval,
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout),
        )

    def execute_complete(self, context: Any, event: Any = None) -> None:
        """Go on: the query says so.

        Raises:
            TradewindException: it returned no row, and `fail_on_empty` is set.
        """
        if not (event or {}).get("is_true"):
            self._fail_on_empty()

    def poke(self, context: Any) -> bool:
        """Look once.

        Raises:
            TradewindException: there is no row, and `fail_on_empty` is set; or `failure` says so.
        """
        self._hook = database_hook(
            self.conn_id, hook_params=self.hook_params, client_name=f"{self.dag_id}.{self.task_id}"
        )
        row = self._hook.get_first(self.sql, self.parameters)
        if row is None:
            if self.fail_on_empty:
                self._fail_on_empty()
            return False
        found = self.selector(row)
        if self.failure is not None and self.failure(found):
            raise TradewindException(
                f"Sensor {self.task_id!r}, connection {self.conn_id!r}: failure is met by {found!r}: {self.sql}"
            )
        return bool(found if self.success is None else self.success(found))

    def on_kill(self) -> None:
        """End the query that is running, where the database's driver can."""
        if self._hook is not None:
            self._hook.cancel()

    def _fail_on_empty(self) -> None:
        raise TradewindException(
            f"Sensor {self.task_id!r}, connection {self.conn_id!r}: no row, and fail_on_empty is set: {self.sql}"
        )
