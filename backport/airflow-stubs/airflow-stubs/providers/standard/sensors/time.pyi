# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.sensors.time import TimeSensor as TimeSensor
from tradewind.sensors.time import TimeSensorAsync as TimeSensorAsync
__all__ = ['TimeSensor', 'TimeSensorAsync']
