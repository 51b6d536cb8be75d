# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.operators.email import EmailOperator as EmailOperator
__all__ = ['EmailOperator']
