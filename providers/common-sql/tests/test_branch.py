"""A branch goes on by what a query says; a run of it is in test_example.py."""

from __future__ import annotations

import pytest
from tradewind import DAG, TaskGroup
from tradewind.operators.empty import EmptyOperator
from tradewind_common_sql.branching import skipped_beside
from tradewind_common_sql.operators.sql import BranchSQLOperator
from tradewind_plugins.exceptions import TradewindException


@pytest.fixture
def branch():
    """A branch before two tasks, one of which is also before a third that the branch leads to directly."""
    with DAG("branches", schedule=None):
        task = BranchSQLOperator(
            task_id="branch",
            conn_id="shop",
            sql="SELECT {{ params.cell }}",
            follow_task_ids_if_true="yes",
            follow_task_ids_if_false=["no", "maybe"],
        )
        yes, no, maybe, end = (EmptyOperator(task_id=name) for name in ("yes", "no", "maybe", "end"))
        task >> [yes, no, maybe, end]
        yes >> end
    return task


class Instance:
    def __init__(self):
        self.skipped = []

    def skip_downstream(self, task_ids):
        self.skipped.extend(task_ids)


@pytest.mark.parametrize("cell", ["1", "2.5", "'yes'", "'T'", "'On'", "'1'"])
def test_yes(host, shop, branch, cell):
    ti = Instance()
    assert host.run(branch, ti=ti, params={"cell": cell}) == ["yes"]
    assert ti.skipped == ["maybe", "no"]


@pytest.mark.parametrize("cell", ["0", "0.0", "'no'", "'F'", "'off'"])
def test_no(host, shop, branch, cell):
    ti = Instance()
    assert host.run(branch, ti=ti, params={"cell": cell}) == ["no", "maybe"]
    assert ti.skipped == ["end", "yes"]


@pytest.mark.parametrize("cell", ["NULL", "'perhaps'", "x'00'"])
def test_what_is_neither_fails(host, shop, branch, cell):
    with pytest.raises(TradewindException, match="wanted a truth, a number or yes or no, found"):
        host.run(branch, ti=Instance(), params={"cell": cell})


def test_a_task_that_is_not_there_is_named(host, shop, branch):
    branch.follow_task_ids_if_true = "gone"
    with pytest.raises(TradewindException, match="Branch 'branch' follows 'gone', which is no task of its DAG"):
        host.run(branch, ti=Instance(), params={"cell": "1"})


def test_a_group_stands_for_its_first_tasks():
    with DAG("groups", schedule=None):
        task = BranchSQLOperator(
            task_id="branch", sql="SELECT 1", follow_task_ids_if_true="g", follow_task_ids_if_false="other"
        )
        with TaskGroup("g") as group:
            EmptyOperator(task_id="a") >> EmptyOperator(task_id="b")
        task >> [group, EmptyOperator(task_id="other")]
    assert skipped_beside(task, ["g"]) == ["other"]


def test_a_host_that_cannot_skip_says_so(host, shop, branch):
    with pytest.raises(TradewindException, match="this host lets no task skip others"):
        host.run(branch, ti=object(), params={"cell": "1"})
