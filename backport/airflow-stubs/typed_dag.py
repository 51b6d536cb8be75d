"""A DAG file as its author's type checker reads it; `check.py` runs mypy on it. A comment that ignores nothing is an error too."""

from __future__ import annotations

from datetime import datetime

from airflow import DAG
from airflow.configuration import conf
from airflow.datasets import Dataset
from airflow.decorators import task
from airflow.exceptions import AirflowSkipException
from airflow.hooks.base_hook import BaseHook
from airflow.io.path import ObjectStoragePath  # type: ignore[import-not-found]
from airflow.models import BaseOperator, Variable
from airflow.operators.bash_operator import BashOperator
from airflow.operators.subdag_operator import SubDagOperator
from airflow.sdk import Context, TaskGroup
from airflow.sensors.base import BaseSensorOperator, PokeReturnValue
from airflow.utils.dates import days_ago
from airflow.utils.weekday import WeekDay


class Greets(BaseOperator):
    def __init__(self, *, name: str, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self.name = name

    def execute(self, context: Context) -> str:
        if WeekDay.convert("monday") == context["ti"].try_number:
            raise AirflowSkipException("not today")
        return f"{self.name} {BaseHook.get_connection('x').host}"


class Waits(BaseSensorOperator):
    def poke(self, context: Context) -> PokeReturnValue:
        return PokeReturnValue(is_done=conf.getboolean("mine", "done"))


with DAG("typed", schedule=None, start_date=days_ago(1)) as dag:
    Greets(task_id="greets", name=Variable.get("name")) >> Waits(task_id="waits")
    BashOperator(task_id="bash", bash_command=7)  # type: ignore[arg-type]

    @task
    def length(text: str) -> int:
        return len(text)

    with TaskGroup("group"):
        length("x")
        length(datetime)  # type: ignore[arg-type]
    SubDagOperator(subdag="no DAG", task_id="sub")  # type: ignore[arg-type]

reveal: int = days_ago(1)  # type: ignore[assignment]
print(Dataset("s3://a"), ObjectStoragePath)
