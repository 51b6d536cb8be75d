"""Carry the orders of a day through Cloud Storage: store them, wait for them, sort them with a program, list what there is.

This file uses only what every host offers, so it runs as it is on Tradewind and, with the backports, on Airflow 1.10
(which looks only into files that have the words DAG and airflow in them, as this one has now).
"""

import os
from datetime import datetime
from pathlib import Path

from tradewind import DAG, chain
from tradewind_google.operators.gcs import (
    GCSCreateBucketOperator,
    GCSDeleteBucketOperator,
    GCSFileTransformOperator,
    GCSListObjectsOperator,
)
from tradewind_google.sensors.gcs import GCSObjectExistenceSensor
from tradewind_google.transfers.local_to_gcs import LocalFilesystemToGCSOperator

BUCKET = os.environ.get("EXAMPLE_BUCKET", "tradewind-example")

with DAG(
    dag_id="example_google",
    description="Orders of a day, through Cloud Storage.",
    schedule=None,
    start_date=datetime(2021, 1, 1),
    catchup=False,
    tags=["example"],
) as dag:
    make_bucket = GCSCreateBucketOperator(task_id="make_bucket", bucket_name=BUCKET, storage_class="STANDARD")

    store_orders = LocalFilesystemToGCSOperator(
        task_id="store_orders",
        src=str(Path(__file__).with_name("orders.csv")),
        dst="orders/{{ ds }}.csv",
        bucket=BUCKET,
    )

    await_orders = GCSObjectExistenceSensor(
        task_id="await_orders", bucket=BUCKET, object="orders/{{ ds }}.csv", poke_interval=5, timeout=60
    )

    sort_orders = GCSFileTransformOperator(
        task_id="sort_orders",
        source_bucket=BUCKET,
        source_object="orders/{{ ds }}.csv",
        destination_object="sorted/{{ ds }}.csv",
        transform_script=str(Path(__file__).with_name("sort_lines.sh")),
    )

    list_sorted = GCSListObjectsOperator(task_id="list_sorted", bucket=BUCKET, prefix="sorted/")

    delete_bucket = GCSDeleteBucketOperator(task_id="delete_bucket", bucket_name=BUCKET, force=True)

    chain(make_bucket, store_orders, await_orders, sort_orders, list_sorted, delete_bucket)
