"""Three runs at once of tasks that depend on past runs: in which order they did what is in a variable."""

import pendulum
from airflow import DAG
from airflow.decorators import task
from airflow.exceptions import AirflowSkipException
from airflow.models import Variable
from airflow.operators.empty import EmptyOperator

with DAG(
    "case_past_runs",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    tags=["runs:3"],
):

    def note(key, ds):
        seen = Variable.get(key, default_var="") + ds[-2:] + " "
        Variable.set(key, seen)
        return seen

    @task(depends_on_past=True)
    def alone(ds=None):
        return note("alone", ds)

    @task(wait_for_downstream=True)
    def first(ds=None):
        return note("chain", "first " + ds)

    @task
    def second(ds=None):
        return note("chain", "second " + ds)

    @task(depends_on_past=True)
    def skips(ds=None):
        if ds.endswith("05"):
            raise AirflowSkipException("the first of them")
        return note("skips", ds)

    @task(depends_on_past=True, ignore_first_depends_on_past=False)
    def strict(ds=None):
        return note("strict", ds)

    @task(depends_on_past=True)
    def each(number, ds=None):
        return number

    alone()
    first() >> second()
    skips() >> EmptyOperator(task_id="behind", depends_on_past=True)
    strict()
    each.expand(number=[1, 2]) >> EmptyOperator(task_id="after", trigger_rule="all_done")
