# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind import BaseOperator as BaseOperator
from tradewind import DAG as DAG
from tradewind import Param as Param
from tradewind import XComArg as XComArg
from tradewind.operators.branch import SkipMixin as SkipMixin
from tradewind_airflow_names.metadata.models import DagModel as DagModel
from tradewind_airflow_names.metadata.models import DagRun as DagRun
from tradewind_airflow_names.metadata.models import DagTag as DagTag
from tradewind_airflow_names.metadata.models import Pool as Pool
from tradewind_airflow_names.metadata.models import TaskInstance as TaskInstance
from tradewind_airflow_names.metadata.models import XCom as XCom
from tradewind_airflow_names.metadata.queried import Connection as Connection
from tradewind_airflow_names.metadata.queried import Variable as Variable
from tradewind_airflow_names.own.links import BaseOperatorLink as BaseOperatorLink
from tradewind_plugins.mapped import MappedOperator as MappedOperator
from tradewind_plugins.task_node import TaskNode as Operator
__all__ = ['BaseOperator', 'BaseOperatorLink', 'Connection', 'DAG', 'DagModel', 'DagRun', 'DagTag', 'MappedOperator', 'Operator', 'Param', 'Pool', 'SkipMixin', 'TaskInstance', 'Variable', 'XCom', 'XComArg']
