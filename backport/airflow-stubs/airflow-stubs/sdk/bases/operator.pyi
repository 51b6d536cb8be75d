# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind import BaseOperator as BaseOperator
from tradewind import chain as chain
from tradewind import cross_downstream as cross_downstream
from tradewind_airflow_names.own.edges import chain_linear as chain_linear
__all__ = ['BaseOperator', 'chain', 'chain_linear', 'cross_downstream']
