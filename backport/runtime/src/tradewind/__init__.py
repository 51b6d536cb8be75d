"""The thin Tradewind of the second host: what example files of providers import, on top of Airflow 1.10."""
from tradewind_plugins.connection import Connection
from tradewind_plugins.edges import chain, cross_downstream
from tradewind_plugins.operator import BaseOperator
from tradewind_plugins.sensor import BaseSensor, BaseSensorOperator, PokeReturnValue
from tradewind_plugins.trigger_rule import TriggerRule
from tradewind_plugins.variable import Variable
from tradewind_plugins.xcom_arg import XComArg

from tradewind.dag import DAG
from tradewind.task import task

__all__ = [
    "DAG",
    "BaseOperator",
    "BaseSensor",
    "BaseSensorOperator",
    "Connection",
    "PokeReturnValue",
    "TriggerRule",
    "Variable",
    "XComArg",
    "chain",
    "cross_downstream",
    "task",
]
