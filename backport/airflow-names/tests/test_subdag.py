"""A sub-DAG is a task group: its tasks, groups, edges and labels move, and the DAG that held them is none of its file."""

from __future__ import annotations

from pathlib import Path

import pytest
from tradewind import DAG, Label, TaskGroup, TriggerRule, task
from tradewind.authoring.loading import load_dags
from tradewind.exceptions import DuplicateTaskIdFound, TradewindException
from tradewind.operators.empty import EmptyOperator
from tradewind.serialization import serialize
from tradewind_airflow_names.own.subdag import SubDagOperator


def sub_dag() -> DAG:
    with DAG("d.inner", schedule=None, params={"size": 3}) as inner:
        first = EmptyOperator(task_id="first")
        with TaskGroup("group"):
            second = EmptyOperator(task_id="second")

        @task
        def gives() -> int:
            return 7

        @task
        def takes(value: int) -> int:
            return value

        takes.expand(value=[1, 2])
        takes(gives())
        first >> Label("go") >> second
    return inner


def test_tasks_groups_edges_and_labels_move() -> None:
    inner = sub_dag()
    with DAG("d", schedule=None) as dag:
        before, after = EmptyOperator(task_id="before"), EmptyOperator(task_id="after")
        with pytest.warns(
            DeprecationWarning, match=r"'inner' is the task group inner here: the ids of its tasks are inner\.…"
        ) as told:
            moved = SubDagOperator(task_id="inner", subdag=inner, trigger_rule="all_done", pool="p", executor=None)
        before >> moved >> after
    assert "of its arguments, pool do nothing" in str(told[0].message)
    assert told[0].filename == __file__
    assert inner.tasks == []
    edges = {each.task_id: each.downstream_task_ids for each in dag.tasks}
    assert edges == {
        "before": {"inner.first", "inner.gives", "inner.takes"},
        "inner.first": {"inner.group.second"},
        "inner.group.second": {"after"},
        "inner.gives": {"inner.takes__1"},
        "inner.takes": {"after"},
        "inner.takes__1": {"after"},
        "after": set(),
    }
    assert dag.edge_labels == {("inner.first", "inner.group.second"): "go"}
    assert set(dag.groups) == {"inner", "inner.group"}
    assert {each.task_id for each in dag.groups["inner"].iter_tasks()} == set(dag.task_ids) - {"before", "after"}
    assert dag.get_task("inner.first").trigger_rule == TriggerRule.ALL_DONE
    assert b"inner.group.second" in serialize(dag)


def test_an_id_that_is_taken_is_an_error_before_anything_moves() -> None:
    inner = sub_dag()
    with DAG("d", schedule=None):
        EmptyOperator(task_id="inner.first")
        with pytest.raises(DuplicateTaskIdFound, match=r"inner\.first"):
            SubDagOperator(task_id="inner", subdag=inner)
    assert "first" in inner.task_ids


def test_what_is_no_dag_with_tasks_is_refused() -> None:
    with DAG("d", schedule=None):
        for wrong in (None, DAG("d.x", schedule=None)):
            with pytest.raises(TradewindException, match="SubDagOperator 'x': subdag must be a DAG with tasks"):
                SubDagOperator(task_id="x", subdag=wrong)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_file_has_the_outer_dag_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "names_test_subdag.py").write_text(
        "from tradewind import DAG\n"
        "from tradewind.operators.empty import EmptyOperator\n"
        "from tradewind_airflow_names.own.subdag import SubDagOperator\n"
        "with DAG('outer.inner', schedule=None) as inner:\n"
        "    EmptyOperator(task_id='a')\n"
        "outer = DAG('outer', schedule=None)\n"
        "SubDagOperator(task_id='inner', subdag=inner, dag=outer)\n"
        "beside = DAG('beside', schedule=None)\n"
    )
    found = load_dags(tmp_path / "names_test_subdag.py", "names_test_subdag")
    assert {dag_id: dag.task_ids for dag_id, dag in found.items()} == {"outer": ["inner.a"], "beside": []}
