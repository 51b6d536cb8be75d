# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.metadata.models import Pool as Pool
__all__ = ['Pool']
