"""XCom arguments: the output of a task, used as an argument of another before it exists.

``operator.output`` and the result of calling a ``@task`` function are :class:`XComArg` values. Passed to a templated
argument, also deep inside of lists and dicts, they make the edge and are replaced by the pulled value at run time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradewind_plugins.edges import EdgeNode
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.host import XCOM_RETURN_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tradewind_plugins.task_node import TaskNode

    # For a type checker an XComArg fits wherever the value it stands for fits: `double(count())` is right
    # although `double` wants an int and gets a promise of one.
    _AnyValue = Any
else:
    _AnyValue = object


class XComArg(EdgeNode, _AnyValue):  # type: ignore[misc]  # deriving from Any is the point, see above
    """A reference to what ``operator`` pushes under ``key``.

    Args:
        operator: the task that makes the value.
        key: the XCom key; a task's result has the key ``return_value``.
    """

    def __init__(self, operator: TaskNode, key: str = XCOM_RETURN_KEY) -> None:
        self.operator = operator
        self.key = key

    def __getitem__(self, key: str) -> XComArg:
        """Return the reference to another key of the same task, as a task with ``multiple_outputs`` pushes."""
        if not isinstance(key, str):
            raise TypeError(f"The output of task {self.operator.task_id!r} is indexed by an XCom key, not {key!r}.")
        return XComArg(self.operator, key)

    def map(self, function: Any) -> XComArg:
        """Refuse: changing elements on the way is not built yet."""
        raise self._not_built(f"map({getattr(function, '__name__', function)})")

    def zip(self, *_others: Any, **_options: Any) -> XComArg:
        """Refuse: pairing elements on the way is not built yet."""
        raise self._not_built("zip()")

    def concat(self, *_others: Any) -> XComArg:
        """Refuse: joining lists on the way is not built yet."""
        raise self._not_built("concat()")

    def _not_built(self, call: str) -> TradewindException:
        return TradewindException(
            f"The output of task {self.operator.task_id!r}: .{call} is not built yet in Tradewind; "
            "do it in a task between the two."
        )

    def __iter__(self) -> Iterator[Any]:
        raise TypeError(
            f"The output of task {self.operator.task_id!r} does not exist yet, so it cannot be iterated over; "
            "pass it to .expand() for one task an element, or iterate inside a task."
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, XComArg) and self.operator is other.operator and self.key == other.key

    def __hash__(self) -> int:
        return hash((id(self.operator), self.key))

    def __repr__(self) -> str:
        return f"XComArg({self.operator.task_id!r}, key={self.key!r})"

    def __str__(self) -> str:
        # In an f-string the reference becomes a template, as people of Airflow expect; such an edge is theirs to make.
        dag_id = self.operator.dag.dag_id if self.operator.dag is not None else None
        call = f"xcom_pull(task_ids={self.operator.task_id!r}, dag_id={dag_id!r}, key={self.key!r})"
        return f"{{{{ task_instance.{call} }}}}"

    def first_tasks(self) -> list[TaskNode]:
        """Return the task behind the value."""
        return [self.operator]

    def last_tasks(self) -> list[TaskNode]:
        """Return the task behind the value."""
        return [self.operator]


def iter_xcom_args(value: Any) -> Iterator[XComArg]:
    """Yield every XCom argument in ``value``, looking into lists, tuples, sets and dicts."""
    if isinstance(value, XComArg):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from iter_xcom_args(item)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from iter_xcom_args(item)


def replace_xcom_args(value: Any, pull: Callable[[XComArg], Any]) -> Any:
    """Return ``value`` with every XCom argument in it replaced by what ``pull`` makes of it.

    Containers without one are returned as they are, not copied.
    """
    if isinstance(value, XComArg):
        return pull(value)
    if not any(True for _ in iter_xcom_args(value)):
        return value
    if isinstance(value, dict):
        return {key: replace_xcom_args(item, pull) for key, item in value.items()}
    items = [replace_xcom_args(item, pull) for item in value]
    if hasattr(value, "_fields"):  # a named tuple takes its items as arguments
        return type(value)(*items)
    return type(value)(items)
