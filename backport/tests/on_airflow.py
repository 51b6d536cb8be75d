"""Runs on the test bed, in Python 3.6 beside Airflow 1.10.15, and writes what it finds to a JSON file."""

import importlib
import json
import pkgutil
import sys
import traceback
from pathlib import Path

from airflow.models import DAG as AirflowDAG
from airflow.models import DagBag, TaskInstance
from airflow.operators.bash_operator import BashOperator as AirflowBash
from airflow.utils import timezone
from airflow.utils.state import State

DATE = timezone.datetime(2021, 1, 1)


def modules():
    """Import every module that the wheels brought."""
    names = []
    for package in sys.argv[2].split(","):
        found = importlib.import_module(package)
        names.append(package)
        names += [info.name for info in pkgutil.walk_packages(found.__path__, package + ".")]
    for name in names:
        importlib.import_module(name)
    return names


def names_of(module):
    found = importlib.import_module(module)
    return sorted(getattr(found, "__all__", None) or [name for name in vars(found) if name[0].isupper()])


def run(dag):
    """Run a DAG's tasks in their order and return the state and the XCom of each."""
    dag.create_dagrun(run_id="test", state=State.RUNNING, execution_date=DATE)
    results = {}
    for task in dag.topological_sort():
        ti = TaskInstance(task, DATE)
        ti.run()
        ti.refresh_from_db()
        results[task.task_id] = [ti.state, ti.xcom_pull(task_ids=task.task_id)]
    return results


def edges(dag):
    return {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks}


def refused(action):
    """Return the sentence with which an action is refused."""
    try:
        action()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "accepted"


def refusals():
    from tradewind import DAG, task
    from tradewind.operators.bash import BashOperator
    from tradewind_plugins.connection import Connection
    from tradewind_plugins.host import current
    from tradewind_plugins.values import Value
    from tradewind_sqlite.operators.sqlite import SqliteOperator

    class Point(Value):
        x: int

    with DAG("refusals", start_date=DATE):
        return {
            "misspelt": refused(lambda: SqliteOperator(task_id="a", sql="x", autocomit=True)),
            "missing": refused(lambda: SqliteOperator(task_id="b")),
            "executor": refused(lambda: BashOperator(task_id="c", bash_command="x", executor="Other")),
            "xcom_storage": refused(lambda: BashOperator(task_id="c", bash_command="x", xcom_storage="lake")),
            "expand": refused(lambda: task(len).expand(x=[1])),
            "schedule": refused(lambda: DAG("d", schedule=object())),
            "edge": refused(lambda: BashOperator(task_id="e", bash_command="x") >> 5),
            "connection": refused(lambda: Connection.get("no_such_connection")),
            "xcom": refused(lambda: current().xcom_pull("t")),
            "value": refused(lambda: Point()),
            "defer": refused(
                lambda: BashOperator(task_id="f", bash_command="x").defer(trigger=object(), method_name="execute")
            ),
            "frozen": refused(lambda: setattr(Point(x=1), "x", 2)),
        }


def beside_airflows_own():
    """Our operator in Airflow's DAG, between Airflow's operators."""
    from tradewind_sqlite.operators.sqlite import SqliteOperator

    with AirflowDAG("plain", start_date=DATE, schedule_interval=None) as dag:
        before, after = (
            AirflowBash(task_id="before", bash_command="true"),
            AirflowBash(task_id="after", bash_command="true"),
        )
        before >> SqliteOperator(task_id="ours", sql="SELECT '{{ ds }}'") >> after
    return [edges(dag), run(dag)["ours"]]


def reschedule():
    """A sensor that is looked at twice: its states, and how long it had waited by its own account."""
    from tradewind import BaseSensor

    looks = []

    class SecondLook(BaseSensor):
        def poke(self, context):
            looks.append(getattr(context["ti"], "waiting_since", None))
            return len(looks) == 2

    with AirflowDAG("waits", start_date=DATE, schedule_interval=None) as dag:
        SecondLook(task_id="wait", poke_interval=0, timeout=60, mode="reschedule")
    dag.create_dagrun(run_id="test", state=State.RUNNING, execution_date=DATE)
    states = []
    for _ in range(2):
        ti = TaskInstance(dag.get_task("wait"), DATE)
        ti.run()
        states.append(ti.current_state())
    return [states, looks[0] is None, looks[1] is not None]


def values():
    from tradewind_plugins.connection import Connection

    connection = Connection(conn_id="c", conn_type="my_type", host="h/x", password="p@:/", extra={"a": "1"})
    again = Connection.from_uri(connection.get_uri(), "c")
    return [again == connection, "p@" in repr(connection), again.replace(port=5).port]


def main(path):
    bag = DagBag(include_examples=False)
    found = {
        "modules": modules(),
        "import_errors": bag.import_errors,
        "facade": names_of("tradewind"),
        "exceptions": names_of("tradewind_plugins.exceptions"),
        "example": run(bag.get_dag("example_sqlite")),
        "semantics": run(bag.get_dag("semantics")),
        "edges": edges(bag.get_dag("semantics")),
        "retries": sorted(
            {(task.retries, task.retry_delay.total_seconds()) for task in bag.get_dag("semantics").tasks}
        ),
        "multiple_outputs": TaskInstance(bag.get_dag("semantics").get_task("split"), DATE).xcom_pull(
            task_ids="split", key="rest"
        ),
        "refusals": refusals(),
        "plain": beside_airflows_own(),
        "values": values(),
        "reschedule": reschedule(),
    }
    Path(path).write_text(json.dumps(found, default=str))


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except Exception:
        traceback.print_exc()
        sys.exit(1)
