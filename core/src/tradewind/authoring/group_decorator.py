"""``@task_group``: a group from a function that makes its tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, NoReturn, ParamSpec, overload

from tradewind_plugins.exceptions import TradewindException

from tradewind.authoring.task_group import TaskGroup

P = ParamSpec("P")


class TaskGroupFactory(Generic[P]):
    """A function whose call makes a group of the tasks that it makes.

    Args:
        function: makes the tasks.
        arguments: the arguments of :class:`TaskGroup`.
    """

    def __init__(self, function: Callable[P, Any], arguments: dict[str, Any]) -> None:
        self.function = function
        self._arguments = arguments

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Make the group; return what the function returns, or the group if that is None."""
        arguments = {
            "group_id": self.function.__name__,
            "tooltip": self.function.__doc__ or "",
            "add_suffix_on_collision": True,
            **self._arguments,
        }
        with TaskGroup(**arguments) as group:
            result = self.function(*args, **kwargs)
        return group if result is None else result

    def override(self, **arguments: Any) -> TaskGroupFactory[P]:
        """Return the same function with other arguments of :class:`TaskGroup`, for instance another ``group_id``."""
        return TaskGroupFactory(self.function, {**self._arguments, **arguments})

    def partial(self, **arguments: Any) -> NoReturn:
        """Refuse: mapped task groups are not built yet."""
        raise self._not_mappable("partial", arguments)

    def expand(self, **values: Any) -> NoReturn:
        """Refuse: mapped task groups are not built yet."""
        raise self._not_mappable("expand", values)

    def _not_mappable(self, verb: str, arguments: dict[str, Any]) -> TradewindException:
        return TradewindException(
            f"@task_group {self.function.__name__!r}: .{verb}({', '.join(arguments)}) maps a whole group, which is not "
            "built yet in Tradewind; expand the tasks inside."
        )


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
