# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_plugins.hook import BaseHook as BaseHook
__all__ = ['BaseHook']
