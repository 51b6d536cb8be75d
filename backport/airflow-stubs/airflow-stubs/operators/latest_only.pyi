# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.operators.latest_only import LatestOnlyOperator as LatestOnlyOperator
__all__ = ['LatestOnlyOperator']
