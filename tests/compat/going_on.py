"""Reading a file past what is not built yet: each such thing is noted by its item, and something harmless takes its place.

So a file that stops at the first such thing shows all of them, and whether it would be read if they were there. What is found
this way is never counted as read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tradewind_plugins.arguments as task_arguments
from compat.items import item_of_argument, item_of_decorator
from compat.stand_ins import Thing
from tradewind.authoring import dag_arguments
from tradewind.authoring.task_decorator import TaskDecorators
from tradewind.authoring.task_factory import PartialTask
from tradewind_airflow_names.finder import AirflowModule, NotBuiltError
from tradewind_plugins import edges
from tradewind_plugins.arguments import signature_of
from tradewind_plugins.decorated import unique_task_id
from tradewind_plugins.mapped import OperatorPartial
from tradewind_plugins.sensor import BaseSensorOperator
from tradewind_plugins.xcom_arg import XComArg

Note = Callable[[str], None]


def go_on(note: Note) -> None:
    """Change this process so that it goes on past what is not built. It ends soon: nothing is put back.

    Arguments:
        note: is told the item of each thing that is not built.
    """
    _arguments(note)
    _names(note)
    _calls()


def _arguments(note: Note) -> None:
    for name, is_harmless in task_arguments.NOT_BUILT.items():
        task_arguments.NOT_BUILT[name] = _noting(note, name, is_harmless)
    for name, of_dag in dag_arguments.NOT_BUILT.items():
        dag_arguments.NOT_BUILT[name] = _noting(note, name, of_dag)


def _noting(note: Note, name: str, is_harmless: Callable[..., bool]) -> Callable[..., bool]:
    def asks(value: Any, *others: Mapping[str, Any]) -> bool:
        if not is_harmless(value, *others):
            note(item_of_argument(name))
        return True

    return asks


def _names(note: Note) -> None:
    found = AirflowModule.__getattr__

    def attribute(self: AirflowModule, name: str) -> Any:
        try:
            return found(self, name)
        except NotBuiltError as error:
            note(error.item)
            return _instead_of(name)

    AirflowModule.__getattr__ = attribute  # type: ignore[method-assign]
    decorator = TaskDecorators.__getattr__

    def task(self: TaskDecorators, name: str) -> Any:
        try:
            return decorator(self, name)
        except AttributeError:
            if name.startswith("_"):
                raise
            note(item_of_decorator(name))
            return _AnyDecorator()

    TaskDecorators.__getattr__ = task  # type: ignore[method-assign]


class _AnyOperator(BaseSensorOperator):
    """An operator that takes any arguments, and is never run."""

    def __init__(self, **given: Any) -> None:
        known = signature_of(BaseSensorOperator)
        super().__init__(
            **{name: value for name, value in given.items() if name in known or name in ("task_id", "dag")}
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return Thing()

    @classmethod
    def partial(cls, **given: Any) -> _AnyPartial:  # type: ignore[override]
        return _AnyPartial(lambda **more: cls(**given, **more))


class _AnyPartial:
    """What `.partial()` of such an operator, or of a function decorated so, gives: it makes one task when it is expanded."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def expand(self, *_values: Any, **_named: Any) -> Any:
        return self._make()

    expand_kwargs = expand

    def partial(self, *_values: Any, **_named: Any) -> _AnyPartial:
        return self

    override = partial


class _AnyDecorator(_AnyPartial):
    """`@task.something` that is not there: the function becomes a task that is never run."""

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__(self)
        self._function = function

    def __call__(self, *given: Any, **named: Any) -> Any:
        if self._function is None:
            return _AnyDecorator(given[0]) if given and callable(given[0]) else _AnyDecorator()
        task = _AnyOperator(task_id=unique_task_id(self._function.__name__))
        for each in (*given, *named.values()):
            if isinstance(each, XComArg):
                task.set_upstream(each)
        return task.output


def _instead_of(name: str) -> Any:
    if name.endswith(("Operator", "Sensor", "Marker", "SensorAsync")):
        return type(name, (_AnyOperator,), {})
    return type(name, (Thing,), {})


def _calls() -> None:
    for made in (OperatorPartial, PartialTask):
        made.expand = _expanding(made.expand)  # type: ignore[method-assign]
    as_nodes = edges.as_nodes
    edges.as_nodes = lambda value: as_nodes([each for each in _listed(value) if not isinstance(each, Thing)])


def _expanding(expand: Callable[..., Any]) -> Callable[..., Any]:
    """Map over one thing what is mapped over something that stands in."""

    def expanded(self: Any, **values: Any) -> Any:
        return expand(self, **{name: [1] if isinstance(value, Thing) else value for name, value in values.items()})

    return expanded


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
