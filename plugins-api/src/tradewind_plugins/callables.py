"""Calling functions of DAG authors: with their own arguments, and with those context variables that they ask for."""

from __future__ import annotations

import functools
import inspect
import logging
from typing import TYPE_CHECKING, Any

from tradewind_plugins.assets import Metadata
from tradewind_plugins.exceptions import TradewindException

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

CONTEXT_NAMES = frozenset(
    (
        "conn",
        "dag",
        "dag_run",
        "data_interval_end",
        "data_interval_start",
        "ds",
        "ds_nodash",
        "execution_date",
        "inlet_events",
        "inlets",
        "logical_date",
        "macros",
        "next_ds",
        "next_ds_nodash",
        "next_execution_date",
        "outlet_events",
        "outlets",
        "params",
        "prev_data_interval_end_success",
        "prev_data_interval_start_success",
        "prev_ds",
        "prev_ds_nodash",
        "prev_end_date_success",
        "prev_execution_date",
        "prev_execution_date_success",
        "prev_start_date_success",
        "run_id",
        "run_type",
        "task",
        "task_instance",
        "task_instance_key_str",
        "templates_dict",
        "test_mode",
        "ti",
        "tomorrow_ds",
        "tomorrow_ds_nodash",
        "try_number",
        "ts",
        "ts_nodash",
        "ts_nodash_with_tz",
        "triggering_asset_events",
        "triggering_dataset_events",
        "var",
        "yesterday_ds",
        "yesterday_ds_nodash",
    )
)
"""The context variables that a function gets by naming a parameter after them."""


# A file that makes hundreds of DAGs has a task of the same function in each.
_signature = functools.lru_cache(maxsize=256)(inspect.signature)


def signature_or_none(function: Callable[..., Any]) -> inspect.Signature | None:
    """Return the signature of ``function``; None for a function written in C that does not tell."""
    try:
        return _signature(function)
    except ValueError:
        return None
    except TypeError:  # a callable object that has no hash
        return inspect.signature(function)


_is_generator = functools.lru_cache(maxsize=256)(inspect.isgeneratorfunction)


def _yields(function: Callable[..., Any]) -> bool:
    """Tell whether ``function`` is a generator function; found out once, before a task's process is forked."""
    try:
        return _is_generator(function)
    except TypeError:  # a callable object that has no hash
        return inspect.isgeneratorfunction(function)


def context_arguments(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], context: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the keyword arguments for ``function``: ``kwargs``, and from ``context`` what it has parameters for.

    A function with ``**kwargs`` gets the whole context. An own argument wins over a context variable of its name.
    """
    signature = signature_or_none(function)
    if signature is None:
        return dict(kwargs)
    parameters = signature.parameters
    if any(parameter.kind == parameter.VAR_KEYWORD for parameter in parameters.values()):
        whole = context.filled() if hasattr(context, "filled") else context
        return {**whole, **kwargs}
    taken = set(list(parameters)[: len(args)])
    wanted = {name: context[name] for name in parameters if name in context and name not in taken}
    wanted.update(kwargs)
    return wanted


def run_function(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], context: Mapping[str, Any]
) -> Any:
    """Call ``function`` and return its result. One that yields is run to its end: what it yields is about its outlets."""
    if not _yields(function):
        return function(*args, **kwargs)
    running = function(*args, **kwargs)
    while True:
        try:
            yielded = next(running)
        except StopIteration as end:
            return end.value
        if isinstance(yielded, Metadata):
            context["outlet_events"].take(yielded)
        else:
            logging.getLogger("tradewind.task").warning(
                "What a task yields is Metadata of an asset; %r is not", yielded
            )


def check_call(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], missing: Sequence[str], where: str
) -> None:
    """Raise ``TradewindException`` unless ``function`` can be called so.

    ``missing`` names arguments that come later; so do the context variables it has parameters for.
    """
    _yields(function)  # known from here on in whatever is forked from this process
    signature = signature_or_none(function)
    if signature is None:
        return
    filled = dict.fromkeys(missing)
    for name in signature.parameters:
        if name in CONTEXT_NAMES:
            filled.setdefault(name)
    positional = list(signature.parameters)[: len(args)]
    for name in positional:
        filled.pop(name, None)
    filled.update(kwargs)
    try:
        signature.bind(*args, **filled)
    except TypeError as error:
        raise TradewindException(f"{where} cannot be called with these arguments: {error}.") from None
