# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind import BaseSensorOperator as BaseSensorOperator
from tradewind import PokeReturnValue as PokeReturnValue
__all__ = ['BaseSensorOperator', 'PokeReturnValue']
