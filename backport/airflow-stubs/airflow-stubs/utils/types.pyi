# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.own.types import ArgNotSet as ArgNotSet
from tradewind_airflow_names.own.types import DagRunType as DagRunType
from tradewind_airflow_names.own.types import NOTSET as NOTSET
__all__ = ['ArgNotSet', 'DagRunType', 'NOTSET']
