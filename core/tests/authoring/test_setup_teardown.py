"""Setups and teardowns as DAG files write them: marks, edges, scopes by `with`, and what cannot be."""

from __future__ import annotations

import pytest
from tradewind import DAG, TaskGroup, setup, task, task_group, teardown
from tradewind.operators.empty import EmptyOperator
from tradewind.serialization import deserialize, serialize
from tradewind_plugins.exceptions import TradewindException


@pytest.fixture
def dag():
    with DAG("d", schedule=None) as dag:
        yield dag


def edges(dag):
    return {(task_id, below) for task_id, task in dag.task_dict.items() for below in task.downstream_task_ids}


def test_decorators_mark_each_task_and_overrides_keep_the_mark(dag):
    @setup
    def up(): ...

    @teardown(on_failure_fail_dagrun=True)
    @task
    def down(): ...

    made = up.override(task_id="first")()
    down().as_teardown(setups=made)
    found = deserialize(serialize(dag))
    assert (found.tasks["first"].is_setup, found.tasks["first"].is_teardown) == (True, False)
    last = found.tasks["down"]
    assert (last.is_teardown, last.on_failure_fail_dagrun, last.trigger_rule) == (True, True, "all_done_setup_success")
    assert edges(dag) == {("first", "down")}
    assert last.setups == ("first",)


def test_nested_scopes_are_wired_from_the_outside_in(dag):
    def scope(name):
        return EmptyOperator(task_id=f"{name}_up").as_setup() >> EmptyOperator(task_id=f"{name}_down").as_teardown()

    with scope("outer"):
        EmptyOperator(task_id="between")
        with scope("inner") as inner:
            EmptyOperator(task_id="a") >> EmptyOperator(task_id="b")
        assert [each.task_id for each in inner.setups] == ["inner_up"]
    EmptyOperator(task_id="outside")
    assert edges(dag) == {
        ("outer_up", "outer_down"),
        ("inner_up", "inner_down"),
        ("outer_up", "between"),
        ("between", "outer_down"),
        ("inner_up", "a"),
        ("a", "b"),
        ("b", "inner_down"),
        ("outer_up", "inner_up"),
        ("inner_down", "outer_down"),
    }


def test_the_scope_of_a_setup_reaches_to_its_teardown_and_no_farther(dag):
    up, work, more, down, after = (EmptyOperator(task_id=name) for name in ("up", "work", "more", "down", "after"))
    up.as_setup() >> work >> more >> down.as_teardown(setups=up) >> after
    tasks = deserialize(serialize(dag)).tasks
    assert {name: task.setups for name, task in tasks.items() if task.setups} == {"more": ("up",), "down": ("up",)}
    assert tasks["up"].in_scope == ("down", "more")


def test_edges_out_of_a_group_leave_out_its_teardowns(dag):
    with TaskGroup("g") as group:
        up, down = EmptyOperator(task_id="up").as_setup(), EmptyOperator(task_id="down")
        up >> EmptyOperator(task_id="work") >> down.as_teardown(setups=up)
    group >> EmptyOperator(task_id="after")
    assert ("g.work", "after") in edges(dag)
    assert ("g.down", "after") not in edges(dag)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: EmptyOperator(task_id="a").as_setup().as_teardown(), "'a' is a setup already"),
        (lambda: EmptyOperator(task_id="a").as_teardown().as_setup(), "'a' is a teardown already"),
        (lambda: EmptyOperator(task_id="a").__enter__(), "`with` needs a setup or a teardown"),
        (lambda: setup(task_group(lambda: None)), "@setup is for tasks"),
    ],
)
def test_what_cannot_be_is_refused(dag, make, sentence):
    with pytest.raises(TradewindException, match=sentence):
        make()


def test_directly_behind_a_setup_the_rule_is_all_success(dag):
    EmptyOperator(task_id="up").as_setup() >> EmptyOperator(task_id="work", trigger_rule="all_done")
    with pytest.raises(TradewindException, match="task 'work' is directly behind the setup 'up'"):
        serialize(dag)


def test_a_dag_that_stops_at_the_first_failure_has_one_rule():
    for name in ("fail_stop", "fail_fast"):
        with DAG("d", schedule=None, **{name: True}) as dag:
            EmptyOperator(task_id="a") >> EmptyOperator(task_id="b", trigger_rule="all_done")
        assert dag.fail_stop
        with pytest.raises(TradewindException, match="with fail_stop all have all_success"):
            serialize(dag)
