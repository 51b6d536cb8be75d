"""Setups and teardowns: scopes by edges, by `with`, by decorators; what fails or is skipped in them."""

import pendulum
from airflow import DAG
from airflow.decorators import setup, task, task_group, teardown
from airflow.exceptions import AirflowSkipException
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator, ShortCircuitOperator
from airflow.utils.task_group import TaskGroup


def fail():
    raise ValueError("as told")


def skip():
    raise AirflowSkipException("not today")


def give():
    return 1


with DAG("case_setup_and_teardown", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):

    def scope(name, up=give, work=give, down=give, **options):
        with TaskGroup(name) as group:
            first = PythonOperator(task_id="up", python_callable=up).as_setup()
            middle = PythonOperator(task_id="work", python_callable=work)
            last = PythonOperator(task_id="down", python_callable=down).as_teardown(setups=first, **options)
            first >> middle >> EmptyOperator(task_id="more", trigger_rule="all_done") >> last
        return group

    scope("all_well") >> EmptyOperator(task_id="after_all_well")
    scope("up_fails", up=fail) >> EmptyOperator(task_id="after_up_fails")
    scope("up_skips", up=skip) >> EmptyOperator(task_id="after_up_skips")
    scope("work_fails", work=fail) >> EmptyOperator(task_id="after_work_fails", trigger_rule="all_done")
    scope("down_fails", down=fail) >> EmptyOperator(task_id="after_down_fails")

    @setup
    def make():
        return "cluster"

    @teardown
    def drop(cluster):
        return f"no {cluster}"

    @task
    def step(value):
        return value

    @teardown
    def outer_end():
        return 1

    @teardown
    def inner_end():
        return 2

    cluster = make()
    with drop(cluster).as_teardown(setups=cluster):
        step.override(task_id="inside")(cluster) >> step.override(task_id="inside_too")(2)

    outer, inner = make.override(task_id="outer")(), make.override(task_id="inner")()
    with outer >> outer_end():
        step.override(task_id="between")(1)
        with inner >> inner_end():
            step.override(task_id="deepest")(1)

    two = [
        EmptyOperator(task_id="one_of_two").as_setup(),
        PythonOperator(task_id="two_of_two", python_callable=fail).as_setup(),
    ]
    step.override(task_id="with_two")(1) >> EmptyOperator(task_id="end_of_two").as_teardown(setups=two)

    @teardown
    def end():
        return 3

    @task_group
    def each(x):
        begin = make()
        begin >> step(x) >> end().as_teardown(setups=begin)

    each.expand(x=[1, 2]) >> EmptyOperator(task_id="after_each")

    closed = ShortCircuitOperator(task_id="closed", python_callable=lambda: False)
    opened = EmptyOperator(task_id="opened").as_setup()
    (
        opened
        >> closed
        >> EmptyOperator(task_id="left_out")
        >> EmptyOperator(task_id="still_closed").as_teardown(setups=opened)
    )
