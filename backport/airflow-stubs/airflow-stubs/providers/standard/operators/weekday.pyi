# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.operators.weekday import BranchDayOfWeekOperator as BranchDayOfWeekOperator
__all__ = ['BranchDayOfWeekOperator']
