"""``@setup`` and ``@teardown``: functions whose tasks make something ready, and clean up after it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.xcom_arg import XComArg

from tradewind.authoring.group_decorator import TaskGroupFactory
from tradewind.authoring.task_decorator import task
from tradewind.authoring.task_factory import TaskFactory


def setup(function: Any) -> TaskFactory[Any, Any]:
    """Make a setup of each task that the function, or what ``@task`` made of it, makes."""
    return _marked(function, XComArg.as_setup, "setup")


def teardown(function: Any = None, *, on_failure_fail_dagrun: bool = False) -> Any:
    """Make a teardown of each task that the function, or what ``@task`` made of it, makes.

    Args:
        function: the function.
        on_failure_fail_dagrun: whether its failure fails the run.
    """
    mark = partial(XComArg.as_teardown, on_failure_fail_dagrun=on_failure_fail_dagrun)
    if function is None:
        return lambda decorated: _marked(decorated, mark, "teardown")
    return _marked(function, mark, "teardown")


def _marked(function: Any, mark: Callable[[XComArg], XComArg], name: str) -> TaskFactory[Any, Any]:
    if isinstance(function, TaskGroupFactory):
        raise TradewindException(f"@{name} is for tasks; a task group has setups and teardowns inside of it.")
    factory = function if isinstance(function, TaskFactory) else task(function)
    return TaskFactory(factory.function, factory.operator_class, factory.task_arguments, mark)
