# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind import BaseNotifier as BaseNotifier
__all__ = ['BaseNotifier']
