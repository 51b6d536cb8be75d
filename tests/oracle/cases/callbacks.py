"""Which callbacks are called, with which state, try and exception; what they saw is pushed by the callback of the DAG."""

import pendulum
from airflow import DAG
from airflow.decorators import task
from airflow.exceptions import AirflowFailException, AirflowSkipException
from airflow.models import Variable
from airflow.operators.empty import EmptyOperator

KINDS = ("on_execute", "on_success", "on_failure", "on_retry", "on_skipped")
TASKS = ("fine", "again", "broken", "never", "left", "below", "chosen", "beside", "empty", "last")


def note(kind):
    def callback(context):
        ti = context["ti"]
        error = context.get("exception")
        name = type(error).__name__.replace("Airflow", "").replace("Tradewind", "")
        seen = [str(ti.state), ti.try_number, None if error is None else f"{name}: {error}"]
        Variable.set(f"case_callbacks.{ti.task_id}.{kind}", seen, serialize_json=True)
        raise RuntimeError("one that fails changes nothing, and the next in the list is called")

    def second(context):
        Variable.set(f"case_callbacks.{context['ti'].task_id}.{kind}.second", "called")

    return [callback, second]


def push_all(context):
    ti = context["ti"]
    for task_id in TASKS:
        for kind in KINDS:
            seen = Variable.get(f"case_callbacks.{task_id}.{kind}", default_var=None, deserialize_json=True)
            second = Variable.get(f"case_callbacks.{task_id}.{kind}.second", default_var=None)
            if seen is not None or second is not None:
                ti.xcom_push(f"{task_id} {kind}", [seen, second])
    ti.xcom_push("dag", [context["reason"], context["dag_run"].run_id])


with DAG(
    "case_callbacks",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1),
    on_success_callback=push_all,
    default_args={f"{kind}_callback": note(kind) for kind in KINDS},
):

    @task
    def fine():
        return 1

    @task(retries=1, retry_delay=0)
    def again(ti=None):
        if ti.try_number == 1:
            raise ValueError("the first time")

    @task
    def broken():
        raise KeyError("key")

    @task(retries=3)
    def never():
        raise AirflowFailException("for good")

    @task
    def left():
        raise AirflowSkipException("nothing new")

    @task
    def below():
        return 2

    @task.branch
    def choose():
        return "chosen"

    @task
    def chosen():
        return 3

    @task
    def beside():
        return 4

    @task(trigger_rule="all_done")
    def last():
        return 5

    done = [fine(), again(), never(), left(), EmptyOperator(task_id="empty")]
    failed, behind, branch, either = broken(), below(), choose(), [chosen(), beside()]
    end = last()  # the last in the file: that is the one whose context Airflow gives the callback of the DAG
    failed >> behind >> end
    branch >> either >> end
    done >> end
