"""Count visits in a SQLite table: create it, add a row of today, and report what is in it.

This file uses only what every host offers, so it runs as it is on Tradewind and, with the backports, on Airflow 1.10
(which looks only into files that have the words DAG and airflow in them, as this one has now).
"""

from datetime import datetime

from tradewind import DAG, chain, task
from tradewind.operators.bash import BashOperator
from tradewind.operators.empty import EmptyOperator
from tradewind.operators.python import PythonOperator
from tradewind_sqlite.operators.sqlite import SqliteOperator


def check(ti, **context):
    """Fail unless the day of the run has its row."""
    rows = ti.xcom_pull(task_ids="read_visits")
    if context["ds"] not in [row[0] for row in rows]:
        raise ValueError("the row of this run is missing")
    return len(rows)


with DAG(
    dag_id="example_sqlite",
    description="Visits a day, in a SQLite table.",
    schedule=None,
    start_date=datetime(2021, 1, 1),
    catchup=False,
    tags=["example"],
) as dag:
    start = EmptyOperator(task_id="start")

    create_table = SqliteOperator(
        task_id="create_table",
        sql="CREATE TABLE IF NOT EXISTS visits (day TEXT PRIMARY KEY, visitors INTEGER NOT NULL)",
    )

    add_visits = SqliteOperator(
        task_id="add_visits",
        sql="""
            DELETE FROM visits WHERE day = :day;
            INSERT INTO visits (day, visitors) VALUES (:day, :visitors);
        """,
        parameters={"day": "{{ ds }}", "visitors": 42},
    )

    read_visits = SqliteOperator(task_id="read_visits", sql="SELECT day, visitors FROM visits ORDER BY day")

    check_visits = PythonOperator(task_id="check_visits", python_callable=check)

    @task
    def describe(days):
        """Make the sentence of the report."""
        return f"{days} day(s) with visits"

    sentence = describe(check_visits.output)

    report = BashOperator(
        task_id="report",
        bash_command="echo \"{{ ti.xcom_pull(task_ids='describe') }}\"",
    )

    chain(start, create_table, add_visits, read_visits, check_visits)
    chain(sentence, report)
