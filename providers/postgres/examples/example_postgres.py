"""Write a day's visits to PostgreSQL, more of them by a batch, and check what is there.

It asks the connection `postgres_default`. This file uses only what every host offers, so it runs as it is on Tradewind and,
with the backports, on Airflow 1.10 (which looks only into files that have the words DAG and airflow in them, as this one has
now).
"""

from datetime import datetime

from tradewind import DAG, chain
from tradewind.operators.python import PythonOperator
from tradewind_common_sql.operators.sql import SQLColumnCheckOperator, SQLExecuteQueryOperator
from tradewind_postgres.hooks.postgres import PostgresHook
from tradewind_postgres.operators.postgres import PostgresOperator


def add_pages(ds, **context):
    """Write two pages of the day; again, their numbers are replaced."""
    rows = [(ds, "home", 40), (ds, "about", 2)]
    columns = ["day", "page", "visitors"]
    return PostgresHook().insert_rows("visits", rows, columns, replace=True, replace_index=["day", "page"])


with DAG(
    dag_id="example_postgres",
    description="Visits a day, in a PostgreSQL table.",
    schedule=None,
    start_date=datetime(2021, 1, 1),
    catchup=False,
    tags=["example"],
) as dag:
    make_table = PostgresOperator(
        task_id="make_table",
        sql="CREATE TABLE IF NOT EXISTS visits (day DATE, page TEXT, visitors INTEGER, PRIMARY KEY (day, page))",
        runtime_parameters={"lock_timeout": "5s"},
    )

    add_some = PythonOperator(task_id="add_some", python_callable=add_pages)

    count = SQLExecuteQueryOperator(
        task_id="count",
        conn_id="postgres_default",
        sql="SELECT page, visitors FROM visits WHERE day = %(day)s ORDER BY page",
        parameters={"day": "{{ ds }}"},
        show_return_value_in_logs=True,
        hook_params={"options": "-c statement_timeout=60s", "enable_log_db_messages": True},
    )

    check = SQLColumnCheckOperator(
        task_id="check",
        conn_id="postgres_default",
        table="visits",
        partition_clause="day = '{{ ds }}'",
        column_mapping={"visitors": {"min": {"geq_to": 0}, "max": {"equal_to": 40}}},
    )

    chain(make_table, add_some, count, check)
