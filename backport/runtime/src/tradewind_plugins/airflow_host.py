"""The host over Airflow 1.10: connections, variables, XCom and settings are Airflow's."""
import logging
import threading
from importlib import import_module

import pkg_resources
from airflow.configuration import conf
from airflow.exceptions import AirflowException
from airflow.hooks.base_hook import BaseHook
from airflow.models import Variable
from tradewind_plugins.exceptions import TradewindException, TradewindNotFoundException

__all__ = ["AirflowHost", "enter_task", "leave_task"]

_LOCAL = threading.local()
_log = logging.getLogger("airflow.task")


def enter_task(context):
    """Say which task runs in this thread; the operator's base does so before each execution."""
    _LOCAL.context = context


def leave_task():
    """Say that no task runs in this thread any more."""
    _LOCAL.context = None


class AirflowHost:
    """What Airflow 1.10 offers of a host. It does not mask secrets: nothing in Airflow 1.10 does."""

    def connection(self, conn_id):
        """Return Airflow's connection as Tradewind's value."""
        # Here and not at the top: Tradewind's Connection reads its host, which is this module.
        from tradewind_plugins.connection import Connection

        try:
            found = BaseHook.get_connection(conn_id)
        except AirflowException as error:
            raise TradewindNotFoundException(str(error)) from error
        return Connection(
            conn_id=conn_id,
            conn_type=found.conn_type or "",
            host=found.host or None,
            login=found.login or None,
            password=found.password or None,
            schema=found.schema or None,
            port=found.port,
            extra=found.extra or None,
        )

    def hook_class(self, conn_type):
        """Return the hook that an installed provider declares for a connection type."""
        for entry in pkg_resources.iter_entry_points("tradewind"):
            declared = getattr(import_module(entry.module_name), "tradewind_connection_types", tuple)()
            for each in declared:
                if each.name == conn_type:
                    module, _, name = each.path.partition(":")
                    return getattr(import_module(module), name)
        raise TradewindException("no installed provider has the connection type {!r}".format(conn_type))

    def variable(self, key):
        """Return a variable's text, or None."""
        return Variable.get(key, default_var=None)

    def set_variable(self, key, value, description=None):
        """Create or replace a variable. Airflow 1.10 keeps no description."""
        Variable.set(key, value)

    def xcom_push(self, key, value):
        """Push a value of the running task."""
        self._context()["ti"].xcom_push(key=key, value=value)

    def xcom_pull(
        self, task_ids=None, *, key="return_value", map_indexes=None, run_id=None, dag_id=None, default=None
    ):
        """Return what other tasks pushed, in this run."""
        if map_indexes is not None:
            raise TradewindException("Airflow 1.10 has no mapped tasks, so xcom_pull takes no map_indexes")
        context = self._context()
        if run_id is not None and run_id != context.get("run_id"):
            raise TradewindException("on Airflow 1.10 xcom_pull reads its own run only, not {!r}".format(run_id))
        ti = context["ti"]
        one = task_ids is None or isinstance(task_ids, str)
        ids = [ti.task_id if task_ids is None else task_ids] if one else list(task_ids)
        found = [ti.xcom_pull(task_ids=task_id, key=key, dag_id=dag_id) for task_id in ids]
        values = [default if value is None else value for value in found]
        return values[0] if one else values

    def settings(self, section, key):
        """Return one of Airflow's settings, or None."""
        return conf.get(section, key, fallback=None)

    def mask(self, secret):
        """Do nothing: Airflow 1.10 cannot mask secrets."""

    def render(self, value, context):
        """Return the value with its templates filled in, as the running task would."""
        return self._context()["task"].render_template(value, context)

    def log(self, level, message):
        """Write a line to the task's log."""
        _log.log(level, message)

    def heartbeat(self):
        """Do nothing: Airflow's own job beats for the task."""

    def _context(self):
        context = getattr(_LOCAL, "context", None)
        if context is None:
            raise TradewindException("XCom can be read and written only in a running task")
        return context
