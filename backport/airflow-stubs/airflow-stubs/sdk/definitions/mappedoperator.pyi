# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_plugins.mapped import MappedOperator as MappedOperator
__all__ = ['MappedOperator']
