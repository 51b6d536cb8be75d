# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.own.links import BaseOperatorLink as BaseOperatorLink
__all__ = ['BaseOperatorLink']
