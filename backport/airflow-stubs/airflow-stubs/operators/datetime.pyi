# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.operators.datetime import BranchDateTimeOperator as BranchDateTimeOperator
__all__ = ['BranchDateTimeOperator']
