"""What type checkers must refuse in DAG files: every line that ends in ``# refused``, and no other."""

from __future__ import annotations

from tradewind import dag, task
from tradewind.operators.bash import BashOperator


@task
def count(day: str, *, limit: int = 10) -> int:
    return len(day) + limit


@task.skip_if(lambda context: False)
@task
def maybe(number: int) -> int:
    return number


@dag(schedule=None)
def report(day: str) -> None: ...


count()  # refused
count(5)  # refused
count("monday", limit="many")  # refused
count("monday", top=3)  # refused
count.function("monday").upper()  # refused
maybe("many")  # refused
task.run_if(True)  # refused
report(5)  # refused
BashOperator(task_id="a")  # refused
BashOperator(task_id="a", bash_command=5)  # refused
