"""Templates in full: files of them, macros and filters of one's own, and results that are values and no text."""

from __future__ import annotations

import pendulum

from tradewind import DAG, Param, Variable, task
from tradewind.operators.bash import BashOperator
from tradewind.operators.python import PythonOperator


def add_up(numbers: list[int], least: int) -> int:
    """Get a list and a number: with native objects a template gives what Python makes of it."""
    return sum(each for each in numbers if each >= least)


def shout(text: str) -> str:
    """Return a text in capitals."""
    return text.upper()


with DAG(
    "example_templates",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    params={
        "numbers": Param([3, 4, 5], type="array", items={"type": "integer"}, minItems=1, title="Numbers to add"),
        "least": Param(4, type="integer", minimum=0, section="Limits"),
    },
    user_defined_macros={"house": "Tradewind"},
    user_defined_filters={"shout": shout},
    render_template_as_native_obj=True,
    tags=["example"],
):
    # A text that ends in .sh names a file, beside this one or in `template_searchpath`; it belongs to the version
    from_file = BashOperator(task_id="from_file", bash_command="example_templates.sh")
    total = PythonOperator(
        task_id="total",
        python_callable=add_up,
        op_kwargs={"numbers": "{{ params.numbers }}", "least": "{{ params.least }}"},
    )

    @task
    def greet(name: str) -> str:
        """Read a variable, which the command line or another secrets backend has set, or not."""
        greeting = Variable.get("example_greeting", default_var="Hello")
        return f"{greeting}, {name}"

    from_file >> total >> greet("{{ house | shout }}")
