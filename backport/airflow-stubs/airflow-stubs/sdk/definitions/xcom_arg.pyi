# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind import XComArg as XComArg
from tradewind_plugins.xcom_arg import ConcatXComArg as ConcatXComArg
from tradewind_plugins.xcom_arg import MapXComArg as MapXComArg
from tradewind_plugins.xcom_arg import ZipXComArg as ZipXComArg
__all__ = ['ConcatXComArg', 'MapXComArg', 'XComArg', 'ZipXComArg']
