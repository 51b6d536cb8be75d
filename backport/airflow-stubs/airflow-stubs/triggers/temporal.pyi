# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.triggers.base import BaseEventTrigger as BaseEventTrigger
from tradewind.triggers.base import BaseTrigger as BaseTrigger
from tradewind.triggers.base import StartTriggerArgs as StartTriggerArgs
from tradewind.triggers.base import TriggerEvent as TriggerEvent
from tradewind.triggers.temporal import DateTimeTrigger as DateTimeTrigger
from tradewind.triggers.temporal import TimeDeltaTrigger as TimeDeltaTrigger
__all__ = ['BaseEventTrigger', 'BaseTrigger', 'DateTimeTrigger', 'StartTriggerArgs', 'TimeDeltaTrigger', 'TriggerEvent']
