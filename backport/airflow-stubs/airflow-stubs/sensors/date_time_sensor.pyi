# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.sensors.date_time import DateTimeSensor as DateTimeSensor
__all__ = ['DateTimeSensor']
