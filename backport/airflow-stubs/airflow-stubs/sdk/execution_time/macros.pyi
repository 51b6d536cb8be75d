# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.authoring.macros import datetime_diff_for_humans as datetime_diff_for_humans
from tradewind.authoring.macros import ds_add as ds_add
from tradewind.authoring.macros import ds_format as ds_format
__all__ = ['datetime_diff_for_humans', 'ds_add', 'ds_format']
