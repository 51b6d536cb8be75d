# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind import DAG as DAG
from tradewind import XComArg as XComArg
from tradewind.exceptions import TradewindException as AirflowException
from tradewind_airflow_names.own.configuration import conf as conf
from tradewind_airflow_names.own.version import VERSION as __version__
from tradewind_plugins.assets import Asset as Asset
from tradewind_plugins.assets import Dataset as Dataset
__all__ = ['AirflowException', 'Asset', 'DAG', 'Dataset', 'XComArg', '__version__', 'conf']
