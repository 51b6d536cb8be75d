# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.sensors.weekday import DayOfWeekSensor as DayOfWeekSensor
__all__ = ['DayOfWeekSensor']
