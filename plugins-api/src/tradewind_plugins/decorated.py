"""Operators made of functions: the base of ``@task`` and of the task decorators that providers add."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tradewind_plugins.callables import check_call, context_arguments, run_function, signature_or_none
from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.operator import BaseOperator
from tradewind_plugins.task_node import frame_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradewind_plugins.graph import GraphBuilder, GroupBuilder


def unique_task_id(task_id: str, dag: GraphBuilder | None = None, task_group: GroupBuilder | None = None) -> str:
    """Return ``task_id``, or ``task_id__1``, ``task_id__2``, … if the DAG has it already."""
    frame = frame_for(dag, task_group)
    if frame.dag is None:
        return task_id
    candidate, number = task_id, 0
    while frame.dag.has_task(frame.group.child_id(candidate) if frame.group else candidate):
        number += 1
        candidate = f"{task_id}__{number}"
    return candidate


def returns_dict(function: Callable[..., Any]) -> bool:
    """Tell whether ``function`` is annotated to return a dict, which asks for one XCom a key."""
    signature = signature_or_none(function)
    annotation = signature.return_annotation if signature is not None else None
    if isinstance(annotation, str):
        name = annotation.split("[")[0].strip().rsplit(".", 1)[-1]
        return name in ("dict", "Dict", "Mapping")
    origin = getattr(annotation, "__origin__", annotation)
    return isinstance(origin, type) and issubclass(origin, dict)


class DecoratedOperator(BaseOperator):
    """A task that calls a function.

    Args:
        python_callable: the function; parameters named after context variables get them.
        op_args, op_kwargs: its arguments, templated; outputs of other tasks are pulled before the call.
        templates_dict: more values to render, given to the function as the context variable ``templates_dict``.
        templates_exts: the endings of values in ``templates_dict`` that name template files.
        show_return_value_in_logs: whether the result is logged.
        multiple_outputs: whether the dict it returns is also kept key by key.

    Raises ``TradewindException`` when the function cannot be called with these arguments.
    """

    template_fields: Sequence[str] = ("templates_dict", "op_args", "op_kwargs")
    template_fields_renderers: Mapping[str, str] = {"templates_dict": "json", "op_args": "py", "op_kwargs": "py"}

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Sequence[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        templates_dict: dict[str, Any] | None = None,
        templates_exts: Sequence[str] | None = None,
        show_return_value_in_logs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.templates_dict = templates_dict
        if templates_exts:
            self.template_ext = tuple(templates_exts)
        self.show_return_value_in_logs = show_return_value_in_logs
        self.python_callable = python_callable
        self.op_args: Sequence[Any] = tuple(op_args or ())
        self.op_kwargs: Mapping[str, Any] = dict(op_kwargs or {})
        check_call(
            python_callable,
            self.op_args,
            self.op_kwargs,
            (),
            f"Task {self.task_id!r}: {function_name(python_callable)}()",
        )

    def execute(self, context: Any) -> Any:
        """Call the function and return its result."""
        context["templates_dict"] = self.templates_dict
        result = self.call(context)
        if self.show_return_value_in_logs and result is not None:
            self.log.info("Returned value: %s", result)
        return result

    def call(self, context: Mapping[str, Any]) -> Any:
        """Call the function with its arguments and what it wants of ``context``."""
        kwargs = context_arguments(self.python_callable, self.op_args, self.op_kwargs, context)
        return self.checked(run_function(self.python_callable, self.op_args, kwargs, context))

    def checked(self, result: Any) -> Any:
        """Return the function's result, if it is what ``multiple_outputs`` needs."""
        if self.multiple_outputs and result is not None and not isinstance(result, dict):
            raise TradewindException(
                f"Task {self.task_id!r} has multiple_outputs, so it must return a dict, not {type(result).__name__}."
            )
        return result


def function_name(function: Callable[..., Any]) -> str:
    """Return the name of ``function`` for messages, also where it is a partial or a callable object."""
    return str(getattr(function, "__name__", type(function).__name__))
