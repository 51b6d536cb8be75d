# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_plugins.dbapi import DbApiHook as DbApiHook
__all__ = ['DbApiHook']
