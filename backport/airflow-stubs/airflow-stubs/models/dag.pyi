# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind import DAG as DAG
from tradewind import dag as dag
from tradewind_airflow_names.metadata.models import DagModel as DagModel
from tradewind_airflow_names.metadata.models import DagTag as DagTag
__all__ = ['DAG', 'DagModel', 'DagTag', 'dag']
