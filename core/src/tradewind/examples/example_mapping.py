"""Mapping: as many task instances as there are elements, known only when the run gets there."""

from __future__ import annotations

import pendulum

from tradewind import dag, task


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), tags=["example"])
def example_mapping():
    """Square a list of numbers side by side and add the squares up."""

    @task
    def numbers() -> list[int]:
        """Return a list; one instance of the next task runs for each element."""
        return [1, 2, 3, 4]

    @task(map_index_template="{{ task.op_kwargs.number }} to the power of {{ task.op_kwargs.exponent }}")
    def power(number: int, exponent: int) -> int:
        """Work on one element."""
        return number**exponent

    @task
    def add(values: list[int]) -> int:
        """Get the results of all instances as one list."""
        total = sum(values)
        print(f"the sum is {total}")
        return total

    add(power.partial(exponent=2).expand(number=numbers()))


example_mapping()
