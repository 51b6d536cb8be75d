# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind import BaseNotifier as BaseNotifier
from tradewind import BaseOperator as BaseOperator
from tradewind import BaseSensorOperator as BaseSensorOperator
from tradewind import DAG as DAG
from tradewind import Label as Label
from tradewind import Param as Param
from tradewind import PokeReturnValue as PokeReturnValue
from tradewind import TaskGroup as TaskGroup
from tradewind import TriggerRule as TriggerRule
from tradewind import XComArg as XComArg
from tradewind import asset as asset
from tradewind import chain as chain
from tradewind import cross_downstream as cross_downstream
from tradewind import dag as dag
from tradewind import get_current_context as get_current_context
from tradewind import setup as setup
from tradewind import task as task
from tradewind import task_group as task_group
from tradewind import teardown as teardown
from tradewind_airflow_names.metadata.queried import Connection as Connection
from tradewind_airflow_names.metadata.queried import Variable as Variable
from tradewind_airflow_names.own.edges import chain_linear as chain_linear
from tradewind_airflow_names.own.links import BaseOperatorLink as BaseOperatorLink
from tradewind_airflow_names.own.small import mask_secret as mask_secret
from tradewind_airflow_names.own.state import DagRunState as DagRunState
from tradewind_airflow_names.own.state import TaskInstanceState as TaskInstanceState
from tradewind_airflow_names.own.weight_rule import WeightRule as WeightRule
from tradewind_plugins.assets import Asset as Asset
from tradewind_plugins.assets import AssetAlias as AssetAlias
from tradewind_plugins.assets import AssetAll as AssetAll
from tradewind_plugins.assets import AssetAny as AssetAny
from tradewind_plugins.assets import AssetWatcher as AssetWatcher
from tradewind_plugins.assets import Metadata as Metadata
from tradewind_plugins.edges import EdgeModifier as EdgeModifier
from tradewind_plugins.hook import BaseHook as BaseHook
from tradewind_plugins.host import XCOM_RETURN_KEY as XCOM_RETURN_KEY
from typing import Any
Context = dict[str, Any]
__all__ = ['Asset', 'AssetAlias', 'AssetAll', 'AssetAny', 'AssetWatcher', 'BaseHook', 'BaseNotifier', 'BaseOperator', 'BaseOperatorLink', 'BaseSensorOperator', 'Connection', 'Context', 'DAG', 'DagRunState', 'EdgeModifier', 'Label', 'Metadata', 'Param', 'PokeReturnValue', 'TaskGroup', 'TaskInstanceState', 'TriggerRule', 'Variable', 'WeightRule', 'XCOM_RETURN_KEY', 'XComArg', 'asset', 'chain', 'chain_linear', 'cross_downstream', 'dag', 'get_current_context', 'mask_secret', 'setup', 'task', 'task_group', 'teardown']
