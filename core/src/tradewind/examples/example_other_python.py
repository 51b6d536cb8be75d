"""A function that another Python calls: an installed one here; `@task.virtualenv(requirements=[…])` makes one."""

from __future__ import annotations

import sys

import pendulum

from tradewind import DAG, task

with DAG("example_other_python", schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), tags=["example"]):

    @task.external_python(python=sys.executable)
    def describe(day: str) -> str:
        """Return what runs it; whatever it needs it imports itself."""
        import platform  # the other Python imports it: nothing around the function is there

        return f"Python {platform.python_version()} on {day}"

    @task.virtualenv(system_site_packages=False)
    def shout(text: str) -> str:
        """Return the text in capitals, from an environment that has nothing installed."""
        return text.upper()

    shout(describe("{{ ds }}"))
