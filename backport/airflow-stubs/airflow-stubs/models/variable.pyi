# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.metadata.queried import Variable as Variable
__all__ = ['Variable']
