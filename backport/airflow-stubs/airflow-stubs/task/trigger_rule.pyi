# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind import TriggerRule as TriggerRule
__all__ = ['TriggerRule']
