"""Tradewind: workflows as directed acyclic graphs of tasks, written in Python.

The names below are the public surface for DAG authors. Importing ``tradewind`` does no work: each name is imported
when it is first used (PEP 562), so that ``tradewind version`` and the daemons do not pay for authoring.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tradewind.version import VERSION as __version__  # noqa: N811 - the name every package has

if TYPE_CHECKING:
    from tradewind_plugins.assets import Asset as Asset
    from tradewind_plugins.assets import AssetAlias as AssetAlias
    from tradewind_plugins.assets import AssetAll as AssetAll
    from tradewind_plugins.assets import AssetAny as AssetAny
    from tradewind_plugins.assets import AssetWatcher as AssetWatcher
    from tradewind_plugins.assets import Dataset as Dataset
    from tradewind_plugins.assets import Metadata as Metadata
    from tradewind_plugins.connection import Connection as Connection
    from tradewind_plugins.edges import Label as Label
    from tradewind_plugins.edges import chain as chain
    from tradewind_plugins.edges import cross_downstream as cross_downstream
    from tradewind_plugins.notifier import BaseNotifier as BaseNotifier
    from tradewind_plugins.operator import BaseOperator as BaseOperator
    from tradewind_plugins.sensor import BaseSensor as BaseSensor
    from tradewind_plugins.sensor import BaseSensorOperator as BaseSensorOperator
    from tradewind_plugins.sensor import PokeReturnValue as PokeReturnValue
    from tradewind_plugins.trigger_rule import TriggerRule as TriggerRule
    from tradewind_plugins.variable import Variable as Variable
    from tradewind_plugins.xcom_arg import XComArg as XComArg

    from tradewind.authoring.asset_decorator import asset as asset
    from tradewind.authoring.context import get_current_context as get_current_context
    from tradewind.authoring.dag import DAG as DAG
    from tradewind.authoring.dag_decorator import dag as dag
    from tradewind.authoring.deadlines import AsyncCallback as AsyncCallback
    from tradewind.authoring.deadlines import DeadlineAlert as DeadlineAlert
    from tradewind.authoring.deadlines import DeadlineReference as DeadlineReference
    from tradewind.authoring.deadlines import SyncCallback as SyncCallback
    from tradewind.authoring.group_decorator import task_group as task_group
    from tradewind.authoring.params import Param as Param
    from tradewind.authoring.setup_teardown import setup as setup
    from tradewind.authoring.setup_teardown import teardown as teardown
    from tradewind.authoring.task_decorator import task as task
    from tradewind.authoring.task_group import TaskGroup as TaskGroup

_HOMES = {
    "Asset": "tradewind_plugins.assets",
    "AssetAlias": "tradewind_plugins.assets",
    "AssetAll": "tradewind_plugins.assets",
    "AssetAny": "tradewind_plugins.assets",
    "AssetWatcher": "tradewind_plugins.assets",
    "AsyncCallback": "tradewind.authoring.deadlines",
    "BaseNotifier": "tradewind_plugins.notifier",
    "BaseOperator": "tradewind_plugins.operator",
    "BaseSensor": "tradewind_plugins.sensor",
    "BaseSensorOperator": "tradewind_plugins.sensor",
    "Connection": "tradewind_plugins.connection",
    "DAG": "tradewind.authoring.dag",
    "Dataset": "tradewind_plugins.assets",
    "DeadlineAlert": "tradewind.authoring.deadlines",
    "DeadlineReference": "tradewind.authoring.deadlines",
    "Label": "tradewind_plugins.edges",
    "Metadata": "tradewind_plugins.assets",
    "Param": "tradewind.authoring.params",
    "PokeReturnValue": "tradewind_plugins.sensor",
    "SyncCallback": "tradewind.authoring.deadlines",
    "TaskGroup": "tradewind.authoring.task_group",
    "TriggerRule": "tradewind_plugins.trigger_rule",
    "Variable": "tradewind_plugins.variable",
    "XComArg": "tradewind_plugins.xcom_arg",
    "asset": "tradewind.authoring.asset_decorator",
    "chain": "tradewind_plugins.edges",
    "cross_downstream": "tradewind_plugins.edges",
    "dag": "tradewind.authoring.dag_decorator",
    "get_current_context": "tradewind.authoring.context",
    "task": "tradewind.authoring.task_decorator",
    "setup": "tradewind.authoring.setup_teardown",
    "task_group": "tradewind.authoring.group_decorator",
    "teardown": "tradewind.authoring.setup_teardown",
}

__all__ = [  # noqa: PLE0604 - names from a literal dict
    "__version__",
    *_HOMES,
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'tradewind' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
