# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind import DAG as DAG
from tradewind import dag as dag
__all__ = ['DAG', 'dag']
