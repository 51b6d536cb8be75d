"""Check a day's visits, go on by what a query says, and copy the day to another database: SQL by any connection.

It asks the connections `shop` and `report`, whatever databases they lead to. This file uses only what every host offers, so
it runs as it is on Tradewind and, with the backports, on Airflow 1.10 (which looks only into files that have the words DAG
and airflow in them, as this one has now).
"""

from datetime import datetime

from tradewind import DAG, chain
from tradewind.operators.empty import EmptyOperator
from tradewind_common_sql.operators.generic_transfer import GenericTransfer
from tradewind_common_sql.operators.sql import (
    BranchSQLOperator,
    SQLCheckOperator,
    SQLColumnCheckOperator,
    SQLExecuteQueryOperator,
    SQLTableCheckOperator,
    SQLThresholdCheckOperator,
    SQLValueCheckOperator,
)
from tradewind_common_sql.sensors.sql import SqlSensor

TODAY = "day = '{{ ds }}'"

with DAG(
    dag_id="example_common_sql",
    description="Checks of a day's visits, and a copy of them.",
    schedule=None,
    start_date=datetime(2021, 1, 1),
    catchup=False,
    tags=["example"],
) as dag:
    make_tables = SQLExecuteQueryOperator(
        task_id="make_tables",
        conn_id="shop",
        sql=[
            "CREATE TABLE IF NOT EXISTS visits (day VARCHAR(10), page VARCHAR(20), visitors INTEGER)",
            "DELETE FROM visits WHERE day = '{{ ds }}'",
            "INSERT INTO visits (day, page, visitors) VALUES ('{{ ds }}', 'home', 40), ('{{ ds }}', 'about', 2)",
        ],
    )

    wait_for_visits = SqlSensor(
        task_id="wait_for_visits",
        conn_id="shop",
        sql=f"SELECT COUNT(*) FROM visits WHERE {TODAY}",
        poke_interval=5,
        timeout=60,
    )

    check_rows = SQLCheckOperator(
        task_id="check_rows", conn_id="shop", sql=f"SELECT MIN(visitors), MAX(page) FROM visits WHERE {TODAY}"
    )

    check_sum = SQLValueCheckOperator(
        task_id="check_sum",
        conn_id="shop",
        sql=f"SELECT SUM(visitors) FROM visits WHERE {TODAY}",
        pass_value=40,
        tolerance=0.1,
    )

    check_bounds = SQLThresholdCheckOperator(
        task_id="check_bounds",
        conn_id="shop",
        sql=f"SELECT MAX(visitors) FROM visits WHERE {TODAY}",
        min_threshold=1,
        max_threshold=f"SELECT SUM(visitors) FROM visits WHERE {TODAY}",
    )

    check_columns = SQLColumnCheckOperator(
        task_id="check_columns",
        conn_id="shop",
        table="visits",
        partition_clause=TODAY,
        column_mapping={
            "visitors": {"min": {"geq_to": 0}, "max": {"less_than": 1000}},
            "page": {"null_check": {"equal_to": 0}, "unique_check": {"equal_to": 0}},
        },
    )

    check_table = SQLTableCheckOperator(
        task_id="check_table",
        conn_id="shop",
        table="visits",
        partition_clause=TODAY,
        checks={
            "two_pages": {"check_statement": "COUNT(*) = 2"},
            "somebody_came": {"check_statement": "visitors > 0"},
        },
    )

    was_it_a_good_day = BranchSQLOperator(
        task_id="was_it_a_good_day",
        conn_id="shop",
        sql=f"SELECT SUM(visitors) > 10 FROM visits WHERE {TODAY}",
        follow_task_ids_if_true="make_report",
        follow_task_ids_if_false="say_nothing",
    )

    make_report = SQLExecuteQueryOperator(
        task_id="make_report",
        conn_id="report",
        sql="CREATE TABLE IF NOT EXISTS report (day VARCHAR(10), visitors INTEGER)",
    )

    copy_day = GenericTransfer(
        task_id="copy_day",
        source_conn_id="shop",
        destination_conn_id="report",
        sql=f"SELECT day, SUM(visitors) FROM visits WHERE {TODAY} GROUP BY day",
        preoperator=f"DELETE FROM report WHERE {TODAY}",
        destination_table="report",
        insert_args={"target_fields": ["day", "visitors"]},
    )

    say_nothing = EmptyOperator(task_id="say_nothing")

    checks = [check_rows, check_sum, check_bounds, check_columns, check_table]
    chain(make_tables, wait_for_visits, checks, was_it_a_good_day, [make_report, say_nothing])
    chain(make_report, copy_day)
