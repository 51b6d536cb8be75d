# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.sensors.time import TimeSensor as TimeSensor
__all__ = ['TimeSensor']
