# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.metadata.models import DagRun as DagRun
__all__ = ['DagRun']
