"""Task groups that are mapped: over lists, outputs, dicts of arguments; what fails, is skipped or branches in one instance."""

import pendulum
from airflow import DAG
from airflow.decorators import task, task_group
from airflow.exceptions import AirflowSkipException
from airflow.operators.empty import EmptyOperator
from airflow.utils.task_group import TaskGroup

with DAG("case_mapped_groups", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):

    @task
    def give(value):
        return value

    @task
    def add(x, y):
        return x + y

    @task
    def check(x):
        if x == 2:
            raise ValueError("two")
        if x == 3:
            raise AirflowSkipException("three")
        return x

    @task(trigger_rule="all_done")
    def finish(x, of=None):
        return [x, of]

    @task_group
    def pair(x, y=10):
        checked = check(x)
        return finish(add(checked, y), checked)

    @task_group
    def branching(x):
        @task.branch
        def choose(value):
            return f"{prefix}.left" if value % 2 else f"{prefix}.right"

        prefix = "branching"
        choose(x) >> [EmptyOperator(task_id="left"), EmptyOperator(task_id="right")]

    @task_group
    def nested(x):
        with TaskGroup("inner"):
            first = give.override(task_id="first")(x)
        give.override(task_id="second")(first)

    numbers = give.override(task_id="numbers")([1, 2, 3])
    after_literal = give.override(task_id="after_literal", trigger_rule="all_done")(pair.expand(x=[1, 2, 3]))
    pair.override(group_id="over_output").partial(y=100).expand(x=numbers) >> EmptyOperator(
        task_id="after_output", trigger_rule="none_failed"
    )
    pair.override(group_id="crossed").expand(x=[1, 4], y=numbers)
    pair.override(group_id="by_kwargs").expand_kwargs([{"x": 1, "y": 2}, {"x": 5, "y": 6}])
    branching.expand(x=numbers) >> EmptyOperator(task_id="after_branching", trigger_rule="none_failed_min_one_success")
    nested.expand(x=numbers) >> EmptyOperator(task_id="after_nested")
    nothing = give.override(task_id="nothing")([])
    pair.override(group_id="over_nothing").expand(x=nothing) >> EmptyOperator(task_id="after_nothing")
    pair.override(group_id="over_skipped").expand(x=check.override(task_id="skips")(3)) >> EmptyOperator(
        task_id="after_skipped"
    )
    pair.override(group_id="over_failed").expand(x=check.override(task_id="fails")(2)) >> EmptyOperator(
        task_id="after_failed"
    )
