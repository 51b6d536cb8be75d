# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.authoring.conditions import run_if as run_if
from tradewind.authoring.conditions import skip_if as skip_if
__all__ = ['run_if', 'skip_if']
