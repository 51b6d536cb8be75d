"""``@asset``: an asset, the function that makes it, and the DAG that calls the function, in one; Airflow 3's short form."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tradewind_plugins.assets import DEFAULT_GROUP, Asset
from tradewind_plugins.callables import run_function
from tradewind_plugins.exceptions import TradewindException

from tradewind.authoring.context import get_current_context
from tradewind.authoring.dag import DAG
from tradewind.operators.python import PythonOperator

_SPECIAL = ("self", "context")


class AssetDefinition(Asset):
    """What ``@asset`` makes of a function: the asset, for schedules and inlets of others.

    Args:
        function: makes it.
        name, uri, group, extra, watchers: as of :class:`Asset`.
    """

    def __init__(self, function: Callable[..., Any], name: str, uri: str | None, **more: Any) -> None:
        super().__init__(name, name if uri is None else uri, **more)
        self.function = function


class MultiAssetDefinition:
    """What ``@asset.multi`` makes of a function: its outlets.

    Args:
        function: makes them.
        outlets: the assets.
    """

    def __init__(self, function: Callable[..., Any], outlets: Sequence[Any]) -> None:
        self.function = function
        self.outlets = tuple(outlets)

    def iter_outlets(self) -> Any:
        """Yield the outlets."""
        yield from self.outlets


class AssetDecorator:
    """``@asset(schedule="@daily")``: the function makes the asset of its name, in a DAG of its name, with one task.

    Its parameters: ``self`` gets the asset, ``context`` the context, and any other the asset of that name, which becomes an inlet.
    """

    def __call__(
        self,
        *,
        schedule: Any,
        name: str | None = None,
        uri: str | None = None,
        group: str = DEFAULT_GROUP,
        extra: Mapping[str, Any] | None = None,
        watchers: Any = None,
        **dag_arguments: Any,
    ) -> Callable[[Callable[..., Any]], AssetDefinition]:
        """Make an asset of the decorated function.

        Args:
            schedule: of the DAG.
            name: of the asset, by default the function's.
            uri: of the asset, by default its name.
            group, extra, watchers: see :class:`Asset`.
            dag_arguments: other arguments of :class:`DAG`; ``dag_id`` is the name unless it is given.
        """

        def decorate(function: Callable[..., Any]) -> AssetDefinition:
            called = name or function.__name__
            made = AssetDefinition(function, called, uri, group=group, extra=extra, watchers=watchers)
            _make_dag(function, [made], made, schedule, {"dag_id": called, **dag_arguments})
            return made

        return decorate

    def multi(
        self, *, schedule: Any, outlets: Sequence[Any], **dag_arguments: Any
    ) -> Callable[[Callable[..., Any]], MultiAssetDefinition]:
        """Have the decorated function make several assets; arguments as above."""
        if not outlets:
            raise TradewindException("@asset.multi needs at least one outlet.")

        def decorate(function: Callable[..., Any]) -> MultiAssetDefinition:
            arguments = {"dag_id": function.__name__, **dag_arguments}
            _make_dag(function, list(outlets), list(outlets), schedule, arguments)
            return MultiAssetDefinition(function, outlets)

        return decorate


def _make_dag(
    function: Callable[..., Any], outlets: list[Any], own: Any, schedule: Any, dag_arguments: dict[str, Any]
) -> None:
    inlets = _inlets(function)

    def make() -> Any:
        return run_function(function, (), _arguments(function, own, inlets), get_current_context())

    arguments = {"doc_md": inspect.getdoc(function), **dag_arguments}
    with DAG(schedule=schedule, **arguments):
        PythonOperator(task_id=function.__name__, python_callable=make, inlets=list(inlets.values()), outlets=outlets)


def _inlets(function: Callable[..., Any]) -> dict[str, Asset]:
    """Return the asset that each parameter names: one that the file defines under that name, else the one of that URI."""
    known = {each.name: each for each in function.__globals__.values() if isinstance(each, Asset)}
    return {
        name: known.get(name) or Asset(name)
        for name, parameter in inspect.signature(function).parameters.items()
        if name not in _SPECIAL and parameter.default is inspect.Parameter.empty
    }


def _arguments(function: Callable[..., Any], own: Any, inlets: Mapping[str, Asset]) -> dict[str, Any]:
    special = {"self": own, "context": get_current_context()}
    wanted = inspect.signature(function).parameters
    return {**inlets, **{name: special[name] for name in _SPECIAL if name in wanted}}


asset = AssetDecorator()
"""The decorator."""
