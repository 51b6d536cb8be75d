"""Send a file to a server, wait for it there, fetch it and compare. The connection `sftp_default` says which server.

This file uses only what every host offers, so it runs as it is on Tradewind and, with the backports, on Airflow 1.10
(which looks only into files that have the words DAG and airflow in them, as this one has now).
"""

from datetime import datetime

from tradewind import DAG, chain
from tradewind.operators.bash import BashOperator
from tradewind_sftp.operators.sftp import SFTPOperator
from tradewind_sftp.sensors.sftp import SFTPSensor

HERE = "${TMPDIR:-/tmp}"

with DAG(
    dag_id="example_sftp",
    description="A file that goes to a server and back.",
    schedule=None,
    start_date=datetime(2021, 1, 1),
    catchup=False,
    tags=["example"],
) as dag:
    write = BashOperator(
        task_id="write",
        bash_command=f'folder=$(mktemp -d "{HERE}/tradewind-XXXXXX"); echo "rates of {{{{ ds }}}}" > $folder/out; echo $folder',
    )

    send = SFTPOperator(
        task_id="send",
        local_filepath="{{ ti.xcom_pull(task_ids='write') }}/out",
        remote_filepath="tradewind_{{ ds }}/in/rates.csv",
        create_intermediate_dirs=True,
    )

    wait = SFTPSensor(task_id="wait", path="tradewind_{{ ds }}/in", file_pattern="*.csv", poke_interval=1, timeout=60)

    fetch = SFTPOperator(
        task_id="fetch",
        local_filepath="{{ ti.xcom_pull(task_ids='write') }}/back",
        remote_filepath="tradewind_{{ ds }}/in/rates.csv",
        operation="get",
    )

    compare = BashOperator(
        task_id="compare",
        bash_command="cd {{ ti.xcom_pull(task_ids='write') }} && cmp out back && rm -r $PWD",
    )

    remove = SFTPOperator(task_id="remove", remote_filepath="tradewind_{{ ds }}", operation="delete")

    chain(write, send, wait, fetch, compare, remove)
