"""Carry the orders of a day through S3: store them, wait for them, count them with a program, and tell a queue.

This file uses only what every host offers, so it runs as it is on Tradewind and, with the backports, on Airflow 1.10
(which looks only into files that have the words DAG and airflow in them, as this one has now).
"""

import os
from datetime import datetime
from pathlib import Path

from tradewind import DAG, chain, task
from tradewind_amazon.hooks.sqs import SqsHook
from tradewind_amazon.operators.s3 import (
    S3CreateBucketOperator,
    S3CreateObjectOperator,
    S3DeleteBucketOperator,
    S3FileTransformOperator,
    S3ListOperator,
)
from tradewind_amazon.operators.sqs import SqsPublishOperator
from tradewind_amazon.sensors.s3 import S3KeySensor
from tradewind_amazon.sensors.sqs import SqsSensor

BUCKET = os.environ.get("EXAMPLE_BUCKET", "tradewind-example")

with DAG(
    dag_id="example_amazon",
    description="Orders of a day, through S3 and SQS.",
    schedule=None,
    start_date=datetime(2021, 1, 1),
    catchup=False,
    tags=["example"],
) as dag:
    make_bucket = S3CreateBucketOperator(task_id="make_bucket", bucket_name=BUCKET)

    store_orders = S3CreateObjectOperator(
        task_id="store_orders",
        s3_key="s3://" + BUCKET + "/orders/{{ ds }}.csv",
        data="order,item\n1,tea\n2,coffee\n",
        replace=True,
    )

    await_orders = S3KeySensor(
        task_id="await_orders",
        bucket_key="s3://" + BUCKET + "/orders/*.csv",
        wildcard_match=True,
        poke_interval=5,
        timeout=60,
    )

    sort_orders = S3FileTransformOperator(
        task_id="sort_orders",
        source_s3_key="s3://" + BUCKET + "/orders/{{ ds }}.csv",
        dest_s3_key="s3://" + BUCKET + "/sorted/{{ ds }}.csv",
        transform_script=str(Path(__file__).with_name("sort_lines.sh")),
        replace=True,
    )

    list_sorted = S3ListOperator(task_id="list_sorted", bucket=BUCKET, prefix="sorted/")

    @task
    def make_queue():
        """Make the queue and return its URL."""
        return SqsHook().create_queue(BUCKET)["QueueUrl"]

    queue = make_queue()

    tell = SqsPublishOperator(
        task_id="tell",
        sqs_queue="{{ ti.xcom_pull(task_ids='make_queue') }}",
        message_content="{{ ti.xcom_pull(task_ids='list_sorted') | length }} file(s) sorted",
    )

    hear = SqsSensor(task_id="hear", sqs_queue="{{ ti.xcom_pull(task_ids='make_queue') }}", poke_interval=5, timeout=60)

    delete_bucket = S3DeleteBucketOperator(task_id="delete_bucket", bucket_name=BUCKET, force_delete=True)

    chain(make_bucket, store_orders, await_orders, sort_orders, list_sorted, queue, tell, hear, delete_bucket)
