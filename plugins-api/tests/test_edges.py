"""Edges: shifts in all their forms, labels, chain and cross_downstream."""

from __future__ import annotations

import pytest
from tradewind_plugins.edges import Label, chain, cross_downstream
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.operator import BaseOperator


@pytest.fixture
def abcd(inside):
    return [BaseOperator(task_id=name) for name in "abcd"]


def test_shifts_read_in_the_direction_of_the_arrow(inside, abcd):
    a, b, c, d = abcd
    a >> b >> [c, d]
    assert inside.edges == {("a", "b"), ("b", "c"), ("b", "d")}


def test_shifts_backwards_and_from_lists(inside, abcd):
    a, b, c, d = abcd
    [a, b] >> c
    d << c
    assert inside.edges == {("a", "c"), ("b", "c"), ("c", "d")}
    [a, b] << d
    assert {("d", "a"), ("d", "b")} <= inside.edges


def test_outputs_stand_for_their_tasks(inside, abcd):
    a, b, *_ = abcd
    a.output >> b.output["key"]
    assert inside.edges == {("a", "b")}


def test_labels_stand_on_edges_in_both_directions(inside, abcd):
    a, b, c, d = abcd
    a >> Label("good") >> [b, c]
    d << Label("bad") << a
    assert inside.labels == {("a", "b"): "good", ("a", "c"): "good", ("a", "d"): "bad"}
    assert inside.edges == {("a", "b"), ("a", "c"), ("a", "d")}


def test_a_label_after_a_list(inside, abcd):
    a, b, c, _ = abcd
    [a, b] >> Label("both") >> c
    assert inside.labels == {("a", "c"): "both", ("b", "c"): "both"}


def test_chain_connects_neighbours_and_equal_lists_pairwise(inside, abcd):
    a, b, c, d = abcd
    chain([a, b], [c, d])
    assert inside.edges == {("a", "c"), ("b", "d")}


def test_chain_takes_single_tasks_beside_lists(inside, abcd):
    a, b, c, d = abcd
    chain(a, [b, c], d)
    assert inside.edges == {("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")}


def test_chain_refuses_lists_of_unequal_length(abcd):
    a, b, c, d = abcd
    with pytest.raises(TradewindException, match="these have 2 and 1 nodes"):
        chain([a, b], [c], d)


def test_cross_downstream_connects_all_with_all(inside, abcd):
    a, b, c, d = abcd
    cross_downstream([a, b], [c, d])
    assert inside.edges == {("a", "c"), ("a", "d"), ("b", "c"), ("b", "d")}


def test_a_task_without_a_dag_joins_that_of_its_neighbour(dag):
    alone = BaseOperator(task_id="alone")
    BaseOperator(task_id="member", dag=dag) >> alone
    assert alone.dag is dag
    assert dag.edges == {("member", "alone")}


def test_an_edge_stays_within_one_dag(dag, inside):
    other = type(dag)("other")
    with pytest.raises(TradewindException, match="'a' of DAG 'small' and 'b' of DAG 'other'"):
        BaseOperator(task_id="a") >> BaseOperator(task_id="b", dag=other)


def test_an_edge_without_any_dag_is_refused():
    with pytest.raises(TradewindException, match="make them inside `with DAG"):
        BaseOperator(task_id="a") >> BaseOperator(task_id="b")


def test_a_task_is_not_its_own_upstream(abcd):
    with pytest.raises(TradewindException, match="'a' cannot be its own upstream"):
        abcd[0] >> abcd[0]


def test_an_edge_to_something_else_is_refused(abcd):
    with pytest.raises(TradewindException, match=r"not str \('b'\)"):
        abcd[0] >> "b"


def test_relatives_are_found_however_far_away(abcd):
    a, b, c, d = abcd
    a >> b >> c >> d
    a >> d
    assert a.flat_relative_ids() == {"b", "c", "d"}
    assert d.flat_relative_ids(upstream=True) == {"a", "b", "c"}
