"""The format: a golden file a schema, readable by every later version."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pendulum
import pytest
from tradewind import DAG, BaseOperator, Label, Param, TaskGroup, task
from tradewind.exceptions import SerializationError
from tradewind.operators.bash import BashOperator
from tradewind.operators.empty import EmptyOperator
from tradewind.plugins.codecs import canonical
from tradewind.serialization import deserialize, serialize, structure_hash
from tradewind.timetables import CronDataIntervalTimetable

GOLDEN = Path(__file__).parent / "golden"


class Fetch(BaseOperator):
    template_fields = ("query", "options")

    def __init__(self, *, query, options=None, **kwargs):
        super().__init__(**kwargs)
        self.query = query
        self.options = options


Fetch.__module__ = "somebody.operators"


def weather() -> DAG:
    """A DAG that uses all that the format has."""
    with DAG(
        "weather",
        description="Weather, daily.",
        schedule="0 6 * * 1-5",
        start_date=pendulum.datetime(2024, 1, 1, tz="Europe/Berlin"),
        end_date=pendulum.datetime(2030, 1, 1, tz="UTC"),
        catchup=False,
        max_active_runs=2,
        max_active_tasks=5,
        is_paused_upon_creation=True,
        tags=["weather", "daily"],
        params={"city": Param("Bremen", "Which city", type="string"), "limit": 3},
        doc_md="# Weather",
        default_args={"owner": "ann", "retries": 2, "retry_delay": timedelta(minutes=1)},
    ) as dag:
        begin = EmptyOperator(task_id="begin", owner="ben")
        fetch = Fetch(
            task_id="fetch",
            query="select {{ ds }}",
            options={"password": "hunter2", "at": datetime(2024, 1, 1, tzinfo=timezone.utc), "call": print},
            pool="narrow",
            pool_slots=2,
            priority_weight=3,
            execution_timeout=90,
            queue="fast",
            executor="CeleryExecutor",
            do_xcom_push=False,
            params={"rows": 5},
            doc_md="Fetches.",
        )
        with TaskGroup("quality", tooltip="Checks"):
            with TaskGroup("inner"):
                check = BashOperator(task_id="check", bash_command="exit 0", trigger_rule="all_done")
            shout = BashOperator.partial(task_id="shout").expand(bash_command=["echo a", "echo b"], env=fetch.output)
        begin >> Label("then") >> fetch >> check >> shout
    return dag


def test_schema_1_is_written_as_ever():
    golden = json.loads((GOLDEN / "schema-1.json").read_text())
    assert json.loads(serialize(weather())) == golden
    assert serialize(weather()) == canonical(golden)


def test_schema_1_is_read_as_ever():
    dag = deserialize((GOLDEN / "schema-1.json").read_bytes())
    assert (dag.dag_id, dag.description, dag.doc, dag.catchup) == ("weather", "Weather, daily.", "# Weather", False)
    assert dag.timetable == CronDataIntervalTimetable("0 6 * * 1-5", "Europe/Berlin")
    assert dag.start_date == datetime(2023, 12, 31, 23, tzinfo=timezone.utc)
    assert dag.end_date == datetime(2030, 1, 1, tzinfo=timezone.utc)
    assert (dag.max_active_runs, dag.max_active_tasks, dag.is_paused_upon_creation) == (2, 5, True)
    assert dag.params["city"].schema == {"type": "string"}
    assert (dag.tags, dag.owners) == (("daily", "weather"), ("ann", "ben"))
    assert (dag.roots, dag.leaves) == (("begin",), ("quality.shout",))
    assert dag.edge_labels == {("begin", "fetch"): "then"}
    assert [(group.group_id, group.parent_id) for group in dag.groups.values()] == [
        ("quality", None),
        ("quality.inner", "quality"),
    ]


def test_tasks_are_read_as_ever():
    tasks = deserialize((GOLDEN / "schema-1.json").read_bytes()).tasks
    assert list(tasks) == ["begin", "fetch", "quality.inner.check", "quality.shout"]
    begin, fetch, check, shout = tasks.values()
    assert (begin.is_empty, fetch.is_empty) == (True, False)
    assert (fetch.operator, fetch.task_type) == ("somebody.operators:Fetch", "Fetch")
    assert (fetch.retries, fetch.retry_delay, fetch.execution_timeout) == (2, 60.0, 90.0)
    assert (fetch.pool, fetch.pool_slots, fetch.queue, fetch.executor) == ("narrow", 2, "fast", "CeleryExecutor")
    assert (fetch.do_xcom_push, fetch.owner, fetch.doc) == (False, "ann", "Fetches.")
    assert (begin.priority, fetch.priority, check.priority, shout.priority) == (6, 5, 2, 1)
    assert (fetch.upstream, fetch.downstream) == (("begin",), ("quality.inner.check", "quality.shout"))
    assert (check.trigger_rule, check.group_id) == ("all_done", "quality.inner")
    assert shout.expand == (("bash_command", 2), ("env", ("fetch", "return_value")))
    assert shout.expand_values == {"bash_command": ["echo a", "echo b"]}
    assert (check.expand, shout.is_mapped) == (None, True)


def test_secrets_are_not_written():
    assert b"hunter2" not in serialize(weather())


def test_a_newer_schema_and_garbage_are_refused():
    with pytest.raises(
        SerializationError, match="DAG 'x' is serialized in schema 2; this version of Tradewind reads 1"
    ):
        deserialize('{"schema":2,"dag_id":"x"}')
    for garbage in (b"", b"[]", b"{}", b"{", b'"x"'):
        with pytest.raises(SerializationError, match="no serialized DAG"):
            deserialize(garbage)
    with pytest.raises(SerializationError, match="DAG 'x' is serialized wrongly"):
        deserialize('{"schema":1,"dag_id":"x"}')


def test_a_param_that_is_no_json_is_refused_by_name():
    with pytest.raises(SerializationError, match="DAG 'a': the param 'when' cannot be written as JSON"):
        serialize(DAG("a", params={"when": pendulum.datetime(2024, 1, 1)}))


def test_the_hash_follows_the_bytes():
    assert structure_hash(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_priorities_by_weight_rule():
    with DAG("a", schedule=None) as dag:

        @task
        def step(): ...

        def make(name, rule, weight):
            return step.override(task_id=name, weight_rule=rule, priority_weight=weight)()

        first = make("first", "downstream", 1)
        middle = [make("up", "upstream", 10), make("flat", "absolute", 100)]
        first >> middle >> make("last", "upstream", 1000)
    priorities = {name: found.priority for name, found in deserialize(serialize(dag)).tasks.items()}
    assert priorities == {"first": 1111, "up": 11, "flat": 100, "last": 1111}


class Pod:
    """What a client library's model looks like: it knows itself as a dict, with None where nothing is set."""

    def to_dict(self):
        return {"spec": {"containers": [{"name": "base"}]}, "status": None}


def test_what_is_asked_of_an_executor_is_written_as_plain_values():
    with DAG("a") as dag:
        EmptyOperator(task_id="a", executor_config={"pod_override": Pod(), "cpus": (1, 2)})
    read = deserialize(serialize(dag)).tasks["a"].executor_config
    assert read == {"pod_override": {"spec": {"containers": [{"name": "base"}]}}, "cpus": [1, 2]}


def test_what_is_asked_of_an_executor_and_is_no_value_is_refused_by_name():
    with DAG("a") as dag:
        EmptyOperator(task_id="a", executor_config={"pod_override": object()})
    with pytest.raises(SerializationError, match=r"Task 'a': executor_config\['pod_override'\] is no JSON"):
        serialize(dag)


def test_documents_in_every_format_are_kept():
    with DAG("a") as dag:
        task = EmptyOperator(task_id="a", doc="plain", doc_json='{"a": 1}', doc_rst="*a*", doc_md="# a")
        task.doc_yaml = "a: 1"
    read = deserialize(serialize(dag)).tasks["a"]
    assert (read.doc, read.docs) == ("# a", {"text": "plain", "json": '{"a": 1}', "rst": "*a*", "yaml": "a: 1"})


def test_a_priority_beyond_what_a_database_holds_is_the_highest_there_is():
    with DAG("d", schedule=None) as dag:
        EmptyOperator(task_id="a", priority_weight=2**31 - 1) >> EmptyOperator(task_id="b", priority_weight=5)
        EmptyOperator(task_id="c", priority_weight=-(2**40))
    tasks = deserialize(serialize(dag)).tasks
    assert [tasks[name].priority for name in "abc"] == [2**31 - 1, 5, -(2**31)]
