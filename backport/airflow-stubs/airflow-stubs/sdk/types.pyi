# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.authoring.views import DagRunView as DagRunProtocol
from tradewind.authoring.views import TaskInstanceView as RuntimeTaskInstanceProtocol
from tradewind_airflow_names.own.types import ArgNotSet as ArgNotSet
from tradewind_airflow_names.own.types import NOTSET as NOTSET
__all__ = ['ArgNotSet', 'DagRunProtocol', 'NOTSET', 'RuntimeTaskInstanceProtocol']
