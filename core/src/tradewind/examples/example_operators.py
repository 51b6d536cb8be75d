"""Operators, edges and templates: the classic way to write a DAG."""

from __future__ import annotations

import pendulum

from tradewind import DAG, Label, chain
from tradewind.operators.bash import BashOperator
from tradewind.operators.empty import EmptyOperator
from tradewind.operators.python import PythonOperator


def count_letters(text: str) -> int:
    """Count what the task before said; its output arrives as an argument."""
    print(f"{text!r} has {len(text)} characters")
    return len(text)


with DAG(
    "example_operators",
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    default_args={"owner": "examples", "retries": 1},
    tags=["example"],
):
    begin = EmptyOperator(task_id="begin")
    say = BashOperator(task_id="say", bash_command="echo 'the day is {{ ds }}, the run {{ run_id }}'")
    count = PythonOperator(task_id="count", python_callable=count_letters, op_args=[say.output])
    end = EmptyOperator(task_id="end")

    chain(begin, say)
    count >> Label("counted") >> end
