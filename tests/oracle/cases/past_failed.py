"""A past that failed holds nobody whose rule skips or fails it, and a retry of it opens the way in the end."""

import pendulum
from airflow import DAG
from airflow.decorators import task
from airflow.models import Variable

with DAG(
    "case_past_failed",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    tags=["runs:2"],
    default_args={"retry_delay": pendulum.duration(seconds=0)},
):

    @task
    def fail():
        raise ValueError("as told")

    @task(depends_on_past=True)
    def behind():
        return 1

    @task(depends_on_past=True, retries=2)
    def third_time(ds=None, ti=None):
        if ds.endswith("05") and ti.try_number < 3:
            raise ValueError("not yet")
        seen = Variable.get("third_time", default_var="") + ds[-2:] + " "
        Variable.set("third_time", seen)
        return seen

    @task.branch
    def choose():
        return "chosen"

    @task(depends_on_past=True)
    def chosen():
        return 1

    @task(depends_on_past=True)
    def left_out():
        return 1

    fail() >> behind()
    third_time()
    choose() >> [chosen(), left_out()]
