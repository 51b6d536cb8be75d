"""What ``@task`` makes of a function: something whose call makes a task."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Generic, ParamSpec, TypeVar

from tradewind_plugins.callables import check_call
from tradewind_plugins.decorated import function_name, returns_dict, unique_task_id
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.mapped import KWARGS, MappedOperator, check_values
from tradewind_plugins.operator import BaseOperator
from tradewind_plugins.xcom_arg import XComArg

P = ParamSpec("P")
R = TypeVar("R")


def _as_it_is(output: XComArg) -> XComArg:
    return output


class TaskFactory(Generic[P, R]):
    """A function whose call makes a task.

    Args:
        function: what the task calls; also there as the attribute ``function``, for tests of it alone.
        operator_class: the operator that calls it.
        task_arguments: the arguments of that operator.
        mark: makes each task a setup or a teardown; see ``setup_teardown``.
    """

    def __init__(
        self,
        function: Callable[P, R],
        operator_class: type[BaseOperator],
        task_arguments: dict[str, Any],
        mark: Callable[[XComArg], XComArg] = _as_it_is,
    ) -> None:
        if isinstance(function, TaskFactory):
            raise TradewindException(f"{function!r} is decorated twice; one @task is enough.")
        functools.update_wrapper(self, function)
        self.function = function
        self.operator_class = operator_class
        self.mark = mark
        self.task_arguments = dict(task_arguments)
        if self.task_arguments.get("multiple_outputs") is None:
            self.task_arguments["multiple_outputs"] = returns_dict(function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> XComArg:
        """Make a task that calls the function with these arguments, and return the promise of its result."""
        task: BaseOperator = self.operator_class(
            **self._arguments(), python_callable=self.function, op_args=args, op_kwargs=kwargs
        )
        return self.mark(task.output)

    def _arguments(self) -> dict[str, Any]:
        given = self.task_arguments
        wanted = given.get("task_id") or function_name(self.function)
        return {**given, "task_id": unique_task_id(wanted, given.get("dag"), given.get("task_group"))}

    def override(self, **task_arguments: Any) -> TaskFactory[P, R]:
        """Return the same function with other arguments of its task, for instance another ``task_id``."""
        return TaskFactory(self.function, self.operator_class, {**self.task_arguments, **task_arguments}, self.mark)

    def partial(self, **kwargs: Any) -> PartialTask:
        """Give the arguments that all instances of a mapped task share; then call ``.expand``."""
        return PartialTask(self, kwargs)

    def expand(self, **values: Any) -> XComArg:
        """Make one instance of the task for every element: of a list, a dict, or the output of a task."""
        return PartialTask(self, {}).expand(**values)

    def expand_kwargs(self, kwargs: Any) -> XComArg:
        """Make one instance of the task for each dict of arguments in a list, or in the output of a task."""
        return PartialTask(self, {}).expand_kwargs(kwargs)

    def __repr__(self) -> str:
        return f"<@task {function_name(self.function)}>"


class PartialTask:
    """A ``@task`` function with some of its arguments, waiting for ``.expand``."""

    def __init__(self, factory: TaskFactory[Any, Any], kwargs: dict[str, Any]) -> None:
        self._factory = factory
        self._kwargs = kwargs

    def partial(self, **kwargs: Any) -> PartialTask:
        """Give more of the shared arguments."""
        return PartialTask(self._factory, {**self._kwargs, **kwargs})

    def expand(self, **values: Any) -> XComArg:
        """Make one instance of the task for every element: of a list, a dict, or the output of a task."""
        factory = self._factory
        name = function_name(factory.function)
        twice = sorted(set(values) & set(self._kwargs))
        if twice:
            raise TradewindException(
                f"@task {name}: {twice[0]!r} is given to both partial() and expand(); give it to one of them."
            )
        check_values(name, values)
        check_call(factory.function, (), self._kwargs, tuple(values), f"@task {name}")
        return self._mapped(values)

    def expand_kwargs(self, kwargs: Any) -> XComArg:
        """Make one instance of the task for each dict of arguments in a list, or in the output of a task."""
        name = function_name(self._factory.function)
        check_values(name, {KWARGS: kwargs})
        known = [] if isinstance(kwargs, XComArg) else [each for each in kwargs if isinstance(each, dict)]
        for each in known:
            check_call(self._factory.function, (), self._kwargs, tuple(each), f"@task {name}")
        return self._mapped({KWARGS: kwargs})

    def _mapped(self, values: Mapping[str, Any]) -> XComArg:
        factory = self._factory
        arguments = {
            **factory._arguments(),  # noqa: SLF001 - the two classes are one thing
            "python_callable": factory.function,
            "op_kwargs": self._kwargs,
        }
        return factory.mark(MappedOperator(factory.operator_class, arguments, values, into="op_kwargs").output)
