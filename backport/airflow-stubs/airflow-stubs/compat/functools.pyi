# Written by generate.py from the tables of tradewind-airflow-names.
from functools import cache as cache
from functools import cached_property as cached_property
__all__ = ['cache', 'cached_property']
