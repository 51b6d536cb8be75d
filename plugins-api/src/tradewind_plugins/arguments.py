"""The arguments of tasks: which exist, which are refused by name, and how default arguments reach them.

An argument of Airflow that is not built yet is refused, never accepted and ignored, unless its value asks for nothing
(``run_as_user=None``): DAG files in the wild spell such values out.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from tradewind_plugins.exceptions import TradewindException

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Never taken from default arguments: the place of a task, and the dates, which are the DAG's.
_NOT_DEFAULTS = ("dag", "task_group", "default_args", "start_date", "end_date")


def _is_empty(value: Any, _arguments: Mapping[str, Any]) -> bool:
    return value is None or value is False or (isinstance(value, (list, tuple, dict, set)) and not value)


def _is_none_or_true(value: Any, _arguments: Mapping[str, Any]) -> bool:
    return value is None or value is True


# Name -> does this value ask for nothing, given the other arguments? What does, is accepted; anything else is refused.
NOT_BUILT: dict[str, Callable[[Any, Mapping[str, Any]], bool]] = {
    "allow_nested_operators": _is_none_or_true,
    "resources": _is_empty,
    "run_as_user": _is_empty,
}

_NOT_YET = "is not built yet in Tradewind; leave it out to run the task without it."
_WHY = {
    "run_as_user": (
        "cannot be followed: a task's process is forked from its worker and has the worker's user. Start a worker as that "
        "user with a queue of its own, and give the task that queue."
    ),
}

_SIGNATURES: dict[type, dict[str, Any]] = {}


def signature_of(operator_class: type) -> dict[str, Any]:
    """Return the arguments that ``operator_class`` takes, each with its default (``inspect.Parameter.empty`` if none).

    Follows ``**kwargs`` up the bases. Computed once a class: a DAG file makes thousands of operators of few classes.
    """
    known = _SIGNATURES.get(operator_class)
    if known is None:
        known = _SIGNATURES[operator_class] = _read_signature(operator_class)
    return known


def _read_signature(operator_class: type) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for base in operator_class.__mro__:
        if "__init__" not in vars(base) or base is object:
            continue
        parameters = inspect.signature(vars(base)["__init__"]).parameters.values()
        for parameter in parameters:
            if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                found.setdefault(parameter.name, parameter.default)
        if not any(parameter.kind == parameter.VAR_KEYWORD for parameter in parameters):
            break
    found.pop("self", None)
    return found


def with_defaults(operator_class: type, given: Mapping[str, Any], default_args: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``given`` completed by those default arguments that ``operator_class`` or the refusal list knows.

    Other default arguments are left out: they are meant for operators of other classes.
    """
    if not default_args:
        return dict(given)
    signature = signature_of(operator_class)
    merged = {
        name: value
        for name, value in default_args.items()
        if (name in signature or name in NOT_BUILT) and name not in _NOT_DEFAULTS
    }
    merged.update(given)
    return merged


def refuse_unknown(operator_class: type, task_id: str, extra: Mapping[str, Any]) -> None:
    """Raise ``TradewindException`` for the first argument in ``extra`` that asks for something that is not there."""
    for name, value in extra.items():
        if name not in NOT_BUILT:
            raise TradewindException(_unknown_sentence(operator_class, task_id, name))
        if not NOT_BUILT[name](value, extra):
            raise TradewindException(f"Task {task_id!r}: the argument {name}={value!r} {_WHY.get(name, _NOT_YET)}")


def _unknown_sentence(operator_class: type, task_id: str, name: str) -> str:
    near = [known for known in signature_of(operator_class) if _resembles(known, name)]
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return f"Task {task_id!r}: {operator_class.__name__} has no argument {name!r}{hint}"


def _resembles(known: str, name: str) -> bool:
    # difflib costs an import that no correct DAG file needs; this catches what people mistype.
    import difflib  # noqa: PLC0415

    return difflib.SequenceMatcher(None, known, name).ratio() > 0.75
