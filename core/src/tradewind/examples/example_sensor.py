"""Waiting: a sensor that gives its slot back between two looks, and retries for what fails now and then."""

from __future__ import annotations

from datetime import timedelta

import pendulum

from tradewind import DAG, get_current_context, task
from tradewind.sensors.python import PythonSensor


def is_time() -> bool:
    """Look whether the run began at least a second ago."""
    began = get_current_context()["dag_run"].start_date
    return pendulum.now("UTC") - began >= timedelta(seconds=1)


with DAG("example_sensor", schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), tags=["example"]):
    wait = PythonSensor(task_id="wait", python_callable=is_time, mode="reschedule", poke_interval=0.5, timeout=60)

    @task(retries=2, retry_delay=timedelta(seconds=0.2))
    def unreliable() -> str:
        """Fail in the first try, succeed in the second."""
        number = get_current_context()["ti"].try_number
        if number == 1:
            raise RuntimeError("this happens in the first try")
        return f"try {number} did it"

    wait >> unreliable()
