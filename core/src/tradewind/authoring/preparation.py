"""From a task of a DAG to an operator ready to execute: unmapped, outputs of other tasks pulled, fields rendered."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from tradewind_plugins.exceptions import TradewindException, XComNotFound
from tradewind_plugins.host import XCOM_RETURN_KEY, current
from tradewind_plugins.mapped import GroupArgument, MappedOperator
from tradewind_plugins.operator import BaseOperator
from tradewind_plugins.task_node import TaskNode
from tradewind_plugins.xcom_arg import DerivedXComArg, XComArg

from tradewind.authoring.templating import render_fields

_NOTHING = object()


def prepare(task: TaskNode, context: dict[str, Any]) -> BaseOperator:
    """Return the operator to execute; ``context["task"]`` becomes it. The task of the DAG is left as it is.

    Args:
        task: the task of the DAG; a mapped one becomes the instance ``context["ti"].map_index``.
        context: of the try, from ``authoring.context.build_context``. A host must be bound where outputs are pulled.

    Raises:
        XComNotFound: a named output of another task was never pushed.
        TradewindException: a template cannot be rendered, or there is no such instance of the mapped task.
    """
    pull = puller(task, context["ti"].map_index)
    if isinstance(task, MappedOperator):
        operator = task.unmap(context["ti"].map_index, pull)
    elif isinstance(task, BaseOperator):
        operator = copy.copy(task)
    else:
        raise TradewindException(f"Task {task.task_id!r} is of {type(task).__name__}, which cannot be executed.")
    context["task"] = operator
    context["ti"].task = operator
    operator.params = context["params"]  # those of the run, as its author reads self.params
    render_fields(operator, context, pull)
    return operator


def puller(task: TaskNode, map_index: int) -> Callable[[XComArg], Any]:
    """Return what gets the values behind outputs of other tasks, for an instance of ``task``.

    In a mapped group it is the instance's own element of what the group is mapped over, and of another task in the
    group what the instance of the same index has pushed.
    """
    group = task.mapped_group()

    def pull(argument: XComArg) -> Any:
        if isinstance(argument, GroupArgument):
            return argument.input.element(argument.name, map_index, pull)
        if isinstance(argument, DerivedXComArg):
            return argument.resolve(pull)
        is_beside = group is not None and argument.operator.mapped_group() is group
        return pull_argument(argument, map_index if is_beside else None)

    return pull


def pull_argument(argument: XComArg, map_index: int | None = None) -> Any:
    """Return the value behind an output of another task of the run, or of one instance of it.

    A result that was never pushed is None, as the task may have been skipped.

    Raises:
        XComNotFound: a key other than ``return_value`` was never pushed, by a task without ``multiple_outputs``.
    """
    task_id = argument.operator.task_id
    value = current().xcom_pull(task_id, key=argument.key, map_indexes=map_index, default=_NOTHING)
    if value is not _NOTHING:
        return value
    is_mapped = isinstance(argument.operator, MappedOperator) or argument.operator.mapped_group() is not None
    if argument.key == XCOM_RETURN_KEY or is_mapped or argument.operator.multiple_outputs:
        return None
    raise XComNotFound(
        f"Task {argument.operator.task_id!r} has pushed nothing under the key {argument.key!r} in this run."
    )
