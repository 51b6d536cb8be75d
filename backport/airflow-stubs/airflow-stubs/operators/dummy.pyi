# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.operators.empty import EmptyOperator as DummyOperator
from tradewind.operators.empty import EmptyOperator as EmptyOperator
__all__ = ['DummyOperator', 'EmptyOperator']
