"""XCom arguments: the output of a task, used as an argument of another before it exists.

``operator.output`` and the result of calling a ``@task`` function are :class:`XComArg` values. Passed to a templated
argument, also deep inside of lists and dicts, they make the edge and are replaced by the pulled value at run time.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from tradewind_plugins.edges import EdgeNode
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.host import XCOM_RETURN_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tradewind_plugins.task_node import TaskNode

    # For a type checker an XComArg fits wherever the value it stands for fits: `double(count())` is right
    # although `double` wants an int and gets a promise of one.
    _AnyValue = Any
else:
    _AnyValue = object


NO_FILL: Any = object()
"""Says that `XComArg.zip` has no value for what is missing."""


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

    def map(self, function: Callable[[Any], Any]) -> XComArg:
        """Return the reference to a list of what ``function`` makes of each element.

        ``TradewindSkipException`` raised in it skips the instance that gets the element.
        """
        if not callable(function) or isinstance(function, EdgeNode) or hasattr(function, "operator_class"):
            raise TradewindException(f"{self!r}.map() takes a plain function, not {function!r}.")
        return MapXComArg(self, function)

    def zip(self, *others: XComArg, fillvalue: Any = NO_FILL) -> XComArg:
        """Return the reference to a list of tuples: the first elements, the second ones, and so on.

        It is as long as the shortest, or as the longest where a ``fillvalue`` stands for what is missing.
        """
        return ZipXComArg((self, *others), fillvalue)

    def concat(self, *others: XComArg) -> XComArg:
        """Return the reference to one list of the elements of all, one after the other."""
        return ConcatXComArg((self, *others))

    def as_setup(self) -> XComArg:
        """Make the task behind the value a setup; see ``TaskNode.as_setup``."""
        for task in self.last_tasks():
            task.as_setup()
        return self

    def as_teardown(self, *, setups: Any = None, on_failure_fail_dagrun: bool | None = None) -> XComArg:
        """Make the task behind the value a teardown; see ``TaskNode.as_teardown``."""
        for task in self.last_tasks():
            task.as_teardown(setups=setups, on_failure_fail_dagrun=on_failure_fail_dagrun)
        return self

    @property
    def is_setup(self) -> bool:
        """Whether the task behind the value is a setup."""
        return self.operator.is_setup

    @property
    def is_teardown(self) -> bool:
        """Whether the task behind the value is a teardown."""
        return self.operator.is_teardown

    def __enter__(self) -> Any:
        return self.operator.__enter__()

    def __exit__(self, *exc_info: object) -> None:
        self.operator.__exit__(*exc_info)

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


class DerivedXComArg(XComArg):
    """A value made of outputs of tasks when it is used: of ``sources``."""

    def __init__(self, sources: Iterable[XComArg]) -> None:
        self.sources = tuple(sources)
        for source in self.sources:
            if not isinstance(source, XComArg):
                raise TradewindException(f"Only outputs of tasks are joined with an output, not {source!r}.")
        first = next(iter_xcom_args(self))
        super().__init__(first.operator, first.key)

    def resolve(self, pull: Callable[[XComArg], Any]) -> Any:
        """Return the value; ``pull`` returns that of each source."""
        raise NotImplementedError

    def __getitem__(self, key: str) -> XComArg:
        raise TypeError(f"{self!r} has no keys; take the key before the elements are changed or joined.")

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.sources))})"

    def __str__(self) -> str:
        raise TypeError(f"{self!r} cannot stand in a text: it is no output of one task. Pass it as an argument.")

    def first_tasks(self) -> list[TaskNode]:
        """Return the tasks behind the value."""
        return [task for source in self.sources for task in source.first_tasks()]

    def last_tasks(self) -> list[TaskNode]:
        """Return the tasks behind the value."""
        return self.first_tasks()


class MapXComArg(DerivedXComArg):
    """What a function makes of each element of a list: see :meth:`XComArg.map`."""

    def __init__(self, source: XComArg, function: Callable[[Any], Any]) -> None:
        self.function = function
        super().__init__((source,))

    def resolve(self, pull: Callable[[XComArg], Any]) -> Any:
        """Return the values, each made when it is taken: a function that raises concerns one element only."""
        return MappedValues(elements_of(pull(self.sources[0]), self), self.function)


class ZipXComArg(DerivedXComArg):
    """Elements of lists side by side: see :meth:`XComArg.zip`."""

    def __init__(self, sources: Iterable[XComArg], fillvalue: Any) -> None:
        self.fillvalue = fillvalue
        super().__init__(sources)

    @property
    def is_longest(self) -> bool:
        """Whether it is as long as the longest list."""
        return self.fillvalue is not NO_FILL

    def resolve(self, pull: Callable[[XComArg], Any]) -> Any:
        """Return a list of tuples."""
        lists = [elements_of(pull(source), self) for source in self.sources]
        if not self.is_longest:
            return list(zip(*lists))  # noqa: B905 - `strict` is younger than the dialect
        return list(zip_longest(*lists, fillvalue=self.fillvalue))


class ConcatXComArg(DerivedXComArg):
    """Lists one after the other: see :meth:`XComArg.concat`."""

    def resolve(self, pull: Callable[[XComArg], Any]) -> Any:
        """Return one list; of a dict it has the keys, as Airflow's has."""
        found: list[Any] = []
        for source in self.sources:
            value = pull(source)
            found.extend(value if isinstance(value, dict) else elements_of(value, self))
        return found


class MappedValues(Sequence):  # type: ignore[type-arg]  # Sequence[Any] is no base class in Python 3.6
    """The elements of a list through a function, which is called for those that are looked at."""

    def __init__(self, elements: Any, function: Callable[[Any], Any]) -> None:
        self._elements = elements
        self._function = function

    def __len__(self) -> int:
        return len(self._elements)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._function(element) for element in self._elements[index]]
        return self._function(self._elements[index])


def elements_of(value: Any, where: Any) -> Any:
    """Return the elements of a list, or the items of a dict; raises ``TradewindException`` for anything else."""
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return value
    raise TradewindException(f"{where!r} needs lists or dicts, not {type(value).__name__} ({value!r}).")


def iter_xcom_args(value: Any) -> Iterator[XComArg]:
    """Yield every output of a task in ``value``, looking into lists, tuples, sets, dicts, and what is made of outputs."""
    if isinstance(value, DerivedXComArg):
        for source in value.sources:
            yield from iter_xcom_args(source)
    elif isinstance(value, XComArg):
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
