"""Airflow 1.10 as a host of the conformance kit: suites run tasks as Airflow runs them, with its connections and XComs."""

import threading
import uuid
from datetime import datetime, timezone

from airflow.models import DAG, TaskInstance, Variable, XCom
from airflow.models import Connection as AirflowConnection
from airflow.utils.db import create_session
from airflow.utils.state import State
from tradewind_plugins.airflow_host import AirflowHost
from tradewind_plugins.exceptions import TradewindSkipException
from tradewind_testing.kit_host import KitHost

__all__ = ["AirflowKitHost"]

_DATE = datetime(2021, 1, 1, tzinfo=timezone.utc)
_MOST_LOOKS = 100


class AirflowKitHost(KitHost):
    """The kit's host over the database of an Airflow 1.10."""

    name = "airflow"
    can_defer = False
    can_mask = False

    def __init__(self, folder=None):
        super().__init__(folder)
        self._airflow = AirflowHost()

    def add_connection(self, connection):
        """Store a connection in Airflow's database."""
        self._forget(connection.conn_id)
        parts = ("conn_id", "conn_type", "host", "login", "password", "schema", "port", "extra")
        with create_session() as session:
            session.add(AirflowConnection(**{name: getattr(connection, name) for name in parts}))
        return super().add_connection(connection)

    def close(self):
        """Take away what was stored."""
        for conn_id in self.connections:
            self._forget(conn_id)
        for key in self.variables:
            Variable.delete(key)

    def connection(self, conn_id):
        """Return what Airflow has."""
        return self._airflow.connection(conn_id)

    def hook_class(self, conn_type):
        """Return the hook that an installed provider declares."""
        return self._airflow.hook_class(conn_type)

    def variable(self, key):
        """Return what Airflow has."""
        return self._airflow.variable(key)

    def set_variable(self, key, value, description=None):
        """Store a variable in Airflow's database."""
        super().set_variable(key, value)
        self._airflow.set_variable(key, value, description)

    def settings(self, section, key):
        """Return what the test gives, else what Airflow has."""
        given = super().settings(section, key)
        return self._airflow.settings(section, key) if given is None else given

    def run(self, task, **context):
        """Run a task by a task instance of Airflow; see `KitHost.run`."""
        if context or threading.current_thread() is not threading.main_thread():
            # Airflow takes no further variables, and runs tasks in main threads only
            return super().run(task, **context)
        found = self._as_airflow_does(task)
        self.pushed.update(found)
        return found.get("return_value")

    def _as_airflow_does(self, task):
        dag = DAG(
            f"kit_{uuid.uuid4().hex}",
            start_date=_DATE,
            schedule_interval=None,
            template_searchpath=[str(self.folder)],
        )
        task.dag = dag
        dag.create_dagrun(run_id="kit", state=State.RUNNING, execution_date=_DATE)
        instance = TaskInstance(task, _DATE)
        for _ in range(_MOST_LOOKS):
            instance.run(ignore_all_deps=True, ignore_ti_state=True)
            instance.refresh_from_db()
            if instance.state != State.UP_FOR_RESCHEDULE:
                break
        if instance.state == State.SKIPPED:
            raise TradewindSkipException("Airflow has skipped it")
        with create_session() as session:
            rows = session.query(XCom).filter(XCom.dag_id == dag.dag_id, XCom.task_id == task.task_id)
            return {row.key: row.value for row in rows}

    @staticmethod
    def _forget(conn_id):
        with create_session() as session:
            session.query(AirflowConnection).filter(AirflowConnection.conn_id == conn_id).delete()
