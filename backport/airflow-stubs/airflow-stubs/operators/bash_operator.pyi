# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.operators.bash import BashOperator as BashOperator
__all__ = ['BashOperator']
