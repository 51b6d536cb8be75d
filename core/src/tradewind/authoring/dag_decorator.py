"""``@dag``: a DAG from a function that makes its tasks."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any, ParamSpec, overload
from weakref import WeakSet

from tradewind.authoring.dag import DAG
from tradewind.authoring.dag_param import DagParam
from tradewind.authoring.params import Param

P = ParamSpec("P")
_uncalled: WeakSet[Callable[..., DAG]] = WeakSet()


@overload
def dag(dag_id: Callable[P, Any], /) -> Callable[P, DAG]: ...
@overload
def dag(dag_id: str | None = None, **dag_arguments: Any) -> Callable[[Callable[P, Any]], Callable[P, DAG]]: ...
def dag(dag_id: str | Callable[P, Any] | None = None, **dag_arguments: Any) -> Any:
    """Make a DAG of the decorated function: calling it builds and returns the DAG.

    The function's parameters become params of the DAG. What it is called with (else their defaults) is their default
    in a run; inside the function they are references, to be passed on to tasks.

    Args:
        dag_id: its id; left out, the function's name. With nothing to say, ``@dag`` needs no parentheses.
        dag_arguments: the arguments of :class:`DAG`. The function's docstring is ``doc_md`` unless that is given.
    """
    if callable(dag_id):
        return dag()(dag_id)

    def decorate(function: Callable[P, Any]) -> Callable[P, DAG]:
        @functools.wraps(function)
        def factory(*args: P.args, **kwargs: P.kwargs) -> DAG:
            _uncalled.discard(factory)
            given = inspect.signature(function).bind(*args, **kwargs)
            given.apply_defaults()
            arguments = {"doc_md": inspect.getdoc(function), **dag_arguments}
            made = DAG(dag_id or function.__name__, **arguments)
            with made:
                for name, value in given.arguments.items():
                    made.params[name] = value if isinstance(value, Param) else Param(value)
                function(**{name: DagParam(name) for name in given.arguments})  # type: ignore[call-arg,arg-type]
            return made

        _uncalled.add(factory)
        return factory

    return decorate


def uncalled_in(module: ModuleType) -> list[str]:
    """Return the names of a module's ``@dag`` functions that nobody has called, so that they have made no DAG."""
    return [
        name
        for name, value in vars(module).items()
        if isinstance(value, FunctionType) and value in _uncalled and value.__module__ == module.__name__
    ]
