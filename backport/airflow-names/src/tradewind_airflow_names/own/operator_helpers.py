"""`airflow.utils.operator_helpers` and `airflow.utils.context`: calling functions with what they ask for of the context."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping, MutableMapping
from datetime import datetime
from typing import Any

from tradewind_plugins.callables import context_arguments, signature_or_none

_OF_CONTEXT: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "dag_id": lambda context: getattr(context.get("dag"), "dag_id", None),
    "task_id": lambda context: getattr(context.get("task"), "task_id", None),
    "execution_date": lambda context: _moment(context.get("execution_date")),
    "try_number": lambda context: getattr(context.get("ti"), "try_number", None),
    "dag_run_id": lambda context: getattr(context.get("dag_run"), "run_id", None),
    "dag_owner": lambda context: getattr(context.get("task"), "owner", None),
}


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def context_merge(context: MutableMapping[str, Any], *args: Any, **kwargs: Any) -> None:
    """Add to a context, as `dict.update` does."""
    context.update(*args, **kwargs)


def determine_kwargs(func: Callable[..., Any], args: Collection[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of `kwargs`, mostly a context, that `func` has parameters for; all of them where it takes `**kwargs`.

    Arguments:
        func: what is to be called.
        args: what it gets by position.
        kwargs: what there is by name.
    Raises:
        ValueError: one of them is named as a parameter that gets its value by position.
    """
    signature = signature_or_none(func)
    by_position = [] if signature is None else list(signature.parameters)[: len(args)]
    twice = [name for name in by_position if name in kwargs]
    if twice:
        raise ValueError(f"{func!r} gets {twice[0]!r} by position, and it is a name of the context: call it otherwise")
    return context_arguments(func, list(args), {}, kwargs)


def make_kwargs_callable(func: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that takes anything by name and hands `func` only what it has parameters for."""

    @functools.wraps(func)
    def called(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **determine_kwargs(func, args, kwargs))

    return called


def context_to_airflow_vars(context: Mapping[str, Any], in_env_var_format: bool = False) -> dict[str, str]:
    """Return what a context says of its task, as texts under Airflow's keys: `airflow.ctx.dag_id` or `AIRFLOW_CTX_DAG_ID`."""
    found = {name: read(context) for name, read in _OF_CONTEXT.items()}
    said = {f"airflow.ctx.{name}": str(value) for name, value in found.items() if value is not None}
    return {name.replace(".", "_").upper(): value for name, value in said.items()} if in_env_var_format else said
