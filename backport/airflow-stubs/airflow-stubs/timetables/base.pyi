# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.timetables import DataInterval as DataInterval
__all__ = ['DataInterval']
