# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_plugins.assets import Metadata as Metadata
__all__ = ['Metadata']
