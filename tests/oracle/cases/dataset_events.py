"""Events of datasets: what a task says of its outlets, in which way, and what tasks see of it."""

import pendulum
from airflow import DAG
from airflow.datasets import Dataset, DatasetAlias
from airflow.datasets.metadata import Metadata
from airflow.decorators import task
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator

ONE, OTHER, NEVER = Dataset("s3://case/one/"), Dataset("S3://case/other", {"own": "extra"}), Dataset("never-told-of")
ALIAS = DatasetAlias("case-alias")


def yielding():
    yield Metadata(OTHER, extra={"first": 1, "twice": "old"})
    yield "of no meaning"
    yield Metadata(OTHER, extra={"twice": "new"})
    return "the result"


with DAG("case_dataset_events", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):

    @task(outlets=[ONE])
    def by_context(*, outlet_events):
        outlet_events[ONE].extra["rows"] = 7
        outlet_events[ONE].extra = {**outlet_events[ONE].extra, "more": [1, None, "x"]}

    @task(inlets=[ONE, NEVER])
    def see_one(*, inlet_events, inlets, outlets, triggering_dataset_events):
        last = inlet_events[ONE][-1]
        return {
            "extra": last.extra,
            "from": [last.source_dag_id, last.source_task_id, last.source_map_index],
            "uri": last.dataset.uri,
            "never": len(inlet_events[NEVER]),
            "by_number": inlet_events[0][-1].extra == last.extra,
            "inlets": [each.uri for each in inlets],
            "outlets": list(outlets),
            "triggering": dict(triggering_dataset_events),
        }

    @task(inlets=[ONE])
    def look_elsewhere(*, inlet_events):
        return len(inlet_events[OTHER])

    yields = PythonOperator(task_id="yields", python_callable=yielding, outlets=[OTHER])

    @task(inlets=[OTHER])
    def see_other(*, inlet_events):
        return inlet_events[OTHER][-1].extra

    @task(outlets=[ALIAS])
    def by_alias(*, outlet_events):
        outlet_events[ALIAS].add(Dataset("s3://case/by-alias"), extra={"through": "alias"})

    @task(inlets=[ALIAS])
    def see_alias(*, inlet_events):
        last = inlet_events[ALIAS][-1]
        return [last.dataset.uri, last.extra]

    @task(inlets=[Dataset("s3://case/empty"), Dataset("s3://case/failing")])
    def see_empty(*, inlet_events):
        return [inlet_events[0][-1].extra, len(inlet_events[1])]

    @task(outlets=[Dataset("s3://case/failing")])
    def failing():
        raise ValueError("as told")

    @task(outlets=[Dataset("s3://case/mapped")])
    def mapped(x, *, outlet_events):
        outlet_events[Dataset("s3://case/mapped")].extra["x"] = x

    @task(inlets=[Dataset("s3://case/mapped")])
    def see_mapped(*, inlet_events):
        return sorted([each.extra["x"], each.source_map_index] for each in inlet_events[0][-2:])

    in_template = BashOperator(
        task_id="in_template",
        bash_command="echo '{{ inlet_events[0][-1].extra.rows }} {{ inlets[0].uri }} {{ triggering_dataset_events | length }}'",
        inlets=[ONE],
    )
    by_context() >> [see_one(), look_elsewhere(), in_template]
    yields >> see_other()
    by_alias() >> see_alias()
    empty = EmptyOperator(task_id="empty", outlets=[Dataset("s3://case/empty")])
    failed = failing()
    (empty >> failed, empty >> see_empty())
    mapped.expand(x=["a", "b"]) >> see_mapped()
