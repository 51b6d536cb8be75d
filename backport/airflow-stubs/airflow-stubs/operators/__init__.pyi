# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind import BaseOperator as BaseOperator
from tradewind.operators.bash import BashOperator as BashOperator
from tradewind.operators.empty import EmptyOperator as DummyOperator
from tradewind.operators.latest_only import LatestOnlyOperator as LatestOnlyOperator
from tradewind.operators.python import BranchPythonOperator as BranchPythonOperator
from tradewind.operators.python import PythonOperator as PythonOperator
from tradewind.operators.python import ShortCircuitOperator as ShortCircuitOperator
from tradewind_airflow_names.own.subdag import SubDagOperator as SubDagOperator
__all__ = ['BaseOperator', 'BashOperator', 'BranchPythonOperator', 'DummyOperator', 'LatestOnlyOperator', 'PythonOperator', 'ShortCircuitOperator', 'SubDagOperator']
