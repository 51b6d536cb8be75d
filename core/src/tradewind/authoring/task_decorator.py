"""``@task``: tasks from functions. Calling the function in a DAG makes a task and returns the promise of its result."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, overload

from tradewind_plugins.decorated import DecoratedOperator
from tradewind_plugins.exceptions import TradewindConfigException, TradewindException
from tradewind_plugins.operator import BaseOperator

from tradewind.authoring.conditions import run_if, skip_if
from tradewind.authoring.task_factory import P, R, TaskFactory
from tradewind.operators.bash import DecoratedBashOperator
from tradewind.operators.python import BranchPythonOperator, ShortCircuitOperator
from tradewind.plugins.current import registry
from tradewind.sensors.python import PythonSensor


class TaskDecorator:
    """One kind of ``@task``: the plain one, a branch, a short circuit, a sensor."""

    def __init__(self, name: str, operator_class: type[BaseOperator]) -> None:
        self._name = name
        self._operator_class = operator_class

    @overload
    def __call__(self, function: Callable[P, R]) -> TaskFactory[P, R]: ...
    @overload
    def __call__(
        self, *, multiple_outputs: bool | None = None, **task_arguments: Any
    ) -> Callable[[Callable[P, R]], TaskFactory[P, R]]: ...

    def __call__(self, function: Any = None, **task_arguments: Any) -> Any:
        """Decorate a function, with or without arguments for its task."""
        if function is None:
            return lambda decorated: TaskFactory(decorated, self._operator_class, task_arguments)
        if not callable(function):
            raise TradewindException(f"@{self._name} takes its arguments by keyword, not {function!r}.")
        return TaskFactory(function, self._operator_class, task_arguments)


class TaskDecorators(TaskDecorator):
    """``@task`` and what hangs on it.

    These are ``@task.bash``, ``@task.branch``, ``@task.python``, ``@task.sensor`` and ``@task.short_circuit``,
    ``@task.virtualenv`` and ``@task.external_python`` with their branches, and above any of them ``@task.run_if`` and
    ``@task.skip_if``. Other attributes are the decorators that installed plugins declare.
    """

    if TYPE_CHECKING:  # declared as a plugin's are, and loaded where a file uses one
        branch_external_python: TaskDecorator
        branch_virtualenv: TaskDecorator
        external_python: TaskDecorator
        virtualenv: TaskDecorator

    run_if = staticmethod(run_if)
    skip_if = staticmethod(skip_if)

    def __init__(self) -> None:
        super().__init__("task", DecoratedOperator)
        self.python = TaskDecorator("task.python", DecoratedOperator)
        self.bash = TaskDecorator("task.bash", DecoratedBashOperator)
        self.branch = TaskDecorator("task.branch", BranchPythonOperator)
        self.short_circuit = TaskDecorator("task.short_circuit", ShortCircuitOperator)
        self.sensor = TaskDecorator("task.sensor", PythonSensor)

    if not TYPE_CHECKING:  # type checkers shall report a decorator that is misspelt

        def __getattr__(self, name):
            """Return the decorator that a plugin declares under the name."""
            if name.startswith("_"):
                raise AttributeError(name)
            try:
                return registry().load("task decorator", name)
            except TradewindConfigException as error:
                raise AttributeError(f"@task has no attribute {name!r}: {error}") from error


task = TaskDecorators()
"""The decorator for DAG authors."""
