"""Generated DAGs survive the round trip, and equal DAGs have equal bytes."""

from __future__ import annotations

import json
from datetime import timedelta
from importlib.util import find_spec
from typing import Any

import pendulum
from hypothesis import given, settings
from hypothesis import strategies as st
from tradewind import DAG, Label, TaskGroup, TriggerRule
from tradewind.operators.bash import BashOperator
from tradewind.operators.empty import EmptyOperator
from tradewind.plugins.codecs import StandardCodec, canonical
from tradewind.serialization import SerializedDag, deserialize, serialize

MOMENTS = st.datetimes(
    min_value=pendulum.datetime(2001, 1, 1).naive(), max_value=pendulum.datetime(2037, 1, 1).naive()
).map(lambda moment: pendulum.instance(moment, tz="UTC"))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.from_regex(r"[A-Za-z0-9_\-]{1,12}", fullmatch=True)
TASKS = st.fixed_dictionaries(
    {},
    optional={
        "owner": st.text(),
        "retries": st.integers(0, 9),
        "retry_delay": st.timedeltas(timedelta(0), timedelta(days=9)),
        "execution_timeout": st.none() | st.timedeltas(timedelta(0), timedelta(days=9)),
        "pool": NAMES,
        "pool_slots": st.integers(1, 9),
        "priority_weight": st.integers(-9, 9),
        "weight_rule": st.sampled_from(["downstream", "upstream", "absolute"]),
        "queue": st.none() | NAMES,
        "executor": st.none() | NAMES,
        "xcom_storage": st.none() | NAMES,
        "trigger_rule": st.sampled_from(TriggerRule),
        "do_xcom_push": st.booleans(),
        "doc_md": st.none() | st.text(),
        "doc_rst": st.none() | st.text(),
        "task_display_name": st.none() | st.text(),
        "start_date": st.none() | MOMENTS,
        "executor_config": st.dictionaries(st.text(), JSON, max_size=2),
        "params": st.dictionaries(st.text(), JSON, max_size=2),
    },
)
DAGS = st.fixed_dictionaries(
    {"schedule": st.sampled_from([None, "@daily", "@once", "*/5 * * * *", timedelta(hours=3)])},
    optional={
        "description": st.none() | st.text(),
        "start_date": st.none() | MOMENTS,
        "end_date": st.none() | MOMENTS,
        "catchup": st.booleans(),
        "max_active_runs": st.integers(1, 99),
        "max_active_tasks": st.integers(1, 99),
        "params": st.dictionaries(st.text(), JSON, max_size=3),
        "tags": st.lists(st.text(), max_size=3),
        "doc_md": st.none() | st.text(),
        "is_paused_upon_creation": st.none() | st.booleans(),
        "xcom_storage": st.none() | NAMES,
    },
)
KINDS = st.sampled_from(["empty", "bash", "mapped"])


@st.composite
def dags(draw: Any) -> DAG:
    """A DAG of up to eight tasks, some in groups, with random edges from earlier to later ones."""
    dag = DAG(draw(NAMES), **draw(DAGS))
    names = draw(st.lists(NAMES, unique=True, max_size=8))
    made: list[Any] = []
    with dag:
        group = TaskGroup("the.group")
        for name in names:
            arguments = {"task_id": name, **draw(TASKS), "task_group": draw(st.sampled_from([None, group]))}
            task = make(draw(KINDS), arguments, draw(JSON))
            for before in made:
                if draw(st.booleans()):
                    before >> Label(draw(st.text())) >> task if draw(st.booleans()) else before >> task
            made.append(task)
    return dag


def make(kind: str, arguments: dict[str, Any], value: Any) -> Any:
    if kind == "empty":
        return EmptyOperator(**arguments)
    if kind == "bash":
        return BashOperator(bash_command="echo", env={"value": value}, **arguments)
    return BashOperator.partial(**arguments).expand(bash_command=["a", "b"], cwd=("c",))


def check_same(dag: DAG, read: SerializedDag) -> None:
    assert read.start_date == dag.earliest
    for name in ("dag_id", "description", "end_date", "catchup", "max_active_runs", "max_active_tasks", "xcom_storage"):
        assert getattr(read, name) == getattr(dag, name)
    assert (read.timetable, read.params, read.tags) == (dag.timetable, dag.params, tuple(dag.tags))
    assert (read.doc, read.is_paused_upon_creation) == (dag.doc_md, dag.is_paused_upon_creation)
    assert (read.edge_labels, set(read.groups)) == (dag.edge_labels, set(dag.groups))
    assert set(read.tasks) == set(dag.task_ids)
    for task_id, found in read.tasks.items():
        task: Any = dag.get_task(task_id)
        assert found.xcom_storage == task.xcom_storage
        for name in ("owner", "retries", "pool", "pool_slots", "queue", "executor", "trigger_rule", "do_xcom_push"):
            assert getattr(found, name) == getattr(task, name)
        assert (found.display_name, found.start_date) == (task.task_display_name, task.start_date)
        assert found.docs == ({} if task.doc_rst is None else {"rst": task.doc_rst})
        assert found.executor_config == task.executor_config
        assert found.retry_delay == task.retry_delay.total_seconds()
        assert set(found.upstream) == task.upstream_task_ids
        assert set(found.downstream) == task.downstream_task_ids
        assert all(read.tasks[before].rank < found.rank for before in found.upstream)
        assert found.group_id == (task.task_group.group_id if task.task_group else None)
        assert found.is_mapped == (type(task).__name__ == "MappedOperator")


@settings(deadline=None)
@given(dags())
def test_what_is_read_is_what_was_written(dag):
    check_same(dag, deserialize(serialize(dag)))


@settings(deadline=None)
@given(dags())
def test_the_bytes_are_canonical_and_every_codec_reads_the_same(dag):
    written = serialize(dag)
    assert canonical(json.loads(written)) == written
    assert serialize(dag) == written
    assert deserialize(written, StandardCodec()) == deserialize(written, fastest_codec())


def fastest_codec() -> Any:
    if find_spec("orjson") is None:
        return StandardCodec()
    from tradewind.plugins.orjson_codec import OrjsonCodec  # noqa: PLC0415 - orjson is optional

    return OrjsonCodec()
