"""Wait until a server has today's rates, and report them. The connection `http_default` says which server.

This file uses only what every host offers, so it runs as it is on Tradewind and, with the backports, on Airflow 1.10
(which looks only into files that have the words DAG and airflow in them, as this one has now).
"""

from datetime import datetime

from tradewind import DAG, chain
from tradewind.operators.bash import BashOperator
from tradewind_http.operators.http import HttpOperator
from tradewind_http.sensors.http import HttpSensor


def is_complete(response, **context):
    """Whether the server's answer is of the day of the run."""
    return response.json()["day"] == context["ds"]


def rate_of_the_pound(response):
    """Take from the answer what the report needs."""
    return response.json()["rates"]["GBP"]


with DAG(
    dag_id="example_http",
    description="Rates of exchange, asked by HTTP.",
    schedule=None,
    start_date=datetime(2021, 1, 1),
    catchup=False,
    tags=["example"],
) as dag:
    wait = HttpSensor(
        task_id="wait",
        endpoint="rates",
        request_params={"day": "{{ ds }}"},
        response_check=is_complete,
        poke_interval=1,
        timeout=60,
    )

    read = HttpOperator(
        task_id="read",
        method="GET",
        endpoint="rates",
        data={"day": "{{ ds }}"},
        headers={"Accept": "application/json"},
        response_check=is_complete,
        response_filter=rate_of_the_pound,
        retry_args={"attempts": 3},
    )

    announce = HttpOperator(
        task_id="announce",
        endpoint="announcements",
        data='{"text": "GBP is {{ ti.xcom_pull(task_ids=\'read\') }}"}',
        headers={"Content-Type": "application/json"},
    )

    report = BashOperator(task_id="report", bash_command="echo \"{{ ti.xcom_pull(task_ids='announce') }}\"")

    chain(wait, read, announce, report)
