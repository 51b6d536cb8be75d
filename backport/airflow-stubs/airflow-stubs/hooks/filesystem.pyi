# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.hooks.filesystem import FSHook as FSHook
__all__ = ['FSHook']
