"""Trigger rules that cannot be where they are: behind setups, in DAGs that stop at the first failure, in mapped groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.trigger_rule import TriggerRule

if TYPE_CHECKING:
    from tradewind_plugins.task_node import TaskNode

    from tradewind.authoring.dag import DAG


def check_rules(dag: DAG) -> None:
    """Return if every task may have its rule.

    Raises:
        TradewindException: naming the task, its rule and why it cannot be.
    """
    for task in dag.tasks:
        if task.trigger_rule is not TriggerRule.ALL_SUCCESS and not task.is_teardown:
            _check(dag, task)


def _check(dag: DAG, task: TaskNode) -> None:
    rule = task.trigger_rule.value
    if dag.fail_stop:
        raise TradewindException(
            f"DAG {dag.dag_id!r}: task {task.task_id!r} has the trigger rule {rule!r}; with fail_stop all have all_success."
        )
    setups = [above.task_id for above in task.upstream_list if above.is_setup]
    if setups:
        raise TradewindException(
            f"DAG {dag.dag_id!r}: task {task.task_id!r} is directly behind the setup {setups[0]!r}, so its trigger rule is "
            f"all_success, not {rule!r}; only a teardown may have another."
        )
    group = task.mapped_group()
    if rule == "always" and group is not None:
        raise TradewindException(
            f"DAG {dag.dag_id!r}: task {task.task_id!r} is in a mapped group, so it cannot have the trigger rule 'always'."
        )
