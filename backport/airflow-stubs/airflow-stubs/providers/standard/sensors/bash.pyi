# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.sensors.bash import BashSensor as BashSensor
__all__ = ['BashSensor']
