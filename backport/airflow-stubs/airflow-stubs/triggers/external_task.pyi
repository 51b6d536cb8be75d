# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.triggers.base import BaseEventTrigger as BaseEventTrigger
from tradewind.triggers.base import BaseTrigger as BaseTrigger
from tradewind.triggers.base import StartTriggerArgs as StartTriggerArgs
from tradewind.triggers.base import TriggerEvent as TriggerEvent
from tradewind.triggers.external_task import DagStateTrigger as DagStateTrigger
from tradewind.triggers.external_task import WorkflowTrigger as WorkflowTrigger
__all__ = ['BaseEventTrigger', 'BaseTrigger', 'DagStateTrigger', 'StartTriggerArgs', 'TriggerEvent', 'WorkflowTrigger']
