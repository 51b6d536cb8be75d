"""More ways to wait: a function, a command, a moment of the day; pauses that grow; a task that is skipped if nothing comes."""

from __future__ import annotations

import pendulum

from tradewind import DAG, PokeReturnValue, task
from tradewind.sensors.bash import BashSensor
from tradewind.sensors.date_time import DateTimeSensor

with DAG("example_sensors", schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), tags=["example"]):

    @task.sensor(poke_interval=1, timeout=60, mode="reschedule", exponential_backoff=True, max_wait=30)
    def file_of_the_day() -> PokeReturnValue:
        """Look, and return what was found with the answer."""
        return PokeReturnValue(is_done=True, xcom_value="north.csv")

    command = BashSensor(task_id="command", bash_command="test -d /", poke_interval=1, timeout=60)
    moment = DateTimeSensor(task_id="moment", target_time="{{ dag_run.start_date }}", poke_interval=1, timeout=60)
    # Nothing comes: not a failure, and what follows is skipped too
    extra = BashSensor(task_id="extra", bash_command="false", poke_interval=0.1, timeout=0.3, soft_fail=True)

    @task
    def load(file: str) -> None:
        """Get what the sensor has found."""
        print(f"{file} is there")

    @task
    def load_extra() -> None:
        """Be skipped."""

    [command, moment] >> load(file_of_the_day())
    extra >> load_extra()
