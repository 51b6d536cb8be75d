"""DAGs that hang on each other: one triggers another and waits for its end, and a sensor waits for a task of a DAG."""

from __future__ import annotations

from datetime import datetime

from tradewind import DAG, Param, task
from tradewind.operators.trigger_dagrun import TriggerDagRunOperator
from tradewind.sensors.external_task import ExternalTaskMarker, ExternalTaskSensor

BEGIN = datetime(2026, 1, 1)

with DAG(
    "example_other_dags",
    schedule=None,
    start_date=BEGIN,
    params={"city": Param("Utrecht", type="string")},
    tags=["example"],
):

    @task
    def load() -> str:
        """Do what others wait for."""
        return "loaded"

    # Usually the sensor is in another file: a DAG may wait for a task of its own too
    sensor = ExternalTaskSensor(
        task_id="sensor",
        external_dag_id="example_other_dags",
        external_task_id="load",
        poke_interval=1,
        timeout=60,
        mode="reschedule",
    )
    # Who clears `load` and what is after it clears the sensor too
    load() >> ExternalTaskMarker(task_id="mark", external_dag_id="example_other_dags", external_task_id="sensor")

with DAG("example_trigger_dag", schedule=None, start_date=BEGIN, tags=["example"]):
    TriggerDagRunOperator(
        task_id="trigger",
        trigger_dag_id="example_other_dags",
        conf={"city": "{{ dag.dag_id }}"},
        wait_for_completion=True,
        poke_interval=1,
    )
