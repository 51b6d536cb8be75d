# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.own.triggering import trigger_dag as trigger_dag
__all__ = ['trigger_dag']
