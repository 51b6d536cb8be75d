"""``@task.run_if`` and ``@task.skip_if``: tasks that look at the context, when their turn has come, whether to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from tradewind_plugins.exceptions import TradewindException, TradewindSkipException
from tradewind_plugins.operator import BaseOperator

from tradewind.authoring.task_factory import TaskFactory

Condition = Callable[[Mapping[str, Any]], "bool | tuple[bool, str | None]"]
"""Gets the context; returns whether it holds, or that and a message in case the task is skipped."""

_Factory = TypeVar("_Factory", bound=TaskFactory[Any, Any])
_SKIPPED = "Skipped: the condition of @task.{name} says so."


def run_if(condition: Condition, skip_message: str | None = None) -> Callable[[_Factory], _Factory]:
    """Have a task run only if a condition holds, and end as skipped otherwise; goes above ``@task``.

    The condition is asked in the task's process, before each try and after templates are rendered; of several above one
    another all must allow it. A sensor in mode ``reschedule`` asks before each look.

    Args:
        condition: gets the context and returns whether to run, or that and a message in case it is not.
        skip_message: the message where the condition gives none.

    Raises:
        TradewindException: what is decorated is no ``@task`` function, or the condition cannot be called.
    """
    return _decorator(_Check("run_if", condition, skip_message, wanted=True))


def skip_if(condition: Condition, skip_message: str | None = None) -> Callable[[_Factory], _Factory]:
    """Have a task end as skipped if a condition holds, and run otherwise; as :func:`run_if` in all else.

    Args:
        condition: gets the context and returns whether to skip, or that and a message in case it is.
        skip_message: the message where the condition gives none.

    Raises:
        TradewindException: what is decorated is no ``@task`` function, or the condition cannot be called.
    """
    return _decorator(_Check("skip_if", condition, skip_message, wanted=False))


@dataclass(frozen=True)
class _Check:
    """A condition, and the answer that lets the task run."""

    name: str
    condition: Condition
    skip_message: str | None
    wanted: bool

    def __post_init__(self) -> None:
        if not callable(self.condition):
            raise TradewindException(
                f"@task.{self.name} takes a function of the context as its condition, not {self.condition!r}."
            )

    def apply(self, context: Mapping[str, Any]) -> None:
        answer = self.condition(context)
        holds, message = answer if isinstance(answer, tuple) else (answer, None)
        if bool(holds) is not self.wanted:
            raise TradewindSkipException(message or self.skip_message or _SKIPPED.format(name=self.name))


def _decorator(check: _Check) -> Callable[[_Factory], _Factory]:
    def decorate(factory: _Factory) -> _Factory:
        if not isinstance(factory, TaskFactory):
            raise TradewindException(f"@task.{check.name} goes above @task, not on {factory!r}.")
        checked = _checked(factory.operator_class, check)
        return type(factory)(factory.function, checked, factory.task_arguments)

    return decorate


def _checked(operator_class: type[BaseOperator], check: _Check) -> type[BaseOperator]:
    """Return the class with the check before its work. It keeps its name, by which pages and metrics know the task."""

    class Checked(operator_class):  # type: ignore[misc, valid-type]
        def execute(self, context: Mapping[str, Any]) -> Any:
            check.apply(context)
            return super().execute(context)

    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(Checked, name, getattr(operator_class, name))
    return Checked
