"""`airflow.operators.subdag`: a sub-DAG becomes a task group of its DAG."""

from __future__ import annotations

import warnings
from typing import Any

from tradewind.authoring.absorbing import absorb
from tradewind.authoring.dag import DAG
from tradewind.authoring.params import as_params
from tradewind.authoring.task_group import TaskGroup
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.trigger_rule import TriggerRule

_MEAN_NOTHING = frozenset({"default_args", "depends_on_past", "email", "executor", "owner", "session", "start_date"})


class SubDagOperator(TaskGroup):
    """A group named as the task was, with the sub-DAG's tasks in it: their ids are `task_id.child`, their run is the DAG's own.

    Arguments:
        subdag: the DAG whose tasks it takes; it has none of its own afterwards.
        task_id: the group's id.
        dag, task_group: the place, where it is not the surrounding `with` block.
        trigger_rule: of the tasks that come first in it.
        kwargs: what else Airflow took; what has no meaning for a group is named in the warning.
    Raises:
        TradewindException: `subdag` is no DAG, or a DAG without tasks.
    """

    def __init__(
        self,
        subdag: DAG,
        session: Any = None,
        conf: Any = None,
        *,
        task_id: str,
        dag: DAG | None = None,
        task_group: TaskGroup | None = None,
        trigger_rule: TriggerRule | str = TriggerRule.ALL_SUCCESS,
        **kwargs: Any,
    ) -> None:
        where = f"SubDagOperator {task_id!r}"
        if not isinstance(subdag, DAG) or not subdag.tasks:
            raise TradewindException(f"{where}: subdag must be a DAG with tasks, not {subdag!r}.")
        super().__init__(task_id, dag=dag, parent_group=task_group)
        self.task_id, self.subdag = self.group_id, subdag
        self._take(subdag, TriggerRule.parse(trigger_rule, where))
        unused = sorted({name for name, value in kwargs.items() if value is not None} - _MEAN_NOTHING)
        also = f"; of its arguments, {', '.join(unused)} do nothing" if unused else ""
        warnings.warn(
            f"{where} is the task group {self.group_id} here: the ids of its tasks are {self.group_id}.…, their run is that of "
            f"DAG {self.dag.dag_id if self.dag else '?'}, and xcom_pull and branches need the new ids{also}. Write a TaskGroup",
            DeprecationWarning,
            stacklevel=2,
        )

    def _take(self, subdag: DAG, rule: TriggerRule) -> None:
        tasks, first = subdag.tasks, subdag.roots
        absorb(self, subdag)
        for task in tasks:
            task.params = {**subdag.params, **as_params(task.params)}
        for task in first:
            task.trigger_rule = rule
