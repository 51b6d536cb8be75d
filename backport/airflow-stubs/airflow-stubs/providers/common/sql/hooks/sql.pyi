# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_plugins.dbapi import DbApiHook as DbApiHook
from tradewind_plugins.dbapi import fetch_all_handler as fetch_all_handler
from tradewind_plugins.dbapi import fetch_one_handler as fetch_one_handler
__all__ = ['DbApiHook', 'fetch_all_handler', 'fetch_one_handler']
