# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.sensors.date_time import DateTimeSensor as DateTimeSensor
from tradewind.sensors.date_time import DateTimeSensorAsync as DateTimeSensorAsync
__all__ = ['DateTimeSensor', 'DateTimeSensorAsync']
