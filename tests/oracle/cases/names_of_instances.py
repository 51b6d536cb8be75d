"""Instances that are named: a name that cannot be made fails what had succeeded; how many there are is known."""

import pendulum
from airflow import DAG
from airflow.decorators import task
from airflow.operators.python import get_current_context

with DAG("case_names_of_instances", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):

    @task(map_index_template="{{ city }} of {{ expanded_ti_count }}")
    def named(n):
        context = get_current_context()
        context["city"] = f"city {n}"
        return [context["map_index_template"], context["expanded_ti_count"]]

    @task(map_index_template="{{ unheard_of }}")
    def unnamed(n):
        return n

    @task(map_index_template="{{ unheard_of }}")
    def failing(n):
        raise ValueError(n)

    @task
    def plain():
        context = get_current_context()
        return [context["map_index_template"], context["expanded_ti_count"]]

    named.expand(n=[0, 1, 2])
    unnamed.expand(n=[0])
    failing.expand(n=[0])
    plain()
