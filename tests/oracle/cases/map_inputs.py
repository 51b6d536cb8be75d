"""What tasks can be mapped over: dicts, several inputs, dicts of arguments, and outputs that are changed and joined."""

import pendulum
from airflow import DAG
from airflow.decorators import task
from airflow.exceptions import AirflowSkipException
from airflow.operators.bash import BashOperator

with DAG("case_map_inputs", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):

    @task
    def give(value):
        return value

    @task
    def show(x, y=None):
        return [x, y]

    def thrice(x):
        return x * 3

    def skip_two(x):
        if x == 2:
            raise AirflowSkipException("two")
        return x

    def fail_two(x):
        if x == 2:
            raise ValueError("two")
        return x

    numbers = give.override(task_id="numbers")([1, 2, 3])
    words = give.override(task_id="words")(["a", "b"])
    items = give.override(task_id="items")({"k": 1, "l": 2})
    kwargs = give.override(task_id="kwargs")([{"x": 1}, {"x": 2, "y": "two"}])

    show.override(task_id="over_dict").expand(x={"a": 1, "b": 2})
    show.override(task_id="over_items").expand(x=items)
    show.override(task_id="crossed").expand(x=numbers, y=words)
    show.override(task_id="crossed_with_dict").expand(x={"a": 1}, y=words)
    show.override(task_id="by_kwargs").expand_kwargs(kwargs)
    show.override(task_id="by_literal_kwargs").partial(y="shared").expand_kwargs([{"x": 1}, {"x": [2, 3]}])
    BashOperator.partial(task_id="commands").expand_kwargs([{"bash_command": "echo a"}, {"bash_command": "exit 1"}])
    show.override(task_id="mapped").expand(x=numbers.map(thrice))
    show.override(task_id="mapped_twice").expand(x=numbers.map(thrice).map(thrice))
    show.override(task_id="skipping").expand(x=numbers.map(skip_two))
    show.override(task_id="failing").expand(x=numbers.map(fail_two))
    show.override(task_id="zipped").expand(x=numbers.zip(words))
    show.override(task_id="filled").expand(x=numbers.zip(words, fillvalue="none"))
    show.override(task_id="joined").expand(x=numbers.concat(words, items))
    show.override(task_id="joined_and_mapped").expand(x=numbers.concat(numbers).map(thrice))
    show.override(task_id="kwargs_from_map").expand_kwargs(numbers.map(lambda x: {"x": x, "y": -x}))
    over_mapped = show.override(task_id="first").expand(x=numbers)
    show.override(task_id="second").expand(x=over_mapped)
    show.override(task_id="empty").expand(x=give.override(task_id="nothing")([]))
    give.override(task_id="all_of")(over_mapped)
