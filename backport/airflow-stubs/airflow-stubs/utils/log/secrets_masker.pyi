# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.own.small import mask_secret as mask_secret
__all__ = ['mask_secret']
