"""Operators that call a Python function: plainly, to choose a branch, or to stop what follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tradewind_plugins.decorated import DecoratedOperator

from tradewind.authoring.branching import apply_branch, skipped_by_short_circuit
from tradewind.authoring.context import get_current_context
from tradewind.plugins.imports import load

__all__ = ["BranchPythonOperator", "PythonOperator", "ShortCircuitOperator", "get_current_context"]

_IN_ANOTHER_PYTHON = (
    "BranchExternalPythonOperator",
    "BranchPythonVirtualenvOperator",
    "ExternalPythonOperator",
    "PythonVirtualenvOperator",
)


def __getattr__(name: str) -> Any:
    """Return an operator of `tradewind.operators.python_environment`, where people who know Airflow look for it."""
    if name in _IN_ANOTHER_PYTHON:
        return load(f"tradewind.operators.python_environment:{name}", name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class PythonOperator(DecoratedOperator):
    """Calls a function; its result is the task's XCom.

    Args:
        python_callable: the function. Parameters named after context variables get them; with ``**kwargs`` it gets all.
        op_args, op_kwargs: its arguments, templated.
        templates_dict, templates_exts, show_return_value_in_logs: see ``DecoratedOperator``.
        provide_context: says nothing: the context is always there. Known from Airflow 1.10.
    """

    ui_color = "#ffefeb"

    def __init__(self, *, provide_context: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)


class BranchPythonOperator(PythonOperator):
    """Calls a function that chooses what goes on.

    It returns the id of a task or group downstream, a list of them, or None.
    Direct downstream that is not chosen is skipped, unless it comes after something chosen as well.
    """

    def execute(self, context: Mapping[str, Any]) -> Any:
        """Call the function, have the other branches skipped, and return the choice."""
        choice = super().execute(context)
        apply_branch(context, choice)
        return choice


class ShortCircuitOperator(PythonOperator):
    """Calls a function that says whether to go on: a false result skips what follows.

    Args:
        ignore_downstream_trigger_rules: whether all that follows is skipped; if not, only the direct downstream is, and
            tasks after it follow their trigger rules.
    """

    def __init__(self, *, ignore_downstream_trigger_rules: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ignore_downstream_trigger_rules = ignore_downstream_trigger_rules

    def execute(self, context: Mapping[str, Any]) -> Any:
        """Call the function; if its result is false, have what follows skipped. Return the result."""
        condition = super().execute(context)
        if not condition:
            task = context["task"]
            context["ti"].skip_downstream(skipped_by_short_circuit(task, self.ignore_downstream_trigger_rules))
        return condition
