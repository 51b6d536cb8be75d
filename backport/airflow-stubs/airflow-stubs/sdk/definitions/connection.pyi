# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.metadata.queried import Connection as Connection
__all__ = ['Connection']
