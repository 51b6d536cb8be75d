"""A sensor that asks a Python function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tradewind_plugins.callables import check_call, context_arguments
from tradewind_plugins.decorated import function_name
from tradewind_plugins.sensor import BaseSensor, PokeReturnValue


class PythonSensor(BaseSensor):
    """Waits until a function returns something true, or a :class:`PokeReturnValue` that is done.

    Args:
        python_callable: the function; parameters named after context variables get them.
        op_args, op_kwargs: its arguments, templated.
        templates_dict: more values to render, given to the function as the context variable ``templates_dict``.
    """

    template_fields: Sequence[str] = ("templates_dict", "op_args", "op_kwargs")

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Sequence[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        templates_dict: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.python_callable = python_callable
        self.op_args: Sequence[Any] = tuple(op_args or ())
        self.op_kwargs: Mapping[str, Any] = dict(op_kwargs or {})
        self.templates_dict = templates_dict
        where = f"Task {self.task_id!r}: {function_name(python_callable)}()"
        check_call(python_callable, self.op_args, self.op_kwargs, (), where)

    def poke(self, context: Mapping[str, Any]) -> bool | PokeReturnValue:
        """Ask the function."""
        known = {**context, "templates_dict": self.templates_dict}
        kwargs = context_arguments(self.python_callable, self.op_args, self.op_kwargs, known)
        answer = self.python_callable(*self.op_args, **kwargs)
        return answer if isinstance(answer, PokeReturnValue) else bool(answer)
