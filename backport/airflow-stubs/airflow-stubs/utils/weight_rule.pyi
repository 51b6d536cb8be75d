# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.own.weight_rule import WeightRule as WeightRule
__all__ = ['WeightRule']
