"""Count the words of a text on a server, and report them. The connection `ssh_default` says which server.

This file uses only what every host offers, so it runs as it is on Tradewind and, with the backports, on Airflow 1.10
(which looks only into files that have the words DAG and airflow in them, as this one has now).
"""

from datetime import datetime

from tradewind import DAG, chain
from tradewind.operators.python import PythonOperator
from tradewind_ssh.operators.ssh import SSHOperator


def check(ti, **context):
    """Fail unless the server has counted right."""
    words = int(ti.xcom_pull(task_ids="count"))
    if words != 3:
        raise ValueError(f"three words were written, {words} were counted")
    return words


with DAG(
    dag_id="example_ssh",
    description="Words of a text, counted on a server.",
    schedule=None,
    start_date=datetime(2021, 1, 1),
    catchup=False,
    tags=["example"],
) as dag:
    write = SSHOperator(task_id="write", command="echo 'on {{ ds }} again' > tradewind_{{ ds }}.txt")

    count = SSHOperator(task_id="count", command="wc -w < tradewind_{{ ds }}.txt")

    check_count = PythonOperator(task_id="check_count", python_callable=check)

    remove = SSHOperator(task_id="remove", command="rm tradewind_{{ ds }}.txt")

    chain(write, count, check_count, remove)
