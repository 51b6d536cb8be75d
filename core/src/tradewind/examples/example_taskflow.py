"""Functions as tasks: values go from one to the next, and edges follow them."""

from __future__ import annotations

import pendulum

from tradewind import dag, task, task_group


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), tags=["example"])
def example_taskflow():
    """Sum up an order, in a group of tasks, and say the result."""

    @task
    def order() -> dict[str, float]:
        """Return what was bought."""
        return {"coffee": 3.5, "bread": 2.0, "cheese": 6.25}

    @task_group
    def calculate(prices):
        """Work on the prices."""

        @task(multiple_outputs=True)
        def totals(prices: dict[str, float]) -> dict[str, float]:
            """Return several named values."""
            return {"sum": sum(prices.values()), "most": max(prices.values())}

        return totals(prices)

    @task
    def say(total: float, most: float) -> str:
        """Print the result."""
        text = f"{total:.2f} in all, {most:.2f} for the dearest"
        print(text)
        return text

    found = calculate(order())
    say(found["sum"], found["most"])


example_taskflow()
