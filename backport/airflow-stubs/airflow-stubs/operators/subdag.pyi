# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.own.subdag import SubDagOperator as SubDagOperator
__all__ = ['SubDagOperator']
