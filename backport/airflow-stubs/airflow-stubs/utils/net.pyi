# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.own.small import get_hostname as get_hostname
__all__ = ['get_hostname']
