"""What a DAG says of itself: names, documents, owners' addresses, hooks around a task, tasks of some runs only."""

from __future__ import annotations

import logging

import pendulum

from tradewind import DAG, task
from tradewind.operators.bash import BashOperator
from tradewind.operators.empty import EmptyOperator

log = logging.getLogger(__name__)


def say_before(context):
    """Say which task begins."""
    log.info("%s begins", context["ti"].task_id)


def say_after(context, result):
    """Say what a task returned."""
    log.info("%s returned %r", context["ti"].task_id, result)


with DAG(
    "example_details",
    dag_display_name="What a DAG says of itself",
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    doc_md="Everything here is shown by `tradewind dags details` and `tradewind tasks list --tree`.",
    owner_links={"ann": "https://example.com/ann", "bob": "mailto:bob@example.com"},
    max_consecutive_failed_dag_runs=3,
    tags=["example"],
):

    @task(
        owner="ann",
        task_display_name="Count the letters",
        doc_rst="Counts *letters*.",
        pre_execute=say_before,
        post_execute=say_after,
    )
    def count(word: str) -> int:
        """Return how long a word is."""
        return len(word)

    bought = BashOperator(
        task_id="bought",
        owner="bob",
        bash_command="echo {{ ti.xcom_pull(task_ids='count') }}",
        executor_config={"cpus": 1},
    )
    retired = EmptyOperator(task_id="retired", end_date=pendulum.datetime(2026, 1, 31, tz="UTC"))
    planned = EmptyOperator(task_id="planned", start_date=pendulum.datetime(2100, 1, 1, tz="UTC"))

    count("letters") >> [bought, retired, planned]
