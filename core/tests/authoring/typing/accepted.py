"""What type checkers must accept in DAG files."""

from __future__ import annotations

import pendulum
from tradewind import DAG, TaskGroup, XComArg, chain, dag, task, task_group
from tradewind.operators.bash import BashOperator


@task
def count(day: str, *, limit: int = 10) -> int:
    return len(day) + limit


@task(multiple_outputs=True, retries=2)
def split(number: int) -> dict[str, int]:
    return {"half": number // 2}


@task.branch
def choose(number: int) -> str:
    return "left" if number else "right"


@task.run_if(lambda context: bool(context["params"]), "no params")
@task.bash(env={"A": "b"})
def shout(word: str) -> str:
    return f"echo {word}"


@task_group
def stage(number: int) -> None:
    split(number)


@dag(schedule="@daily", start_date=pendulum.datetime(2024, 1, 1))
def report(day: str = "monday") -> None:
    counted: XComArg = count(day, limit=3)
    parts = split(counted)  # a promise fits where its value does
    choose(parts["half"])
    count.override(task_id="again")("tuesday")
    count.partial(limit=1).expand(day=["monday", "tuesday"])
    stage(counted)
    shout(word="loud")


made: DAG = report("friday")
length: int = len(count.function("x", limit=2).to_bytes(2, "big"))

with DAG("other", schedule=None) as other, TaskGroup("group"):
    first = BashOperator(task_id="first", bash_command="true", retries=1)
    second = BashOperator.partial(task_id="second").expand(bash_command=first.output)
    first >> [second, count("x")]
    chain(first, [count("y"), split(first.output["a"])])
