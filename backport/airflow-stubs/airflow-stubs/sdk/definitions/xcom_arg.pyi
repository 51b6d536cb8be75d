# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind import XComArg as XComArg
__all__ = ['XComArg']
