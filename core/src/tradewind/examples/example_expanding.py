"""Mapping with sets of arguments: each element has all that an instance needs; lists that are joined; a task used twice."""

from __future__ import annotations

import pendulum

from tradewind import DAG, task
from tradewind.operators.bash import BashOperator

with DAG("example_expanding", schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), tags=["example"]):

    @task
    def orders() -> list[dict[str, str]]:
        """Return what each instance of the next task is to be called with."""
        return [{"bash_command": "echo apples"}, {"bash_command": "echo pears"}]

    @task
    def names(letters: str) -> list[str]:
        """Return a list."""
        return list(letters)

    @task.skip_if(lambda context: context["ti"].map_index > 2, "three are enough")
    @task
    def show(name: str) -> None:
        """Work on one element of both lists."""
        print(name)

    BashOperator.partial(task_id="ship").expand_kwargs(orders())
    more = names.override(task_id="more_names")("cd")
    show.expand(name=names("ab").concat(more))
