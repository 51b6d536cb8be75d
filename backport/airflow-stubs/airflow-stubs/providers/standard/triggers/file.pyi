# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.triggers.base import BaseTrigger as BaseTrigger
from tradewind.triggers.base import StartTriggerArgs as StartTriggerArgs
from tradewind.triggers.base import TriggerEvent as TriggerEvent
from tradewind.triggers.file import FileTrigger as FileTrigger
__all__ = ['BaseTrigger', 'FileTrigger', 'StartTriggerArgs', 'TriggerEvent']
