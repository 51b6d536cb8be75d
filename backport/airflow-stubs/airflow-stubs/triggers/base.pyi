# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.triggers.base import BaseEventTrigger as BaseEventTrigger
from tradewind.triggers.base import BaseTaskEndEvent as BaseTaskEndEvent
from tradewind.triggers.base import BaseTrigger as BaseTrigger
from tradewind.triggers.base import StartTriggerArgs as StartTriggerArgs
from tradewind.triggers.base import TaskFailedEvent as TaskFailedEvent
from tradewind.triggers.base import TaskSkippedEvent as TaskSkippedEvent
from tradewind.triggers.base import TaskSuccessEvent as TaskSuccessEvent
from tradewind.triggers.base import TriggerEvent as TriggerEvent
__all__ = ['BaseEventTrigger', 'BaseTaskEndEvent', 'BaseTrigger', 'StartTriggerArgs', 'TaskFailedEvent', 'TaskSkippedEvent', 'TaskSuccessEvent', 'TriggerEvent']
