"""``@task_group``: a group from a function that makes its tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from typing import Any, Generic, ParamSpec, overload

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.mapped import KWARGS, GroupInput

from tradewind.authoring.task_group import TaskGroup

P = ParamSpec("P")


class TaskGroupFactory(Generic[P]):
    """A function whose call makes a group of the tasks that it makes.

    Args:
        function: makes the tasks.
        arguments: the arguments of :class:`TaskGroup`.
        shared: arguments of the function that are given already.
    """

    def __init__(
        self, function: Callable[P, Any], arguments: dict[str, Any], shared: Mapping[str, Any] | None = None
    ) -> None:
        self.function = function
        self._arguments = arguments
        self._shared = dict(shared or {})

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Make the group; return what the function returns, or the group if that is None."""
        return self._made(None, *args, **{**self._shared, **kwargs})

    def _made(self, mapped_over: GroupInput | None, *args: Any, **kwargs: Any) -> Any:
        arguments = {
            "group_id": self.function.__name__,
            "tooltip": self.function.__doc__ or "",
            "add_suffix_on_collision": True,
            **self._arguments,
        }
        with TaskGroup(**arguments) as group:
            if mapped_over is not None:
                group.map_over(mapped_over)
            result = self.function(*args, **kwargs)
        return group if result is None else result

    def override(self, **arguments: Any) -> TaskGroupFactory[P]:
        """Return the same function with other arguments of :class:`TaskGroup`, for instance another ``group_id``."""
        return TaskGroupFactory(self.function, {**self._arguments, **arguments}, self._shared)

    def partial(self, **arguments: Any) -> TaskGroupFactory[P]:
        """Give the arguments that all instances of a mapped group share; then call ``.expand``."""
        self._check("partial", arguments)
        return TaskGroupFactory(self.function, self._arguments, {**self._shared, **arguments})

    def expand(self, **values: Any) -> Any:
        """Make one instance of all tasks of the group for each element: of a list, a dict, or the output of a task."""
        self._check("expand", values)
        over = GroupInput(values, self._label)
        return self._made(over, **self._shared, **{name: over.argument(name) for name in values})

    def expand_kwargs(self, kwargs: Any) -> Any:
        """Make one instance of all tasks of the group for each dict of arguments in a list, or in the output of a task."""
        parameters = signature(self.function).parameters
        if any(each.kind in (Parameter.VAR_KEYWORD, Parameter.VAR_POSITIONAL) for each in parameters.values()):
            raise TradewindException(
                f"@task_group {self._label!r}: .expand_kwargs() needs a function without * and **."
            )
        over = GroupInput({KWARGS: kwargs}, self._label)
        arguments = {name: over.argument(name) for name in parameters if name not in self._shared}
        return self._made(over, **self._shared, **arguments)

    @property
    def _label(self) -> str:
        return str(self._arguments.get("group_id") or self.function.__name__)

    def _check(self, verb: str, given: Mapping[str, Any]) -> None:
        parameters = signature(self.function).parameters
        takes_any = any(each.kind is Parameter.VAR_KEYWORD for each in parameters.values())
        for name in given:
            if name in self._shared:
                raise TradewindException(
                    f"@task_group {self._label!r}: {name!r} is given twice, to .partial() as well."
                )
            if name not in parameters and not takes_any:
                raise TradewindException(f"@task_group {self._label!r}: .{verb}() has no argument {name!r}.")


@overload
def task_group(function: Callable[P, Any]) -> TaskGroupFactory[P]: ...
@overload
def task_group(function: str | None = None, **arguments: Any) -> Callable[[Callable[P, Any]], TaskGroupFactory[P]]: ...


def task_group(function: Any = None, **arguments: Any) -> Any:
    """Make a task group of the decorated function: each call of it makes one, in the DAG that is being built.

    Args:
        function: the function, or the group's id where that is given first.
        arguments: the arguments of :class:`TaskGroup`; ``group_id`` is the function's name if left out.
    """
    if callable(function):
        return TaskGroupFactory(function, {})
    if function is not None:
        arguments["group_id"] = function
    return lambda decorated: TaskGroupFactory(decorated, arguments)
