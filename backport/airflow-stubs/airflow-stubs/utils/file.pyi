# Written by generate.py from the tables of tradewind-airflow-names.
from tempfile import TemporaryDirectory as TemporaryDirectory
__all__ = ['TemporaryDirectory']
