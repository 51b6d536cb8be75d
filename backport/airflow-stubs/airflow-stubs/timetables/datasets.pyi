# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.timetables import AssetOrTimeSchedule as DatasetOrTimeSchedule
__all__ = ['DatasetOrTimeSchedule']
